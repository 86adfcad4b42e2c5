package gen

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden pins the bytes of a small corpus: benchmarks and recorded counts
// depend on them, on every machine.
func TestGolden(t *testing.T) {
	dir := t.TempDir()
	stats, err := Write(dir, Options{Seed: 7, Documents: 30, QuirkRate: 0.2, Layers: 4, Twins: true})
	if err != nil {
		t.Fatal(err)
	}
	sum, files := sha256.New(), 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files++
		fmt.Fprintf(sum, "%s %d\n", filepath.ToSlash(rel), len(data))
		sum.Write(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files != 2*30 {
		t.Errorf("%d files, want 60", files)
	}
	got := fmt.Sprintf("%s\n%+v\n", hex.EncodeToString(sum.Sum(nil)), stats)
	golden := filepath.Join("testdata", "corpus.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the corpus has changed; run go test -update if it was meant to\ngot  %swant %s", got, want)
	}
}

// TestIndependence makes documents alone and in another order.
func TestIndependence(t *testing.T) {
	o := Options{Seed: 3, Documents: 40, QuirkRate: 0.3, Layers: 4, Twins: true}
	dir := t.TempDir()
	if _, err := Write(dir, o); err != nil {
		t.Fatal(err)
	}
	for i := o.Documents - 1; i >= 0; i-- {
		annotated, raw, truth := Document(o, i)
		again, rawAgain, truthAgain := Document(o, i)
		if !bytes.Equal(annotated, again) || !bytes.Equal(raw, rawAgain) || !reflect.DeepEqual(truth, truthAgain) {
			t.Fatalf("document %d differs from itself", i)
		}
		p := PlaceOf(o.Seed, i)
		for file, want := range map[string][]byte{p.Annotated: annotated, p.Raw: raw} {
			got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs from document %d made alone", file, i)
			}
		}
	}
	other, _, _ := Document(Options{Seed: 4, Layers: 4}, 0)
	if this, _, _ := Document(Options{Seed: 3, Layers: 4}, 0); bytes.Equal(this, other) {
		t.Error("the seed makes no difference")
	}
}

func TestPlaces(t *testing.T) {
	seen := map[string]int{}
	decisions := map[string]int{}
	first, last := 0, 0
	const documents = 30_000
	for i := range documents {
		p := PlaceOf(11, i)
		if j, ok := seen[p.Annotated]; ok {
			t.Fatalf("documents %d and %d are both at %s", j, i, p.Annotated)
		}
		seen[p.Annotated] = i
		decisions[p.Decision]++
		if strings.HasPrefix(p.PaperID, "-") {
			first++
		}
		if strings.HasSuffix(p.PaperID, "-") {
			last++
		}
	}
	for _, d := range []string{"Accepted", "Rejected", "Withdrawn"} {
		if decisions[d] < documents/10 {
			t.Errorf("%d documents are %s", decisions[d], d)
		}
	}
	if len(decisions) != 3 || first == 0 || last == 0 {
		t.Errorf("decisions %v; %d ids start and %d end with a hyphen", decisions, first, last)
	}
}

func TestSizes(t *testing.T) {
	for _, o := range []Options{
		{Seed: 1}, {Seed: 1, Layers: 4, QuirkRate: 0.1}, {Seed: 1, MeanBytes: 800}, {Seed: 1, MeanBytes: 20_000, Layers: 4},
	} {
		complete, err := o.complete()
		if err != nil {
			t.Fatal(err)
		}
		const documents = 1000
		total, sentences, text := 0, 0, 0
		for i := range documents {
			annotated, _, truth := Document(o, i)
			total += len(annotated)
			sentences += len(truth.Sentences)
			for _, s := range truth.Sentences {
				text += len(s.Text) - s.Lead
			}
		}
		if mean := total / documents; mean < complete.MeanBytes*9/10 || mean > complete.MeanBytes*11/10 {
			t.Errorf("%+v: mean size is %d bytes, want about %d", o, mean, complete.MeanBytes)
		}
		if mean := text / sentences; mean < 115 || mean > 150 {
			t.Errorf("%+v: mean sentence is %d bytes, want about %d", o, mean, meanSentence)
		}
	}
}

var cleanGroup = regexp.MustCompile(`\[\[(?:[A-Z]{3}|null)[^ ]*(?:, \[[^ ]*)*\]\]`)

