package duck

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		sql  string
		want []string
		rest string
	}{
		{"", nil, ""},
		{" ;; -- nothing\n/* nor /* here */ */;", nil, ""},
		{"SELECT 1", nil, "SELECT 1"},
		{"SELECT 1;", []string{"SELECT 1"}, ""},
		{"SELECT 1; SELECT\n2;\n-- three\nSELECT 3", []string{"SELECT 1", " SELECT\n2"}, "\n\n-- three\nSELECT 3"},
		{"SELECT 1;\nSELECT 2;\n", []string{"SELECT 1", "\nSELECT 2"}, ""},
		{`SELECT ';' || 'it''s;' || ";""x";`, []string{`SELECT ';' || 'it''s;' || ";""x"`}, ""},
		{`SELECT E'\';' || e'\\';`, []string{`SELECT E'\';' || e'\\'`}, ""},
		{`SELECT '\'; SELECT 2;`, []string{`SELECT '\'`, " SELECT 2"}, ""},
		{"SELECT $$;$$, $a$;$$;$a$, $1;", []string{"SELECT $$;$$, $a$;$$;$a$, $1"}, ""},
		{"SELECT a$b$ FROM x; SELECT 2;", []string{"SELECT a$b$ FROM x", " SELECT 2"}, ""},
		{"SELECT 1 -- ; it's\n;", []string{"SELECT 1 -- ; it's\n"}, ""},
		{"SELECT 1 /* ; /* ; */ ' */;", []string{"SELECT 1 /* ; /* ; */ ' */"}, ""},
		{"SELECT 'open; ", nil, "SELECT 'open; "},
		{"/* open; ", nil, "/* open; "},
		{"/*/", nil, "/*/"},
		{"SELECT $x$ open; $x", nil, "SELECT $x$ open; $x"},
		{"é$x;", []string{"é$x"}, ""},
	} {
		got, rest := Split(c.sql)
		if diff := cmp.Diff(c.want, got); diff != "" || rest != c.rest {
			t.Errorf("Split(%q): rest %q, want %q; statements (-want +got):\n%s", c.sql, rest, c.rest, diff)
		}
	}
}

func TestWithoutNaN(t *testing.T) {
	for in, want := range map[string]string{
		`[{"a":NaN,"b":[-Infinity,Infinity,-1.5]}]`:          `[{"a":null,"b":[null,null,-1.5]}]`,
		`{"NaN":"-Infinity NaN \" NaN","x\\":NaN}`:           `{"NaN":"-Infinity NaN \" NaN","x\\":null}`,
		`[true,false,null,-0,1e-5,"",{}]`:                    `[true,false,null,-0,1e-5,"",{}]`,
		"[\n\t{\"text\":\"Infinity\",\"n\":-12},\n\t{}\n]\n": "[\n\t{\"text\":\"Infinity\",\"n\":-12},\n\t{}\n]\n",
	} {
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		if err := withoutNaN(strings.NewReader(in), w); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		if out.String() != want || !json.Valid(out.Bytes()) {
			t.Errorf("%s became %s, want %s", in, out.String(), want)
		}
	}
}

func TestWithCRLF(t *testing.T) {
	for text, want := range map[string]string{
		"a,b\n1,\"two\n\"\"lines\"\"\n\"\n":           "a,b\r\n1,\"two\n\"\"lines\"\"\n\"\r\n",
		"a,b\n,\n":                                    "a,b\r\n,\r\n",
		"a\n\n\"\"\n\n\n\"\n\nin a text\n\n\"\nb\n\n": "a\r\n\"\"\r\n\"\"\r\n\"\"\r\n\"\"\r\n\"\n\nin a text\n\n\"\r\nb\r\n\"\"\r\n",
	} {
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		if err := withCRLF(strings.NewReader(text), w); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		if out.String() != want {
			t.Errorf("%q, want %q", out.String(), want)
		}
	}
}

func TestWithoutFirstLine(t *testing.T) {
	for in, want := range map[string]string{
		"Binder Error: x\n\nLINE 2: FROM y\n             ^":     "Binder Error: x\n\nLINE 1: FROM y\n             ^",
		"Binder Error: x\n\nLINE 10: FROM y\n              ^":   "Binder Error: x\n\nLINE 9: FROM y\n             ^",
		"Binder Error: x\n\nLINE 100: FROM y\n               ^": "Binder Error: x\n\nLINE 99: FROM y\n              ^",
		"IO Error: LINE 2 of a file":                            "IO Error: LINE 2 of a file",
	} {
		if got := withoutFirstLine(errorText(in)).Error(); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

type errorText string

func (e errorText) Error() string { return string(e) }

func TestLiteralGlob(t *testing.T) {
	if got, want := literalGlob("/a*b?/[c]{d}"), "/a[*]b[?]/[[]c]{d}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSentencesWideNames(t *testing.T) {
	v := sentencesWide([]string{"section", "text", "layer_text", "order", "labels"})
	var names []string
	for _, c := range v.Columns[len(v.Columns)-5:] {
		names = append(names, c.Name)
	}
	want := []string{"section", "layer_text", "layer_layer_text", "order", "layer_labels"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(v.Query, `AS "order"`) {
		t.Errorf("a reserved word is not quoted:\n%s", v.Query)
	}
}
