package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/tools/txtar"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/internal/gen"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/card"
	"github.com/quern-data/quern/stages/snapshot"
)

// corpus is the folder of a real corpus. They are not part of the project;
// where QUERN_CORPORA says where they are, each must be there.
func corpus(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("QUERN_CORPORA")
	if root == "" {
		t.Skip("QUERN_CORPORA does not say where the real corpora are")
	}
	dir, err := filepath.Abs(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("QUERN_CORPORA is set, and a corpus is missing: %v", err)
	}
	return dir
}

// convertDir converts a folder with the built-in profile. settings are key=value.
// It returns the folder of the snapshot.
func convertDir(t *testing.T, dir string, settings ...string) (*outcome, string) {
	t.Helper()
	return convertAs(t, defaultProfile, dir, settings...)
}

func convertAs(t *testing.T, profile, dir string, settings ...string) (*outcome, string) {
	t.Helper()
	return convertLoaded(t, source{corpus: dir, profile: profile, settings: settings})
}

// convertLoaded converts what a source and perhaps a config file describe.
func convertLoaded(t *testing.T, from source, args ...string) (*outcome, string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	l, err := from.load(args, map[string]string{"output.dir": out})
	if err != nil {
		t.Fatal(err)
	}
	result, err := convert(t.Context(), l, runOptions{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if out, err = snapshot.Resolve(out); err != nil {
		t.Fatal(err)
	}
	return result, out
}

// readTable reads all parts of a table.
func readTable[Row any](t *testing.T, out, table string) []Row {
	t.Helper()
	parts, err := filepath.Glob(filepath.Join(out, table, "*.parquet"))
	if err != nil || len(parts) == 0 {
		t.Fatalf("no parts of %s: %v", table, err)
	}
	var rows []Row
	for _, part := range parts {
		more, err := parquet.ReadFile[Row](part)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, more...)
	}
	return rows
}

// sums is the SHA-256 of each file in a folder.
func sums(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir)] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSameBytes(t *testing.T) {
	dir := t.TempDir()
	if _, err := gen.Write(dir, gen.Options{Seed: 7, Documents: 600, QuirkRate: 0.1, Layers: 4, Twins: true}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "empty.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	for _, workers := range []string{"1", "2", "8", "8"} {
		_, out := convertDir(t, dir, "output.part_bytes=100KB", "output.format=both", "run.workers="+workers)
		got := sums(t, out)
		if want == nil {
			want = got
			if len(want) < 4*5 {
				t.Fatalf("only %d files: the test wants several parts a table", len(want))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s workers (-1 worker +got):\n%s", workers, diff)
		}
	}
}

// TestTruth converts a generated corpus over several parts, and compares what
// the tables say with what the documents were made of.
func TestTruth(t *testing.T) {
	dir := t.TempDir()
	o := gen.Options{Seed: 11, Documents: 300, QuirkRate: 0.2, Layers: 4}
	if _, err := gen.Write(dir, o); err != nil {
		t.Fatal(err)
	}
	type label struct{ Layer, Label, Polarity string }
	type sentence struct {
		Text    string
		Labeled bool
		Labels  []label
	}
	value := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	want := map[string][]sentence{}
	for i := range o.Documents {
		_, _, truth := gen.Document(o, i)
		path := gen.PlaceOf(o.Seed, i).Annotated
		for _, s := range truth.Sentences {
			w := sentence{s.Text, s.Labeled, nil}
			for _, l := range s.Labels {
				w.Labels = append(w.Labels, label{l.Layer, l.Code, l.Polarity})
			}
			want[path] = append(want[path], w)
		}
	}

	_, out := convertDir(t, dir, "output.part_bytes=100KB")
	paths, texts := map[string]string{}, map[string][]rune{}
	last := ""
	for _, d := range readTable[schema.DocumentRow](t, out, "documents") {
		if d.DocumentID <= last {
			t.Errorf("document %s stands behind %s", d.DocumentID, last)
		}
		last = d.DocumentID
		paths[d.DocumentID], texts[d.DocumentID] = d.SourcePath, []rune(d.Text)
	}
	got, byLabelRows := map[string][]sentence{}, map[string][]label{}
	for _, l := range readTable[schema.LabelRow](t, out, "labels") {
		byLabelRows[l.SentenceID] = append(byLabelRows[l.SentenceID], label{value(l.Layer), value(l.Label), value(l.Polarity)})
	}
	for _, s := range readTable[schema.SentenceRow](t, out, "sentences") {
		g := sentence{Text: s.Text, Labeled: s.Labeled}
		for _, l := range s.Labels {
			g.Labels = append(g.Labels, label{l.Layer, l.Label, value(l.Polarity)})
		}
		if diff := cmp.Diff(g.Labels, byLabelRows[s.SentenceID]); diff != "" {
			t.Errorf("%s: sentences.labels and the table labels differ:\n%s", s.SentenceID, diff)
		}
		if slice := string(texts[s.DocumentID][s.CharStart:s.CharEnd]); slice != s.Text {
			t.Errorf("%s: the text is %q, its span %q", s.SentenceID, s.Text, slice)
		}
		path := paths[s.DocumentID]
		if i := len(got[path]); i < len(want[path]) && strings.HasSuffix(want[path][i].Text, s.Text) {
			g.Text = want[path][i].Text // a heading or list marker stands before it
		}
		if int(s.SentenceIndex) != len(got[path]) {
			t.Errorf("%s has index %d, want %d", s.SentenceID, s.SentenceIndex, len(got[path]))
		}
		got[path] = append(got[path], g)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-truth +tables:\n%s", diff)
	}
}

// TestEveryConfig runs every configuration that ships: those for the format inline on
// the sample corpus, the others each on testdata/profiles/NAME.txtar, a small corpus and
// what is found in it.
func TestEveryConfig(t *testing.T) {
	names := config.Profiles()
	if len(names) < 3 {
		t.Fatalf("only %v ship", names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			l, err := config.Load(config.Options{Profile: name, Flags: map[string]string{"corpora.root": t.TempDir()}})
			if err != nil {
				t.Fatal(err)
			}
			if l.Config.Corpora[0].Format != "inline" {
				sampleProfile(t, name)
				return
			}
			result, out := convertAs(t, name, filepath.Join("..", "..", "examples", "reviews"))
			if result.Stats.Written != 14 || result.Stats.Refused != 0 || result.Stats.Groups != 170 {
				t.Errorf("%d written, %d refused, %d label groups", result.Stats.Written, result.Stats.Refused, result.Stats.Groups)
			}
			if n := len(readTable[schema.LabelRow](t, out, "labels")); n != 533 {
				t.Errorf("%d labels", n)
			}
		})
	}
}

