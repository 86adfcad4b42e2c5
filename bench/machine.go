package main

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// machine is what the figures were measured on.
type machine struct {
	Cores                          int
	CPU, Memory, OS, Kernel, Files string
	Versions                       []string
}

func describeMachine(b *bench) machine {
	first := func(name string, args ...string) string {
		out, err := b.output(name, args...)
		if err != nil {
			return "unknown"
		}
		line, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
		return strings.Trim(line, "* ")
	}
	m := machine{
		Cores:  runtime.NumCPU(),
		CPU:    value("/proc/cpuinfo", "model name", ":"),
		Memory: value("/proc/meminfo", "MemTotal", ":"),
		OS:     strings.Trim(value("/etc/os-release", "PRETTY_NAME", "="), `"`),
		Kernel: first("uname", "-sr"),
	}
	fields := strings.Fields(first("sh", "-c", "df -PT bench/work | tail -n 1"))
	m.Files = "unknown"
	if len(fields) > 1 {
		m.Files = fields[1]
	}
	m.Versions = []string{first("sh", "-c", `"$0" version`, b.quern()), first("go", "version"), first("python3", "--version")}
	if pinned, err := os.ReadFile(filepath.Join(b.root, "bench", "requirements.txt")); err == nil {
		m.Versions = append(m.Versions, strings.Fields(string(pinned))...)
	}
	if !slices.Contains(b.skip, "spark") {
		m.Versions = append(m.Versions, first("sh", "-c", "java -version 2>&1"))
	}
	if !slices.Contains(b.skip, "limit") {
		m.Versions = append(m.Versions, first("zstd", "--version"))
	}
	return m
}

// value is what a file says behind the first line that starts with key.
func value(path, key, separator string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), separator)
		if ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
