package splits

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// paper is a document of a test.
type paper struct{ corpus, split, group, id, text string }

// survey reads documents as Reader does, in so many parts.
func survey(o Options, papers []paper, parts int) *Survey {
	b := newBanding(o.Similar)
	list := make([]*part, parts)
	for i := range list {
		list[i] = newPart()
	}
	for i, d := range papers {
		p := list[i%parts]
		at := p.cell(cell{d.corpus, d.split, d.split != ""})
		p.counts[at].documents++
		if d.split == "" {
			continue
		}
		if d.group != "" {
			p.group(o.scope(d.corpus), d.group, at)
		} else {
			p.ungrouped[d.corpus]++
		}
		p.text(b, o.Words, document{id: d.id, cell: at, part: int32(i % parts)}, d.text)
		for s := range strings.SplitSeq(d.text, ".") {
			p.counts[at].sentences++
			p.sentence(o.Words, at, s)
		}
	}
	s := newSurvey(o, list, b.bands)
	for _, part := range s.Wanted() {
		again := Again{}
		for i, d := range papers {
			if at, ok := s.wanted[part][d.id]; ok && i%parts == part {
				again[at] = shingleSet(d.text)
			}
		}
		s.Add(again)
	}
	return s
}

// TestWords compares with a plain way to find words.
func TestWords(t *testing.T) {
	plain := func(text string) (hashes []uint64) {
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) }) {
			h := fnv.New64a()
			for _, r := range word {
				if r = unicode.ToLower(r); r < 0x80 {
					h.Write([]byte{byte(r)})
				} else {
					return nil
				}
			}
			hashes = append(hashes, mix(h.Sum64()))
		}
		return hashes
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("aBc1 .,-\n\x00'"))).Draw(t, "text")
		if d := cmp.Diff(plain(text), slices.Clip(words(nil, text))); d != "" && len(plain(text)) > 0 {
			t.Fatal(d)
		}
	})
	for text, want := range map[string]int{
		"": 0, "...": 0, "one": 1, "Größe 12": 2, "e\u0301te\u0301": 1, "don't": 2, "\xff\xfe a": 1,
		"日本語": 3, "a日b": 3, "한국어 말": 2, "สวัสดี": 6, "x\u00a0y": 2,
	} {
		if got := len(words(nil, text)); got != want {
			t.Errorf("%q has %d words, want %d", text, got, want)
		}
	}
	for _, same := range [][2]string{{"The End.", "the   END"}, {"ÄRGER", "ärger"}} {
		if !slices.Equal(words(nil, same[0]), words(nil, same[1])) {
			t.Errorf("%q is not %q", same[0], same[1])
		}
	}
}

// TestBanding wants few pairs missed that are as similar as asked for.
func TestBanding(t *testing.T) {
	for similar := 0.5; similar <= 1; similar += 0.01 {
		b := newBanding(similar)
		if miss := math.Pow(1-math.Pow(similar, float64(b.rows)), float64(b.bands)); miss > mayMiss || b.bands*b.rows > mostMinima || b.rows < leastRows {
			t.Errorf("%v: %d bands of %d rows miss %v", similar, b.bands, b.rows, miss)
		}
	}
	if b := newBanding(0.8); b.bands != 14 || b.rows != 4 { // as docs/splits.md says
		t.Errorf("%d bands of %d rows", b.bands, b.rows)
	}
}

// someTexts are texts of which some are made of others, with words changed.
func someTexts(r *rand.Rand, n int) []string {
	word := func() string { return fmt.Sprint("w", r.IntN(3000)) }
	var texts []string
	for len(texts) < n {
		var of []string
		for range 20 + r.IntN(200) {
			of = append(of, word())
		}
		texts = append(texts, strings.Join(of, " "))
		for range r.IntN(3) {
			for range r.IntN(1 + len(of)/15) {
				of[r.IntN(len(of))] = word()
			}
			texts = append(texts, strings.Join(of, " "))
		}
	}
	return texts[:n]
}

// TestNear compares with all pairs of texts.
func TestNear(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, similar := range []float64{0.5, 0.65, 0.8, 0.95, 1} {
		var papers []paper
		for i, text := range someTexts(r, 600) {
			papers = append(papers, paper{"c", []string{"train", "dev", "test"}[r.IntN(3)], "", fmt.Sprintf("d%04d", i), text})
		}
		var sets [][]uint64
		for _, d := range papers {
			sets = append(sets, shingleSet(d.text))
		}
		want := map[string]float64{}
		near := map[string]bool{}
		for i, a := range papers {
			for j, b := range papers[:i] {
				if s := jaccard(sets[i], sets[j]); s >= similar && a.split != b.split {
					if a.text == b.text {
						s = 1
					}
					want[b.id+" "+a.id] = s
					near[a.id], near[b.id] = true, true
				}
			}
		}
		scope := survey(Options{Similar: similar, Words: 5}, papers, 3).Report(0).Scopes[0]
		got := map[string]float64{}
		for _, n := range scope.Texts.Worst {
			got[min(n.A.Document, n.B.Document)+" "+max(n.A.Document, n.B.Document)] = n.Similarity
		}
		if len(want) < 20 {
			t.Fatalf("%v: too few pairs to tell: %d", similar, len(want))
		}
		for key := range got {
			if _, ok := want[key]; !ok {
				t.Errorf("%v: %s is reported, and is none", similar, key)
			}
		}
		// Of texts that are the same, one of each split stands for all.
		missed := 0
		for key, s := range want {
			if _, ok := got[key]; !ok && s < 1 && !sameAsOther(papers, key) {
				missed++
			}
		}
		if missed > 0 {
			t.Errorf("%v: %d of %d pairs missed", similar, missed, len(want))
		}
		if scope.Texts.Documents != len(near) {
			t.Errorf("%v: %d documents, want %d", similar, scope.Texts.Documents, len(near))
		}
	}
}

