package sniff

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// What is looked at, at most.
const (
	MaxFiles = 20      // whose beginnings are read
	MaxBytes = 1 << 20 // of each
	maxTotal = 8 << 20 // of all
	maxNames = 20_000  // of files that are listed
)

// File is the beginning of a file.
type File struct {
	Path  string // slash-separated, from the root of the corpus
	Data  []byte
	Whole bool // whether Data is all there is
}

// Sample is what was seen of a corpus.
type Sample struct {
	Files []File
	// Names are the paths of the files that there are, in order. More says that there
	// are more, which were not listed.
	Names []string
	More  bool
}

// Read takes a sample of the files in fsys: their names, and the beginnings of some,
// evenly spread over those with the same extension. Hidden files are left out.
// open opens a file and takes the compression off it.
func Read(fsys fs.FS, open func(name string) (io.ReadCloser, error)) (*Sample, error) {
	s, err := listFiles(fsys)
	if err != nil {
		return nil, err
	}
	s.take(open)
	return s, nil
}

// ReadFiles takes a sample of the files with these names, as Read does of a folder.
func ReadFiles(names []string, open func(name string) (io.ReadCloser, error)) *Sample {
	s := new(Sample)
	for _, name := range names {
		switch hidden := strings.HasPrefix(name, ".") || strings.Contains(name, "/."); {
		case hidden || strings.HasPrefix(name, "__MACOSX/"):
		case len(s.Names) == maxNames:
			s.More = true
		default:
			s.Names = append(s.Names, name)
		}
	}
	slices.Sort(s.Names)
	s.take(open)
	return s
}

func listFiles(fsys fs.FS) (*Sample, error) {
	s := new(Sample)
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			return fs.SkipDir // a folder that cannot be read: a run says so
		case name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "__MACOSX"):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir():
		case len(s.Names) == maxNames:
			s.More = true
			return fs.SkipAll
		default:
			s.Names = append(s.Names, name)
		}
		return nil
	})
	slices.Sort(s.Names)
	return s, err
}

func (s *Sample) take(open func(name string) (io.ReadCloser, error)) {
	names := choose(s.Names)
	limit := min(MaxBytes, maxTotal/max(1, len(names)))
	for _, name := range names {
		if file, err := readFile(name, limit, open); err == nil { // a run says what cannot be read
			s.Files = append(s.Files, file)
		}
	}
}

func readFile(name string, limit int, open func(name string) (io.ReadCloser, error)) (File, error) {
	r, err := open(name)
	if err != nil {
		return File{}, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return File{}, err
	}
	return File{name, data[:min(len(data), limit)], len(data) <= limit}, nil
}

// packed are the extensions of compression, which stand behind that of the content.
var packed = []string{".gz", ".zst"}

// extension is what a name ends with, without the compression.
func extension(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if slices.Contains(packed, ext) {
		ext = strings.ToLower(path.Ext(strings.TrimSuffix(name, path.Ext(name))))
	}
	return ext
}

// isAside reports whether a file is there to tell about the corpus.
func isAside(name string) bool {
	base := strings.ToUpper(path.Base(name))
	for _, word := range []string{"README", "LICEN", "CITATION", "CHANGELOG", "NOTICE", "MANIFEST"} {
		if strings.HasPrefix(base, word) {
			return true
		}
	}
	switch extension(name) {
	case ".md", ".rst", ".pdf", ".py", ".sh", ".ipynb", ".yaml", ".yml", ".toml", ".html", ".bib", ".conf", ".png", ".jpg", ".parquet", ".arrow":
		return true
	}
	return false
}

// choose picks the files to look at: of each extension a share, at least one, the
// more the more files have it.
func choose(names []string) []string {
	byExt := make(map[string][]string)
	total := 0
	for _, name := range names {
		if !isAside(name) {
			byExt[extension(name)] = append(byExt[extension(name)], name)
			total++
		}
	}
	var chosen []string
	exts := sortedByCount(byExt)
	for i, ext := range exts {
		list := byExt[ext]
		left := MaxFiles - len(chosen) - (len(exts) - i - 1)
		n := min(len(list), max(1, min(left, (MaxFiles*len(list)+total-1)/total)))
		if len(chosen)+n > MaxFiles {
			break
		}
		for j := range n {
			chosen = append(chosen, list[j*len(list)/n])
		}
	}
	// Annotations of brat stand beside their texts, and twins beside each other.
	have := make(map[string]bool)
	for _, name := range chosen {
		have[name] = true
	}
	for _, name := range slices.Clone(chosen) {
		if extension(name) != ".ann" {
			continue
		}
		if text := beside(names, name, ".txt"); text != "" && !have[text] {
			chosen = append(chosen, text)
		}
	}
	slices.Sort(chosen)
	return chosen
}

// beside is the one of names that is the given one but for the extension, "" for none.
// Both may be those of compressed files.
func beside(names []string, name, ext string) string {
	f := File{Path: name}
	name = f.Unpacked()
	name = strings.TrimSuffix(name, path.Ext(name)) + ext
	for _, suffix := range append([]string{""}, packed...) {
		if _, found := slices.BinarySearch(names, name+suffix); found {
			return name + suffix
		}
	}
	return ""
}

func sortedByCount(m map[string][]string) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if d := len(m[b]) - len(m[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return keys
}

// Unpacked is the file's name without the extension of its compression.
func (f *File) Unpacked() string {
	if ext := path.Ext(f.Path); slices.Contains(packed, strings.ToLower(ext)) {
		return strings.TrimSuffix(f.Path, ext)
	}
	return f.Path
}

// Lines is the content up to the last whole line, and all of it where nothing was cut.
func (f *File) Lines() []byte { return f.text() }

// text is the content without a byte order mark; of a file that was cut, what ends
// in a whole line, if it has any.
func (f *File) text() []byte {
	data := bytes.TrimPrefix(f.Data, []byte("\xef\xbb\xbf"))
	if !f.Whole {
		if i := bytes.LastIndexByte(data, '\n'); i >= 0 {
			data = data[:i+1]
		}
	}
	return data
}
