package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/configs"
	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/reader"
	"github.com/quern-data/quern/stages/reader/archive"
	"github.com/quern-data/quern/stages/sniff"
)

func newInitCommand() *cobra.Command {
	var out, taxonomy, name string
	cmd := &cobra.Command{
		Use:   "init DIR|ARCHIVE|FILE",
		Short: "Look at a new corpus, and print a config to start from",
		Long: fmt.Sprintf(`Init looks at the beginnings of some files of a corpus, %d files and 1 MiB of each at most,
and prints a config that reads them: the format, where text and labels stand, and which
attributes there are. Comments say what was seen. The config runs as it is, but a guess is
a guess: quern preview shows the first sentences, and docs/formats.md what else can be set.

Where the corpus is laid out like one that Quern has a configuration for, init says so, and
prints a config that uses it.

With --taxonomy, the labels that were seen are written to a file as well, by layer and with
their counts: a list to work on. Where the configuration that comes with Quern has a list,
that is what is written. Without, any label is taken as it stands in the files. Neither
file is overwritten.`, sniff.MaxFiles),
		Example: `  quern init corpora/reviews
  quern init corpora/reviews -o reviews.yaml --taxonomy labels.yaml`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := initial{target: filepath.Clean(args[0]), out: out, taxonomy: taxonomy, name: name}
			return c.run(cmd)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "write the config to this file, instead of printing it")
	cmd.Flags().StringVar(&taxonomy, "taxonomy", "", "write the labels that were seen to this file, a taxonomy to start from")
	cmd.Flags().StringVar(&name, "name", "", "name of the corpus, instead of that of the folder")
	return cmd
}

// initial is one call of init.
type initial struct {
	target, out, taxonomy, name string

	root   string // of the corpus, as it is reached from here
	sample *sniff.Sample
}

func (c *initial) run(cmd *cobra.Command) error {
	for _, file := range []string{c.out, c.taxonomy} {
		if file == "" {
			continue
		}
		if _, err := os.Lstat(file); err == nil {
			return usageError{fmt.Errorf("%s is there already: remove it, or name another file", file)}
		}
	}
	if err := c.read(cmd.Context()); err != nil {
		return err
	}
	if len(c.sample.Names) == 0 {
		return fmt.Errorf("%s has no files", c.target)
	}
	if c.name == "" {
		c.name = corpusName(c.root, c.target)
	}
	taxonomies, err := builtInTaxonomies()
	if err != nil {
		return err
	}
	g := sniff.Look(c.sample, taxonomies)
	if g == nil {
		return fmt.Errorf("nothing in %s looks like labelled text in a format that Quern reads (%s; the files looked at: %s): docs/formats.md describes them",
			c.target, strings.Join(parser.Formats(), ", "), shortList(c.sample.Files))
	}
	dir, err := os.MkdirTemp("", "quern-init-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder for temporary files
	if err := c.copySample(dir); err != nil {
		return err
	}
	var text, labels []byte
	profile := c.profile(cmd.Context(), dir, g)
	if profile != nil {
		text, labels, err = c.shipped(cmd.Context(), dir, g, profile)
	} else {
		text, labels, err = c.guess(cmd.Context(), dir, g)
	}
	if err != nil {
		return err
	}
	if c.taxonomy != "" {
		if len(labels) == 0 {
			return fmt.Errorf("no taxonomy was written: the labels are those of the built-in taxonomy %s, which quern schema and docs describe", g.Corpus.Taxonomy)
		}
		if err := writeNew(c.taxonomy, labels); err != nil {
			return err
		}
	}
	if c.out == "" {
		_, err = cmd.OutOrStdout().Write(text)
		return err
	}
	if err := writeNew(c.out, text); err != nil {
		return err
	}
	return printLast(cmd, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s\n", c.out, c.sentence(g))
		if profile != nil {
			fmt.Fprintf(w, "It is laid out like the profile %s.\n", profile.name)
		}
		fmt.Fprintf(w, "Next: quern preview %s, and quern run %s\n", c.out, c.out)
	})
}

func builtInTaxonomies() (map[string]*config.Taxonomy, error) {
	taxonomies := make(map[string]*config.Taxonomy)
	for _, name := range config.BuiltInTaxonomies() {
		t, err := config.LoadTaxonomy(name, ".")
		if err != nil {
			return nil, err
		}
		taxonomies[name] = t
	}
	return taxonomies, nil
}

