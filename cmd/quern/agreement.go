package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/agreement"
)

func newAgreementCommand() *cobra.Command {
	var (
		choice           agreement.Choice
		unit, format     string
		samples          int
		seed             uint64
		confidence       string
		pairs            int
		percent          config.Percent
		formats          = map[string]func(io.Writer, *agreementReport, int) error{"table": printAgreement, "csv": agreementCSV, "json": agreementJSON}
		mostSamples, few = 100_000, 10
	)
	cmd := &cobra.Command{
		Use:   "agreement OUT",
		Short: "Measure how far annotators agree, by corpus and layer",
		Long: `Agreement compares what annotators said of the documents that two or more of them
annotated: documents.annotators has their names. The unit is the sentence, and no label is
a value like others. For each corpus and layer it prints raw agreement, Cohen's kappa for
each pair of annotators and their mean, Fleiss' kappa and Krippendorff's alpha. Where an
annotator gave a sentence several labels of a layer, sets of labels are compared: alpha with
the distances MASI and Jaccard, and raw agreement on sets that are the same.

Intervals are those that hold --confidence of the values in --samples bootstrap samples.
What is drawn are documents, since the sentences of one are not independent. The same seed
draws the same. docs/agreement.md says how the measures are computed and read.`,
		Example: `  quern agreement out
  quern agreement out --corpus reviews --layer aspect --ignore-polarity
  quern agreement out --role review --skip-unlabeled --format csv > agreement.csv`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			write := formats[format]
			switch percent, err = config.ParsePercent(confidence); {
			case unit != "sentence":
				return usageError{fmt.Errorf("--unit is %q, and must be sentence", unit)}
			case write == nil:
				return usageError{fmt.Errorf("--format is %q, and must be table, csv or json", format)}
			case samples != 0 && (samples < few || samples > mostSamples):
				return usageError{fmt.Errorf("--samples is %d, and must be %d to %s, or 0 for no intervals", samples, few, thousands(mostSamples))}
			case err != nil:
				return usageError{fmt.Errorf("--confidence: %w", err)}
			case percent == 0 || percent == 100*config.OnePercent:
				return usageError{fmt.Errorf("--confidence is %s, and must be between 0%% and 100%%", percent)}
			case pairs < 0:
				return usageError{fmt.Errorf("--pairs is %d, and must be 0 or more", pairs)}
			}
			r, err := measureAgreement(cmd.Context(), args[0], choice, samples, seed, percent)
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), r, pairs)
		},
	}
	f := cmd.Flags()
	f.StringVar(&choice.Corpus, "corpus", "", "compare this corpus alone")
	f.StringVar(&choice.Layer, "layer", "", "compare this layer alone")
	f.StringVar(&choice.Role, "role", "", "compare sentences with this role alone")
	f.BoolVar(&choice.IgnorePolarity, "ignore-polarity", false, "take labels without their polarity")
	f.BoolVar(&choice.SkipUnlabeled, "skip-unlabeled", false, "leave out sentences that nobody gave a label of the layer")
	f.StringVar(&unit, "unit", "sentence", "what is compared: sentence")
	f.IntVar(&samples, "samples", 1000, "how many bootstrap samples intervals are made of; 0 makes none")
	f.Uint64Var(&seed, "seed", 1, "another seed draws other samples")
	f.StringVar(&confidence, "confidence", "95%", "the share of samples whose values an interval holds")
	f.IntVar(&pairs, "pairs", 20, "how many pairs of annotators to print for each layer, those with the most sentences in common; 0 prints all; csv and json have all")
	f.StringVar(&format, "format", "table", "table, csv or json")
	return cmd
}

// fewDocuments is how many documents are too few for intervals that are as wide as they
// should be.
const fewDocuments = 20

// agreementReport is what quern agreement prints.
type agreementReport struct {
	Snapshot   string              `json:"snapshot"`
	Unit       string              `json:"unit"`
	Confidence string              `json:"confidence"`
	Samples    int                 `json:"samples"`
	Seed       uint64              `json:"seed"`
	Layers     []*agreement.Report `json:"layers"`
	agreement.Left
}

var errNoAnnotators = errors.New("no document has two annotators or more: same_id: annotators joins what several made of one document, and layers without any label are not compared")

// measureAgreement reads a snapshot, and studies each of its layers.
func measureAgreement(ctx context.Context, dir string, choice agreement.Choice, samples int, seed uint64, confidence config.Percent) (*agreementReport, error) {
	readMuch()
	s, err := loadSnapshot(dir)
	if err != nil {
		return nil, err
	}
	reader, err := agreement.NewReader(s, choice)
	if err != nil {
		return nil, err
	}
	parts, err := each(ctx, reader.Parts(), reader.Part)
	if err != nil {
		return nil, err
	}
	found := reader.Join(parts)
	r := &agreementReport{
		Snapshot: s.ID, Unit: "sentence", Confidence: confidence.String(),
		Samples: samples, Seed: seed, Left: found.Left,
	}
	for _, l := range found.Layers {
		study := agreement.NewStudy(l, samples, seed)
		err := pipeline.Each(ctx, study.Blocks(), 0, func(_ context.Context, i int) error {
			study.Resample(i)
			return nil
		})
		if err != nil {
			return nil, err
		}
		r.Layers = append(r.Layers, study.Report(float64(confidence)/float64(100*config.OnePercent)))
	}
	if len(r.Layers) == 0 {
		return nil, errNoAnnotators
	}
	return r, nil
}

