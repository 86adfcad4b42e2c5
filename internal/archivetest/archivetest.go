// Package archivetest makes archives for tests, of all kinds that are read.
package archivetest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// File is a member of an archive.
type File struct {
	Name, Content string
	Link          bool // whether it is a symbolic link to Content
	HardLink      bool // in a tar, whether it is a hard link to Content
}

// Kinds are names of archives, one of each kind.
var Kinds = []string{"c.zip", "c.stored.zip", "c.zstd.zip", "c.tar", "c.pax.tar", "c.tar.gz", "c.tgz", "c.tar.zst"}

// Files are the files and links of a folder, by name.
func Files(root string) ([]File, error) {
	var files []File
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			files = append(files, File{Name: name, Content: target, Link: true})
			return err
		}
		content, err := os.ReadFile(path)
		files = append(files, File{Name: name, Content: string(content)})
		return err
	})
	return files, err
}

// Write makes an archive at a path, of the kind that the name says.
func Write(path string, files []File) error {
	data, err := Pack(filepath.Base(path), files)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o666)
}

// Pack is an archive of the kind that a name says.
func Pack(name string, files []File) ([]byte, error) {
	var b bytes.Buffer
	pack := packTar
	if strings.HasSuffix(name, ".zip") {
		pack = packZip
	}
	err := pack(&b, name, files)
	return b.Bytes(), err
}

// Zstd is the method of zip members that zstd compresses.
const Zstd = 93

var packedAt = time.Date(2020, 2, 2, 2, 2, 2, 0, time.UTC)

func packZip(w io.Writer, name string, files []File) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(Zstd, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
	for _, f := range files {
		h := &zip.FileHeader{Name: f.Name, Modified: packedAt, Method: zip.Deflate}
		h.SetMode(0o644)
		switch {
		case f.Link:
			h.SetMode(0o777 | fs.ModeSymlink)
		case strings.Contains(name, "stored"):
			h.Method = zip.Store
		case strings.Contains(name, "zstd"):
			h.Method = Zstd
		}
		m, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(m, f.Content); err != nil {
			return err
		}
	}
	return z.Close()
}

func packTar(w io.Writer, name string, files []File) error {
	closer := io.NopCloser(nil).Close
	switch {
	case strings.HasSuffix(name, "gz"):
		g := gzip.NewWriter(w)
		w, closer = g, g.Close
	case strings.HasSuffix(name, "zst"):
		z, err := zstd.NewWriter(w)
		if err != nil {
			return err
		}
		w, closer = z, z.Close
	}
	t := tar.NewWriter(w)
	for _, f := range files {
		h := &tar.Header{Name: f.Name, Mode: 0o644, ModTime: packedAt, Typeflag: tar.TypeReg, Format: tar.FormatGNU}
		if strings.Contains(name, "pax") {
			h.Format, h.AccessTime = tar.FormatPAX, packedAt.Add(time.Nanosecond)
		}
		content := f.Content
		switch {
		case f.HardLink:
			h.Typeflag, h.Linkname, content = tar.TypeLink, f.Content, ""
		case f.Link:
			h.Typeflag, h.Linkname, content = tar.TypeSymlink, f.Content, ""
		}
		h.Size = int64(len(content))
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.WriteString(t, content); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), closer())
}
