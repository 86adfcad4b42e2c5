package card

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

// readme is the file README.md: a header of YAML for programs, and text for people.
func (f *Facts) readme() []byte {
	var b bytes.Buffer
	tables := f.tables()
	b.WriteString("---\n")
	f.header(&b, tables)
	b.WriteString("---\n\n")
	fmt.Fprintf(&b, "# %s\n\n%s\n", markdown(f.title()), paragraphs(f.description()))
	f.particulars(&b)
	f.contents(&b, tables)
	f.labels(&b)
	f.numbers(&b)
	f.licenceSection(&b)
	if citations := f.citations(); len(citations) > 0 {
		b.WriteString("\n## Citation\n")
		for _, text := range citations {
			language := ""
			if strings.HasPrefix(text, "@") {
				language = "bibtex"
			}
			b.WriteString("\n" + fence(language, text) + "\n")
		}
	}
	f.provenance(&b)
	if len(tables) > 0 {
		b.WriteString("\n## Columns\n")
		for i := range tables {
			b.WriteString("\n#" + schema.Markdown([]schema.Table{tables[i].Table}))
		}
	}
	return b.Bytes()
}

// list writes a list of YAML, or nothing where it has no elements.
func list(b *bytes.Buffer, key string, elements []string) {
	if len(elements) == 0 {
		return
	}
	b.WriteString(key + ":\n")
	for _, e := range elements {
		b.WriteString("- " + quote(e) + "\n")
	}
}

func (f *Facts) header(b *bytes.Buffer, tables []table) {
	d := &f.Dataset
	fmt.Fprintf(b, "pretty_name: %s\n", quote(f.title()))
	f.licenceHeader(b)
	var languages []string
	precise := false
	for _, tag := range d.Languages {
		language, rest, _ := strings.Cut(tag, "-")
		if !slices.Contains(languages, language) {
			languages = append(languages, language)
		}
		precise = precise || rest != ""
	}
	list(b, "language", languages)
	if precise {
		list(b, "language_details", d.Languages)
	}
	list(b, "annotations_creators", d.AnnotationsCreators)
	if f.Manifest.Counts.Labels > 0 {
		list(b, "task_categories", []string{"text-classification"})
		list(b, "task_ids", []string{"multi-label-classification"})
	}
	var tags []string
	for _, word := range d.Keywords {
		if word = oneLine(word); word != "" && !slices.Contains(tags, word) {
			tags = append(tags, word)
		}
	}
	list(b, "tags", tags)
	if len(tables) == 0 {
		return
	}
	list(b, "size_categories", []string{sizeCategory(tables[0].rows)})
	// The library datasets has no split without rows, and fails where there is one.
	tables = slices.DeleteFunc(slices.Clone(tables), func(t table) bool { return t.rows == 0 })
	datasetInfo(b, tables)
	for i := range tables {
		if i == 0 {
			b.WriteString("configs:\n")
		}
		fmt.Fprintf(b, "- config_name: %s\n", tables[i].Name)
		if tables[i].Name == defaultTable {
			b.WriteString("  default: true\n")
		}
		// The library datasets keeps what it made of a folder, and finds it again by
		// the folder's name and by what stands here: if that did not change with the
		// parts, current would be read as it was the night before.
		fmt.Fprintf(b, "  description: %s\n", quote("Parts with the SHA-256 "+tables[i].digest()))
		b.WriteString("  data_files:\n  - split: train\n    path:\n")
		for _, pattern := range tables[i].patterns() {
			b.WriteString("    - " + quote(pattern) + "\n")
		}
	}
}

