package main

import (
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// corpus is what the contenders run on, before it is scaled.
type corpus struct {
	name      string
	about     string
	documents int
	bytes     int // mean size of a file
}

// formsCorpus is where the forms of the peers are tried.
var formsCorpus = corpus{"forms", "a tenth of A", 9_000, 2_300}

var corpora = []corpus{
	{"A", "many small files, as reviews are", 90_000, 2_300},
	{"B", "few large files, each as long as forty reviews", 200, 100_000},
	{"C", "ten times A", 900_000, 2_300},
}

func corpusNamed(name string) (corpus, bool) {
	for _, c := range corpora {
		if c.name == name {
			return c, true
		}
	}
	return corpus{}, false
}

// generate makes a corpus, unless an earlier run has, and returns its folder.
//
// Nothing in it is mistyped, so that parsers that repair nothing find what Quern
// finds. The seed is that of the generator.
func (b *bench) generate(c corpus) (string, error) {
	documents := max(1, int(math.Round(float64(c.documents)*b.scale)))
	dir := filepath.Join(b.work, "corpora", fmt.Sprintf("%dx%d", documents, c.bytes))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	fmt.Fprintf(b.log, "generating corpus %s: %d files\n", c.name, documents)
	half := dir + ".tmp" // what an interrupted run left is no corpus
	if err := os.RemoveAll(half); err != nil {
		return "", err
	}
	_, err := b.output(b.quern(), "gen", half, "--twins=false", "--quirks=0",
		"--documents", strconv.Itoa(documents), "--bytes", strconv.Itoa(c.bytes))
	if err != nil {
		return "", err
	}
	return dir, os.Rename(half, dir)
}

// warm reads all files once, so that they are in the page cache, and says how
// many there are, and their bytes.
func warm(dir string) (files int, size int64, err error) {
	buf := make([]byte, 64<<10)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		for {
			n, err := f.Read(buf)
			size += int64(n)
			if err == io.EOF {
				files++
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	return files, size, err
}

// folderBytes is the size of all files in a folder.
func folderBytes(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size += info.Size()
		return nil
	})
	return size, err
}
