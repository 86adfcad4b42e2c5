package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/records"
	"github.com/quern-data/quern/stages/splits"
)

func newSplitsCommand() *cobra.Command {
	var (
		options splits.Options
		format  string
		failOn  []string
		top     int
	)
	cmd := &cobra.Command{
		Use:   "splits OUT",
		Short: "Count what is in each split, and find what stands in two",
		Long: `Splits prints how many documents, sentences and labels each split of each corpus has, and
looks for what makes a test too easy: values of --by, such as papers, that stand in two
splits, documents whose texts are nearly the same in two splits, and sentences that are the
same word for word. It exits with 1 if it finds groups or texts; sentences are counted, and
are no finding unless --fail-on names them.

Two texts are as similar as the share of their runs of three words that both have; upper
case and punctuation do not count. Candidates are found by MinHash and then compared in full:
what is reported is exact, and of pairs that are just as similar as --similar one in a
thousand may be missed. docs/splits.md says what is not found, and how to make splits.`,
		Example: `  quern splits out
  quern splits out --by venue --similar 0.6 --top 0
  quern splits out --fail-on groups,texts,sentences --format json > splits.json`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case format != "table" && format != "json":
				return usageError{fmt.Errorf("--format is %q, and must be table or json", format)}
			case !(options.Similar >= 0.5 && options.Similar <= 1): // nor NaN
				return usageError{fmt.Errorf("--similar is %v, and must be 0.5 to 1", options.Similar)}
			case options.Words < 1:
				return usageError{fmt.Errorf("--words is %d, and must be 1 or more", options.Words)}
			case top < 0:
				return usageError{fmt.Errorf("--top is %d, and must be 0 or more", top)}
			case options.By == "" || options.By == "split":
				return usageError{fmt.Errorf("--by is %q, and must be another attribute, such as paper_id", options.By)}
			}
			for _, kind := range failOn {
				if !slices.Contains(leakKinds, kind) {
					return usageError{fmt.Errorf("--fail-on has %q, and takes %s", kind, strings.Join(leakKinds, ", "))}
				}
			}
			r, err := surveySplits(cmd.Context(), args[0], options, top)
			if err != nil {
				return err
			}
			if format == "json" {
				err = printJSON(cmd.OutOrStdout(), r)
			} else {
				err = printSplits(cmd.OutOrStdout(), r)
			}
			if err != nil {
				return err
			}
			return leaks(r, failOn)
		},
	}
	f := cmd.Flags()
	f.StringVar(&options.By, "by", "paper_id", "attribute whose values must not stand in two splits; also a key of the column attributes")
	f.Float64Var(&options.Similar, "similar", 0.8, "from which similarity on texts are nearly the same, 0.5 to 1")
	f.IntVar(&options.Words, "words", 8, "texts and sentences of fewer words are not compared")
	f.BoolVar(&options.Across, "across-corpora", false, "compare all corpora as if they were one, whose splits are those of the same name")
	f.StringSliceVar(&failOn, "fail-on", []string{"groups", "texts"}, "findings that are a failure: groups, texts, sentences")
	f.IntVar(&top, "top", 10, "how many of the worst groups and texts to list; 0 lists all")
	f.StringVar(&format, "format", "table", "table or json")
	return cmd
}

// leakKinds are what --fail-on takes.
var leakKinds = []string{"groups", "texts", "sentences"}

// splitsReport is what quern splits prints.
type splitsReport struct {
	Snapshot string `json:"snapshot"`
	*splits.Report
}

// surveySplits reads a snapshot twice: the texts that may be similar are read again.
func surveySplits(ctx context.Context, dir string, options splits.Options, top int) (*splitsReport, error) {
	readMuch()
	s, err := loadSnapshot(dir)
	if err != nil {
		return nil, err
	}
	reader, err := splits.NewReader(s, options)
	if err != nil {
		return nil, err
	}
	parts, err := each(ctx, reader.Parts(), reader.Part)
	if err != nil {
		return nil, err
	}
	survey := reader.Join(parts)
	wanted := survey.Wanted()
	again, err := each(ctx, len(wanted), func(ctx context.Context, i int) (splits.Again, error) {
		return reader.Again(ctx, survey, wanted[i])
	})
	if err != nil {
		return nil, err
	}
	for _, a := range again {
		survey.Add(a)
	}
	return &splitsReport{s.ID, survey.Report(top)}, nil
}

