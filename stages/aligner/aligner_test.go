package aligner

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/schema"
)

// check verifies what holds for any two texts.
func check(al *Alignment, a, b string) error {
	endA, endB := 0, 0
	for i, block := range al.Blocks() {
		if block.Len <= 0 || block.A < endA || block.B < endB || block.A+block.Len > len(a) || block.B+block.Len > len(b) {
			return fmt.Errorf("block %d, %v, is empty or out of order", i, block)
		}
		if a[block.A:block.A+block.Len] != b[block.B:block.B+block.Len] {
			return fmt.Errorf("block %d, %v, holds different texts", i, block)
		}
		if utf8.ValidString(a) && utf8.ValidString(b) && !utf8.ValidString(a[block.A:block.A+block.Len]) {
			return fmt.Errorf("block %d, %v, cuts a character", i, block)
		}
		endA, endB = block.A+block.Len, block.B+block.Len
	}
	if s := al.Similarity(); s < 0 || s > 1 {
		return fmt.Errorf("similarity %v", s)
	}
	return nil
}

func align(t testing.TB, a, b string) *Alignment {
	t.Helper()
	al := new(Alignment)
	al.Align(a, b, nil)
	if err := check(al, a, b); err != nil {
		t.Fatalf("%v\na: %q\nb: %q", err, a, b)
	}
	return al
}

// shared is the words that the blocks hold.
func shared(al *Alignment) string {
	var parts []string
	for _, block := range al.Blocks() {
		parts = append(parts, strings.Fields(al.a[block.A:block.A+block.Len])...)
	}
	return strings.Join(parts, " ")
}

