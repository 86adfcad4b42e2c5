package main

import (
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quern-data/quern/internal/archivetest"
	"github.com/quern-data/quern/stages/duck"
)

var update = flag.Bool("update", false, "rewrite the golden parts of scripts")

func TestMain(m *testing.M) {
	actAsQuern()
	testscript.Main(m, map[string]func(){"quern": main})
}

// TestScripts runs the real command by the scripts in testdata/script.
func TestScripts(t *testing.T) {
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("REPO", repo)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "duckdb" {
				return false, fmt.Errorf("unknown condition %s", name)
			}
			return duck.Available, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"pack":    pack,
			"waitfor": waitFor,
		},
	})
}

// pack ARCHIVE FOLDER [NAME...] makes an archive of a folder, and of members with
// any names.
func pack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: pack archive folder [name...]")
	}
	files, err := archivetest.Files(ts.MkAbs(args[1]))
	ts.Check(err)
	for _, name := range args[2:] {
		files = append(files, archivetest.File{Name: name, Content: "a member"})
	}
	ts.Check(archivetest.Write(ts.MkAbs(args[0]), files))
}

// exits CODE COMMAND... runs a command that must end with the exit code. Its
// output can be looked at as after exec.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command...")
	}
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// waitFor GLOB waits until a file fits the pattern.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor glob")
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if found, err := filepath.Glob(ts.MkAbs(args[0])); err != nil || len(found) > 0 {
			ts.Check(err)
			return
		}
	}
	ts.Fatalf("nothing fits %s", args[0])
}
