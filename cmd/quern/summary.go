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
	"github.com/quern-data/quern/stages/sink"
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
		if c.Files > 0 {
			fmt.Fprintf(w, "%s: %s found = %s with documents + %s + %s ignored%s; %s = %s written + %s refused\n",
				c.Name, plural(c.Found, "file", "files"), thousands(c.Files), plural(c.Twins, "raw twin", "raw twins"), thousands(ignored), rules(c.Ignored),
				plural(c.Written+c.Refused, "document", "documents"), thousands(c.Written), thousands(c.Refused))
			continue
		}
		fmt.Fprintf(w, "%s: %s found = %s written + %s refused + %s + %s ignored%s\n",
			c.Name, plural(c.Found, "file", "files"), thousands(c.Written), thousands(c.Refused),
			plural(c.Twins, "raw twin", "raw twins"), thousands(ignored), rules(c.Ignored))
	}
	s := &o.Stats
	if s.Unreadable > 0 {
		fmt.Fprintf(w, "%s could not be read: what is in them is missing\n", plural(s.Unreadable, "folder or member of an archive", "folders or members of archives"))
	}
	if !o.Published {
		fmt.Fprintf(w, "\nnothing has changed: snapshot %s stays current (%s read, %.2f s)\n",
			o.Snapshot, plural(o.Read, "document", "documents"), o.Elapsed.Seconds())
		return
	}
	fmt.Fprintf(w, "\n%s, %s with labels; %s", plural(s.Sentences, "sentence", "sentences"), thousands(s.Labeled),
		plural(s.Labels, "label", "labels"))
	if s.Unresolved > 0 {
		fmt.Fprintf(w, ", of which %s could not be resolved", thousands(s.Unresolved))
	}
	if s.Relations > 0 {
		fmt.Fprintf(w, "; %s", plural(s.Relations, "relation", "relations"))
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, layer := range byCount(s.LabelsByLayer) {
		fmt.Fprintf(table, "  %s\t%s\t\n", layer, thousands(s.LabelsByLayer[layer]))
	}
	_ = table.Flush()

	printShares(w, s)
	if repairs := s.Repairs(); len(repairs) > 0 {
		fmt.Fprintln(w, "\nrepairs by rule")
		for _, code := range byCount(repairs) {
			fmt.Fprintf(table, "  %s\t%s\t\n", strings.TrimPrefix(code.String(), "repair-"), thousands(repairs[code]))
		}
		_ = table.Flush()
	}
	o.printDiagnostics(w)

	seconds := o.Elapsed.Seconds()
	fmt.Fprintf(w, "\n%.2f s, %.1f MB/s, %s made and %s taken over: snapshot %s in %s\n",
		seconds, float64(s.SourceBytes)/1e6/max(seconds, 1e-9),
		plural(o.Made, "shard", "shards"), thousands(o.Kept), o.Snapshot, schema.Printable(o.Out))
	if !o.HasParquet {
		fmt.Fprintf(w, "quern cat %s labels --format arrow\n", schema.Printable(shellWord(o.Out)))
		return
	}
	labels := "labels/*.parquet"
	if o.Partitioned {
		labels = "labels/**/*.parquet"
	}
	sql := fmt.Sprintf("SELECT layer, label, polarity, count(*) AS n FROM %s GROUP BY ALL ORDER BY n DESC",
		quoted(o.Out+"/current/"+labels, "''"))
	fmt.Fprintf(w, "duckdb -c %s\n", schema.Printable(shellWord(sql)))
}

// quoted is s between single quotes, with those in it replaced by escape.
func quoted(s, escape string) string { return "'" + strings.ReplaceAll(s, "'", escape) + "'" }

// shellWord is s as one word of a shell's command line: between double quotes,
// which are easier on the eye here, unless s has something that a shell would
// look at even there.
func shellWord(s string) string {
	if !strings.ContainsAny(s, "\"$`\\!") {
		return `"` + s + `"`
	}
	return quoted(s, `'\''`)
}