// TestClean reads documents without quirks by a regular expression.
func TestClean(t *testing.T) {
	sentences, labels := 0, 0
	for i := range 300 {
		annotated, raw, truth := Document(Options{Seed: 5, Layers: 2 + i%2*2}, i)
		if got := cleanGroup.ReplaceAll(annotated, nil); !bytes.Equal(got, raw) {
			t.Fatalf("document %d without its groups differs from its twin:\n%s\n%s", i, got, raw)
		}
		groups := cleanGroup.FindAll(annotated, -1)
		pieces := cleanGroup.Split(strings.TrimPrefix(string(annotated), `"`), -1)
		if len(groups) != len(truth.Sentences) {
			t.Fatalf("document %d has %d groups and %d sentences", i, len(groups), len(truth.Sentences))
		}
		for j, s := range truth.Sentences {
			if got := strings.TrimSpace(decode(t, `"`+pieces[j]+`"`)); got != s.Text {
				t.Fatalf("document %d, sentence %d:\ngot  %q\nwant %q", i, j, got, s.Text)
			}
			var typed []string
			for _, l := range s.Labels {
				typed = append(typed, l.Typed)
				if want := strings.TrimSuffix(l.Code+"-"+l.Polarity, "-"); l.Typed != want {
					t.Errorf("document %d: %s was typed as %s", i, want, l.Typed)
				}
			}
			got := strings.FieldsFunc(string(groups[j]), func(r rune) bool { return strings.ContainsRune("[], ", r) })
			got = slices.DeleteFunc(got, func(s string) bool { return s == noLabel })
			if !slices.Equal(got, typed) {
				t.Errorf("document %d, sentence %d: labels %q, want %q", i, j, typed, got)
			}
			labels += len(s.Labels)
		}
		sentences += len(truth.Sentences)
		if truth.Quirks != [QuirkCount]int{} {
			t.Errorf("document %d has quirks: %v", i, truth.Quirks)
		}
	}
	if sentences == 0 || labels == 0 {
		t.Errorf("%d sentences, %d labels", sentences, labels)
	}
}

// TestTwins compares the truth with the twins of documents whose text no quirk
// has changed.
func TestTwins(t *testing.T) {
	o := Options{Seed: 9, Layers: 4, QuirkRate: 0.3}
	for q := range sentenceQuirks {
		if q != TextDropped && q != TextTyped && q != TextChanged {
			o.Only = append(o.Only, q)
		}
	}
	o.Only = append(o.Only, SpaceBeforeQuote, QuoteEarly, QuoteMissing, TailText)
	for i := range 300 {
		_, raw, truth := Document(o, i)
		var text strings.Builder
		for _, s := range truth.Sentences {
			if s.Text == "" || s.Text != strings.TrimSpace(s.Text) || s.Lead >= len(s.Text) {
				t.Fatalf("document %d: sentence %+v", i, s)
			}
			if s.Labeled == (len(s.Labels)+s.Nulls == 0) {
				t.Errorf("document %d: sentence %+v", i, s)
			}
			if !utf8.ValidString(s.Text) {
				t.Errorf("document %d: %q is not UTF-8", i, s.Text)
			}
			text.WriteString(s.Text)
		}
		if got, want := withoutSpace(text.String()), withoutSpace(decode(t, string(raw))); got != want {
			t.Fatalf("document %d:\ntruth %s\ntwin  %s", i, got, want)
		}
	}
}

func withoutSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func decode(t *testing.T, literal string) string {
	t.Helper()
	var s string
	if err := json.Unmarshal([]byte(literal), &s); err != nil {
		t.Fatalf("%v: %s", err, literal)
	}
	return s
}

func TestEveryQuirk(t *testing.T) {
	for _, layers := range []int{2, 4} {
		var stats Stats
		for i := range 200 {
			_, raw, truth := Document(Options{Seed: 2, QuirkRate: 0.3, Layers: layers}, i)
			decode(t, string(raw))
			stats.add(&truth)
		}
		for q, n := range stats.Quirks {
			if n == 0 {
				t.Errorf("%d layers: no %v in 200 documents", layers, Quirk(q))
			}
		}
		if stats.Sentences < 200 || stats.Labels < stats.Sentences || stats.Nulls == 0 {
			t.Errorf("%d layers: %+v", layers, stats)
		}
	}
}

