package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/internal/archivetest"
)

// The real corpora, where QUERN_CORPORA says that they are: what init writes for each
// loads, and those that have a shipped configuration are recognised.
func TestInitOnRealCorpora(t *testing.T) {
	corpora, ok := os.LookupEnv("QUERN_CORPORA")
	if !ok {
		t.Skip("QUERN_CORPORA does not say where the real corpora are")
	}
	for name, want := range map[string]struct{ format, text string }{
		"seed":                {"inline", "profile: peer-review-analyze"},
		"peer-review-analyze": {"inline", "profile: peer-review-analyze"},
		"disapere":            {"json", "profile: disapere"},
		"rr-submission-v2":    {"columns", "profile: rr-submission"},
		"substanreview":       {"jsonl", "profile: substanreview"},
		"politepeer":          {"csv", "profile: politepeer"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "c.yaml")
			var stdout, stderr bytes.Buffer
			if code := run([]string{"init", filepath.Join(corpora, name), "-o", file}, &stdout, &stderr); code != exitDone {
				t.Fatalf("exit code %d: %s", code, stderr.String())
			}
			l, err := config.Load(config.Options{Path: file})
			if err != nil {
				t.Fatal(err)
			}
			if got := l.Config.Corpora[0].Format; got != want.format {
				t.Errorf("format %s, want %s", got, want.format)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), want.text) {
				t.Errorf("it does not say %q:\n%s", want.text, text)
			}
		})
	}
}

// A corpus in an archive gets a config as its folder does, which converts it.
func TestInitOnArchives(t *testing.T) {
	var table strings.Builder
	table.WriteString("who,said,tone\n")
	for i, tone := range []string{"warm", "cold", "warm", "cold", "warm", "warm"} {
		fmt.Fprintf(&table, "guest %d,The tea of day %d was as I like it.,%s\n", i, i, tone)
	}
	files := []archivetest.File{{Name: "tea/talk.csv", Content: table.String()}, {Name: "tea/README.md", Content: "About tea."}}
	for _, kind := range archivetest.Kinds {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			corpus, file, out := filepath.Join(dir, kind), filepath.Join(dir, "c.yaml"), filepath.Join(dir, "out")
			if err := archivetest.Write(corpus, files); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			if code := run([]string{"init", corpus, "-o", file}, &stdout, &stderr); code != exitDone {
				t.Fatalf("exit code %d: %s", code, stderr.String())
			}
			if code := run([]string{"run", file, "--out", out}, &stdout, &stderr); code != exitDone {
				t.Fatalf("exit code %d: %s", code, stderr.String())
			}
			if want := "6 sentences, 6 with labels; 6 labels"; !strings.Contains(stdout.String(), want) {
				t.Errorf("it does not say %q:\n%s", want, stdout.String())
			}
		})
	}
}
