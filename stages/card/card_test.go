package card

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// facts are those of a snapshot of corpora of the given names, with two parts a table
// and nothing configured.
func facts(names ...string) *Facts {
	f := &Facts{Manifest: &snapshot.Manifest{SchemaVersion: "1.0", ToolVersion: "test", ConfigHash: strings.Repeat("0", 64)}}
	m := f.Manifest
	m.Counts = snapshot.Counts{Rows: map[string]int64{}, Stats: sink.NewStats()}
	m.Counts.Written, m.Counts.Sentences, m.Counts.Labels = 1, 2000, 3
	m.Counts.LabelsByLayer["section"] = 3
	m.Counts.Diagnostics[schema.QuoteMissing] = 1
	for i, name := range names {
		c := config.DefaultCorpus()
		c.Name = name
		f.Corpora = append(f.Corpora, c)
		f.Taxonomies = append(f.Taxonomies, &config.Taxonomy{Name: "t", Layers: []config.Layer{{Name: "section", Labels: []config.Term{{Code: "A"}}}}})
		m.Corpora = append(m.Corpora, snapshot.Corpus{Name: name, Found: 3, Written: 1, Refused: 1, Ignored: map[string]int{"hidden": 1}})
		shard := snapshot.Shard{Corpus: name}
		for _, table := range snapshot.ShardTables {
			shard.Parts = append(shard.Parts, sink.Part{Table: table, Path: fmt.Sprintf("%s/part-%05d.parquet", table, i), Rows: 1000, Bytes: 10, SHA256: strings.Repeat("a", 64)})
		}
		m.Shards = append(m.Shards, shard)
	}
	m.Taxonomy = sink.Part{Table: "taxonomy", Path: "taxonomy/part-00000.parquet", Rows: 1, Bytes: 10, SHA256: strings.Repeat("a", 64)}
	return f
}

// made are the two files, taken apart: the header, what stands below it, and the
// metadata.
func made(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, f *Facts,
) (header map[string]any, body string, metadata map[string]any) {
	t.Helper()
	files, err := f.Files()
	if err != nil || len(files) != 2 || files[0].Name != "README.md" || files[1].Name != "croissant.json" {
		t.Fatalf("the files are %v: %v", files, err)
	}
	text, found := strings.CutPrefix(string(files[0].Content), "---\n")
	head, body, ends := strings.Cut(text, "\n---\n")
	if !found || !ends {
		t.Fatalf("README.md has no header:\n%s", text)
	}
	if err := yaml.Unmarshal([]byte(head), &header); err != nil {
		t.Fatalf("the header is no YAML: %v\n%s", err, head)
	}
	if err := json.Unmarshal(files[1].Content, &metadata); err != nil {
		t.Fatalf("croissant.json: %v", err)
	}
	return header, body, metadata
}

func TestNothingConfigured(t *testing.T) {
	header, body, metadata := made(t, facts("reviews"))
	var keys []string
	for key := range header {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	want := []string{"configs", "dataset_info", "license", "pretty_name", "size_categories", "task_categories", "task_ids"}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Error(diff)
	}
	if header["pretty_name"] != "reviews" || header["license"] != "unknown" || !cmp.Equal(header["size_categories"], []any{"1K<n<10K"}) {
		t.Errorf("%v", header)
	}
	for _, part := range []string{
		"\n# reviews\n\nAnnotated text of reviews as tables: 1 document, 2,000 sentences, 3 labels on them.\n\n## Tables\n",
		"\n| `reviews` | 3 | 1 | 1 | 0 | 1 | hidden 1 |\n", "\n| `reviews` | not stated |  |\n", "\n| `quote-missing` | info | 1 | ",
	} {
		if !strings.Contains(body, part) {
			t.Errorf("README.md lacks %q", part)
		}
	}
	if strings.Contains(body, "## Citation") {
		t.Error("README.md has a heading for no citation")
	}
	for _, key := range []string{"license", "url", "creator", "version", "datePublished", "citeAs", "keywords", "inLanguage", "prov:wasDerivedFrom"} {
		if v, ok := metadata[key]; ok {
			t.Errorf("croissant.json has %s: %v", key, v)
		}
	}
	if metadata["name"] != "reviews" || !strings.HasPrefix(metadata["description"].(string), "Annotated text of reviews") {
		t.Errorf("%v", metadata)
	}
}