// leaks is the error that a report comes to, if any.
func leaks(r *splitsReport, failOn []string) error {
	if len(r.Scopes) == 0 {
		return fmt.Errorf("%s: no document is in a split; splits in the config of a corpus makes them", r.Snapshot)
	}
	n := map[string]int{}
	for _, scope := range r.Scopes {
		n["groups"] += scope.Groups.Leaks
		n["texts"] += scope.Texts.Documents
		n["sentences"] += scope.Sentences.Shared
	}
	var found []string
	for i, what := range []string{
		plural(n["groups"], "group", "groups"), plural(n["texts"], "document that is nearly the same", "documents that are nearly the same"),
		plural(n["sentences"], "sentence", "sentences"),
	} {
		if n[leakKinds[i]] > 0 && slices.Contains(failOn, leakKinds[i]) {
			found = append(found, what)
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%s: in more than one split: %s", r.Snapshot, strings.Join(found, ", "))
	}
	return nil
}

func printSplits(w io.Writer, r *splitsReport) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "corpus\tsplit\tdocuments\tsentences\tlabels")
	for _, s := range r.Splits {
		name := records.Null
		if s.Name != nil {
			name = schema.Printable(*s.Name)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", schema.Printable(s.Corpus), name, thousands(s.Documents), thousands(s.Sentences), thousands(s.Labels))
	}
	table.Flush()
	for _, scope := range r.Scopes {
		name := schema.Printable(scope.Corpus)
		if name == "" {
			name = "all corpora"
		}
		if len(scope.Splits) < 2 {
			fmt.Fprintf(w, "\n%s: all that is in a split is in %s\n", name, schema.Printable(scope.Splits[0]))
			continue
		}
		fmt.Fprintf(w, "\n%s\n", name)
		printGroups(w, &scope.Groups)
		printTexts(w, &scope.Texts)
		fmt.Fprintf(w, "  sentences of %s: %s in more than one split\n", wordsOrMore(scope.Sentences.Words), thousands(scope.Sentences.Shared))
		for _, c := range scope.Sentences.Between {
			a, b := schema.Printable(c.A), schema.Printable(c.B)
			fmt.Fprintf(w, "    %s and %s: %s, %s in %s and %s in %s\n", a, b, thousands(c.Shared), plural(c.InA, "time", "times"), a, plural(c.InB, "time", "times"), b)
		}
	}
	return nil
}

func wordsOrMore(n int) string { return plural(n, "word", "words") + " or more" }

func printGroups(w io.Writer, g *splits.Groups) {
	by := schema.Printable(g.By)
	if g.Values == 0 {
		fmt.Fprintf(w, "  groups: no document in a split has %s\n", by)
		return
	}
	fmt.Fprintf(w, "  groups: %s of %s of %s in more than one split, with %s", thousands(g.Leaks),
		plural(g.Values, "value", "values"), by, plural(g.Documents, "document", "documents"))
	if g.Without > 0 {
		fmt.Fprintf(w, "; %s without", plural(g.Without, "document", "documents"))
	}
	fmt.Fprintln(w)
	for _, group := range g.Worst {
		var in []string
		for _, split := range slices.Sorted(maps.Keys(group.Documents)) {
			in = append(in, fmt.Sprintf("%s in %s", thousands(group.Documents[split]), schema.Printable(split)))
		}
		fmt.Fprintf(w, "    %s: %s\n", schema.Printable(group.Value), strings.Join(in, ", "))
	}
	if more := g.Leaks - len(g.Worst); more > 0 {
		fmt.Fprintf(w, "    and %s more\n", thousands(more))
	}
}

func printTexts(w io.Writer, t *splits.Texts) {
	fmt.Fprintf(w, "  texts: %s in more than one split with similarity %v or more", plural(t.Documents, "document", "documents"), t.Similar)
	if t.Short > 0 {
		fmt.Fprintf(w, "; %s too short to compare", plural(t.Short, "document", "documents"))
	}
	fmt.Fprintln(w)
	for _, c := range t.Between {
		a, b := schema.Printable(c.A), schema.Printable(c.B)
		fmt.Fprintf(w, "    %s and %s: %s of %s and %s of %s\n", a, b, thousands(c.InA), a, thousands(c.InB), b)
	}
	for _, n := range t.Worst {
		fmt.Fprintf(w, "    %s: %s in %s, %s in %s\n", similarityText(n.Similarity), schema.Printable(n.A.Document), schema.Printable(n.A.Split),
			schema.Printable(n.B.Document), schema.Printable(n.B.Split))
	}
	if more := t.Leaks - len(t.Worst); more > 0 {
		fmt.Fprintf(w, "    and %s more\n", plural(more, "pair", "pairs"))
	}
	if t.Uncompared > 0 {
		fmt.Fprintln(w, "    so many texts have something in common that not all were compared: there may be more")
	}
}

// similarityText is a similarity with two decimals; 1.00 is 1 and no less.
func similarityText(s float64) string {
	if text := fmt.Sprintf("%.2f", s); s == 1 || text != "1.00" {
		return text
	}
	return "0.99"
}