func printAgreement(w io.Writer, r *agreementReport, most int) error {
	for i, l := range r.Layers {
		values := plural(l.Values, "value", "values")
		if l.SetValued {
			values = plural(l.Values, "set of labels", "sets of labels")
		}
		fmt.Fprintf(w, "%s, layer %s: %s, %s (%s unlabeled), %s, %s, %s\n",
			schema.Printable(l.Corpus), schema.Printable(l.Layer), plural(l.Documents, "document", "documents"),
			plural(l.Units, "sentence", "sentences"), thousands(l.Unlabeled), annotatorsOf(l),
			plural(len(l.Pairs), "pair", "pairs"), values)
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "  measure\tvalue\t%s interval\n", r.Confidence)
		for _, m := range l.Measures {
			fmt.Fprintf(table, "  %s\t%s\n", m.Title, estimateCells(m.Estimate, true))
		}
		table.Flush()
		if len(l.Pairs) > 0 {
			printPairs(w, r, l, most)
		}
		if r.Samples > 0 && l.Documents > 1 && l.Documents < fewDocuments {
			fmt.Fprintf(w, "  of %s intervals come out too narrow\n", plural(l.Documents, "document", "documents"))
		}
		if i < len(r.Layers)-1 || r.Unattributed+r.Unresolved+r.Single > 0 {
			fmt.Fprintln(w)
		}
	}
	if r.Unattributed > 0 {
		fmt.Fprintf(w, "left out: %s of documents with several annotators without the name of one\n", plural(r.Unattributed, "label", "labels"))
	}
	if r.Unresolved > 0 {
		fmt.Fprintf(w, "unknown: %s that could not be resolved; what was said of these sentences counts as missing\n", plural(r.Unresolved, "label", "labels"))
	}
	if r.Single > 0 {
		fmt.Fprintf(w, "not compared: %s with one annotator, or none by name\n", plural(r.Single, "document", "documents"))
	}
	return nil
}

func printPairs(w io.Writer, r *agreementReport, l *agreement.Report, most int) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	kappa := "\tCohen's kappa\t" + r.Confidence + " interval"
	if l.SetValued {
		kappa = ""
	}
	fmt.Fprintf(table, "  pair\t\tsentences\traw agreement\t%s interval%s\n", r.Confidence, kappa)
	for i, p := range l.Pairs {
		if most > 0 && i == most {
			break
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s", schema.Printable(p.A), schema.Printable(p.B), thousands(p.Units), estimateCells(p.Raw, false))
		if p.Kappa != nil {
			fmt.Fprintf(table, "\t%s", estimateCells(*p.Kappa, false))
		}
		fmt.Fprint(table, "\n")
	}
	table.Flush()
	if most > 0 && len(l.Pairs) > most {
		fmt.Fprintf(w, "  %s of %s; --pairs says how many are printed\n", thousands(most), plural(len(l.Pairs), "pair", "pairs"))
	}
}

// annotatorsOf says how many annotators there are, and how many a unit has.
func annotatorsOf(l *agreement.Report) string {
	all := plural(l.Annotators, "annotator", "annotators")
	switch {
	case l.Fewest == l.Annotators || l.Most == 0:
		return all
	case l.Fewest == l.Most:
		return fmt.Sprintf("%s, %d a sentence", all, l.Most)
	}
	return fmt.Sprintf("%s, %d to %d a sentence", all, l.Fewest, l.Most)
}

// estimateCells are two cells of a table: a number and its interval, or why it has
// none.
func estimateCells(e agreement.Estimate, notes bool) string {
	switch {
	case e.Value == nil && notes:
		return e.Note + "\t"
	case e.Value == nil:
		return "undefined\t"
	case e.Low == nil && notes:
		return fmt.Sprintf("%.3f\t%s", *e.Value, e.Note)
	case e.Low == nil:
		return fmt.Sprintf("%.3f\t", *e.Value)
	case notes && e.Note != "":
		return fmt.Sprintf("%.3f\t%.3f to %.3f (%s)", *e.Value, *e.Low, *e.High, e.Note)
	}
	return fmt.Sprintf("%.3f\t%.3f to %.3f", *e.Value, *e.Low, *e.High)
}

func agreementCSV(w io.Writer, r *agreementReport, _ int) error {
	rows := [][]string{{"corpus", "layer", "measure", "annotator_a", "annotator_b", "documents", "units", "value", "low", "high", "samples", "note"}}
	for _, l := range r.Layers {
		row := func(measure, a, b string, units int, e agreement.Estimate) {
			rows = append(rows, []string{
				l.Corpus, l.Layer, measure, a, b, strconv.Itoa(l.Documents), strconv.Itoa(units),
				decimals(e.Value), decimals(e.Low), decimals(e.High), strconv.Itoa(e.Samples), e.Note,
			})
		}
		for _, m := range l.Measures {
			row(m.Name, "", "", l.Units, m.Estimate)
		}
		for _, p := range l.Pairs {
			row("raw", p.A, p.B, p.Units, p.Raw)
			if p.Kappa != nil {
				row("cohen", p.A, p.B, p.Units, *p.Kappa)
			}
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// decimals is a number in CSV, or nothing.
func decimals(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', 6, 64)
}

func agreementJSON(w io.Writer, r *agreementReport, _ int) error {
	return printJSON(w, r)
}
