//go:build cgo && (linux || darwin) && (amd64 || arm64)

package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/internal/gen"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/duck"
	"github.com/quern-data/quern/stages/snapshot"
)

// openDuck opens a session over a snapshot.
func openDuck(t testing.TB, dir string) *duck.Session {
	t.Helper()
	from, err := snapshot.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := duck.Open(t.Context(), from, duck.Options{Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ask is the rows of a query, each as text with | between the values.
func ask(t testing.TB, s *duck.Session, sql string) []string {
	t.Helper()
	result, err := s.Query(t.Context(), sql, 0)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	lines := make([]string, len(result.Rows))
	for i, row := range result.Rows {
		cells := make([]string, len(row))
		for j, cell := range row {
			cells[j] = "NULL"
			if cell.Valid {
				cells[j] = cell.String
			}
		}
		lines[i] = strings.Join(cells, "|")
	}
	return lines
}

// plan is what DuckDB says that it did for a query.
func plan(t *testing.T, s *duck.Session, sql string) string {
	t.Helper()
	return strings.Join(ask(t, s, "EXPLAIN ANALYZE "+sql), "\n")
}

// TestDocumentedViews: DuckDB finds the columns that are documented, in their order,
// of their types and with their documentation, wherever the output lies and however
// it is partitioned.
func TestDocumentedViews(t *testing.T) {
	var first [][]string
	for _, settings := range [][]string{
		nil,
		{"output.partition_by=decision,year"},
		{"output.partition_by=decision,year", "output.partition_columns=drop"},
		{"output.partition_by=year,corpus,reviewer", "output.partition_columns=drop"},
	} {
		_, out := convertDir(t, "../../examples/reviews", settings...)
		if len(settings) == 0 {
			// A folder whose name is a pattern, a literal and a value at once.
			odd := filepath.Join(t.TempDir(), "year=1999", "it's [x]*?{a}")
			if err := os.MkdirAll(odd, 0o755); err != nil {
				t.Fatal(err)
			}
			odd = filepath.Join(odd, filepath.Base(out))
			if err := os.Rename(out, odd); err != nil {
				t.Fatal(err)
			}
			out = odd
		}
		s := openDuck(t, out)
		if len(s.Views) != 12 {
			t.Fatalf("%d views", len(s.Views))
		}
		for i := range s.Views {
			v := &s.Views[i]
			var want []string
			for _, c := range v.Columns {
				// DuckDB quotes only what must be.
				want = append(want, fmt.Sprintf("%s|%s|%s", c.Name, strings.ReplaceAll(c.Type.SQL(), `"`, ""), c.Doc))
			}
			got := ask(t, s, "SELECT column_name, replace(data_type, '\"', ''), comment FROM duckdb_columns() WHERE table_name = '"+v.Name+"' ORDER BY column_index")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %q (-want +got):\n%s", v.Name, settings, diff)
			}
			if got := ask(t, s, "SELECT comment FROM duckdb_views() WHERE view_name = '"+v.Name+"'"); len(got) != 1 || got[0] != v.Doc {
				t.Errorf("%s is documented by %q", v.Name, got)
			}
		}
		var all [][]string
		for _, table := range []string{"documents", "sentences", "labels", "diagnostics", "taxonomy"} {
			rows := ask(t, s, "FROM "+table+" ORDER BY ALL")
			if len(rows) < 10 {
				t.Errorf("%d rows in %s", len(rows), table)
			}
			all = append(all, rows)
		}
		if first == nil {
			first = all
		}
		if diff := cmp.Diff(first, all); diff != "" {
			t.Errorf("the rows of %q (-flat +partitioned):\n%s", settings, diff)
		}
	}
}

// TestDamagedSnapshot: what is missing is an error, when a session starts and within
// one, and what is no part does not count.
func TestDamagedSnapshot(t *testing.T) {
	for _, settings := range [][]string{{"output.part_bytes=1KB"}, {"output.partition_by=decision,year", "output.partition_columns=drop"}} {
		_, out := convertDir(t, "../../examples/reviews", settings...)
		from, err := snapshot.Load(out)
		if err != nil {
			t.Fatal(err)
		}
		var parts []string
		for _, p := range from.Parts() {
			if p.Table == "labels" {
				parts = append(parts, filepath.Join(out, filepath.FromSlash(p.Path)))
			}
		}
		if len(parts) < 2 {
			t.Fatalf("%q: %d parts", settings, len(parts))
		}
		query := func() (code int, stdout, stderr string) {
			var o, e bytes.Buffer
			code = run([]string{"query", out, "SELECT count(*) AS n FROM labels", "--format", "csv"}, &o, &e)
			return code, o.String(), e.String()
		}
		whole, err := os.ReadFile(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		stray := filepath.Join(filepath.Dir(parts[0]), "part-99999.parquet")
		if err := os.WriteFile(stray, whole, 0o644); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("n\r\n%d\r\n", from.Counts.Rows["labels"])
		if code, got, stderr := query(); code != exitDone || got != want {
			t.Errorf("%q with a file that is no part: exit code %d, %q, want %q\n%s", settings, code, got, want, stderr)
		}
		s := openDuck(t, out)
		if err := os.Truncate(parts[1], int64(len(whole)-1)); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := query(); code != exitFailed || !strings.Contains(stderr, parts[1]) || !strings.Contains(stderr, "quern verify") {
			t.Errorf("%q with a part cut short: exit code %d\n%s", settings, code, stderr)
		}
		if err := os.Remove(parts[1]); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := query(); code != exitFailed || !strings.Contains(stderr, parts[1]+" is missing") || !strings.Contains(stderr, "quern verify") {
			t.Errorf("%q without a part: exit code %d\n%s", settings, code, stderr)
		}
		if result, err := s.Query(t.Context(), "SELECT count(*) FROM labels", 0); err == nil {
			t.Errorf("%q: a part was removed meanwhile, and there are %v rows", settings, result.Rows)
		}
	}
}

// TestPartitionValues: whatever the name of a folder looks like, the value is the
// text that it was.
func TestPartitionValues(t *testing.T) {
	values := []string{"007", "null", "NULL", "true", "1e3", "2018-01-01", "a=b %", "größe", "it's", "__HIVE_DEFAULT_PARTITION__", "%41", "x+y"}
	for _, columns := range []string{"keep", "drop"} {
		dir := t.TempDir()
		for _, v := range append([]string{"."}, values...) {
			path := filepath.Join(dir, v, "a.txt")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("A sentence.[[EXP-NEG]]"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		out := filepath.Join(t.TempDir(), "out")
		config := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(config, fmt.Appendf(nil, `
output: {dir: %q, partition_by: [venue], partition_columns: %s}
corpora: [{name: odd, root: %q, taxonomy: peer-review-analyze, paths: ["{venue:.+}/a.txt", "a.txt"]}]
`, out, columns, dir), 0o644); err != nil {
			t.Fatal(err)
		}
		l, err := (&source{profile: defaultProfile}).load([]string{config}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := convert(t.Context(), l, runOptions{}, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		out, err = snapshot.Resolve(out)
		if err != nil {
			t.Fatal(err)
		}
		s := openDuck(t, out)
		want := []string{"NULL (no value)"}
		want = append(want, values...)
		slices.Sort(want)
		got := ask(t, s, "SELECT coalesce(venue, 'NULL (no value)') FROM sentences")
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("partition_columns: %s (-want +got):\n%s", columns, diff)
		}
		for _, v := range values {
			sql := "SELECT text FROM sentences WHERE venue = " + schema.SQLText(v)
			if got := ask(t, s, sql); len(got) != 1 {
				t.Errorf("%d sentences of %q", len(got), v)
			}
			if p := plan(t, s, sql); !strings.Contains(p, "Scanning Files: 1/13") {
				t.Errorf("more than a file is read for %q:\n%s", v, p)
			}
		}
	}
}

// TestRowGroups: of a large table only those row groups are read that can have what
// is asked for, and columns that nobody asks for are not.
func TestRowGroups(t *testing.T) {
	dir := t.TempDir()
	if _, err := gen.Write(dir, gen.Options{Seed: 5, Documents: 400, Layers: 4}); err != nil {
		t.Fatal(err)
	}
	_, out := convertDir(t, dir, "output.part_bytes=100MB", "output.row_group_rows=1000")
	s := openDuck(t, out)
	groups := ask(t, s, "SELECT count(DISTINCT row_group_id) FROM parquet_metadata("+schema.SQLText(filepath.Join(out, "sentences", "*.parquet"))+")")
	if n, _ := strconv.Atoi(groups[0]); n < 4 {
		t.Fatalf("only %s row groups", groups)
	}
	all := ask(t, s, "SELECT count(*) FROM sentences")
	id := ask(t, s, "SELECT max(document_id) FROM sentences")[0]
	sql := "SELECT sentence_index FROM sentences WHERE document_id = " + schema.SQLText(id)
	if rows := ask(t, s, sql); len(rows) == 0 {
		t.Fatal("no rows")
	}
	scanned := func(sql string) int {
		match := regexp.MustCompile(`"operator_rows_scanned": *([0-9]+)`).FindStringSubmatch(strings.Join(ask(t, s, "EXPLAIN (ANALYZE, FORMAT json) "+sql), ""))
		if match == nil {
			t.Fatalf("no rows scanned in the plan of %s:\n%s", sql, plan(t, s, sql))
		}
		n, _ := strconv.Atoi(match[1])
		return n
	}
	if few, total := scanned(sql), all[0]; few > 2000 {
		t.Errorf("%d of %s rows were read for one document", few, total)
	}
}

// TestReadyViews compares the views with what is counted here, from the rows that
// another reader gives.
func TestReadyViews(t *testing.T) {
	for _, name := range []string{"sample", "real"} {
		t.Run(name, func(t *testing.T) {
			dir := "../../examples/reviews"
			if name == "real" {
				dir = corpus(t, "peer-review-analyze")
			}
			_, out := convertDir(t, dir)
			s := openDuck(t, out)
			labels := readTable[schema.LabelRow](t, out, "labels")
			taxonomy := map[[3]string]string{}
			for _, r := range readTable[schema.TaxonomyRow](t, out, "taxonomy") {
				taxonomy[[3]string{r.Corpus, r.Layer, r.Label}] = r.Name
			}
			for view, want := range map[string][]string{
				"label_counts":        countLabels(labels, taxonomy),
				"cooccurrence":        countPairs(labels),
				"polarity_by_section": judgeSections(labels, taxonomy),
				"repairs_by_rule":     countRepairs(labels),
				"sentences_wide":      widen(readTable[schema.SentenceRow](t, out, "sentences")),
			} {
				columns := "*"
				if view == "sentences_wide" {
					columns = "sentence_id, section, aspect, purpose, significance"
				}
				got := ask(t, s, "SELECT "+columns+" FROM "+view)
				if len(want) < 10 {
					t.Errorf("%s: only %d rows", view, len(want))
				}
				if again := ask(t, s, "SELECT "+columns+" FROM "+view); !slices.Equal(got, again) {
					t.Errorf("%s comes in another order each time", view)
				}
				slices.Sort(got)
				slices.Sort(want)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", view, diff)
				}
			}
		})
	}
}

// TestSplitGroups: what is said of labels is the same whether groups are split into
// sentences or not, and was typed once.
func TestSplitGroups(t *testing.T) {
	root := corpus(t, "peer-review-analyze")
	questions := []string{
		"SELECT sum(labels) FROM label_counts",
		"SELECT * EXCLUDE sentences FROM label_counts",
		"FROM repairs_by_rule",
		"FROM polarity_by_section",
	}
	var whole [][]string
	for _, split := range []string{"group", "unicode"} {
		out := filepath.Join(t.TempDir(), "out")
		l, err := (&source{corpus: root, profile: defaultProfile}).load(nil, map[string]string{"output.dir": out})
		if err != nil {
			t.Fatal(err)
		}
		l.Config.Corpora[0].Normalize.Split = split
		if _, err := convert(t.Context(), l, runOptions{}, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		if out, err = snapshot.Resolve(out); err != nil {
			t.Fatal(err)
		}
		s := openDuck(t, out)
		var answers [][]string
		for _, sql := range questions {
			answers = append(answers, ask(t, s, sql))
		}
		if split == "group" {
			whole = answers
			if diff := cmp.Diff([]string{"17396"}, answers[0]); diff != "" {
				t.Error(diff)
			}
			continue
		}
		if diff := cmp.Diff(whole, answers); diff != "" {
			t.Errorf("(-whole +split):\n%s", diff)
		}
		if more := ask(t, s, "SELECT count(*) > 17396 FROM labels"); more[0] != "true" {
			t.Error("no group with labels was split")
		}
	}
}

// or is what a text says, or NULL.
func or(s *string) string {
	if s == nil {
		return "NULL"
	}
	return *s
}

// set counts what was added once however often it was.
type set map[string]bool

func countLabels(labels []schema.LabelRow, taxonomy map[[3]string]string) []string {
	type count struct {
		labels               int
		sentences, documents set
	}
	counts := map[string]*count{}
	for _, l := range labels {
		name, known := taxonomy[[3]string{l.Corpus, or(l.Layer), or(l.Label)}]
		if !known {
			name = "NULL"
		}
		key := strings.Join([]string{l.Corpus, or(l.Layer), or(l.Label), name, or(l.Polarity)}, "|")
		if counts[key] == nil {
			counts[key] = &count{sentences: set{}, documents: set{}}
		}
		c := counts[key]
		c.labels++
		c.sentences[l.SentenceID], c.documents[l.DocumentID] = true, true
	}
	var lines []string
	for key, c := range counts {
		lines = append(lines, fmt.Sprintf("%s|%d|%d|%d", key, c.labels, len(c.sentences), len(c.documents)))
	}
	return lines
}

func countPairs(labels []schema.LabelRow) []string {
	carried := map[[3]string]set{}
	for _, l := range labels {
		if l.Label == nil {
			continue
		}
		key := [3]string{l.Corpus, l.DocumentID, l.SentenceID}
		if carried[key] == nil {
			carried[key] = set{}
		}
		carried[key][or(l.Layer)+"|"+*l.Label] = true
	}
	sentences, documents := map[string]int{}, map[string]set{}
	for key, on := range carried {
		for a := range on {
			for b := range on {
				if a >= b {
					continue
				}
				pair := key[0] + "|" + a + "|" + b
				sentences[pair]++
				if documents[pair] == nil {
					documents[pair] = set{}
				}
				documents[pair][key[1]] = true
			}
		}
	}
	var lines []string
	for pair, n := range sentences {
		lines = append(lines, fmt.Sprintf("%s|%d|%d", pair, n, len(documents[pair])))
	}
	return lines
}

func judgeSections(labels []schema.LabelRow, taxonomy map[[3]string]string) []string {
	place := func(polarity *string) int {
		if i := slices.Index([]string{"POS", "NEG", "NEU", "NULL"}, or(polarity)); i >= 0 {
			return []int{1, 2, 3, 5}[i]
		}
		return 4
	}
	aspects := map[string][6]int{} // of a sentence: all, and by polarity
	for _, l := range labels {
		if or(l.Layer) == "aspect" && l.Label != nil {
			n := aspects[l.SentenceID]
			n[0]++
			n[place(l.Polarity)]++
			aspects[l.SentenceID] = n
		}
	}
	counts := map[[2]string]*[12]int{}
	seen := set{}
	for _, l := range labels {
		if or(l.Layer) != "section" || l.Label == nil {
			continue
		}
		key := [2]string{l.Corpus, *l.Label}
		if counts[key] == nil {
			counts[key] = new([12]int)
		}
		n := counts[key]
		n[0]++
		n[place(l.Polarity)]++
		if on := l.SentenceID + "|" + *l.Label; !seen[on] {
			seen[on] = true
			for i, more := range aspects[l.SentenceID] {
				n[6+i] += more
			}
		}
	}
	var lines []string
	for key, n := range counts {
		line := key[0] + "|" + key[1] + "|" + taxonomy[[3]string{key[0], "section", key[1]}]
		for _, count := range n {
			line += "|" + strconv.Itoa(count)
		}
		lines = append(lines, line)
	}
	return lines
}

func countRepairs(labels []schema.LabelRow) []string {
	examples := map[string]map[string]int{}
	for _, l := range labels {
		if l.Repair == nil {
			continue
		}
		read := "nothing"
		if l.Label != nil {
			if read = *l.Label; l.Polarity != nil {
				read += "-" + *l.Polarity
			}
		}
		for _, rule := range strings.Split(*l.Repair, "+") {
			key := rule + "|" + or(l.Layer)
			if examples[key] == nil {
				examples[key] = map[string]int{}
			}
			examples[key][l.RawLabel+" -> "+read]++
		}
	}
	var lines []string
	for key, of := range examples {
		n, best := 0, ""
		for example, count := range of {
			if n += count; best == "" || count > of[best] || count == of[best] && example < best {
				best = example
			}
		}
		lines = append(lines, fmt.Sprintf("%s|%d|%s", key, n, best))
	}
	return lines
}

func widen(sentences []schema.SentenceRow) []string {
	var lines []string
	for _, s := range sentences {
		layers := map[string][]string{}
		for _, l := range s.Labels {
			code := l.Label
			if l.Polarity != nil {
				code += "-" + *l.Polarity
			}
			layers[l.Layer] = append(layers[l.Layer], code)
		}
		line := s.SentenceID
		for _, layer := range []string{"section", "aspect", "purpose", "significance"} {
			line += "|[" + strings.Join(layers[layer], ", ") + "]"
		}
		lines = append(lines, line)
	}
	return lines
}

// TestLayerNames: a layer may be called like a column, and like a word of SQL.
func TestLayerNames(t *testing.T) {
	dir := t.TempDir()
	taxonomy := "name: odd\npolarities: [{code: UP, name: up}]\nlayers:\n" +
		"  - {name: text, polarity: true, labels: [{code: AA, name: a}]}\n  - {name: order, labels: [{code: BB, name: b}]}\n"
	for name, text := range map[string]string{
		"in/a.txt": "A sentence.[[AA-UP], [BB]] Another.[[AA]]", "t.yaml": taxonomy,
		"c.yaml": "output: {dir: out}\ncorpora: [{name: odd, root: in, taxonomy: ./t.yaml}]\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l, err := (&source{profile: defaultProfile}).load([]string{filepath.Join(dir, "c.yaml")}, map[string]string{"output.dir": filepath.Join(dir, "out")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := convert(t.Context(), l, runOptions{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	out, err := snapshot.Resolve(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	s := openDuck(t, out)
	got := ask(t, s, `SELECT text, layer_text, "order" FROM sentences_wide`)
	if diff := cmp.Diff([]string{"A sentence.|[AA-UP]|[BB]", "Another.|[AA]|[]"}, got); diff != "" {
		t.Error(diff)
	}
	if got := ask(t, s, "FROM polarity_by_section"); len(got) != 0 {
		t.Errorf("sections without a layer of that name: %q", got)
	}
}

// TestAnnotatedViews: a label of an annotation on several sentences or in two annotators'
// hands is counted as it was assigned, and relations come with their texts.
func TestAnnotatedViews(t *testing.T) {
	dir := t.TempDir()
	record := `{"id":"a","text":"Größe counts. It is new. But dull.","sets":[` +
		`{"by":"ann","spans":[{"id":"s1","from":0,"to":24,"section":"METHOD","aspect":"good"},{"id":"s2","from":25,"to":34,"section":"METHOD","aspect":"bad"}],` +
		`"links":[{"kind":"but","a":"s1","b":"s2"}]},` +
		`{"by":"bob","spans":[{"id":"s1","from":14,"to":24,"section":"METHOD"}]}]}`
	for name, text := range map[string]string{
		"in/a.jsonl": record + "\n" + strings.ReplaceAll(record, `"id":"a"`, `"id":"b"`) + "\n",
		"c.yaml": `corpora:
  - name: notes
    root: in
    format: jsonl
    taxonomy: open
    include: ["*.jsonl"]
    fields: [{from: id, name: key}]
    document_id: "{key}"
    normalize: {split: unicode}
    json:
      text: text
      spans:
        - each: sets
          annotator: by
          path: spans
          id: id
          start: from
          end: to
          labels: [{from: section, layer: section}, {from: aspect, layer: aspect}]
      relations: [{each: sets, annotator: by, path: links, kind_from: kind, from: a, to: b}]
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, out := convertLoaded(t, source{profile: defaultProfile}, filepath.Join(dir, "c.yaml"))
	s := openDuck(t, out)
	for sql, want := range map[string][]string{
		"SELECT * EXCLUDE (corpus, name) FROM label_counts ORDER BY ALL": {
			"aspect|bad|NULL|2|2|2", "aspect|good|NULL|2|4|2", "section|METHOD|NULL|6|6|2",
		},
		"SELECT sentence_id, section, aspect FROM sentences_wide WHERE document_id = 'notes/a'": {
			"notes/a#0000|[METHOD]|[good]", "notes/a#0001|[METHOD, METHOD]|[good]", "notes/a#0002|[METHOD]|[bad]",
		},
		"SELECT * EXCLUDE corpus FROM cooccurrence": {"aspect|good|section|METHOD|4|2", "aspect|bad|section|METHOD|2|2"},
		// Those of ann stand on three sentences of each document, and are two.
		"SELECT section, labels, none, aspect_labels, aspect_none FROM polarity_by_section": {"METHOD|6|6|4|4"},
		"SELECT document_id, annotator, kind, from_text, to_text FROM relation_texts ORDER BY ALL": {
			"notes/a|ann|but|Größe counts. It is new.|But dull.", "notes/b|ann|but|Größe counts. It is new.|But dull.",
		},
		"SELECT document_id, annotator, annotators, source_path, source_offset, relations FROM documents": {
			"notes/a|NULL|[ann, bob]|a.jsonl|0|1", fmt.Sprintf("notes/b|NULL|[ann, bob]|a.jsonl|%d|1", len(record)+1),
		},
	} {
		if diff := cmp.Diff(want, ask(t, s, sql)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sql, diff)
		}
	}
}

// TestOtherPolarities: the polarities of a section add up whatever they are called.
func TestOtherPolarities(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"in/a.txt": "A sentence.[[SS-UP], [AA-UP]] Another.[[SS-NEG], [AA-UP]] More.[[SS], [AA]]",
		"t.yaml": "name: odd\npolarities: [{code: UP, name: up}, {code: NEG, name: down}]\nlayers:\n" +
			"  - {name: section, polarity: true, labels: [{code: SS, name: s}]}\n  - {name: aspect, polarity: true, labels: [{code: AA, name: a}]}\n",
		"c.yaml": "corpora: [{name: odd, root: in, taxonomy: ./t.yaml}]\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, out := convertLoaded(t, source{profile: defaultProfile}, filepath.Join(dir, "c.yaml"))
	got := ask(t, openDuck(t, out), "FROM polarity_by_section")
	want := []string{"odd|SS|s|3|0|1|0|1|1|3|0|0|0|2|1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestExport looks at a database file as one who gets it: at its keys, comments and
// views. That its rows are those of the tables, a script checks.
func TestExport(t *testing.T) {
	_, out := convertDir(t, "../../examples/reviews", "output.partition_by=decision", "output.partition_columns=drop")
	file := filepath.Join(t.TempDir(), "it's.duckdb")
	var stdout bytes.Buffer
	if code := run([]string{"export", "duckdb", out, file}, &stdout, os.Stderr); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	s := openDuck(t, out)
	if err := s.Exec(t.Context(), "ATTACH "+schema.SQLText(file)+" AS file (READ_ONLY); USE file"); err != nil {
		t.Fatal(err)
	}
	got := ask(t, s, "SELECT table_name, constraint_text FROM duckdb_constraints() WHERE database_name = 'file' AND constraint_type <> 'NOT NULL' ORDER BY ALL")
	want := []string{
		"documents|PRIMARY KEY(document_id)",
		"labels|FOREIGN KEY (document_id) REFERENCES documents(document_id)",
		"metadata|PRIMARY KEY(\"key\")",
		"relations|FOREIGN KEY (document_id) REFERENCES documents(document_id)",
		"relations|PRIMARY KEY(document_id, relation_index)",
		"sentences|FOREIGN KEY (document_id) REFERENCES documents(document_id)",
		"sentences|PRIMARY KEY(sentence_id)",
		"taxonomy|PRIMARY KEY(corpus, layer, \"label\")",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, v := range s.Views {
		var want []string
		table := slices.ContainsFunc(schema.Tables(), func(t schema.Table) bool { return t.Name == v.Name })
		for _, c := range v.Columns {
			want = append(want, fmt.Sprintf("%s|%s|%t|%s", c.Name, strings.ReplaceAll(c.Type.SQL(), `"`, ""), c.Nullable || !table, c.Doc))
		}
		got := ask(t, s, "SELECT column_name, replace(data_type, '\"', ''), is_nullable, comment FROM duckdb_columns() WHERE database_name = 'file' AND table_name = '"+v.Name+"' ORDER BY column_index")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v.Name, diff)
		}
		comment := ask(t, s, "SELECT comment FROM duckdb_tables() WHERE database_name = 'file' AND table_name = '"+v.Name+
			"' UNION ALL SELECT comment FROM duckdb_views() WHERE database_name = 'file' AND view_name = '"+v.Name+"'")
		if len(comment) != 1 || comment[0] != v.Doc {
			t.Errorf("%s is documented by %q", v.Name, comment)
		}
	}
	for table, id := range map[string]string{"documents": "document_id", "sentences": "sentence_id", "labels": "sentence_id || '/' || position"} {
		if got, want := ask(t, s, "SELECT "+id+" FROM "+table), ask(t, s, "SELECT "+id+" FROM memory.main."+table); !slices.Equal(got, want) {
			t.Errorf("the rows of %s are in another order", table)
		}
	}
	if got := ask(t, s, "SELECT value FROM metadata WHERE key = 'snapshot'"); len(got) != 1 || got[0] != filepath.Base(out) {
		t.Errorf("snapshot %q", got)
	}
}

// terminal runs the command at the other end of a real one.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	text chan string
	seen string
}

func openTerminal(t *testing.T, width uint16, args ...string) *terminal {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, cmd: exec.Command(self), text: make(chan string, 1000)}
	term.cmd.Env = append(os.Environ(), actVariable+"="+strings.Join(args, "\n"))
	if term.pty, err = pty.StartWithSize(term.cmd, &pty.Winsize{Rows: 40, Cols: width}); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(term.text)
		buf := make([]byte, 4096)
		for {
			n, err := term.pty.Read(buf)
			term.text <- string(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = term.pty.Close() })
	return term
}

// waitFor waits until the terminal shows what fits the pattern behind what was
// waited for before, and returns it.
func (term *terminal) waitFor(pattern string) string {
	term.t.Helper()
	expr, deadline := regexp.MustCompile(pattern), time.After(30*time.Second)
	for {
		if at := expr.FindStringIndex(term.seen); at != nil {
			found := term.seen[:at[1]]
			term.seen = term.seen[at[1]:]
			return found
		}
		select {
		case more, open := <-term.text:
			if !open {
				term.t.Fatalf("the terminal is closed, and shows no %q in %q", pattern, term.seen)
			}
			term.seen += more
		case <-deadline:
			term.t.Fatalf("no %q in %q", pattern, term.seen)
		}
	}
}

func (term *terminal) enter(line string) {
	term.t.Helper()
	if _, err := term.pty.WriteString(line); err != nil {
		term.t.Fatal(err)
	}
}

func TestPrompt(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	_, out := convertDir(t, "../../examples/reviews")
	term := openTerminal(t, 70, "query", out)
	term.waitFor(`Snapshot 000001-[0-9a-f]{12}\. \.help .* \.quit or Ctrl-D leaves`)
	term.waitFor(`quern> $`)
	term.enter("SELECT count(*) AS n,\r")
	term.waitFor(`    -> $`)
	term.enter("\t'a;b' AS text -- ;\rFROM documents;\r")
	term.waitFor(`n  text\r\n14  a;b\r\n1 row\r\n`)
	term.waitFor(`quern> $`)

	// An error is told, and does not end it. Neither does what is given up.
	term.enter("SELECT lable FROM labels; SELECT 'not run';\r")
	term.waitFor(`LINE 1: SELECT lable FROM labels\r\n               \^`)
	term.waitFor(`quern> $`)
	term.enter("SELECT 'given\rup\x03")
	term.waitFor(`quern> $`)
	term.enter("SELECT 6 * 7 AS answer;\r")
	term.waitFor(`answer\r\n    42\r\n`)
	term.waitFor(`quern> $`)

	// Ctrl-C ends a statement that runs, within a second.
	term.enter("SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 7;\r")
	term.waitFor(`= 7;\r\n`)
	time.Sleep(300 * time.Millisecond)
	start := time.Now()
	term.enter("\x03")
	term.waitFor(`interrupted\r\n`)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a statement ran on for %v", took)
	}
	term.waitFor(`quern> $`)

	// Commands are such within a statement too, which goes on behind them.
	term.enter("SELECT 5\r")
	term.waitFor(`    -> $`)
	term.enter(".help\r")
	term.waitFor(`ends with a semicolon`)
	term.waitFor(`    -> $`)
	term.enter("+ 2;\r")
	term.waitFor(`7\r\n1 row`)
	term.waitFor(`quern> $`)
	term.enter("SELECT 6 * 7 AS answer;\r")
	term.waitFor(`answer\r\n    42\r\n`)
	term.waitFor(`quern> $`)

	// What was typed before comes back.
	term.enter("\x1b[A\r")
	term.waitFor(`answer\r\n    42\r\n`)
	term.waitFor(`quern> $`)

	// Tables fit onto the screen.
	term.enter("SELECT sentence_id, text, labels FROM sentences;\r")
	shown := term.waitFor(`172 rows\r\n`)
	if lines := strings.Split(shown, "\r\n"); len(lines) < 172 {
		t.Errorf("%d lines", len(lines))
	} else {
		for _, line := range lines[len(lines)-172:] {
			if textWidth(line) > 70 {
				t.Errorf("wider than the screen: %s", line)
			}
		}
		if !strings.Contains(shown, "…") {
			t.Error("nothing was cut")
		}
	}
	for command, want := range map[string]string{
		".tables": `sentences_wide +The table sentences, with a column`, ".schema label_counts": `count\(DISTINCT labels.sentence_id\)`,
		".schema nosuch": "there is no view nosuch", ".help": "ends with a semicolon", ".walk": `there is no command \.walk`,
	} {
		term.waitFor(`quern> $`)
		term.enter(command + "\r")
		term.waitFor(want)
	}
	term.waitFor(`quern> $`)
	term.enter("\x04")
	if err := term.cmd.Wait(); err != nil {
		t.Errorf("Ctrl-D: %v", err)
	}

	// So do words, also within a statement that was begun.
	for _, word := range []string{".quit", "exit", "quit;"} {
		term = openTerminal(t, 70, "query", out)
		term.waitFor(`quern> $`)
		term.enter("SELECT 'begun'\r")
		term.waitFor(`    -> $`)
		term.enter(word + "\r")
		if err := term.cmd.Wait(); err != nil {
			t.Errorf("%s: %v", word, err)
		}
	}

	// The terminal and the disk are as they were, also if it is told to end.
	term = openTerminal(t, 70, "query", out)
	term.waitFor(`quern> $`)
	if err := term.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := term.cmd.Wait()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Errorf("told to end: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "quern-query-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q %v", left, err)
	}
	term = openTerminal(t, 70, "query", out, "FROM documents", "--format", "parquet")
	term.waitFor("a terminal does not show Parquet")
	if err := term.cmd.Wait(); !errors.As(err, new(*exec.ExitError)) {
		t.Errorf("Parquet on a terminal: %v", err)
	}
}

// BenchmarkQueryStart is what a question costs before it is asked.
func BenchmarkQueryStart(b *testing.B) {
	out := filepath.Join(b.TempDir(), "out")
	if code := run([]string{"run", "--corpus", "../../examples/reviews", "--out", out}, new(bytes.Buffer), new(bytes.Buffer)); code != 0 {
		b.Fatalf("exit code %d", code)
	}
	for b.Loop() {
		if code := run([]string{"query", out, "SELECT 1"}, new(bytes.Buffer), os.Stderr); code != 0 {
			b.Fatalf("exit code %d", code)
		}
	}
}

var (
	viewSection = regexp.MustCompile(`(?m)^### (\w+)\n\n.*\n\n(?:\|.*\n)+`)
	example     = regexp.MustCompile("(?s)```sh\n(.*?)```\n\n```\n(.*?)```\n")
)

// demo is a folder in which make demo seems to have been called.
func demo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	quern, err := exec.LookPath("quern")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(quern, filepath.Join(dir, "bin", "quern")); err != nil {
		t.Fatal(err)
	}
	if code := run([]string{"run", "--corpus", "../../examples/reviews", "--out", filepath.Join(dir, "out", "reviews")}, new(bytes.Buffer), new(bytes.Buffer)); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	return dir
}