// licenceHeader says the licences by the names that Hugging Face has for them. For
// other ones it takes one name and one address.
func (f *Facts) licenceHeader(b *bytes.Buffer) {
	var ids, names, links []string
	for _, l := range f.licences() {
		id := "unknown"
		if l.id != "" {
			id = config.HubLicence(l.id)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		if l.id == config.OtherLicence {
			names = append(names, l.name)
			if l.url != "" {
				links = append(links, l.url)
			}
		}
	}
	if len(ids) == 1 {
		fmt.Fprintf(b, "license: %s\n", ids[0])
	} else {
		list(b, "license", ids)
	}
	if len(names) > 0 {
		fmt.Fprintf(b, "license_name: %s\n", quote(strings.Join(names, "; ")))
	}
	if len(names) == 1 && len(links) == 1 {
		fmt.Fprintf(b, "license_link: %s\n", quote(links[0]))
	}
}

// sizeCategory is how Hugging Face names a number of rows.
func sizeCategory(n int64) string {
	names := []string{"1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T"}
	limit := int64(1000)
	for i, name := range names {
		switch {
		case n < limit && i == 0:
			return "n<" + name
		case n < limit:
			return names[i-1] + "<n<" + name
		}
		limit *= 10
	}
	return "n>1T"
}

// features are the types of datasets, the library. It cannot tell by itself what to
// make of a map, and takes one as JSON: a list of pairs.
var features = map[schema.Kind]string{
	schema.String: "string", schema.Int32: "int32", schema.Int64: "int64", schema.Double: "float64", schema.Bool: "bool",
	schema.Map: "json",
}

// datasetInfo says the types of the tables that have a map.
func datasetInfo(b *bytes.Buffer, tables []table) {
	key := "dataset_info:\n"
	for i := range tables {
		t := &tables[i]
		if !slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return c.Type.Kind == schema.Map }) {
			continue
		}
		b.WriteString(key)
		key = ""
		fmt.Fprintf(b, "- config_name: %s\n  features:\n", t.Name)
		for _, c := range t.Columns {
			if elem := c.Type.Elem; elem != nil {
				fmt.Fprintf(b, "  - name: %s\n    list: %s\n", c.Name, features[elem.Kind])
			} else {
				fmt.Fprintf(b, "  - name: %s\n    dtype: %s\n", c.Name, features[c.Type.Kind])
			}
		}
	}
}

// particulars are what the configuration says besides.
func (f *Facts) particulars(b *bytes.Buffer) {
	d := &f.Dataset
	var lines []string
	if d.URL != "" {
		lines = append(lines, "Page: <"+d.URL+">")
	}
	var creators []string
	for i := range d.Creators {
		a := agentOf(&d.Creators[i])
		text := markdown(a.Name)
		if a.URL != "" {
			text += " (<" + strings.Join(append([]string{a.URL}, a.SameAs...), ">, <") + ">)"
		}
		creators = append(creators, text)
	}
	if len(creators) > 0 {
		lines = append(lines, "Creators: "+strings.Join(creators, "; "))
	}
	if d.Version != "" {
		lines = append(lines, "Version: "+d.Version)
	}
	if d.DatePublished != "" {
		lines = append(lines, "Published: "+d.DatePublished)
	}
	if len(d.Languages) > 0 {
		lines = append(lines, "Languages: "+markdown(strings.Join(d.Languages, ", ")))
	}
	for i, line := range lines {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("- " + line + "\n")
	}
}