// read takes the sample.
func (c *initial) read(ctx context.Context) error {
	info, err := os.Stat(c.target)
	if err != nil {
		return fmt.Errorf("%s %w", c.target, bare(err))
	}
	c.root = c.target
	switch {
	case info.IsDir():
		c.sample, err = sniff.Read(os.DirFS(c.root), c.open)
		return err
	case config.ArchiveSuffix(c.target) != "":
		return c.readArchive(ctx, info.Size())
	}
	c.root = filepath.Dir(c.target)
	c.sample = sniff.ReadFiles([]string{filepath.Base(c.target)}, c.open)
	return nil
}

// readArchive takes the sample of an archive. One that is compressed as a whole has to
// be read to its end for that.
func (c *initial) readArchive(ctx context.Context, size int64) error {
	f, err := os.Open(c.target)
	if err != nil {
		return err
	}
	defer f.Close()
	a, err := archive.Open(ctx, f, size, archive.Format(config.ArchiveSuffix(c.target)), archive.Options{Bytes: int64(config.Default().Limits.ArchiveBytes)})
	if err != nil {
		return fmt.Errorf("%s: %w", c.target, err)
	}
	defer func() { _ = a.Close() }() // it was read
	var names []string
	for _, m := range a.Members() {
		if m.Mode == 0 && m.Problem == nil && fs.ValidPath(m.Path) {
			names = append(names, m.Path)
		}
	}
	c.sample = sniff.ReadFiles(names, func(name string) (io.ReadCloser, error) {
		m := a.Find(name)
		if m == nil {
			return nil, fs.ErrNotExist
		}
		content, err := a.Open(m)
		if err != nil {
			return nil, err
		}
		return unpacked(name, content)
	})
	return nil
}

