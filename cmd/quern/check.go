package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/reader"
)

// checkExamples is how many documents check shows the attributes of.
const checkExamples = 3

func newCheckCommand() *cobra.Command {
	var from source
	cmd := &cobra.Command{
		Use:   "check [CONFIG]",
		Short: "List the mistakes in a config, and what it would read",
		Long: `Check lists every mistake in a config file at once. If there is none, it scans the
corpora and shows what a run would read: how many files are documents, which rule leaves
out the others, and the attributes of three example documents. Then it reads the first
documents: it says which keys of theirs nothing reads, and where they are refused, or no
label is found, what would fit.`,
		Example: "  quern check configs/peer-review-analyze.yaml",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := from.load(args, nil)
			if err != nil {
				return err
			}
			runs, err := prepare(cmd.Context(), l, true, nil)
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			fmt.Fprintf(w, "%s: no mistakes\n", l.File)
			for i := range runs {
				printPlan(w, runs[i].config.Name, runs[i].config.Root, runs[i].plan)
				if err := suggest(cmd.Context(), w, &runs[i], l.Config.Limits.DiagnosticsPerDocument); err != nil {
					return err
				}
			}
			return nil
		},
	}
	from.addFlags(cmd)
	return cmd
}

func printPlan(w io.Writer, name, root string, plan *reader.Plan) {
	counts := plan.Counts()
	fmt.Fprintf(w, "\n%s: %s\n", name, schema.Printable(root))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  files found\t%s\n", thousands(counts.Found))
	if plan.HasPieces() {
		fmt.Fprintf(table, "  with documents\t%s\n", thousands(counts.Files))
	}
	fmt.Fprintf(table, "  documents\t%s\t%s bytes\n", thousands(counts.Documents-counts.Refused), thousands(int(plan.Bytes())))
	if counts.Refused > 0 {
		fmt.Fprintf(table, "  refused\t%s\n", thousands(counts.Refused))
	}
	fmt.Fprintf(table, "  raw twins\t%s\n", thousands(counts.Twins))
	for _, ignored := range counts.Ignored {
		rule := string(ignored.Rule)
		if ignored.Glob != "" {
			rule += " " + ignored.Glob
		}
		fmt.Fprintf(table, "  ignored: %s\t%s\te.g. %s\n", schema.Printable(rule), thousands(ignored.Files), schema.Printable(ignored.Example))
	}
	_ = table.Flush()
	printTrouble(w, plan)
	for _, src := range plan.Examples(checkExamples) {
		fmt.Fprintf(w, "  %s\n    document_id = %s\n", schema.Printable(src.Path), schema.Printable(src.ID))
		for _, a := range attributes(&src) {
			fmt.Fprintf(w, "    %s = %s\n", a.Name, schema.Printable(a.Value))
		}
	}
}

// printTrouble lists what a run would refuse or could not look into.
func printTrouble(w io.Writer, plan *reader.Plan) {
	var src schema.Source
	for i := range plan.Len() {
		if !plan.Entry(i).Refused {
			continue
		}
		plan.Describe(i, &src)
		for j := range src.Diagnostics {
			d := &src.Diagnostics[j]
			fmt.Fprintf(w, "  %s %s: %s: %s\n", d.Severity(), d.Code, schema.Printable(src.Path), schema.Printable(d.Message))
		}
	}
}

// attributes are a document's attributes by name, typed ones first.
func attributes(src *schema.Source) []schema.Attribute {
	all := src.Attributes.List()
	return append(all, src.Extra...)
}

func newPreviewCommand() *cobra.Command {
	var (
		from source
		rows int
	)
	cmd := &cobra.Command{
		Use:     "preview [CONFIG]",
		Short:   "Print the first sentences with their labels",
		Example: "  quern preview --corpus examples/reviews -n 5",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := from.load(args, nil)
			if err != nil {
				return err
			}
			if rows < 1 {
				return usageError{fmt.Errorf("--rows is %d, and must be 1 or more", rows)}
			}
			runs, err := prepare(cmd.Context(), l, true, nil)
			if err != nil {
				return err
			}
			return preview(cmd, runs, l.Config.Limits.DiagnosticsPerDocument, rows)
		},
	}
	from.addFlags(cmd)
	cmd.Flags().IntVarP(&rows, "rows", "n", 20, "how many sentences")
	return cmd
}

// preview converts documents until it has printed rows sentences.
func preview(cmd *cobra.Command, runs []corpusRun, limit, rows int) error {
	out := &previewSink{
		table: tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0), refused: cmd.ErrOrStderr(), rows: rows,
	}
	fmt.Fprintln(out.table, "sentence\tlabels\ttext")
	var stages []pipeline.Stages
	for i := range runs {
		r := &runs[i]
		stages = append(stages, r.stages(reader.Shard{End: r.plan.Len()}, func() (pipeline.Sink, error) { return out, nil }))
	}
	err := pipeline.Run(cmd.Context(), stages, pipeline.Options{Workers: 1, DiagnosticsLimit: limit})
	if errors.Is(err, errEnough) {
		err = nil
	}
	out.table.Flush()
	return err
}

// errEnough ends a preview.
var errEnough = errors.New("enough was shown")

// previewSink prints sentences.
type previewSink struct {
	table   *tabwriter.Writer
	refused io.Writer
	rows    int // still to print
}

func (p *previewSink) Write(doc *schema.Document) error {
	src := doc.Source
	if src.Refused {
		for _, d := range doc.Diagnostics.All() {
			if d.Severity() == schema.Error {
				fmt.Fprintf(p.refused, "%s was refused: %s: %s\n", schema.Printable(src.Path), d.Code, schema.Printable(d.Message))
			}
		}
		return nil
	}
	for i := range doc.Sentences {
		if p.rows == 0 {
			return errEnough
		}
		p.rows--
		fmt.Fprintf(p.table, "%s#%04d\t%s\t%s\n", schema.Printable(src.ID), i, labelText(doc, i), shorten(schema.Printable(sentenceText(doc, i))))
	}
	return nil
}

func (p *previewSink) Close() error { return nil }

func (p *previewSink) Abort() {}

func sentenceText(doc *schema.Document, i int) string {
	s := doc.Sentences[i].Text
	return doc.Text[s.Start:s.End]
}

// labelText is the labels of a sentence, layer by layer.
func labelText(doc *schema.Document, i int) string {
	group := doc.Sentences[i].Group
	if group == schema.NoGroup {
		return "-"
	}
	var b strings.Builder
	list := -1
	span := doc.Groups[group].Labels
	for _, l := range doc.Labels[span.Start:span.End] {
		switch {
		case list >= 0 && l.List != list:
			b.WriteString(" | ")
		case list >= 0:
			b.WriteString(" ")
		}
		list = l.List
		b.WriteString(schema.Printable(l.Canonical()))
	}
	return b.String()
}

// previewWidth is how much of a sentence preview shows, in characters.
const previewWidth = 72

func shorten(s string) string { return shortenTo(s, previewWidth) }

// shortenTo is the text in as many characters at most.
func shortenTo(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	return string(r[:width-1]) + "…"
}