// sampleProfile runs a profile on its sample.
func sampleProfile(t *testing.T, name string) {
	t.Helper()
	file := filepath.Join("testdata", "profiles", name+".txtar")
	sample, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatalf("no sample corpus for the profile: %v", err)
	}
	last := len(sample.Files) - 1
	if last < 1 || sample.Files[last].Name != "want" {
		t.Fatalf("%s has to hold a corpus, and then the file want", file)
	}
	dir := t.TempDir()
	for _, f := range sample.Files[:last] {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, out := convertAs(t, name, dir)
	got := inventory(t, out)
	if *update {
		sample.Files[last].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(sample), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(sample.Files[last].Data), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// inventory shows the tables of a small corpus.
func inventory(t *testing.T, out string) string {
	t.Helper()
	var b strings.Builder
	text := func(s *string) string {
		if s == nil || *s == "" { // the latter is how a NULL may be read, and is in no table
			return "-"
		}
		return *s
	}
	for _, d := range readTable[schema.DocumentRow](t, out, "documents") {
		fmt.Fprintf(&b, "document %s of %s: paper %s, venue %s, reviewer %s, split %s\n", d.DocumentID, d.SourcePath, text(d.PaperID), text(d.Venue), text(d.Reviewer), text(d.Split))
	}
	for _, s := range readTable[schema.SentenceRow](t, out, "sentences") {
		fmt.Fprintf(&b, "sentence %s in %s: %q\n", s.SentenceID, text(s.Role), s.Text)
		for _, l := range s.Labels {
			fmt.Fprintf(&b, "  %s %s %s\n", l.Layer, l.Label, text(l.Polarity))
		}
	}
	for _, l := range readTable[schema.LabelRow](t, out, "labels") {
		if l.SpanID != nil {
			fmt.Fprintf(&b, "span %s of %s by %s: %s %s\n", *l.SpanID, l.SentenceID, text(l.Annotator), text(l.Layer), text(l.Label))
		}
	}
	for _, r := range readTable[schema.RelationRow](t, out, "relations") {
		fmt.Fprintf(&b, "relation %s of %s: %s %s to %s %s\n", r.Kind, r.DocumentID, text(r.FromSentenceID), text(r.FromSpanID), text(r.ToSentenceID), text(r.ToSpanID))
	}
	for _, d := range readTable[schema.DiagnosticRow](t, out, "diagnostics") {
		fmt.Fprintf(&b, "%s in %s: %s\n", d.Code, d.SourcePath, d.Message)
	}
	return b.String()
}

// tally is what TestPublishedCorpus and TestSampleCorpus count.
type tally struct {
	Written, Refused, Groups, Labels, Unresolved int
	Layers                                       map[string]int
}

func checkTally(t *testing.T, dir string, want tally) {
	t.Helper()
	result, _ := convertDir(t, dir)
	s := &result.Stats
	got := tally{s.Written, s.Refused, s.Groups, s.Labels, s.Unresolved, s.LabelsByLayer}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, c := range result.Corpora {
		sum := c.Written + c.Refused + c.Twins
		for _, n := range c.Ignored {
			sum += n
		}
		if c.Found != sum {
			t.Errorf("%d files were found, and %d are accounted for", c.Found, sum)
		}
	}
}

// TestSampleCorpus: the counts are those that the sample's author intended.
func TestSampleCorpus(t *testing.T) {
	checkTally(t, filepath.Join("..", "..", "examples", "reviews"), tally{
		14, 0, 170, 533, 1, map[string]int{"section": 217, "aspect": 134, "purpose": 94, "significance": 87},
	})
}

// TestReadme: the row of the README's example, and the head of its answer, are
// what the sample corpus gives.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, out := convertLoaded(t, source{profile: defaultProfile}, filepath.Join("..", "..", "examples", "reviews.yaml"))
	found := false
	for _, s := range readTable[schema.SentenceRow](t, out, "sentences") {
		if s.SentenceID != "reviews/QCONF2023-rJt8Nm1Ue-R2#0004" {
			continue
		}
		found = true
		var labels []string
		for _, l := range s.Labels {
			labels = append(labels, fmt.Sprintf("{%s, %s, %s}", l.Layer, l.Label, *l.Polarity))
		}
		row := fmt.Sprintf("| `%s` | %s | %d | %d | `[%s]` | %t |\n", s.SentenceID, s.Text, s.CharStart, s.CharEnd, strings.Join(labels, ", "), s.Repaired)
		if !strings.Contains(string(readme), row) {
			t.Errorf("the README lacks the row\n%s", row)
		}
	}
	if !found {
		t.Error("the sample corpus lacks the sentence")
	}
	q, err := newCountQuery(schema.Tables()[2], []string{"label", "polarity"}, []string{"layer=aspect"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := q.run(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[:4] {
		line := fmt.Sprintf("    %-5s  %-8s  %d\n", r.values[0], r.values[1], r.n)
		if !strings.Contains(string(readme), line) {
			t.Errorf("the README lacks the line\n%s", line)
		}
	}
}

// TestPublishedCorpus reads the published corpus in full. The counts were found
// by an independent reading of the same files.
func TestPublishedCorpus(t *testing.T) {
	checkTally(t, corpus(t, "peer-review-analyze"), tally{
		475, 0, 7223, 17396, 0, map[string]int{"section": 10981, "aspect": 6282, "purpose": 133},
	})
}

// TestPublishedTables does so with corpora whose files hold many documents.
func TestPublishedTables(t *testing.T) {
	type counts struct {
		Written, Refused, Sentences, Labeled int
		Labels, Relations, Diagnostics       map[string]int
	}
	for _, c := range []struct {
		profile, dir string
		want         counts
	}{
		{"rr-submission", "rr-submission-v2", counts{
			473, 0, 22613, 22613,
			map[string]int{"Review": 6614, "Reply": 7886},
			map[string]int{"pair": 1907},
			map[string]int{"relation-broken": 23, "span-repaired": 4},
		}},
		{"politepeer", "politepeer", counts{
			2500, 0, 2500, 2500,
			map[string]int{"1": 210, "2": 581, "3": 1142, "4": 465, "5": 102},
			map[string]int{},
			map[string]int{},
		}},
	} {
		t.Run(c.profile, func(t *testing.T) {
			result, out := convertAs(t, c.profile, corpus(t, c.dir))
			got := counts{
				Written: result.Stats.Written, Refused: result.Stats.Refused, Sentences: result.Stats.Sentences, Labeled: result.Stats.Labeled,
				Labels: map[string]int{}, Relations: map[string]int{}, Diagnostics: map[string]int{},
			}
			for _, l := range readTable[schema.LabelRow](t, out, "labels") {
				got.Labels[*l.Label]++
			}
			for _, r := range readTable[schema.RelationRow](t, out, "relations") {
				got.Relations[r.Kind]++
			}
			for _, d := range readTable[schema.DiagnosticRow](t, out, "diagnostics") {
				got.Diagnostics[d.Code]++
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestEveryByte: the canonical text of every document is its decoded raw twin,
// each byte of it lies in one sentence, heading, list marker or stretch of white
// space, and nearly all labelled sentences stand there as annotated.
func TestEveryByte(t *testing.T) {
	dir := corpus(t, "peer-review-analyze")
	result, out := convertDir(t, dir)
	aligned := result.Stats.LabeledAligned
	same := aligned[schema.Exact] + aligned[schema.Whitespace]
	if share := float64(same) / float64(result.Stats.Labeled); share < 0.985 {
		t.Errorf("only %.4f of the labelled sentences stand in the raw text as annotated: %v", share, aligned)
	}
	covered := map[string][]bool{}
	texts := map[string]string{}
	documents := readTable[schema.DocumentRow](t, out, "documents")
	for _, d := range documents {
		raw, err := os.ReadFile(filepath.Join(dir, *d.RawPath))
		if err != nil {
			t.Fatal(err)
		}
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			t.Fatal(err)
		}
		text = norm.NFC.String(strings.ReplaceAll(text, "\r\n", "\n"))
		if d.Text != text || d.TextOrigin != "raw" {
			t.Errorf("%s: the text is not that of its raw twin", d.DocumentID)
		}
		texts[d.DocumentID], covered[d.DocumentID] = d.Text, make([]bool, len(d.Text))
	}
	for _, s := range readTable[schema.SentenceRow](t, out, "sentences") {
		if texts[s.DocumentID][s.ByteStart:s.ByteEnd] != s.Text {
			t.Errorf("%s: its text is not what its span holds", s.SentenceID)
		}
		for i := s.ByteStart; i < s.ByteEnd; i++ {
			if covered[s.DocumentID][i] {
				t.Fatalf("%s: byte %d belongs to a sentence before it, too", s.SentenceID, i)
			}
			covered[s.DocumentID][i] = true
		}
	}
	for _, d := range documents {
		left, solid := int32(0), int32(0)
		for i, r := range d.Text {
			if covered[d.DocumentID][i] {
				continue
			}
			n := int32(utf8.RuneLen(r))
			left += n
			if !unicode.IsSpace(r) {
				solid += n
			}
		}
		if skeleton := d.HeadingBytes + d.ListMarkerBytes; left != skeleton+d.SpaceBytes || solid > skeleton {
			t.Errorf("%s: %d bytes are in no sentence, %d of them not white space; headings and markers have %d, white space %d",
				d.DocumentID, left, solid, skeleton, d.SpaceBytes)
		}
		if d.TextBytes != int32(len(d.Text)) || d.TextBytes != d.LabeledBytes+d.UnlabeledBytes+d.HeadingBytes+d.ListMarkerBytes+d.SpaceBytes {
			t.Errorf("%s: the coverage does not add up", d.DocumentID)
		}
	}
}

// TestFourLayers reads a document with all four layers, label by label.
func TestFourLayers(t *testing.T) {
	want := []string{
		"section/RWK-POS section/OAL-POS aspect/CLA-POS aspect/CMP-POS purpose/APC significance/MAJ",
		"section/MET-NEU aspect/CMP-NEU purpose/DIS significance/MIN",
		"section/RWK-NEU section/RES-NEU aspect/EMP-NEU purpose/DIS significance/MIN",
		"section/RES-POS section/FWK-POS section/OAL-POS aspect/NOV-POS aspect/IMP-POS purpose/APC significance/MAJ",
		"section/RES-POS section/FWK-POS aspect/IMP-POS purpose/APC significance/MAJ",
		"section/RES-POS aspect/EMP-POS purpose/APC significance/MAJ",
		"section/RES-POS aspect/EMP-POS purpose/APC significance/MAJ",
		"section/RWK-POS aspect/CMP-POS purpose/APC significance/MAJ",
		"section/RWK-POS aspect/IMP-POS purpose/APC significance/MAJ",
		"section/EXP-POS aspect/NOV-POS aspect/EMP-POS purpose/APC significance/MAJ",
		"section/MET-NEU aspect/EMP-NEU purpose/DIS significance/GEN",
		"section/EXP-NEU aspect/EMP-NEU purpose/DIS significance/MIN",
		"section/RWK-NEU section/MET-NEU aspect/CMP-NEU purpose/QSN significance/MIN",
		"section/MET-NEU aspect/EMP-NEU purpose/DIS significance/MIN",
	}
	result, out := convertDir(t, corpus(t, "seed"))
	if n := len(result.Stats.Repairs()); n > 0 {
		t.Errorf("%d kinds of repairs in a document without mistakes", n)
	}
	got := make([]string, len(want))
	for _, l := range readTable[schema.LabelRow](t, out, "labels") {
		text := *l.Layer + "/" + *l.Label
		if l.Polarity != nil {
			text += "-" + *l.Polarity
		}
		got[l.SentenceIndex] = strings.TrimSpace(got[l.SentenceIndex] + " " + text)
		if l.Repair != nil {
			t.Errorf("%s was repaired: %s", l.RawLabel, *l.Repair)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n := len(readTable[schema.SentenceRow](t, out, "sentences")); n != len(want) {
		t.Errorf("%d sentences, want %d", n, len(want))
	}
}

// BenchmarkConvert is a whole conversion of generated reviews, with raw twins to
// align them with and without. Compare the two: alignment, and reading twice as
// many files, is to cost less than half as much again.
func BenchmarkConvert(b *testing.B) {
	dir := b.TempDir()
	stats, err := gen.Write(dir, gen.Options{Seed: 1, Documents: 2000, QuirkRate: 0.02, Twins: true})
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"raw-twins", "annotated-alone"} {
		b.Run(name, func(b *testing.B) {
			from := source{corpus: dir, profile: defaultProfile}
			l, err := from.load(nil, map[string]string{"output.dir": filepath.Join(b.TempDir(), "out")})
			if err != nil {
				b.Fatal(err)
			}
			if name == "annotated-alone" {
				l.Config.Corpora[0].Raw = ""
			}
			b.SetBytes(stats.AnnotatedBytes)
			for n := 0; b.Loop(); n++ {
				l.Config.Output.Dir = filepath.Join(b.TempDir(), fmt.Sprint("out", n))
				if _, err := convert(b.Context(), l, runOptions{}, slog.New(slog.DiscardHandler)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestCard: what describes the sample's tables. Sums of bytes are left out: they are
// others after each change of a table or a setting, and TestDamage looks after them.
func TestCard(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	from := source{profile: defaultProfile}
	l, err := from.load([]string{filepath.Join("..", "..", "examples", "reviews.yaml")}, map[string]string{"output.dir": out})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := convert(t.Context(), l, runOptions{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	masks := regexp.MustCompile(`[0-9a-f]{64}|"contentSize": "[0-9]+ B"`)
	for _, name := range []string{card.ReadmeName, card.CroissantName} {
		got, err := os.ReadFile(filepath.Join(out, "current", name))
		if err != nil {
			t.Fatal(err)
		}
		got = masks.ReplaceAll(got, []byte("…"))
		golden := filepath.Join("testdata", "card", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s, -want +got: run the test with -update if it is meant\n%s", name, diff)
		}
	}
}