func TestAlign(t *testing.T) {
	for _, c := range []struct{ name, a, b, want string }{
		{"equal", "one two three", "one two three", "one two three"},
		{"nothing", "", "", ""},
		{"one empty", "", "one", ""},
		{"white space", " one\n\ntwo  three ", "one two\tthree", "one two three"},
		{"white space in a word", "some thing", "something", "some thing"},
		{"dropped", "one three", "one two three", "one three"},
		{"typed", "one two three", "one three", "one three"},
		{"changed", "one two three", "one zwei three", "one three"},
		{"word cut", "one two thr", "one two three", "one two"},
		{"word lengthened", "one two threes four", "one two three four", "one two four"},
		{"first word", "xone two", "one two", "two"},
		{"last word", "one two", "one twox", "one"},
		{"sign dropped", "one, two three", "one two three", "one two three"},
		{"beyond ASCII", "größe ist", "grösse ist", "ist"},
		{"half of a pair of bytes", "é x", "è x", "x"},
		{"spaces beyond ASCII", "one\u00a0two", "one two", "one two"},
		{"without spaces", "我们认为不错。实验好。", "我们认为很好。实验好。", "我们认为 。实验好。"},
		{"moved", "b c d e f a", "a b c d e f", "b c d e f"},
		{"accident", "uno dos tres cuatro cinco the seis siete ocho nueve", "eins zwei drei vier fünf sechs the sieben acht zehn elf", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, shared(align(t, c.a, c.b))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFind(t *testing.T) {
	a, b := "One two three. Four five six. Seven.", "One  two three. Zero. Four  fünf six. Seven."
	al := align(t, a, b)
	for _, c := range []struct {
		in, want string
		shared   int
	}{
		{"One two three.", "One  two three.", 12},
		{"Four five six.", "Four  fünf six.", 8},
		{"Seven.", "Seven.", 6},
		{"five", "", 0},
		{"two", "two", 3},
	} {
		at := strings.Index(a, c.in)
		m := al.Find(schema.Span{Start: at, End: at + len(c.in)})
		if got := b[m.B.Start:m.B.End]; got != c.want || m.Shared != c.shared {
			t.Errorf("%q is found as %q, %d shared; want %q, %d", c.in, got, m.Shared, c.want, c.shared)
		}
	}
}

// TestSlide: what b has alone stands at a cut, if it can.
func TestSlide(t *testing.T) {
	for _, c := range []struct{ a, b, sentence, want string }{
		{"One two. Five six.", "One two. Three four. Five six.", "One two.", "One two."},
		{"The end is near.", "The start was long. The end is near.", "The end is near.", "The end is near."},
		{"Raw5 is wide.", "Raw5 is wide. Raw6 is wide.", "Raw5 is wide.", "Raw5 is wide."},
		{"It is good. The idea seems old. The end is real.", "It is good. The end is real.", "The end is real.", "The end is real."},
		{"See (4), and go.", "See (2), or not. See (4), and go.", "See (4), and go.", "See (4), and go."},
	} {
		at := strings.Index(c.a, c.sentence)
		span := schema.Span{Start: at, End: at + len(c.sentence)}
		cuts := []int{0}
		for i := range len(c.a) - 1 {
			if c.a[i:i+2] == ". " {
				cuts = append(cuts, i+1, i+2)
			}
		}
		al := new(Alignment)
		al.Align(c.a, c.b, append(cuts, len(c.a)))
		if err := check(al, c.a, c.b); err != nil {
			t.Fatal(err)
		}
		m := al.Find(span)
		if got := c.b[m.B.Start:m.B.End]; got != c.want {
			t.Errorf("%q is found as %q, want %q", c.sentence, got, c.want)
		}
	}
}

// TestShortestScript: on short texts, the words shared are as many as the
// longest common subsequence has.
func TestShortestScript(t *testing.T) {
	text := rapid.StringMatching(`([a-d] ){0,30}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		var d differ
		if d.diff(a, b) {
			t.Fatal("the bound was met")
		}
		got := 0
		for _, run := range d.runs {
			got += run.Len
		}
		if want := longest(strings.Fields(a), strings.Fields(b)); got != want {
			t.Fatalf("%d words shared, want %d", got, want)
		}
	})
}

func longest(a, b []string) int {
	row := make([]int, len(b)+1)
	for i := range a {
		corner := 0
		for j := range b {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = corner + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			corner = above
		}
	}
	return row[len(b)]
}

// TestEdits: words that an edit script leaves alone are found, whatever it does
// elsewhere.
func TestEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a, b, kept []string
		for i := range rapid.IntRange(0, 60).Draw(t, "words") {
			word := fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"w", "ß", "ñandú", "e\u0301"}).Draw(t, "word"), i)
			space := rapid.SampledFrom([]string{" ", "\n", " \t ", "  "})
			switch rapid.SampledFrom([]string{"keep", "keep", "keep", "drop", "type", "change"}).Draw(t, "edit") {
			case "keep":
				a = append(a, space.Draw(t, "a"), word)
				b = append(b, space.Draw(t, "b"), word)
				kept = append(kept, word)
			case "drop":
				b = append(b, " ", word)
			case "type":
				a = append(a, " ", word)
			case "change":
				a = append(a, " ", word+"x")
				b = append(b, " ", word+"y")
			}
		}
		textA, textB := strings.Join(a, ""), strings.Join(b, "")
		var cuts []int
		for i := range len(textA) {
			if utf8.RuneStart(textA[i]) && rapid.IntRange(0, 3).Draw(t, "cut") == 0 {
				cuts = append(cuts, i)
			}
		}
		al := new(Alignment)
		al.Align(textA, textB, cuts)
		if err := check(al, textA, textB); err != nil {
			t.Fatal(err)
		}
		var d differ
		d.diff(textA, textB)
		n := 0
		for _, run := range d.runs {
			n += run.Len
		}
		if want := Solid(strings.Join(kept, "")); n != want {
			t.Fatalf("%d bytes shared, want %d", n, want)
		}
	})
}

// TestBound: texts that take Myers' algorithm a quadratic time are cut short.
func TestBound(t *testing.T) {
	a, b := hostile(1, 20_000), hostile(2, 20_000)
	al := align(t, a, b)
	if !al.Coarse() {
		t.Error("the bound was not met")
	}
	al.Align("one two", "one three", nil)
	if al.Coarse() {
		t.Error("the bound is said to be met for two words")
	}
}

// hostile is a text of n words in random order, all of which any other such
// text has too.
func hostile(seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 0))
	var text strings.Builder
	for range n {
		fmt.Fprintf(&text, "w%d ", r.IntN(n))
	}
	return text.String()
}

func FuzzAlign(f *testing.F) {
	f.Add("one two three", "one  three four")
	f.Add("größe\n\n x", "grösse x ")
	f.Add("a a a a b a", "a b a a")
	f.Add("\xff\xfe x", "\xff y")
	f.Fuzz(func(t *testing.T, a, b string) {
		align(t, a, b)
		align(t, b, a)
		if al := align(t, a, a); al.Similarity() != 1 {
			t.Errorf("%q is not like itself", a)
		}
	})
}

func BenchmarkAlign(b *testing.B) {
	const size = 1 << 20
	words := hostile(1, size/7)
	disjoint := strings.ToUpper(words)
	edited := strings.Replace(words[:2300], " ", " x ", 3)
	for _, c := range []struct{ name, a, b string }{
		{"equal", words[:2300], words[:2300]},
		{"spaces", strings.ReplaceAll(words[:2300], " w1", "  w1"), words[:2300]},
		{"edited", edited, words[:2300]},
		{"nothing-in-common-1MB", words, disjoint},
		{"shuffled-1MB", words, hostile(2, size/7)},
		{"letters-1MB", strings.Repeat("a b ", size/4), strings.Repeat("b a a ", size/6)},
	} {
		b.Run(c.name, func(b *testing.B) {
			al := new(Alignment)
			b.SetBytes(int64(len(c.a)))
			b.ReportAllocs()
			for b.Loop() {
				al.Align(c.a, c.b, nil)
			}
		})
	}
}

func TestSolid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.SampledFrom([]byte("ab \n\t\r\x00\x0b\x1f!\x7f\x80\xa0\x8a\xff")), 0, 40).Draw(t, "text"))
		s = strings.Repeat(s, rapid.SampledFrom([]int{1, 9}).Draw(t, "times"))
		want := 0
		for i := range len(s) {
			if !isSpace(s[i]) {
				want++
			}
		}
		if got := Solid(s); got != want {
			t.Fatalf("%q has %d bytes that are no space, want %d", s, got, want)
		}
	})
}

// TestFindAnyOrder: what was found before makes no difference.
func TestFindAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"one ", "two ", "three\n", "four. ", "five, ", " "})
		a := strings.Join(rapid.SliceOfN(word, 1, 60).Draw(t, "a"), "")
		b := strings.Join(rapid.SliceOfN(word, 1, 60).Draw(t, "b"), "")
		var al, fresh Alignment
		al.Align(a, b, nil)
		for range 8 {
			start := rapid.IntRange(0, len(a)).Draw(t, "start")
			span := schema.Span{Start: start, End: rapid.IntRange(start, len(a)).Draw(t, "end")}
			fresh.Align(a, b, nil)
			if got, want := al.Find(span), fresh.Find(span); got != want {
				t.Fatalf("%v of %q is %v in %q, want %v", span, a, got, b, want)
			}
		}
	})
}
