package segmenter_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/segmenter"
)

func cases(tb testing.TB, path string, atLeast int) []txtar.File {
	tb.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if len(archive.Files) < atLeast {
		tb.Fatalf("%s holds %d cases, fewer than %d", path, len(archive.Files), atLeast)
	}
	return archive.Files
}

func whole(text string) schema.Span { return schema.Span{End: len(text)} }

func TestSentences(t *testing.T) {
	for _, c := range cases(t, "testdata/sentences.txtar", 60) {
		t.Run(c.Name, func(t *testing.T) {
			var want, got []string
			for s := range strings.SplitSeq(string(c.Data), "‖") {
				if s = strings.TrimSpace(s); s != "" {
					want = append(want, s)
				}
			}
			text := strings.ReplaceAll(string(c.Data), "‖", "")
			for _, s := range segmenter.Sentences(text, whole(text), nil) {
				got = append(got, text[s.Start:s.End])
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMarks(t *testing.T) {
	for _, c := range cases(t, "testdata/marks.txtar", 35) {
		t.Run(c.Name, func(t *testing.T) {
			text := regexp.MustCompile(`\{[HM] |\}`).ReplaceAllString(string(c.Data), "")
			var got strings.Builder
			at := 0
			for _, m := range segmenter.Marks(text, nil) {
				kind := map[segmenter.Kind]string{segmenter.Heading: "H", segmenter.ListMarker: "M"}[m.Kind]
				got.WriteString(text[at:m.Span.Start] + "{" + kind + " " + text[m.Span.Start:m.Span.End] + "}")
				at = m.Span.End
			}
			got.WriteString(text[at:])
			if d := cmp.Diff(string(c.Data), got.String()); d != "" {
				t.Error(d)
			}
		})
	}
}

// The text of a mark is what a reader would call the heading.
func TestMarkText(t *testing.T) {
	for heading, want := range map[string]string{
		"Pros:": "Pros", "Typos :": "Typos", "[Pros]:": "Pros", "**Minor issues:**": "Minor issues",
		"**Minor issues**:": "Minor issues", "== Strengths ==": "Strengths", "## Setup ##": "Setup",
		"__Data and code__": "Data and code", "-----UPDATE------": "UPDATE", "Cons -": "Cons", "Concerns.": "Concerns", "Cons .": "Cons",
		"Summary\n=======": "Summary", "**[Pros]**": "Pros", "Some remarks (minor):": "Some remarks (minor)",
	} {
		text := heading + "\nText."
		got := segmenter.Marks(text, nil)
		if len(got) != 1 || got[0].Text != want || text[got[0].Span.Start:got[0].Span.End] != heading {
			t.Errorf("%q: %+v", heading, got)
		}
	}
	got := segmenter.Marks("- (a) one\nQ1: two\n• three", nil)
	for i, want := range []string{"-", "(a)", "Q1:", "•"} {
		if i >= len(got) || got[i].Text != want || got[i].Kind != segmenter.ListMarker {
			t.Fatalf("%+v", got)
		}
	}
}

// A span that starts in the middle of a text is cut as if it were all there is,
// and its offsets are those of the text.
func TestSentencesOfASpan(t *testing.T) {
	const text = "Left out. One is here. Two is here. Left out."
	got := segmenter.Sentences(text, schema.Span{Start: 9, End: 35}, []schema.Span{{Start: 1, End: 2}})
	if d := cmp.Diff([]schema.Span{{Start: 1, End: 2}, {Start: 10, End: 22}, {Start: 23, End: 35}}, got); d != "" {
		t.Error(d)
	}
}

func TestMarksDoNotAllocate(t *testing.T) {
	text := strings.Repeat("The authors: they claim, and show, that it works well enough.\n", 50)
	dst := make([]segmenter.Mark, 0, 8)
	if n := testing.AllocsPerRun(10, func() { dst = segmenter.Marks(text, dst[:0]) }); n != 0 || len(dst) != 0 {
		t.Errorf("%v allocations, %d marks", n, len(dst))
	}
}

// checkSentences checks the invariants that hold for any text.
func checkSentences(tb rapid.TB, text string, span schema.Span) {
	tb.Helper()
	valid := utf8.ValidString(text)
	at := span.Start
	for _, s := range segmenter.Sentences(text, span, nil) {
		if s.Start < at || s.End <= s.Start || s.End > span.End {
			tb.Fatalf("%q: %v is empty, out of order or out of bounds", text, s)
		}
		if strings.TrimSpace(text[at:s.Start]) != "" {
			tb.Fatalf("%q: %q is in no sentence", text, text[at:s.Start])
		}
		sentence := text[s.Start:s.End]
		if valid && !utf8.ValidString(sentence) {
			tb.Fatalf("%q: %q cuts a character", text, sentence)
		}
		if sentence != strings.TrimFunc(sentence, unicode.IsSpace) {
			tb.Fatalf("%q: %q has white space around it", text, sentence)
		}
		at = s.End
	}
	if strings.TrimSpace(text[at:span.End]) != "" {
		tb.Fatalf("%q: %q is in no sentence", text, text[at:span.End])
	}
}

// checkMarks does the same for marks.
func checkMarks(tb rapid.TB, text string) {
	tb.Helper()
	valid := utf8.ValidString(text)
	at := 0
	for _, m := range segmenter.Marks(text, nil) {
		if m.Span.Start < at || m.Span.End <= m.Span.Start || m.Span.End > len(text) {
			tb.Fatalf("%q: %+v is empty, out of order or out of bounds", text, m)
		}
		marked := text[m.Span.Start:m.Span.End]
		if valid && !utf8.ValidString(marked) || marked != strings.TrimSpace(marked) {
			tb.Fatalf("%q: %q cuts a character, or has white space around it", text, marked)
		}
		if m.Text == "" || !strings.Contains(marked, m.Text) || strings.TrimSpace(m.Text) != m.Text {
			tb.Fatalf("%q: the text of %q is %q", text, marked, m.Text)
		}
		line := text[strings.LastIndexByte(text[:m.Span.Start], '\n')+1 : m.Span.Start]
		if m.Kind == segmenter.ListMarker && (marked != m.Text || len(strings.Fields(line)) > 2 || strings.Contains(marked, "\n")) {
			tb.Fatalf("%q: %q is no marker at the start of a line", text, marked)
		}
		at = m.Span.End
	}
}

// pieces is what texts are drawn from: much of it is a trap of one rule or two.
var pieces = []string{
	"The paper", "is good", ".", ". ", "! ", "? ", "...", "\n", "\n\n", " ", "  ", "\t", "\u00a0", "et al. ", "Fig. 3", "e.g. ",
	"(", ")", "[", "]", "\"", "”", "- ", "* ", "1. ", "(a) ", "Q1: ", "#1 ", "Pros:", "Clarity", "**", "==", "## ", "-----",
	"=====", "é", "e\u0301", "漢字。", "😀", "A. ", "4.2. ", ": ", "–", "— ", "x", "7", "\u2028", "\u0085", "\u200d", "$x$",
}

func texts(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.String()), 0, 60).Draw(t, "pieces"), "")
}

func TestSentencesOfAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, text, after := texts(t), texts(t), texts(t)
		checkSentences(t, text, whole(text))
		all := before + text + after
		checkSentences(t, all, schema.Span{Start: len(before), End: len(before) + len(text)})
	})
}

func TestMarksOfAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkMarks(t, texts(t)) })
}

func FuzzSentences(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) { checkSentences(t, text, whole(text)) })
}

func FuzzMarks(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) { checkMarks(t, text) })
}

func seed(f *testing.F) {
	f.Helper()
	for _, path := range []string{"testdata/sentences.txtar", "testdata/marks.txtar"} {
		for _, c := range cases(f, path, 35) {
			f.Add(string(c.Data))
		}
	}
	for _, c := range hostile {
		f.Add(strings.Repeat(c.unit, 20))
	}
}

// hostile is what takes most work for each byte, and would take more than linear
// time if a bound were missing.
var hostile = []struct{ name, unit string }{
	{"headings", "Pros:\n"},
	{"headings-apart", "Pros:\n\n\n\n\n\n\n\n\n"},
	{"headings-without-text", "Pros\n\u00a0\n"},
	{"rules", "Clarity\n=====\n"},
	{"markers", "- 1. (a) "},
	{"items", "- a\n"},
	{"decoration", "**"},
	{"brackets", "[Pros"},
	{"open", "A. ("},
	{"stops", ". "},
	{"initials", "A. "},
	{"spaces", "                "},
	{"quotes", "”"},
	{"marks", "\u0301 "},
	{"newlines", "\n"},
	{"words", "pros cons "},
	{"invalid", "\xff. "},
}

// hostileTexts is each hostile unit over and over, from the start of a line and
// behind a full stop: UAX #29 looks ahead from there.
func hostileTexts(size int) map[string]string {
	texts := map[string]string{"spaces-then-digits": "a." + strings.Repeat(") ", size/4) + strings.Repeat("1", size/2)}
	for _, h := range hostile {
		units := strings.Repeat(h.unit, size/2/len(h.unit))
		texts[h.name] = units + "\na." + units
	}
	return texts
}

// Without one of the bounds, one of these would take minutes.
func TestTimeIsLinear(t *testing.T) {
	for name, text := range hostileTexts(1 << 20) {
		t.Run(name, func(t *testing.T) {
			checkMarks(t, text)
			checkSentences(t, text, whole(text))
		})
	}
}

// review is the text of one of the sample reviews, over and over.
func review(tb testing.TB, size int) string {
	tb.Helper()
	paths, err := filepath.Glob("../../examples/reviews/Accepted/*/Raw/*.txt")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no sample review: %v", err)
	}
	var all strings.Builder
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		all.WriteString(strings.NewReplacer(`\n`, "\n", `\"`, `"`).Replace(string(data)) + "\n\n")
	}
	return strings.Repeat(all.String(), 1+size/all.Len())
}

func BenchmarkMarks(b *testing.B) {
	var dst []segmenter.Mark
	benchmark(b, func(text string) { dst = segmenter.Marks(text, dst[:0]) })
}

func BenchmarkSentences(b *testing.B) {
	var dst []schema.Span
	benchmark(b, func(text string) { dst = segmenter.Sentences(text, whole(text), dst[:0]) })
}

func benchmark(b *testing.B, work func(text string)) {
	b.Helper()
	const size = 1 << 20
	texts := hostileTexts(size)
	texts["review"] = review(b, size)
	texts["prose"] = strings.Repeat("The authors propose a method that is well motivated, and show that it improves on earlier work. ", size/97)
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				work(text)
			}
		})
	}
}