// TestReadmeQuestions asks the questions of the README as they are written.
func TestReadmeQuestions(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := demo(t)
	questions := regexp.MustCompile(`(?m)^bin/quern query .*$`).FindAllString(string(page), -1)
	for _, block := range regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		statements, _ := duck.Split(block[1])
		for _, sql := range statements {
			questions = append(questions, "bin/quern query out/reviews <<'END'\n"+sql+"\nEND\n")
		}
	}
	if len(questions) != 6 {
		t.Fatalf("%d questions: %q", len(questions), questions)
	}
	for _, question := range questions {
		cmd := exec.Command("sh", "-c", question)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil || !regexp.MustCompile(`\n([5-9]|\d\d+) rows\n$`).Match(out) {
			t.Errorf("%s\n%s%v", question, out, err)
		}
	}
}

// TestQueriesPage runs each example of docs/queries.md as it is written, and
// compares what the page says of the views with what they are.
func TestQueriesPage(t *testing.T) {
	const file = "../../docs/queries.md"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := demo(t)
	current, err := snapshot.Resolve(filepath.Join(dir, "out", "reviews"))
	if err != nil {
		t.Fatal(err)
	}
	views := map[string]duck.View{}
	for _, v := range openDuck(t, current).Views[len(schema.Tables()):] {
		views[v.Name] = v
	}
	examples := 0
	want := example.ReplaceAllStringFunc(string(page), func(text string) string {
		examples++
		script := example.FindStringSubmatch(text)[1]
		cmd := exec.Command("sh", "-e", "-c", script)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s%s%v", script, out, err)
		}
		return "```sh\n" + script + "```\n\n```\n" + strings.ReplaceAll(string(out), "\r\n", "\n") + "```\n"
	})
	want = viewSection.ReplaceAllStringFunc(want, func(text string) string {
		name := viewSection.FindStringSubmatch(text)[1]
		v, found := views[name]
		if !found {
			t.Errorf("there is no view %s", name)
		}
		delete(views, name)
		table := "### " + name + "\n\n" + v.Doc + "\n\n| column | type | what it holds |\n| --- | --- | --- |\n"
		if of, own := map[string]string{"sentences_wide": "sentences", "relation_texts": "relations"}[name], len(v.Columns)-4; of != "" {
			table += fmt.Sprintf("| … | | All columns of [%s](tables.md#%s). |\n", of, of)
			if of == "relations" {
				own += 2
			}
			v.Columns = v.Columns[own:]
		}
		for _, c := range v.Columns {
			table += fmt.Sprintf("| %s | %s | %s |\n", c.Name, c.Type, c.Doc)
		}
		return table
	})
	if examples < 7 || len(views) > 0 {
		t.Errorf("%d examples; not on the page: %v", examples, views)
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(page), want); diff != "" {
		t.Errorf("docs/queries.md is not up to date: go test ./cmd/quern -run TestQueriesPage -update (-page +is):\n%s", diff)
	}
}
