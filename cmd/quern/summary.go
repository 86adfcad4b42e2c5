package main

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/quern-data/quern/schema"
)

// newLogger is the program's one log handler.
func newLogger(format string, w io.Writer) (*slog.Logger, error) {
	switch format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	case "text":
		// A person reads the summary; the log says what is out of the ordinary.
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn})), nil
	}
	return nil, usageError{fmt.Errorf("--log-format is %q, and must be text or json", format)}
}

// topDiagnostics is how many codes the summary shows.
const topDiagnostics = 10

// print writes the summary of a run for a person.
func (o *outcome) print(w io.Writer) {
	for _, c := range o.Corpora {
		ignored := 0
		for _, n := range c.Ignored {
			ignored += n
		}
		fmt.Fprintf(w, "%s: %s found = %s written + %s refused + %s + %s ignored%s\n",
			c.Name, count(c.Found, "file", "files"), group(c.Written), group(c.Refused),
			count(c.Twins, "raw twin", "raw twins"), group(ignored), rules(c.Ignored))
	}
	s := &o.Stats
	fmt.Fprintf(w, "\n%s, %s with labels; %s", count(s.Sentences, "sentence", "sentences"), group(s.Groups),
		count(s.Labels, "label", "labels"))
	if s.Unresolved > 0 {
		fmt.Fprintf(w, ", of which %s could not be resolved", group(s.Unresolved))
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, layer := range byCount(s.LabelsByLayer) {
		fmt.Fprintf(table, "  %s\t%s\t\n", layer, group(s.LabelsByLayer[layer]))
	}
	_ = table.Flush()

	if repairs := s.Repairs(); len(repairs) > 0 {
		fmt.Fprintln(w, "\nrepairs by rule")
		for _, code := range byCount(repairs) {
			fmt.Fprintf(table, "  %s\t%s\t\n", strings.TrimPrefix(code.String(), "repair-"), group(repairs[code]))
		}
		_ = table.Flush()
	}
	o.printDiagnostics(w)

	seconds := o.Elapsed.Seconds()
	fmt.Fprintf(w, "\n%.2f s, %.1f MB/s, %s: %s\n", seconds, float64(s.SourceBytes)/1e6/max(seconds, 1e-9),
		count(len(o.Parts), "part", "parts"), printable(o.Out))
	fmt.Fprintf(w, "duckdb -c \"SELECT layer, label, polarity, count(*) AS n FROM '%s/labels/*.parquet' GROUP BY ALL ORDER BY n DESC\"\n",
		o.Out)
}

func (o *outcome) printDiagnostics(w io.Writer) {
	counts := o.Stats.Diagnostics
	if len(counts) == 0 {
		fmt.Fprintln(w, "\nno diagnostics")
		return
	}
	fmt.Fprintln(w, "\ndiagnostics, the most frequent first, with an example")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	codes := byCount(counts)
	for _, code := range codes[:min(topDiagnostics, len(codes))] {
		example := o.Stats.Examples[code]
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", group(counts[code]), code.Info().Severity, code,
			printable(place(example.Path, &example.Diagnostic)+": "+example.Diagnostic.Message))
	}
	_ = table.Flush()
	if more := len(codes) - topDiagnostics; more > 0 {
		fmt.Fprintf(w, "  and %s in the table diagnostics\n", count(more, "code more", "codes more"))
	}
}

// place is where a diagnostic was found, as compilers write it.
func place(path string, d *schema.Diagnostic) string {
	if d.Line == 0 {
		return path
	}
	return fmt.Sprintf("%s:%d:%d", path, d.Line, d.Column)
}

func rules(ignored map[string]int) string {
	if len(ignored) == 0 {
		return ""
	}
	var parts []string
	for _, rule := range byCount(ignored) {
		parts = append(parts, fmt.Sprintf("%s %s", rule, group(ignored[rule])))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// byCount lists the keys with the highest counts first, and equal ones in order.
func byCount[K cmp.Ordered](counts map[K]int) []K {
	keys := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(keys, func(a, b K) int { return cmp.Compare(counts[b], counts[a]) })
	return keys
}

// group is a number with its thousands parted.
func group(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// printable is text that is safe to print on a terminal: file names and
// excerpts may hold anything.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// machine is the summary for machines.
func (o *outcome) machine() map[string]any {
	named := func(counts map[schema.Code]int) map[string]int {
		out := map[string]int{}
		for code, n := range counts {
			out[code.String()] = n
		}
		return out
	}
	return map[string]any{
		"corpora":           o.Corpora,
		"sentences":         o.Stats.Sentences,
		"labeled_sentences": o.Stats.Groups,
		"labels":            o.Stats.Labels,
		"labels_unresolved": o.Stats.Unresolved,
		"labels_by_layer":   o.Stats.LabelsByLayer,
		"repairs":           named(o.Stats.Repairs()),
		"diagnostics":       named(o.Stats.Diagnostics),
		"source_bytes":      o.Stats.SourceBytes,
		"seconds":           o.Elapsed.Seconds(),
		"parts":             len(o.Parts),
		"out":               o.Out,
	}
}