// contents tells what tables there are, and how to read them.
func (f *Facts) contents(b *bytes.Buffer, tables []table) {
	b.WriteString("\n## Tables\n\n")
	if len(tables) == 0 {
		b.WriteString("None of the tables is here as Parquet: they are Arrow files, below `arrow/`.\n")
		return
	}
	b.WriteString("Each is a folder of Parquet files.\n\n| table | rows | what a row is |\n| --- | ---: | --- |\n")
	for i := range tables {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", tables[i].Name, thousands(tables[i].rows), strings.TrimPrefix(tables[i].Doc, "One row "))
	}
	if by := f.Manifest.PartitionBy; len(by) > 0 {
		b.WriteString("\nThe folders of " + partitionedNames(tables) + " have folders in them, named after the values of `" + strings.Join(by, "`, `") + "`.")
		if len(f.Manifest.Dropped()) > 0 {
			b.WriteString(" The files lack these columns: read a folder as a whole, with a reader that takes them from the names.")
		}
		b.WriteString("\n")
	}
	at := slices.IndexFunc(tables, func(t table) bool { return t.Name == "labels" })
	if at < 0 || tables[at].rows == 0 {
		return
	}
	labels := &tables[at]
	b.WriteString("\nHow often each label was given, in DuckDB, pandas and Spark, from this folder:\n\n")
	b.WriteString(fence("sql", "SELECT layer, label, polarity, count(*) AS n\nFROM '"+labels.patterns()[0]+"'\nGROUP BY ALL ORDER BY n DESC;") + "\n\n")
	options := ""
	if labels.partitioned() { // pandas would take columns from the folders' names, and stumble over NULL or their types
		options = ", partitioning=None"
	}
	b.WriteString(fence("python", "import pandas as pd\n\nlabels = pd.read_parquet(\"labels\""+options+")\n"+
		"print(labels.groupby([\"layer\", \"label\", \"polarity\"], dropna=False).size().sort_values(ascending=False))") + "\n\n")
	b.WriteString(fence("python", "spark.read.parquet(\"labels\").groupBy(\"layer\", \"label\", \"polarity\").count().orderBy(\"count\", ascending=False).show()") + "\n\n")
	b.WriteString("With `datasets`, each table that has rows is a configuration, and `" + defaultTable + "` the one without a name:\n\n")
	b.WriteString(fence("python", "from datasets import load_dataset\n\n"+
		defaultTable+" = load_dataset(\".\", split=\"train\")\nlabels = load_dataset(\".\", \"labels\", split=\"train\")") + "\n")
}

func partitionedNames(tables []table) string {
	var names []string
	for i := range tables {
		if tables[i].partitioned() {
			names = append(names, "`"+tables[i].Name+"`")
		}
	}
	return strings.Join(names, ", ")
}

// labels tells what the labels mean, once for corpora that share a taxonomy.
func (f *Facts) labels(b *bytes.Buffer) {
	b.WriteString("\n## Labels\n")
	written := map[string]bool{}
	for i, t := range f.Taxonomies {
		hash := t.Hash()
		if written[hash] {
			continue
		}
		written[hash] = true
		var corpora []string
		for j := i; j < len(f.Taxonomies); j++ {
			if f.Taxonomies[j].Hash() == hash {
				corpora = append(corpora, "`"+f.Corpora[j].Name+"`")
			}
		}
		fmt.Fprintf(b, "\n### %s\n\nOf %s. %s\n", markdown(t.Name), strings.Join(corpora, ", "), markdown(t.Description))
		var polarities []string
		for _, p := range t.Polarities {
			polarities = append(polarities, "`"+p.Code+"` "+markdown(p.Name))
		}
		for _, layer := range t.Layers {
			fmt.Fprintf(b, "\n**%s**", markdown(layer.Name))
			if layer.Description != "" {
				b.WriteString(": " + markdown(layer.Description))
			}
			if layer.Polarity {
				b.WriteString(" With a polarity: " + strings.Join(polarities, ", ") + ".")
			}
			b.WriteString("\n\n")
			terms(b, layer.Labels)
		}
		if len(t.Everywhere) > 0 {
			b.WriteString("\n**In each layer**\n\n")
			terms(b, t.Everywhere)
		}
	}
}

func terms(b *bytes.Buffer, all []config.Term) {
	b.WriteString("| label | name | when it is given |\n| --- | --- | --- |\n")
	for _, t := range all {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", t.Code, markdown(t.Name), markdown(t.Description))
	}
}

