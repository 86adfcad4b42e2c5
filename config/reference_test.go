package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quern-data/quern/configs"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/quern-data/quern/schema"
)

var update = flag.Bool("update", false, "rewrite the reference configuration")

const referenceFile = "../configs/reference.yaml"

func TestReferenceIsFresh(t *testing.T) {
	want := Reference()
	if *update {
		if err := os.WriteFile(referenceFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("stale, run go test ./config -update\n%s", diff)
	}
	for line := range strings.Lines(string(got)) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") && len(strings.TrimSuffix(line, "\n")) > referenceWidth {
			t.Errorf("too long: %s", line)
		}
	}
}

// The reference says all keys, and changes no default but the empty ones that it
// shows examples of.
func TestReferenceIsTheDefault(t *testing.T) {
	folder(t, map[string]string{"configs/c.yaml": string(Reference()), "examples/reviews/x": ""})
	got, err := Load(Options{Path: "configs/c.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	want := minimalConfig()
	want.Output.Dir = "configs/out"
	want.Corpora[0].Name, want.Corpora[0].Root = "reviews", "examples/reviews"
	corpus := &got.Config.Corpora[0]
	if len(corpus.Exclude) == 0 || len(corpus.Paths) == 0 || corpus.DocumentID == "" || corpus.Raw == "" || corpus.Licence == "" {
		t.Errorf("no examples: %+v", corpus)
	}
	corpus.Exclude, corpus.Paths, corpus.DocumentID, corpus.Raw = nil, nil, "", ""
	corpus.Licence, corpus.Citation, corpus.URL = "", "", ""
	dataset := &got.Config.Dataset
	if dataset.Title == "" || dataset.Licence == "" || len(dataset.Languages) == 0 || dataset.DatePublished == "" {
		t.Errorf("no examples: %+v", dataset)
	}
	*dataset = Dataset{}
	if diff := cmp.Diff(want, got.Config, equateEmpty); diff != "" {
		t.Error(diff)
	}
	for _, s := range got.Settings() {
		if s.Origin == "default" {
			t.Errorf("the reference lacks %s", s.Key)
		}
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	markdown := string(Markdown())
	var visit func(fields []field, path string, hashes bool)
	visit = func(fields []field, path string, hashes bool) {
		for i := range fields {
			f := &fields[i]
			key := below(path, f.key)
			if f.key == "" || !strings.HasSuffix(f.doc, ".") {
				t.Errorf("%s: want a key, and a doc that ends in a full stop", key)
			}
			if hashes && !f.isTable() && !slices.Contains([]string{"yes", "set", "snapshot", "no"}, f.hashed) {
				t.Errorf("%s: the tag hash must say what it can change: yes or set (the tables), snapshot (its other files) or no", key)
			}
			if f.isTables() {
				key += "[]"
			}
			if hashes && !strings.Contains(markdown, "| `"+key+"` | ") {
				t.Errorf("%s is not in the Markdown", key)
			}
			visit(f.fields, key, hashes)
		}
	}
	visit(configFields, "", true)
	visit(taxonomyFields, "", false)
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	b, err := JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	again, err := JSONSchema()
	if err != nil || !bytes.Equal(b, again) {
		t.Fatal("the schema's bytes are not stable", err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON is YAML as the schema's validator takes it; false if it is no YAML.
func asJSON(t *testing.T, data []byte) (any, bool) {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		return nil, false
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, false
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return doc, true
}

func TestSchemaAcceptsShippedConfigs(t *testing.T) {
	s := compileSchema(t)
	for _, name := range Profiles() {
		b, err := configs.FS.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		doc, ok := asJSON(t, b)
		if !ok {
			t.Fatalf("%s is no YAML", name)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the schema refuses, Load refuses; and it refuses for each rule.
func TestSchemaRefusesNoMoreThanLoad(t *testing.T) {
	s := compileSchema(t)
	more := map[string]string{
		"size with sign": "limits: {group_bytes: +5}\n", "size as text": "limits: {group_bytes: '1 MiB'}\n",
		"size with white space": "limits: {group_bytes: ' 5'}\n", "size in lower case": "limits: {group_bytes: 5kib}\n",
		"name with line break": "corpora: [{name: \"c\\n\", root: corpus, taxonomy: t.yaml}]\n",
		"number for text":      "output: {dir: 5}\n", "text for bool": minimal + "  hidden: 'true'\n", "whole float": "run: {workers: 2.0}\n",
		"share without sign": "run: {max_shrink: 20}\n", "share as a fraction": "run: {max_shrink: 0.2}\n", "share with line break": "run: {max_shrink: \"20%\\n\"}\n",
		"share with five decimals": "run: {max_shrink: 0.00001%}\n", "share below 0": "run: {max_shrink: -1%}\n", "way to verify": "run: {verify: quick}\n",
		"threshold below 0": "run: {fail_on: {label-unknown: -1}}\n", "threshold without sign": "run: {fail_on: {label-unknown: 0.5}}\n",
		"threshold of nothing": "run: {fail_on: {label-unknwon: 1}}\n", "threshold as a flag": "run: {fail_on: {label-unknown: true}}\n",
		"thresholds in a list": "run: {fail_on: [{label-unknown: 1}]}\n",
		"partition by rating":  "output: {partition_by: [rating]}\n", "partition by a column twice": "output: {partition_by: [corpus, corpus]}\n",
		"partition by nothing we know": "output: {partition_by: [funding]}\n", "partition by a name": "output: {partition_by: corpus}\n",
		"columns in both": "output: {partition_columns: both}\n",
	}
	refused := 0
	try := func(name, config string) {
		doc, ok := asJSON(t, []byte(config))
		if !ok || s.Validate(doc) == nil {
			return
		}
		refused++
		mistakeFolder(t, map[string]string{"c.yaml": config})
		if _, err := Load(Options{Path: "c.yaml"}); err == nil {
			t.Errorf("%s: the schema refuses what Load takes: %s", name, config)
		}
	}
	for name, tt := range mistakes {
		try(name, tt.config)
	}
	for name, config := range more {
		if !strings.Contains(config, "corpora") {
			config += minimal
		}
		try(name, config)
	}
	if refused < 20 {
		t.Errorf("the schema refused only %d", refused)
	}
}

func TestPartitionColumns(t *testing.T) {
	if diff := cmp.Diff(schema.PartitionColumns(), overridable()["output.partition_by"].enum); diff != "" {
		t.Errorf("-schema +config:\n%s", diff)
	}
}

// The new forms are taken by both, and so the schema does not refuse for show.
func TestSchemaAcceptsWhatLoadAccepts(t *testing.T) {
	s := compileSchema(t)
	for _, run := range []string{
		"{max_shrink: 0}", "{max_shrink: 0%}", "{max_shrink: 0.5 %}", "{max_shrink: 100%}", "{verify: off}", "{fail_on: {}}",
		"{fail_on: {label-unknown: 0, documents_refused: 1%, labels_unresolved: 0.0001%, file-empty: 100}}",
	} {
		config := minimal + "run: " + run + "\n"
		folder(t, map[string]string{"c.yaml": config})
		if _, err := Load(Options{Path: "c.yaml"}); err != nil {
			t.Error(err)
		}
		if doc, ok := asJSON(t, []byte(config)); !ok || s.Validate(doc) != nil {
			t.Errorf("the schema refuses %s: %v", run, s.Validate(doc))
		}
	}
}

func TestHashes(t *testing.T) {
	taxonomy := &Taxonomy{Name: "t", Layers: []Layer{{Name: "l", Labels: []Term{{Code: "A"}}}}}
	full := func() Config {
		c := minimalConfig()
		c.Corpora[0].Attributes = []Attribute{{"venue", "v"}}
		c.Dataset.Creators = []Creator{{Name: "a"}}
		return c
	}
	base := full()
	hash := func(c Config) string { return c.OutputHash([]*Taxonomy{taxonomy}) }
	corpusHash := func(c Config) string { return c.CorpusHash(0, taxonomy) }
	want, wantCorpus := hash(base), corpusHash(base)
	if want == wantCorpus {
		t.Error("the hash of a corpus is that of the output")
	}

	// Each setting in turn gets another value, with and without entries in each list.
	entries := full()
	fillLists(reflect.ValueOf(&entries).Elem())
	for _, base := range []Config{base, entries} {
		want, wantCorpus := hash(base), corpusHash(base)
		for i, l := range leaves(reflect.ValueOf(base), configFields, "") {
			changed := full()
			if len(base.Corpora[0].Fields) > 0 {
				fillLists(reflect.ValueOf(&changed).Elem())
			}
			v := leaves(reflect.ValueOf(&changed).Elem(), configFields, "")[i].value
			switch {
			case v.Kind() == reflect.String:
				v.SetString(v.String() + "x")
			case v.Kind() == reflect.Bool:
				v.SetBool(!v.Bool())
			case v.CanInt():
				v.SetInt(v.Int() + 1)
			case v.Type() == thresholdsType:
				v.Set(reflect.Append(v, reflect.ValueOf(Threshold{Name: LabelsUnresolved})))
			case v.Type().Elem().Kind() == reflect.String:
				v.Set(reflect.Append(v, reflect.ValueOf("x")))
			case v.Kind() == reflect.Slice:
				v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
			}
			if reflect.DeepEqual(changed, base) {
				t.Errorf("%s was not changed", l.key)
			}
			if same := hash(changed) == want; same != (l.field.hashed == "no") {
				t.Errorf("%s: the hash stays the same: %v", l.key, same)
			}
			if same := corpusHash(changed) == wantCorpus; same != (l.field.hashed == "no" || l.field.hashed == "snapshot") {
				t.Errorf("%s: the hash of the corpus stays the same: %v", l.key, same)
			}
		}
	}

	empty := base
	empty.Corpora = []Corpus{base.Corpora[0]}
	empty.Corpora[0].Exclude = []string{}
	if hash(empty) != want {
		t.Error("an empty list and none differ")
	}
	two := base
	two.Corpora = append([]Corpus{base.Corpora[0]}, base.Corpora[0])
	if hash(two) == want {
		t.Error("a second corpus makes no difference")
	}
	other := *taxonomy
	other.Layers = []Layer{{Name: "l", Polarity: true, Labels: []Term{{Code: "A"}}}}
	if other.Hash() == taxonomy.Hash() || base.OutputHash([]*Taxonomy{&other}) == want || base.CorpusHash(0, &other) == wantCorpus {
		t.Error("another taxonomy makes no difference")
	}
	// A hash that changes without need converts everything again. This is that of
	// this configuration before there were settings whose hash tag is set or snapshot.
	before := base
	before.Dataset = Dataset{}
	if got := hash(before); got != "2ab4f6d697b5c6b2f934d6eb782cdbbdd7b758ff43ebed626262ac7cb3d6454e" {
		t.Errorf("hash of the output %s", got)
	}
	if got := taxonomy.Hash(); got != "fcadb5f09ced7aea95c8f64ee2657cd353b045d33356d66f321bdd2d88f036b7" {
		t.Errorf("hash %s", got)
	}
}

// fillLists puts an entry into each list of tables below v that has none.
func fillLists(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fillLists(v.Field(i))
		}
	case v.Kind() == reflect.Slice && v.Type() != thresholdsType && v.Type().Elem().Kind() == reflect.Struct:
		if v.Len() == 0 {
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		}
		for i := range v.Len() {
			fillLists(v.Index(i))
		}
	}
}

// Whatever else is converted beside it, a corpus keeps its hash.
func TestCorpusHashOfOneAmongOthers(t *testing.T) {
	taxonomies := make(map[string]*Taxonomy)
	var all []Corpus
	for _, name := range []string{"a", "b", "c"} {
		taxonomies[name] = &Taxonomy{Name: name}
		corpus := DefaultCorpus()
		corpus.Name, corpus.Paths = name, []string{"{" + name + "}"}
		all = append(all, corpus)
	}
	hashes := func(corpora ...Corpus) map[string]string {
		c := Default()
		c.Corpora = corpora
		out := make(map[string]string)
		for i, corpus := range corpora {
			out[corpus.Name] = c.CorpusHash(i, taxonomies[corpus.Name])
		}
		return out
	}
	want := hashes(all...)
	if want["a"] == want["b"] || want["b"] == want["c"] || want["a"] == want["c"] {
		t.Errorf("the corpora do not differ: %v", want)
	}
	for _, corpora := range [][]Corpus{{all[0]}, {all[1]}, {all[2]}, {all[2], all[0], all[1]}, {all[1], all[0]}} {
		for name, got := range hashes(corpora...) {
			if got != want[name] {
				t.Errorf("%s among %d: %s, want %s", name, len(corpora), got, want[name])
			}
		}
	}
}