// TestOnly shows each quirk alone, and that it leaves its mark.
func TestOnly(t *testing.T) {
	marks := map[Quirk]string{
		Case:             `\[[A-Z]*[a-z]+[A-Z]*(-[A-Za-z]{3})?[],]`,
		CodeSeparator:    `[A-Z]{3}_(POS|NEG|NEU)`,
		LabelSeparator:   `-(POS|NEG|NEU)<[A-Z]{3}-`,
		Alias:            `\b(WRC|DSN|QUN)\b`,
		NullCase:         `\[(NULL|Null)\]`,
		NullPolarity:     `[A-Z]{3}-null`,
		NoPolarity:       `\[(MET|EXP|RES|RWK|PDI|OAL|EMP|CLA|SUB)[],]`,
		BracketEarly:     `-(POS|NEG|NEU)\],[A-Z]{3}`,
		BracketClosed:    `-(POS|NEG|NEU)\][A-Z]{3}`,
		BracketOpen:      `[A-Za-z]\[[A-Za-z]`,
		SplitEscape:      `[.?!]\\\[\[[^"]*?\]\] n(\\n)?`,
		Punctuation:      `[a-z)\]]\[\[[^ ]*(, \[[^ ]*)*\]\][.?!]`,
		PunctuationBlank: `\]\] [.?!]`,
		BracketProse:     `\[\[(\d+|i|see Table \d|\\"loss\\", \\"step\\")\]\]`,
		SpaceBeforeQuote: `^ "`,
		QuoteEarly:       `"\[\[[^ ]*(, \[[^ ]*)*\]\]$`,
		QuoteMissing:     `(\]\]|\\n)$`,
		TailText:         `\.(\\n)?"$`,
	}
	for q := range QuirkCount {
		found := 0
		for i := range 100 {
			annotated, raw, truth := Document(Options{Seed: 8, QuirkRate: 1, Layers: 4, Only: []Quirk{q}}, i)
			total := 0
			for _, n := range truth.Quirks {
				total += n
			}
			if total != truth.Quirks[q] {
				t.Fatalf("%v: quirks %v", q, truth.Quirks)
			}
			if total == 0 {
				continue
			}
			found++
			if pattern, ok := marks[q]; ok && !regexp.MustCompile(pattern).Match(annotated) {
				t.Errorf("%v: nothing like %s in document %d:\n%s", q, pattern, i, annotated)
			}
			same := bytes.Equal(cleanGroup.ReplaceAll(annotated, nil), raw)
			if changed := q == TextDropped || q == TextTyped || q == TextChanged; changed && same {
				t.Errorf("%v: document %d equals its twin", q, i)
			}
		}
		if found == 0 {
			t.Errorf("%v never occurs alone", q)
		}
	}
}

func TestSlips(t *testing.T) {
	for i, l := range layers {
		for j, code := range l.codes {
			if len(slips[i][j]) == 0 {
				t.Errorf("no slip of %s is near it alone", code)
			}
		}
	}
	for _, s := range slips[section][codeIndex(section, "EXP")] {
		if s == "EMP" || s == "EXT" || len(s) != 3 {
			t.Errorf("%s is no slip of EXP", s)
		}
	}
	if !slices.Contains(slips[section][codeIndex(section, "EXP")], "WXP") {
		t.Error("WXP is a slip of EXP")
	}
}

// TestTaxonomy compares the labels with the taxonomy that ships with Quern.
func TestTaxonomy(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "configs", "taxonomies", "peer-review-analyze.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, l := range layers {
		want = append(want, l.name)
		want = append(want, slices.Sorted(slices.Values(l.codes))...)
	}
	var codes []string
	_, text, _ := strings.Cut(string(data), "\nlayers:\n")
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "  - name: "); ok {
			slices.Sort(codes)
			got = append(append(got, codes...), strings.TrimSpace(name))
			codes = nil
		}
		if code, ok := strings.CutPrefix(line, "      - code: "); ok {
			codes = append(codes, strings.TrimSpace(code))
		}
	}
	slices.Sort(codes)
	got = append(got, codes...)
	if !slices.Equal(got, want) {
		t.Errorf("the taxonomy has %v, this package %v", got, want)
	}
	for _, a := range aliases {
		if !strings.Contains(text, "aliases: ["+a.typed+"]") {
			t.Errorf("the taxonomy has no alias %s", a.typed)
		}
	}
}

func TestInvalidOptions(t *testing.T) {
	for _, o := range []Options{
		{Documents: -1}, {MeanBytes: -1}, {QuirkRate: -0.1}, {QuirkRate: 1.1}, {Layers: 3}, {Only: []Quirk{QuirkCount}},
	} {
		if _, err := Write(t.TempDir(), o); err == nil {
			t.Errorf("%+v is taken for valid", o)
		}
	}
}

func TestVocabulary(t *testing.T) {
	seen := map[string]bool{}
	for _, list := range [][]string{
		english.noun.words, english.nouns, english.verb.words, english.third, english.past, english.gerund,
		english.adjective.words, english.good.words, english.bad.words, english.adverb.words, surnames,
	} {
		for _, w := range list {
			seen[w] = true
			// Without combining marks, text is in NFC as it stands.
			if strings.ContainsFunc(w, unicode.IsMark) {
				t.Errorf("%q has a combining mark", w)
			}
		}
	}
	if len(seen) < 2500 {
		t.Errorf("%d words", len(seen))
	}
	for _, l := range []*lexicon{english.noun, english.verb, english.adjective, english.good, english.bad, english.adverb} {
		for k := range l.words {
			if !slices.Contains(l.table[:], uint16(k)) {
				t.Errorf("%s is never drawn", l.words[k])
			}
		}
	}
}

func BenchmarkDocument(b *testing.B) {
	for _, o := range []Options{{Seed: 1}, {Seed: 1, Layers: 4, QuirkRate: 0.1}} {
		b.Run(fmt.Sprintf("layers=%d", max(o.Layers, 2)), func(b *testing.B) {
			o, err := o.complete()
			if err != nil {
				b.Fatal(err)
			}
			c := newComposer(o)
			b.ReportAllocs()
			var total int64
			i := 0
			for b.Loop() {
				c.compose(i)
				total += int64(len(c.annotated))
				i++
			}
			b.SetBytes(total / int64(i))
		})
	}
}