// numbers tells what became of the files, and how good the labels are.
func (f *Facts) numbers(b *bytes.Buffer) {
	b.WriteString("\n## How the numbers add up\n\n")
	many := slices.ContainsFunc(f.Manifest.Corpora, func(c snapshot.Corpus) bool { return c.Files > 0 })
	if many {
		b.WriteString("Every file that was found is one of these: it has documents in it, or pieces of some, or is the text of a document\n" +
			"without labels (raw twin), or ignored by a rule. Every document was written or refused.\n\n" +
			"| corpus | found | with documents | raw twins | ignored | by which rule | written | refused |\n| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |\n")
	} else {
		b.WriteString("Every file that was found is one of these: a document that was written or refused, the text of a document without\n" +
			"labels (raw twin), or ignored by a rule.\n\n" +
			"| corpus | found | written | refused | raw twins | ignored | by which rule |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |\n")
	}
	for _, c := range f.Manifest.Corpora {
		ignored := 0
		var rules []string
		for _, rule := range slices.Sorted(maps.Keys(c.Ignored)) {
			ignored += c.Ignored[rule]
			rules = append(rules, rule+" "+thousands(int64(c.Ignored[rule])))
		}
		fmt.Fprintf(b, "| `%s` |", c.Name)
		columns, behind := []int{c.Found, c.Written, c.Refused, c.Twins, ignored}, []int(nil)
		if many {
			columns, behind = []int{c.Found, cmp.Or(c.Files, c.Written+c.Refused), c.Twins, ignored}, []int{c.Written, c.Refused}
		}
		for _, n := range columns {
			b.WriteString(" " + thousands(int64(n)) + " |")
		}
		b.WriteString(" " + strings.Join(rules, ", ") + " |")
		for _, n := range behind {
			b.WriteString(" " + thousands(int64(n)) + " |")
		}
		b.WriteString("\n")
	}
	c := &f.Manifest.Counts
	fmt.Fprintf(b, "\n%s, %s with a group of labels. %s, %s could not be resolved", count(int64(c.Sentences), "sentence", "sentences"),
		thousands(int64(c.Labeled)), count(int64(c.Labels), "label", "labels"), thousands(int64(c.Unresolved)))
	var layers []string
	for _, layer := range slices.Sorted(maps.Keys(c.LabelsByLayer)) {
		layers = append(layers, markdown(layer)+" "+thousands(int64(c.LabelsByLayer[layer])))
	}
	if len(layers) > 0 {
		b.WriteString("; the others by layer: " + strings.Join(layers, ", "))
	}
	b.WriteString(".")
	if c.Relations > 0 {
		b.WriteString(" " + count(int64(c.Relations), "relation", "relations") + ".")
	}
	b.WriteString("\n")
	if len(c.Diagnostics) == 0 {
		b.WriteString("\nNothing in the files had to be noticed, repaired or refused.\n")
		return
	}
	b.WriteString("\nWhat was noticed, repaired or refused; the table `diagnostics` says in which file, line and column.\n\n" +
		"| code | severity | number | what it is |\n| --- | --- | ---: | --- |\n")
	codes := slices.SortedFunc(maps.Keys(c.Diagnostics), func(a, b schema.Code) int {
		return cmp.Or(c.Diagnostics[b]-c.Diagnostics[a], strings.Compare(a.String(), b.String()))
	})
	for _, code := range codes {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", code, code.Info().Severity, thousands(int64(c.Diagnostics[code])), code.Info().Title)
	}
}

func (f *Facts) licenceSection(b *bytes.Buffer) {
	b.WriteString("\n## Licence\n\n")
	if d := &f.Dataset; d.Licence != "" {
		b.WriteString(licenceText(licenceOf(d.Licence, d.LicenceName, d.LicenceURL)) + "\n\n")
	}
	b.WriteString("| corpus | licence | page |\n| --- | --- | --- |\n")
	for i := range f.Corpora {
		c := &f.Corpora[i]
		page := ""
		if c.URL != "" {
			page = "<" + c.URL + ">"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", c.Name, licenceText(licenceOf(c.Licence, c.LicenceName, c.LicenceURL)), page)
	}
}

func licenceText(l licence) string {
	switch {
	case l.id == "":
		return "not stated"
	case l.url == "":
		return markdown(l.name)
	}
	return "[" + markdown(l.name) + "](<" + l.url + ">)"
}

func (f *Facts) provenance(b *bytes.Buffer) {
	m := f.Manifest
	fmt.Fprintf(b, "\n## Provenance\n\n"+
		"Made by Quern %s, from files that `%s` lists, each with its SHA-256, and with a configuration that has the\n"+
		"SHA-256 `%s`. The tables have version %s of their schema. The same\n"+
		"files, configuration and version of Quern make the same bytes. `quern verify` compares this folder with what was\n"+
		"written; `%s` describes it for programs.\n",
		m.ToolVersion, "_manifest.json", m.ConfigHash, m.SchemaVersion, CroissantName)
}