// sameAsOther reports whether a document of a pair has the text of one before it.
func sameAsOther(papers []paper, key string) bool {
	return slices.ContainsFunc(strings.Fields(key), func(id string) bool {
		at := slices.IndexFunc(papers, func(d paper) bool { return d.id == id })
		return slices.ContainsFunc(papers[:at], func(d paper) bool { return d.text == papers[at].text })
	})
}

// TestAlike wants work in proportion to the texts when all are alike, and to be told.
func TestAlike(t *testing.T) {
	text := strings.Repeat("the same words again and again but for one ", 10)
	var papers []paper
	for i := range 4000 {
		papers = append(papers, paper{"c", []string{"train", "test"}[i%2], "", fmt.Sprintf("d%04d", i), text + fmt.Sprint(i)})
	}
	s := survey(Options{Similar: 0.8, Words: 5}, papers, 2)
	scope := s.Report(10).Scopes[0]
	if scope.Texts.Documents != 4000 || len(scope.Texts.Worst) != 10 || scope.Texts.Uncompared == 0 {
		t.Errorf("%+v", scope.Texts)
	}
	if most := 4000 * mostTexts * newBanding(0.8).bands; len(s.pairs) > most {
		t.Errorf("%d pairs", len(s.pairs))
	}
}

// TestReport wants the same whatever the parts, and each kind of finding.
func TestReport(t *testing.T) {
	long := "It is a study of how rivers move their sand. We find that floods do most of it."
	papers := []paper{
		{"a", "train", "P1", "a/1", long},
		{"a", "train", "P1", "a/2", "Something else that has enough words to be compared with others."},
		{"a", "dev", "P1", "a/3", "IT is a study of how rivers move their sand! We find, that floods do most of it"},
		{"a", "dev", "P2", "a/4", "Too short."},
		{"a", "test", "", "a/5", "We find that floods do most of it. Nothing else here is like what stands in the other ones."},
		{"a", "", "P9", "a/6", long},
		{"b", "train", "P1", "b/1", long},
		{"c", "", "", "c/1", long},
	}
	o := Options{By: "paper_id", Similar: 0.8, Words: 5}
	want := survey(o, papers, 1).Report(10)
	for parts := 2; parts < 9; parts++ {
		if d := cmp.Diff(want, survey(o, papers, parts).Report(10)); d != "" {
			t.Fatalf("%d parts: %s", parts, d)
		}
	}
	if len(want.Scopes) != 2 || len(want.Splits) != 6 {
		t.Fatalf("%+v", want)
	}
	a := Scope{
		Corpus: "a", Splits: []string{"dev", "test", "train"},
		Groups: Groups{By: "paper_id", Values: 2, Without: 1, Leaks: 1, Documents: 3, Worst: []Group{{"P1", map[string]int{"train": 2, "dev": 1}}}},
		Texts: Texts{
			Similar: 0.8, Short: 1, Documents: 2, Leaks: 1, Between: []Common{{A: "dev", B: "train", InA: 1, InB: 1}},
			Worst: []Near{{1, Place{"a/1", "train"}, Place{"a/3", "dev"}}},
		},
		Sentences: Sentences{Words: 5, Shared: 1, Between: []Common{{A: "test", B: "train", InA: 1, InB: 1, Shared: 1}}},
	}
	// a/3 has no full stop where the test divides sentences.
	if d := cmp.Diff(&a, want.Scopes[0]); d != "" {
		t.Error(d)
	}
	if b := want.Scopes[1]; b.Groups.Leaks+b.Texts.Leaks+b.Sentences.Shared > 0 {
		t.Errorf("corpus b: %+v", b)
	}
	o.Across = true
	across := survey(o, append(papers, paper{"d", "dev", "P5", "d/1", long}), 3).Report(10)
	if len(across.Scopes) != 1 || across.Scopes[0].Texts.Documents != 4 || across.Scopes[0].Texts.Between[0] != (Common{A: "dev", B: "train", InA: 2, InB: 2}) {
		t.Errorf("%+v", across.Scopes[0])
	}
}

// BenchmarkSign is a document of 500 words: a million sentences of 25 words are 50,000.
func BenchmarkSign(b *testing.B) {
	text := someTexts(rand.New(rand.NewPCG(1, 1)), 1)[0]
	for len(text) < 3000 {
		text += " " + text
	}
	p := newPart()
	at := p.cell(cell{"c", "train", true})
	banding := newBanding(0.8)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		p.text(banding, 8, document{id: "c/1", cell: at}, text)
		p.documents, p.bands = p.documents[:0], p.bands[:0]
	}
}

func BenchmarkSurvey(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var papers []paper
	for i, text := range someTexts(r, 2000) {
		papers = append(papers, paper{"c", []string{"train", "dev", "test"}[r.IntN(3)], "", fmt.Sprintf("d%05d", i), text})
	}
	b.ReportAllocs()
	for b.Loop() {
		survey(Options{Similar: 0.8, Words: 8}, papers, 1).Report(10)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(papers)), "ns/document")
}