func TestConfigured(t *testing.T) {
	f := facts("reviews")
	f.Dataset = config.Dataset{
		Title: "Reviews", Description: "One\nline.\n\n\nTwo.", Licence: "ODC-By-1.0", Languages: []string{"en", "pt-BR", "pt"},
		Citation: "@misc{x}\n", URL: "https://example.org/a_b", Keywords: []string{"peer review", "peer\nreview", "a"},
		AnnotationsCreators: []string{"found"}, Version: "1.2.3", DatePublished: "2024-01-02",
		Creators: []config.Creator{
			{Name: "A_B *C*", ORCID: "0000-0002-1825-0097"},
			{Name: "D", URL: "https://d.org", ORCID: "0000-0002-1825-0097"},
			{Name: "E", Organization: true},
		},
	}
	header, body, metadata := made(t, f)
	delete(header, "configs")
	delete(header, "dataset_info")
	want := map[string]any{
		"pretty_name": "Reviews", "license": "odc-by", "language": []any{"en", "pt"}, "language_details": []any{"en", "pt-BR", "pt"},
		"annotations_creators": []any{"found"}, "task_categories": []any{"text-classification"}, "task_ids": []any{"multi-label-classification"},
		"tags": []any{"peer review", "a"}, "size_categories": []any{"1K<n<10K"},
	}
	if diff := cmp.Diff(want, header); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{
		"\n# Reviews\n\nOne line.\n\nTwo.\n\n- Page: <https://example.org/a_b>\n" +
			"- Creators: A_B \\*C\\* (<https://orcid.org/0000-0002-1825-0097>); D (<https://d.org>, <https://orcid.org/0000-0002-1825-0097>); E\n" +
			"- Version: 1.2.3\n- Published: 2024-01-02\n- Languages: en, pt-BR, pt\n\n## Tables\n",
		"\n## Licence\n\n[ODC-By-1.0](<https://spdx.org/licenses/ODC-By-1.0.html>)\n\n", "\n## Citation\n\n```bibtex\n@misc{x}\n```\n",
	} {
		if !strings.Contains(body, part) {
			t.Errorf("README.md lacks %q", part)
		}
	}
	for _, key := range []string{"@context", "distribution", "recordSet", "prov:wasGeneratedBy"} {
		delete(metadata, key)
	}
	orcid := "https://orcid.org/0000-0002-1825-0097"
	want = map[string]any{
		"@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.1", "name": "Reviews", "description": "One\nline.\n\n\nTwo.",
		"url": "https://example.org/a_b", "version": "1.2.3", "datePublished": "2024-01-02", "citeAs": "@misc{x}",
		"license": []any{"https://spdx.org/licenses/ODC-By-1.0.html"}, "keywords": []any{"peer review", "peer\nreview", "a"},
		"inLanguage": []any{"en", "pt-BR", "pt"},
		"creator": []any{
			map[string]any{"@type": "sc:Person", "name": "A_B *C*", "url": orcid},
			map[string]any{"@type": "sc:Person", "name": "D", "url": "https://d.org", "sameAs": []any{orcid}},
			map[string]any{"@type": "sc:Organization", "name": "E"},
		},
	}
	if diff := cmp.Diff(want, metadata); diff != "" {
		t.Error(diff)
	}
}

