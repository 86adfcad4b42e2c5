package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/quern-data/quern/stages/duck"
)

// TestUnread: who stops reading is no failure, and hides none.
func TestUnread(t *testing.T) {
	_, out := convertDir(t, filepath.Join("..", "..", "examples", "reviews"))
	commands := []string{
		"cat OUT labels", "cat OUT labels --format csv", "cat OUT labels --format arrow", "count OUT", "checksum OUT",
		"snapshots OUT/../..", "snapshots OUT/../.. --json", "verify OUT", "schema", "explain", "version", "help",
	}
	if duck.Available {
		commands = append(commands, "query OUT VALUES(1)", "query OUT VALUES(1) --format csv")
	}
	for _, command := range commands {
		if code, stderr := unread(t, command, out); code != exitDone || stderr != "" {
			t.Errorf("%s: exit code %d, %q", command, code, stderr)
		}
	}
	part := filepath.Join(out, "labels", "part-00000.parquet")
	if err := os.Chmod(part, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(part, 100); err != nil {
		t.Fatal(err)
	}
	if code, stderr := unread(t, "verify OUT", out); code != exitFailed || !strings.Contains(stderr, "1 problem") {
		t.Errorf("verify: exit code %d, %q", code, stderr)
	}
	epipe := fmt.Errorf("standard output: %w", syscall.EPIPE)
	for err, want := range map[error]int{
		errors.Join(epipe, epipe): exitDone,
		fmt.Errorf("labels: %w", errors.Join(epipe, errors.New("damaged"))): exitFailed,
		errors.Join(errors.Join(epipe), syscall.ENOSPC):                     exitFailed,
	} {
		if got := exitCode(err, new(bytes.Buffer)); got != want {
			t.Errorf("%v: exit code %d, want %d", err, got, want)
		}
	}
}

// unread runs a command on a snapshot, to a pipe that nobody reads.
func unread(t *testing.T, command, out string) (code int, stderr string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var text bytes.Buffer
	code = run(strings.Fields(strings.ReplaceAll(command, "OUT", out)), w, &text)
	return code, text.String()
}