// printShares says how the sentences compare with the raw twins, and what the
// text consists of.
func printShares(w io.Writer, s *sink.Stats) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(s.Alignments) > 0 {
		fmt.Fprintln(w, "\nsentences by alignment with the raw twin, and those with labels")
		for _, class := range byCount(s.Alignments) {
			fmt.Fprintf(table, "  %s\t%s\t%s\t\n", class, thousands(s.Alignments[class]), thousands(s.LabeledAligned[class]))
		}
		_ = table.Flush()
	}
	total := float64(max(s.Coverage.Total(), 1))
	percent := func(n int) float64 { return 100 * float64(n) / total }
	fmt.Fprintf(w, "\ntext: %.1f%% with labels, %.1f%% without, %.1f%% headings, %.1f%% list markers, %.1f%% white space\n",
		percent(s.Coverage.Labeled), percent(s.Coverage.Unlabeled), percent(s.Coverage.Heading),
		percent(s.Coverage.ListMarker), percent(s.Coverage.Space))
}

func (o *outcome) printDiagnostics(w io.Writer) {
	counts := o.Stats.Diagnostics
	if len(counts) == 0 {
		fmt.Fprintln(w, "\nno diagnostics")
		return
	}
	fmt.Fprintln(w, "\ndiagnostics, errors and the most frequent first, with an example")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	codes := byCount(counts)
	slices.SortStableFunc(codes, func(a, b schema.Code) int { return cmp.Compare(rank(a), rank(b)) })
	errors := 0
	for errors < len(codes) && rank(codes[errors]) == 0 {
		errors++
	}
	shown := min(max(topDiagnostics, errors), len(codes))
	for _, code := range codes[:shown] {
		text := code.Info().Title // where what this run converted has no example
		if example, ok := o.Stats.Examples[code]; ok {
			text = place(example.Path, &example.Diagnostic) + ": " + example.Diagnostic.Message
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", thousands(counts[code]), code.Info().Severity, code, schema.Printable(text))
	}
	_ = table.Flush()
	if more := len(codes) - shown; more > 0 {
		fmt.Fprintf(w, "  and %s in the table diagnostics\n", plural(more, "code more", "codes more"))
	}
}

// rank puts errors before all else: each stands for something that is missing.
func rank(code schema.Code) int {
	if code.Info().Severity == schema.Error {
		return 0
	}
	return 1
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
		parts = append(parts, fmt.Sprintf("%s %s", rule, thousands(ignored[rule])))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// byCount lists the keys with the highest counts first, and equal ones in order.
func byCount[K cmp.Ordered](counts map[K]int) []K {
	keys := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(keys, func(a, b K) int { return cmp.Compare(counts[b], counts[a]) })
	return keys
}

// thousands is a number with its thousands parted.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
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
		"labeled_sentences": o.Stats.Labeled,
		"label_groups":      o.Stats.Groups,
		"alignments":        o.Stats.Alignments,
		"coverage_bytes":    o.Stats.Coverage,
		"unreadable":        o.Stats.Unreadable,
		"labels":            o.Stats.Labels,
		"labels_unresolved": o.Stats.Unresolved,
		"labels_by_layer":   o.Stats.LabelsByLayer,
		"relations":         o.Stats.Relations,
		"repairs":           named(o.Stats.Repairs()),
		"diagnostics":       named(o.Stats.Diagnostics),
		"source_bytes":      o.Stats.SourceBytes,
		"seconds":           o.Elapsed.Seconds(),
		"parts":             o.Parts,
		"out":               o.Out,
		"snapshot":          o.Snapshot,
		"published":         o.Published,
		"shards_made":       o.Made,
		"shards_kept":       o.Kept,
		"documents_read":    o.Read,
		"files_read":        o.FilesRead,
	}
}