// bare is the error without the path, which the caller has.
func bare(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// open opens a file of the corpus without its compression.
func (c *initial) open(name string) (io.ReadCloser, error) {
	f, err := os.Open(filepath.Join(c.root, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	return unpacked(name, f)
}

// unpacked is the content of a file without the compression that its name tells of. It
// closes the file.
func unpacked(name string, f io.ReadCloser) (io.ReadCloser, error) {
	if _, packed := archive.Unpacked(name); !packed {
		return f, nil
	}
	u, err := archive.NewUnpacker(name, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return unpackedFile{u, f}, nil
}

// unpackedFile is a file that is unpacked while it is read.
type unpackedFile struct {
	*archive.Unpacker
	file io.Closer
}

func (u unpackedFile) Close() error { return errors.Join(u.Unpacker.Close(), u.file.Close()) }

// writeNew writes a file that must not be there.
func writeNew(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// corpusName makes a name of a corpus of its folder's, or of its only file's.
func corpusName(root, target string) string {
	base := filepath.Base(target)
	if root != target || config.ArchiveSuffix(target) != "" {
		base, _, _ = strings.Cut(base, ".")
	} else if abs, err := filepath.Abs(root); err == nil {
		base = filepath.Base(abs)
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, base)
	if name = strings.TrimLeft(name, "._-"); name == "" {
		return "corpus"
	}
	return name
}

func shortList(files []sniff.File) string {
	var names []string
	for i := range files {
		if i == 3 {
			names = append(names, "…")
			break
		}
		names = append(names, schema.Printable(files[i].Path))
	}
	return strings.Join(names, ", ")
}

// folder is where the config goes.
func (c *initial) folder() string {
	if c.out == "" {
		return "."
	}
	return filepath.Dir(c.out)
}

// from is a path as the config has it, which starts at its folder.
func (c *initial) from(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	if rel, err := filepath.Rel(c.folder(), file); err == nil {
		return filepath.ToSlash(rel)
	}
	if abs, err := filepath.Abs(file); err == nil {
		return abs
	}
	return file
}

// tables is the folder of the tables, "" where the default will do: they must not
// stand in the corpus.
func (c *initial) tables() string {
	root, err := filepath.Abs(c.root)
	if err != nil || config.ArchiveSuffix(c.root) != "" {
		return ""
	}
	folder, err := filepath.Abs(c.folder())
	if err != nil {
		return ""
	}
	if rel, err := filepath.Rel(root, folder); err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return c.from(filepath.Join(c.root, "..", c.name+"-tables"))
}

// sentence says what was seen.
func (c *initial) sentence(g *sniff.Guess) string {
	n := len(g.Files)
	files := fmt.Sprintf("%d of %s that were looked at %s", n, plural(g.Of, "file", "files"), g.What)
	if g.Of == 1 {
		files = "the file that was looked at " + strings.NewReplacer("hold ", "holds ", "are tables", "is a table", "are texts", "is a text", "documents each", "document").Replace(g.What)
	}
	return files
}

// head is what to say above a config.
func (c *initial) head(g *sniff.Guess, profile string, result *trialResult) []string {
	config := c.out
	if config == "" {
		config = "CONFIG"
	}
	total := plural(len(c.sample.Names), "file", "files")
	if c.sample.More {
		total = "more than " + total
	}
	seen := c.sentence(g)
	lines := []string{
		fmt.Sprintf("A config to start from, made by quern init of %s.", c.target), "",
		fmt.Sprintf("There are %s; %s.", total, seen),
	}
	if len(c.sample.Names) == 1 {
		lines[2] = strings.ToUpper(seen[:1]) + seen[1:] + "."
	}
	if profile != "" {
		laid := "They are laid out like those of"
		if g.Of == 1 {
			laid = "It is laid out like those of"
		}
		laid += " the profile " + profile + ", which comes with Quern"
		if c.target == c.root {
			lines = append(lines, laid+", so that this would do:", "",
				fmt.Sprintf("  quern run --profile %s --corpus %s --out OUT", profile, c.root), "")
		} else {
			lines = append(lines, laid+".")
		}
	}
	if result != nil && result.documents > 0 {
		lines = append(lines, "Read so, what was looked at gives "+result.String()+".")
	}
	return append(lines, "", fmt.Sprintf("Look at the outcome with quern preview %s, convert with quern run %[1]s. All keys: quern config reference.", config))
}

// copySample writes what was looked at to a folder, for trials.
func (c *initial) copySample(dir string) error {
	for i := range c.sample.Files {
		f := &c.sample.Files[i]
		if !f.Whole && strings.HasSuffix(f.Unpacked(), ".json") {
			continue // its end is missing
		}
		name := filepath.Join(dir, "corpus", filepath.FromSlash(f.Unpacked()))
		if !filepath.IsLocal(filepath.FromSlash(f.Unpacked())) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Lines(), 0o600); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(dir, "corpus"), 0o700)
}

// fitting is a shipped configuration that a sample fits.
type fitting struct {
	name     string
	taxonomy string // its own
	open     bool   // whether that takes any label
	result   *trialResult
}

// profile is the shipped configuration that the sample fits, nil for none: one that
// refuses and misses next to nothing, and of several the one that finds most labels.
func (c *initial) profile(ctx context.Context, dir string, g *sniff.Guess) (best *fitting) {
	for _, name := range config.Profiles() {
		if name == "minimal" || name == "reference" {
			continue
		}
		l, err := config.Load(config.Options{Profile: name, Flags: map[string]string{
			"corpora.root": filepath.Join(dir, "corpus"), "output.dir": filepath.Join(dir, "out"),
		}})
		if err != nil || len(l.Config.Corpora) != 1 || l.Config.Corpora[0].Format != g.Corpus.Format {
			continue
		}
		result, err := try(ctx, l)
		if err == nil && result.fits() && (best == nil || result.labels > best.result.labels) {
			best = &fitting{name, l.Config.Corpora[0].Taxonomy, l.Taxonomies[0].Open, result}
		}
	}
	return best
}

// shipped prints the config of a corpus that fits a shipped one, and with --taxonomy the
// labels: its own list, or if it takes any what it found.
func (c *initial) shipped(ctx context.Context, dir string, g *sniff.Guess, p *fitting) (text, labels []byte, err error) {
	as := sniff.Shipped{Profile: p.name, Corpus: c.name, Root: filepath.Join(dir, "corpus")}
	if c.target != c.root {
		as.Include = sniff.Glob(filepath.Base(c.target))
	}
	result := p.result
	if c.taxonomy != "" {
		if p.open {
			of := sniff.Guess{Of: g.Of, Layers: result.layers(), Polarities: result.polarities(), AnyLayer: true}
			labels = of.Taxonomy(c.name)
		} else if labels, err = configs.FS.ReadFile("taxonomies/" + p.taxonomy + ".yaml"); err != nil {
			return nil, nil, err
		}
		as.Taxonomy = filepath.Join(dir, "labels.yaml")
		if err := os.WriteFile(as.Taxonomy, labels, 0o600); err != nil {
			return nil, nil, err
		}
	}
	if result, err = c.load(ctx, dir, as.Config(nil, "out")); err != nil {
		return nil, nil, err
	}
	as.Root = c.from(c.root)
	if c.taxonomy != "" {
		as.Taxonomy = c.taxonomyPath()
	}
	return as.Config(c.head(g, p.name, result), c.tables()), labels, nil
}

// load loads the text of a config, and tries it; the result is nil where that fails.
func (c *initial) load(ctx context.Context, dir string, text []byte) (*trialResult, error) {
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	l, err := config.Load(config.Options{Path: file})
	if err != nil {
		return nil, fmt.Errorf("what was found in %s makes no valid config, which is a fault of Quern: %w", c.target, errors.New(strings.ReplaceAll(err.Error(), dir, "")))
	}
	result, err := try(ctx, l)
	if err != nil {
		return nil, nil //nolint:nilerr // a config that does not run is one to start from all the same
	}
	return result, nil
}

// taxonomyPath is the file of --taxonomy as the config has it.
func (c *initial) taxonomyPath() string {
	file := c.from(c.taxonomy)
	if !strings.Contains(file, "/") && path.Ext(file) == "" {
		file = "./" + file
	}
	return file
}

// guess prints the config of a guess, and a list of the labels if any were seen.
func (c *initial) guess(ctx context.Context, dir string, g *sniff.Guess) (text, labels []byte, err error) {
	corpus := &g.Corpus
	corpus.Name, corpus.Root = c.name, filepath.Join(dir, "corpus")
	if c.target != c.root {
		corpus.Include = []string{sniff.Glob(filepath.Base(c.target))}
	}
	if len(g.Layers) > 0 {
		labels = g.Taxonomy(c.name)
	}
	if len(labels) > 0 && (g.Closed || c.taxonomy != "") {
		corpus.Taxonomy = filepath.Join(dir, "labels.yaml")
		if err := os.WriteFile(corpus.Taxonomy, labels, 0o600); err != nil {
			return nil, nil, err
		}
	}
	result, err := c.load(ctx, dir, g.Config(nil, "out"))
	if err != nil {
		return nil, nil, err
	}
	corpus.Root = c.from(c.root)
	switch {
	case c.taxonomy != "" && len(labels) > 0:
		corpus.Taxonomy = c.taxonomyPath()
	case g.Closed && len(labels) > 0:
		corpus.Taxonomy = "labels.yaml"
		g.Why["taxonomy"] += " The format needs a list of labels: quern init --taxonomy labels.yaml writes one."
	case corpus.Taxonomy == "open":
		g.Why["taxonomy"] = "Labels are taken as they stand. A list of them, to work on: quern init --taxonomy FILE."
	}
	return g.Config(c.head(g, "", result), c.tables()), labels, nil
}

// trialResult is what documents come to.
type trialResult struct {
	documents, refused, sentences, labelled, labels, unresolved int
	misses                                                      int    // values that are not where they should be
	why, missed                                                 string // of the first that is refused, and that misses something

	seen map[typed]int // labels, how often
}

// typed is a label as a file has it.
type typed struct{ layer, label, polarity string }

// layers are the labels that were seen, by the names of their layers.
func (r *trialResult) layers() (list []sniff.Layer) {
	labels, polarity := make(map[string]sniff.Counter), make(map[string]bool)
	for l, n := range r.seen {
		if labels[l.layer] == nil {
			labels[l.layer] = make(sniff.Counter)
		}
		labels[l.layer][l.label] += n
		polarity[l.layer] = polarity[l.layer] || l.polarity != ""
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, sniff.Layer{Name: name, Polarity: polarity[name], Labels: labels[name].List()})
	}
	return list
}

// polarities are what stood for one apart from labels.
func (r *trialResult) polarities() []sniff.Count {
	counts := make(sniff.Counter)
	for l, n := range r.seen {
		if l.polarity != "" {
			counts[l.polarity] += n
		}
	}
	return counts.List()
}

func (r *trialResult) String() string {
	text := fmt.Sprintf("%s with %s, %s of which are labelled, and %s", plural(r.documents-r.refused, "document", "documents"),
		plural(r.sentences, "sentence", "sentences"), thousands(r.labelled), plural(r.labels, "label", "labels"))
	if r.unresolved > 0 {
		text += fmt.Sprintf(", %s of them not in the taxonomy", thousands(r.unresolved))
	}
	if r.refused > 0 {
		text += fmt.Sprintf("; %s refused: %s", plural(r.refused, "document is", "documents are"), r.why)
	}
	return text
}

// fits reports whether the configuration is one for these documents.
func (r *trialResult) fits() bool {
	return r.documents > 0 && r.refused*10 <= r.documents && r.labels > 0 && r.unresolved*10 <= r.labels && r.misses*2 <= r.documents
}

// try converts the documents of the corpora, and keeps the counts alone.
func try(ctx context.Context, l *config.Loaded) (*trialResult, error) {
	runs, err := prepare(ctx, l, true, nil)
	if err != nil {
		return nil, err
	}
	total := new(trialResult)
	for i := range runs {
		r, err := tryCorpus(ctx, &runs[i], runs[i].plan.Len(), l.Config.Limits.DiagnosticsPerDocument, nil)
		if err != nil {
			return nil, err
		}
		total.add(r)
	}
	return total, nil
}

// tryCorpus converts the first documents of a corpus, and has look see each, if it is
// not nil.
func tryCorpus(ctx context.Context, run *corpusRun, documents, limit int, look func(*schema.Document)) (*trialResult, error) {
	result := &trialResult{seen: make(map[typed]int)}
	n := min(run.plan.Len(), documents)
	stages := run.stages(reader.Shard{End: n}, func() (pipeline.Sink, error) { return trialSink{result, look}, nil })
	err := pipeline.Run(ctx, []pipeline.Stages{stages}, pipeline.Options{Workers: 1, DiagnosticsLimit: limit})
	return result, err
}

func (r *trialResult) add(o *trialResult) {
	r.documents, r.refused, r.sentences, r.labelled = r.documents+o.documents, r.refused+o.refused, r.sentences+o.sentences, r.labelled+o.labelled
	r.labels, r.unresolved, r.misses = r.labels+o.labels, r.unresolved+o.unresolved, r.misses+o.misses
	for l, n := range o.seen {
		if r.seen == nil {
			r.seen = make(map[typed]int)
		}
		r.seen[l] += n
	}
	if r.why == "" {
		r.why = o.why
	}
	if r.missed == "" {
		r.missed = o.missed
	}
}

// trialSink counts.
type trialSink struct {
	*trialResult
	look func(*schema.Document)
}

// reasonWidth is how much of a message is shown, in characters.
const reasonWidth = 160

// missed are the codes of documents that are not as a config says.
var missed = []string{"record-malformed", "row-malformed", "value-missing", "value-unexpected", "span-invalid"}

func (t trialSink) Write(doc *schema.Document) error {
	if t.look != nil {
		t.look(doc)
	}
	t.documents++
	misses := false
	for _, d := range doc.Diagnostics.All() {
		if slices.Contains(missed, d.Code.String()) {
			misses = true
			if t.missed == "" {
				t.missed = d.Code.String() + ": " + shortenTo(schema.Printable(d.Message), reasonWidth)
			}
		}
		if doc.Source.Refused && d.Severity() == schema.Error && t.why == "" {
			t.why = d.Code.String() + ": " + shortenTo(schema.Printable(d.Message), reasonWidth)
		}
	}
	if misses {
		t.misses++
	}
	if doc.Source.Refused {
		t.refused++
		return nil
	}
	t.sentences += len(doc.Sentences)
	for i := range doc.Sentences {
		group := doc.Sentences[i].Group
		if group == schema.NoGroup {
			continue
		}
		span := doc.Groups[group].Labels
		if span.Len() > 0 {
			t.labelled++
		}
		for _, l := range doc.Labels[span.Start:span.End] {
			switch {
			case l.Meaning == nil || l.Null:
				continue
			case l.Code == nil:
				t.unresolved++
			case l.InLayer() != "":
				t.seen[typed{*l.Layer, *l.Code, l.RawPolarity()}]++
			}
			t.labels++
		}
	}
	return nil
}

func (trialSink) Close() error { return nil }

func (trialSink) Abort() {}

// checkDocuments is how many documents of a corpus check reads, at most.
const checkDocuments = 20

// suggest says what is wrong with the first documents of a corpus, if anything, and
// what its files look like.
func suggest(ctx context.Context, w io.Writer, run *corpusRun, limit int) error {
	rest := unreadKeys{parser: run.parser}
	r, err := tryCorpus(ctx, run, checkDocuments, limit, rest.look)
	if err != nil {
		return err
	}
	rest.print(w)
	first := "of the first " + plural(r.documents, "document", "documents")
	if r.documents == 1 {
		first = "of one document"
	}
	switch {
	case r.documents == 0:
		fmt.Fprintln(w, "  there is no document: root and include say where they are")
	case r.refused*2 >= r.documents:
		fmt.Fprintf(w, "  %s, %s refused, e.g. %s\n", first, thousands(r.refused), r.why)
	case r.labels == 0:
		fmt.Fprintf(w, "  %s, no sentence has a label\n", first)
	case r.unresolved*2 >= r.labels:
		fmt.Fprintf(w, "  %s, %s of %s are not in the taxonomy\n", first, thousands(r.unresolved), plural(r.labels, "label", "labels"))
	case r.misses*2 >= r.documents:
		fmt.Fprintf(w, "  %s, %s are not as the settings say, e.g. %s\n", first, thousands(r.misses), r.missed)
	default:
		return nil
	}
	c := initial{target: run.config.Root}
	if err := c.read(ctx); err != nil {
		return err
	}
	taxonomies, err := builtInTaxonomies()
	if err != nil {
		return err
	}
	g := sniff.Look(c.sample, taxonomies)
	if g == nil {
		return nil
	}
	if have := run.config; have.Format == g.Corpus.Format && reflect.DeepEqual([]any{have.JSON, have.Columns, have.CSV}, []any{g.Corpus.JSON, g.Corpus.Columns, g.Corpus.CSV}) {
		return nil // it is not for that
	}
	fmt.Fprintf(w, "  %s. These keys may fit:\n", c.sentence(g))
	lines := strings.Split(strings.TrimSpace(g.Keys()), "\n")
	for i, line := range lines {
		if i == maxKeys && len(lines) > maxKeys+1 {
			fmt.Fprintln(w, "    …")
			break
		}
		fmt.Fprintln(w, "    "+schema.Printable(line))
	}
	fmt.Fprintf(w, "  quern init %s prints a whole config\n", schema.Printable(run.config.Root))
	return nil
}

// maxKeys is how many lines of keys check shows, and of how many values that are not
// read the names.
const maxKeys = 16

// unreadKeys are the places in the documents of a corpus where something stands that no
// setting leads to, in the order in which they were seen.
type unreadKeys struct {
	parser parser.Parser
	places []string
	seen   map[string]bool
}

// look looks at the records that a document is made of.
func (u *unreadKeys) look(doc *schema.Document) {
	src := doc.Source
	add := func(record []byte) {
		for _, place := range parser.Unread(u.parser, record) {
			if u.seen == nil {
				u.seen = make(map[string]bool)
			}
			if !u.seen[place] {
				u.seen[place] = true
				u.places = append(u.places, place)
			}
		}
	}
	if len(src.Pieces) == 0 {
		add(src.Data)
	}
	for i := range src.Pieces {
		if span := src.Pieces[i].Data; !src.Pieces[i].Header && span.End <= len(src.Data) {
			add(src.Data[span.Start:span.End])
		}
	}
}

func (u *unreadKeys) print(w io.Writer) {
	if len(u.places) == 0 {
		return
	}
	names := make([]string, 0, maxKeys+1)
	for i, place := range u.places {
		if i == maxKeys && len(u.places) > maxKeys+1 {
			names = append(names, fmt.Sprintf("and %s more", thousands(len(u.places)-i)))
			break
		}
		names = append(names, shortenTo(schema.Printable(place), previewWidth))
	}
	fmt.Fprintf(w, "  not read: %s\n", strings.Join(names, ", "))
}