func TestTwoCorpora(t *testing.T) {
	mit := "https://spdx.org/licenses/MIT.html"
	own := func(c *config.Corpus, name, url string) {
		c.Licence, c.LicenceName, c.LicenceURL = config.OtherLicence, name, url
	}
	type licences struct {
		license, name, link any
		metadata            any
	}
	tests := map[string]struct {
		set  func(d *config.Dataset, a, b *config.Corpus)
		want licences
	}{
		"none": {func(*config.Dataset, *config.Corpus, *config.Corpus) {}, licences{license: "unknown"}},
		"one":  {func(_ *config.Dataset, a, _ *config.Corpus) { a.Licence = "MIT" }, licences{license: []any{"mit", "unknown"}, metadata: []any{mit}}},
		"same": {func(_ *config.Dataset, a, b *config.Corpus) { a.Licence, b.Licence = "MIT", "MIT" }, licences{license: "mit", metadata: []any{mit}}},
		"family": {func(_ *config.Dataset, a, b *config.Corpus) {
			a.Licence, b.Licence = "GPL-3.0-only", "GPL-3.0-or-later"
		}, licences{license: "gpl-3.0", metadata: []any{"https://spdx.org/licenses/GPL-3.0-only.html", "https://spdx.org/licenses/GPL-3.0-or-later.html"}}},
		"whole": {func(d *config.Dataset, a, _ *config.Corpus) { a.Licence, d.Licence = "ISC", "MIT" }, licences{license: "mit", metadata: []any{mit}}},
		"other": {func(_ *config.Dataset, a, b *config.Corpus) {
			a.Licence = "MIT"
			own(b, "House \"rules\"", "https://x.org")
		}, licences{
			license: []any{"mit", "other"}, name: "House \"rules\"", link: "https://x.org",
			metadata: []any{mit, map[string]any{"@type": "sc:CreativeWork", "name": "House \"rules\"", "url": "https://x.org"}},
		}},
		"others": {func(_ *config.Dataset, a, b *config.Corpus) { own(a, "A", "https://a.org"); own(b, "B", "") }, licences{
			license: "other", name: "A; B",
			metadata: []any{map[string]any{"@type": "sc:CreativeWork", "name": "A", "url": "https://a.org"}, map[string]any{"@type": "sc:CreativeWork", "name": "B"}},
		}},
	}
	for name, tt := range tests {
		f := facts("a", "b")
		tt.set(&f.Dataset, &f.Corpora[0], &f.Corpora[1])
		header, _, metadata := made(t, f)
		got := licences{header["license"], header["license_name"], header["license_link"], metadata["license"]}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(licences{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}

	f := facts("a", "b")
	f.Taxonomies[1] = &config.Taxonomy{
		Name: "u", Description: "Other | labels.", Polarities: []config.Polarity{{Code: "POS", Name: "good"}},
		Everywhere: []config.Term{{Code: "CNT", Name: "cannot tell"}},
		Layers:     []config.Layer{{Name: "tone", Description: "How?", Polarity: true, Labels: []config.Term{{Code: "B", Name: "b", Description: "If b."}}}},
	}
	f.Corpora[0].Citation, f.Corpora[1].Citation, f.Corpora[1].URL = "First.", "Second with ``` in it.", "https://b.org"
	_, body, metadata := made(t, f)
	for _, part := range []string{
		"\n# a, b\n", "\n### t\n\nOf `a`. \n\n**section**\n\n| label | name | when it is given |\n| --- | --- | --- |\n| `A` |  |  |\n",
		"\n### u\n\nOf `b`. Other \\| labels.\n\n**tone**: How? With a polarity: `POS` good.\n\n",
		"\n| `B` | b | If b. |\n\n**In each layer**\n\n| label | name | when it is given |\n| --- | --- | --- |\n| `CNT` | cannot tell |  |\n",
		"\n## Citation\n\n```\nFirst.\n```\n\n````\nSecond with ``` in it.\n````\n", "\n| `b` | not stated | <https://b.org> |\n",
	} {
		if !strings.Contains(body, part) {
			t.Errorf("README.md lacks %q", part)
		}
	}
	if got := metadata["citeAs"]; got != "First.\n\nSecond with ``` in it." {
		t.Errorf("citeAs is %q", got)
	}
	if diff := cmp.Diff([]any{map[string]any{"@id": "https://b.org", "@type": "prov:Entity", "prov:label": "b"}}, metadata["prov:wasDerivedFrom"]); diff != "" {
		t.Error(diff)
	}
	f = facts("a", "b")
	if _, body, _ := made(t, f); strings.Count(body, "\n### t\n") != 1 || !strings.Contains(body, "Of `a`, `b`.") {
		t.Error("a taxonomy that two corpora share does not stand there once")
	}
}

// Every part is fitted by a pattern of its table, and by no other's; every column is
// in the metadata, with a type.
func TestTables(t *testing.T) {
	for _, name := range []string{"flat", snapshot.KeepColumns, snapshot.DropColumns} {
		f := facts("a", "b")
		if name != "flat" {
			f.Manifest.PartitionBy, f.Manifest.PartitionColumns = []string{"decision", "year"}, name
		}
		for i := range f.Manifest.Shards {
			shard := &f.Manifest.Shards[i]
			if name != "flat" {
				shard.Partition = []string{"a?b c", ""}
			}
			for j := range shard.Parts {
				shard.Parts[j].Path = f.Manifest.PartPath(shard.Parts[j].Table, i)
			}
		}
		header, body, metadata := made(t, f)
		patterns := map[string]string{} // by table
		for i, c := range header["configs"].([]any) {
			c := c.(map[string]any)
			files := c["data_files"].([]any)[0].(map[string]any)
			patterns[c["config_name"].(string)] = files["path"].([]any)[0].(string)
			if files["split"] != "train" || (c["default"] == true) != (i == 0) || i == 0 && c["config_name"] != "sentences" {
				t.Errorf("%s: config %v", name, c)
			}
		}
		if len(patterns) != len(schema.Tables()) {
			t.Fatalf("%s: configs %v", name, patterns)
		}
		for _, p := range f.Manifest.Parts() {
			for table, pattern := range patterns {
				if fits, err := path.Match(pattern, p.Path); err != nil || fits != (table == p.Table) {
					t.Errorf("%s: %s fits %s: %v, %v", name, pattern, p.Path, fits, err)
				}
			}
		}
		if told := strings.Contains(body, "partitioning=None"); told != (name != "flat") {
			t.Errorf("%s: pandas is told to leave the folders' names alone: %v", name, told)
		}
		told := strings.Contains(body, "\nThe folders of `sentences`, `labels`, `documents`, `relations` have folders in them, named after the values of `decision`, `year`.")
		if told != (name != "flat") {
			t.Errorf("%s: folders are told of: %v", name, told)
		}
		if lacks := !strings.Contains(body, "\n| year | int32 |"); lacks != (name == snapshot.DropColumns) || lacks != strings.Contains(body, "The files lack these columns") {
			t.Errorf("%s: the columns of the folders are left out: %v", name, lacks)
		}
		checkMetadata(t, metadata, patterns, f.Manifest)
	}
}

// What a config says changes with its parts, and only with them, since datasets
// takes a folder for the one it knows if all configs say the same.
func TestConfigChangesWithParts(t *testing.T) {
	descriptions := func(f *Facts) map[string]string {
		t.Helper()
		header, _, _ := made(t, f)
		all := map[string]string{}
		for _, c := range header["configs"].([]any) {
			c := c.(map[string]any)
			all[c["config_name"].(string)] = c["description"].(string)
		}
		return all
	}
	before := descriptions(facts("a", "b"))
	if len(before) != len(schema.Tables()) {
		t.Fatalf("configs %v", before)
	}
	f := facts("a", "b")
	f.Dataset.Title = "another"
	if diff := cmp.Diff(before, descriptions(f)); diff != "" {
		t.Errorf("the title changes configs:\n%s", diff)
	}
	part := &f.Manifest.Shards[0].Parts[0]
	part.SHA256 = strings.Repeat("0", 64)
	for table, after := range descriptions(f) {
		if changed := before[table] != after; changed != (table == part.Table) {
			t.Errorf("a part of %s changes that of %s: %v", part.Table, table, changed)
		}
	}
}

func checkMetadata(t *testing.T, metadata map[string]any, patterns map[string]string, m *snapshot.Manifest) {
	t.Helper()
	sets, objects := map[string]string{}, 0
	for _, d := range metadata["distribution"].([]any) {
		switch d := d.(map[string]any); d["@type"] {
		case "cr:FileSet":
			sets[d["@id"].(string)] = d["includes"].([]any)[0].(string)
		case "cr:FileObject":
			objects++
			if url := d["contentUrl"].(string); url != d["@id"] || strings.ContainsAny(url, " ?") || len(d["sha256"].(string)) != 64 {
				t.Errorf("file %v", d)
			}
		}
	}
	if want := len(m.Parts()); objects != want {
		t.Errorf("%d files, want %d", objects, want)
	}
	tables := metadata["recordSet"].([]any)
	if len(tables) != len(schema.Tables()) {
		t.Fatalf("%d tables", len(tables))
	}
	for _, want := range schema.Tables() {
		at := slices.IndexFunc(tables, func(r any) bool { return r.(map[string]any)["@id"] == want.Name })
		fields := tables[at].(map[string]any)["field"].([]any)
		if sets[want.Name+"-parts"] != patterns[want.Name] || len(fields) != len(want.Columns) {
			t.Fatalf("table %s has %d fields, and its files are %s", want.Name, len(fields), sets[want.Name+"-parts"])
		}
		in := want.Without(m.Dropped())
		values := map[string]string{"decision": "a%3Fb c", "year": "__HIVE_DEFAULT_PARTITION__"}
		for _, f := range fields[len(in.Columns):] {
			f := f.(map[string]any)
			from := f["source"].(map[string]any)
			expr := regexp.MustCompile("^(?:" + from["transform"].(map[string]any)["regex"].(string) + ")")
			found := expr.FindStringSubmatch(m.PartPath(want.Name, 0))
			if name := f["name"].(string); values[name] == "" || len(found) != 2 || found[1] != values[name] {
				t.Errorf("%s: %v finds %q", want.Name, f, found)
			}
		}
		for i, c := range in.Columns {
			f := fields[i].(map[string]any)
			nested := c.Type.Kind == schema.Map || c.Type.Kind == schema.List && c.Type.Elem.Kind == schema.Struct
			typed := f["dataType"] != nil && f["source"] != nil
			if f["name"] != c.Name || f["description"] != c.Doc || nested == typed || nested != (f["subField"] != nil) {
				t.Errorf("%s.%s is %v", want.Name, c.Name, f)
			}
			if array := c.Type.Kind == schema.Map || c.Type.Kind == schema.List; array != (f["isArray"] == true) {
				t.Errorf("%s.%s is an array: %v", want.Name, c.Name, f["isArray"])
			}
		}
	}
}

// The library datasets knows the types that it is told, and is told them where it
// cannot find them out.
func TestFeatures(t *testing.T) {
	header, _, _ := made(t, facts("a"))
	infos := header["dataset_info"].([]any)
	var told []string
	for _, info := range infos {
		told = append(told, info.(map[string]any)["config_name"].(string))
	}
	var want []string
	for _, table := range schema.Tables() {
		has := func(k schema.Kind) bool {
			return slices.ContainsFunc(table.Columns, func(c schema.Column) bool { return c.Type.Kind == k })
		}
		if !has(schema.Map) {
			continue
		}
		want = append(want, table.Name)
		for _, c := range table.Columns {
			if kind := c.Type.Kind; kind == schema.Struct || kind == schema.List && features[c.Type.Elem.Kind] == "" {
				t.Errorf("%s.%s is of a kind that features lacks", table.Name, c.Name)
			}
		}
	}
	if diff := cmp.Diff(want, told); diff != "" || len(told) == 0 {
		t.Fatal(diff)
	}
	columns := infos[0].(map[string]any)["features"].([]any)
	if len(columns) != len(schema.Tables()[0].Columns) {
		t.Errorf("%d columns of documents", len(columns))
	}
	for _, c := range columns {
		c := c.(map[string]any)
		if list := c["list"] == "string"; list != (c["name"] == "annotators") || list != (c["dtype"] == nil) || (c["name"] == "attributes") != (c["dtype"] == "json") {
			t.Errorf("%v", c)
		}
	}
}

// Where there is no Parquet, the card says so, and no table is named.
func TestNoParquet(t *testing.T) {
	f := facts("a")
	for i := range f.Manifest.Shards[0].Parts {
		f.Manifest.Shards[0].Parts[i].Path += ".arrow"
	}
	f.Manifest.Taxonomy.Path += ".arrow"
	header, body, metadata := made(t, f)
	if header["configs"] != nil || header["size_categories"] != nil || header["dataset_info"] != nil || strings.Contains(body, "load_dataset") {
		t.Errorf("%v", header)
	}
	if len(metadata["recordSet"].([]any)) != 0 || len(metadata["distribution"].([]any)) != 0 {
		t.Errorf("%v", metadata)
	}
}

func TestEmptyCorpus(t *testing.T) {
	f := facts("a")
	f.Manifest.Counts = snapshot.Counts{Rows: map[string]int64{}, Stats: sink.NewStats()}
	for i := range f.Manifest.Shards[0].Parts {
		f.Manifest.Shards[0].Parts[i].Rows = 0
	}
	header, body, _ := made(t, f)
	if header["task_categories"] != nil || header["dataset_info"] != nil || !cmp.Equal(header["size_categories"], []any{"n<1K"}) {
		t.Errorf("%v", header)
	}
	if configs := header["configs"].([]any); len(configs) != 1 || configs[0].(map[string]any)["config_name"] != "taxonomy" {
		t.Errorf("tables without rows cannot be loaded, and are to be left out: %v", configs)
	}
	if strings.Contains(body, "load_dataset") {
		t.Error("the example loads what is not there")
	}
	for _, part := range []string{
		"0 documents, 0 sentences, 0 labels on them.", "\n0 sentences, 0 with a group of labels. 0 labels, 0 could not be resolved.\n",
		"\nNothing in the files had to be noticed, repaired or refused.\n",
	} {
		if !strings.Contains(body, part) {
			t.Errorf("README.md lacks %q", part)
		}
	}
}

// Where a file is not just one document, files and documents add up by themselves.
func TestNumbersOfRecords(t *testing.T) {
	f := facts("files", "lines")
	f.Manifest.Corpora[1] = snapshot.Corpus{Name: "lines", Found: 7, Files: 4, Twins: 1, Written: 1000, Refused: 2, Ignored: map[string]int{"hidden": 2}}
	_, body, _ := made(t, f)
	for _, want := range []string{
		"Every document was written or refused.\n",
		"\n| `files` | 3 | 2 | 0 | 1 | hidden 1 | 1 | 1 |\n",
		"\n| `lines` | 7 | 4 | 1 | 2 | hidden 2 | 1,000 | 2 |\n",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not in\n%s", want, body)
		}
	}
}

func TestSizeCategory(t *testing.T) {
	for n, want := range map[int64]string{
		0: "n<1K", 999: "n<1K", 1000: "1K<n<10K", 9999: "1K<n<10K", 10_000: "10K<n<100K", 1_000_000: "1M<n<10M",
		999_999_999_999: "100B<n<1T", 1_000_000_000_000: "n>1T",
	} {
		if got := sizeCategory(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
	if got := thousands(1234567); got != "1,234,567" {
		t.Error(got)
	}
}

func TestMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"plain text, as it is: 5 + 5 = 10 - 0.5 (so)!": "plain text, as it is: 5 + 5 = 10 - 0.5 (so)!",
		"# no heading": `\# no heading`, "- no list": `\- no list`, "+ no list": `\+ no list`, "12. no list": `12\. no list`, "1) no list": `1\) no list`,
		"===": `\===`, "a | b": `a \| b`, "[a](http://b)": `\[a\](http://b)`, "<b>&amp;": `\<b\>\&amp;`, "`a` *b* __c__ ~d~ $e$": "\\`a\\` \\*b\\* \\_\\_c\\_\\_ \\~d\\~ \\$e\\$",
		"snake_case_": `snake_case\_`, `a\b`: `a\\b`, " two\n\tlines\u2028three ": "two lines three", "\u202eturned\x00": "turned",
		"می\u200cخواهم größer 👩\u200d💻": "می\u200cخواهم größer 👩\u200d💻", "": "",
	} {
		if got := markdown(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// hostile draws text that would do harm if it were not escaped.
func hostile(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringOf(rapid.RuneFrom([]rune("-\n:\"'`#|[]{}<>&*_\\@,~ ab\u2028\u202e\x85\ufeff\x00é😀"))),
		rapid.SampledFrom([]string{
			"---\nlicense: mit\n---", "\n---\n", "...", "\"\nlicense: mit", "a: b", "- x", "!!python/object:x", "&a", "*a", "%", "@context", "{\"@id\": \"x\"}",
			"```\n# x", "# x", "x\n# y", "| a | b |", "<script>alert(1)</script>", "[x](javascript:alert(1))", "\\", "\\\"", "null", "true", "1.0", "~",
		}),
	).Draw(t, label)
}

// Whatever a text is, it comes out of the header and the metadata as it was, and in
// what stands below the header it is no mark-up.
func TestHostileText(t *testing.T) {
	_, plain, _ := made(t, facts("a"))
	rapid.Check(t, func(t *rapid.T) {
		f := facts("a")
		d := &f.Dataset
		d.Title, d.Description, d.Citation = hostile(t, "title"), hostile(t, "description"), hostile(t, "citation")
		d.Keywords = []string{hostile(t, "keyword")}
		d.Licence, d.LicenceName = config.OtherLicence, hostile(t, "licence")
		d.Creators = []config.Creator{{Name: hostile(t, "creator")}}
		f.Taxonomies[0].Description = hostile(t, "taxonomy")
		f.Taxonomies[0].Layers[0].Labels[0].Name = hostile(t, "label")
		header, body, metadata := made(t, f)
		title := oneLine(d.Title)
		if title == "" {
			title = "a"
		}
		var tags any
		if word := oneLine(d.Keywords[0]); word != "" {
			tags = []any{word}
		}
		if header["pretty_name"] != title || header["license"] != "other" || header["license_name"] != oneLine(d.LicenceName) || !cmp.Equal(header["tags"], tags) {
			t.Fatalf("the header says %v", header)
		}
		if len(header["configs"].([]any)) != len(schema.Tables()) {
			t.Fatalf("the header says %v", header["configs"])
		}
		if metadata["name"] != title || metadata["@type"] != "sc:Dataset" || len(metadata["recordSet"].([]any)) != len(schema.Tables()) {
			t.Fatalf("the metadata says %v", metadata["name"])
		}
		for _, r := range body {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d' && !unicode.Is(unicode.Zs, r) {
				t.Fatalf("%U stands in the body", r)
			}
		}
		if diff := cmp.Diff(outline(plain), slices.DeleteFunc(outline(body), func(line string) bool { return line == "## Citation" })); diff != "" {
			t.Fatalf("the outline is another: %s\n%s", diff, body)
		}
	})
}

// outline is the lines of Markdown that mean something, outside of what is fenced.
func outline(body string) []string {
	var out []string
	fence := ""
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		marks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence != "":
			if line == fence {
				fence = ""
			}
		case len(marks) >= 3:
			fence = marks
		case strings.HasPrefix(line, "# "):
			out = append(out, "# title")
		case strings.HasPrefix(line, "#"), strings.HasPrefix(line, "```"), strings.HasPrefix(line, "==="):
			out = append(out, line)
		case strings.HasPrefix(line, "- "):
			// The particulars: each is one line.
		case strings.HasPrefix(line, "|"):
			out = append(out, fmt.Sprint(strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"), " cells"))
		}
	}
	return out
}
