package card

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// parquetType is the media type of Parquet files by which readers of Croissant know
// them. Its registered name, application/vnd.apache.parquet, they do not.
const parquetType = "application/x-parquet"

// croissantContext maps the words of the format to their addresses: those of the
// specification, and four that its validator wants besides.
func croissantContext() map[string]any {
	context := map[string]any{
		"@language": "en", "@vocab": "https://schema.org/",
		"cr": "http://mlcommons.org/croissant/", "dct": "http://purl.org/dc/terms/", "prov": "http://www.w3.org/ns/prov#",
		"rai": "http://mlcommons.org/croissant/RAI/", "sc": "https://schema.org/",
		"conformsTo": "dct:conformsTo",
		"data":       map[string]string{"@id": "cr:data", "@type": "@json"},
		"dataType":   map[string]string{"@id": "cr:dataType", "@type": "@vocab"},
		"examples":   map[string]string{"@id": "cr:examples", "@type": "@json"},
	}
	for _, word := range []string{
		"annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "excludes", "extract", "field",
		"fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
		"parentField", "path", "readLines", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
		"sdVersion", "separator", "source", "subField", "transform", "unArchive", "value",
	} {
		context[word] = "cr:" + word
	}
	return context
}

// The structs below have the properties of the format in the order in which people
// read them. Those that are empty are left out.

type croissant struct {
	Context       any              `json:"@context"`
	Type          string           `json:"@type"`
	ConformsTo    string           `json:"conformsTo"`
	Name          string           `json:"name"`
	Description   string           `json:"description"`
	URL           string           `json:"url,omitempty"`
	Version       string           `json:"version,omitempty"`
	DatePublished string           `json:"datePublished,omitempty"`
	Creator       []agent          `json:"creator,omitempty"`
	License       []any            `json:"license,omitempty"` // addresses, or creativeWork
	CiteAs        string           `json:"citeAs,omitempty"`
	Keywords      []string         `json:"keywords,omitempty"`
	InLanguage    []string         `json:"inLanguage,omitempty"`
	DerivedFrom   []provenance     `json:"prov:wasDerivedFrom,omitempty"`
	GeneratedBy   provenance       `json:"prov:wasGeneratedBy"`
	Distribution  []any            `json:"distribution"` // fileSet and fileObject
	RecordSet     []croissantTable `json:"recordSet"`
}

type agent struct {
	Type   string   `json:"@type"`
	Name   string   `json:"name"`
	URL    string   `json:"url,omitempty"`
	SameAs []string `json:"sameAs,omitempty"`
}

type creativeWork struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type provenance struct {
	ID    string `json:"@id,omitempty"`
	Type  string `json:"@type"`
	Label string `json:"prov:label"`
}

type fileSet struct {
	Type           string   `json:"@type"`
	ID             string   `json:"@id"`
	Name           string   `json:"name"`
	Description    string   `json:"description"`
	EncodingFormat string   `json:"encodingFormat"`
	Includes       []string `json:"includes"`
}

type fileObject struct {
	Type           string `json:"@type"`
	ID             string `json:"@id"`
	Name           string `json:"name"`
	ContentURL     string `json:"contentUrl"`
	ContentSize    string `json:"contentSize"`
	EncodingFormat string `json:"encodingFormat"`
	SHA256         string `json:"sha256"`
}

type croissantTable struct {
	Type        string           `json:"@type"`
	ID          string           `json:"@id"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
	Key         []reference      `json:"key,omitempty"`
	Field       []croissantField `json:"field"`
}

type reference struct {
	ID string `json:"@id"`
}

type croissantField struct {
	Type        string           `json:"@type"`
	ID          string           `json:"@id"`
	Name        string           `json:"name"`
	Description string           `json:"description,omitempty"`
	DataType    string           `json:"dataType,omitempty"`
	IsArray     bool             `json:"isArray,omitempty"`
	ArrayShape  string           `json:"arrayShape,omitempty"`
	Source      *source          `json:"source,omitempty"`
	SubField    []croissantField `json:"subField,omitempty"`
}

type source struct {
	FileSet   reference  `json:"fileSet"`
	Extract   extract    `json:"extract"`
	Transform *transform `json:"transform,omitempty"`
}

type extract struct {
	Column       string `json:"column,omitempty"`
	FileProperty string `json:"fileProperty,omitempty"`
}

type transform struct {
	JSONPath string `json:"jsonPath,omitempty"`
	Regex    string `json:"regex,omitempty"`
}

// croissant is the file croissant.json, of version 1.1 of the format.
func (f *Facts) croissant() ([]byte, error) {
	d := &f.Dataset
	c := croissant{
		Context: croissantContext(), Type: "sc:Dataset", ConformsTo: "http://mlcommons.org/croissant/1.1",
		Name: f.title(), Description: f.description(), URL: d.URL, Version: d.Version, DatePublished: d.DatePublished,
		CiteAs: strings.Join(f.citations(), "\n\n"), Keywords: d.Keywords, InLanguage: d.Languages,
		GeneratedBy:  provenance{Type: "prov:Activity", Label: "Conversion by Quern " + f.Manifest.ToolVersion + ", schema " + f.Manifest.SchemaVersion},
		Distribution: []any{}, RecordSet: []croissantTable{},
	}
	for i := range d.Creators {
		c.Creator = append(c.Creator, agentOf(&d.Creators[i]))
	}
	for _, l := range f.licences() {
		switch {
		case l.id == config.OtherLicence:
			c.License = append(c.License, creativeWork{"sc:CreativeWork", l.name, l.url})
		case l.id != "":
			c.License = append(c.License, l.url)
		}
	}
	for i := range f.Corpora {
		if corpus := &f.Corpora[i]; corpus.URL != "" {
			c.DerivedFrom = append(c.DerivedFrom, provenance{corpus.URL, "prov:Entity", corpus.Name})
		}
	}
	for _, t := range f.tables() {
		c.Distribution = append(c.Distribution, fileSet{
			"cr:FileSet", t.Name + "-parts", t.Name + "-parts", "The parts of the table " + t.Name + ".", parquetType, t.patterns(),
		})
		for _, p := range t.parts {
			// A path is one of a URL here: folders of partitions have a % in their names.
			at := (&url.URL{Path: p.Path}).EscapedPath()
			c.Distribution = append(c.Distribution, fileObject{
				"cr:FileObject", at, path.Base(p.Path), at, fmt.Sprintf("%d B", p.Bytes), parquetType, p.SHA256,
			})
		}
		c.RecordSet = append(c.RecordSet, croissantTableOf(&t))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(&c)
	return b.Bytes(), err
}

func agentOf(c *config.Creator) agent {
	a := agent{Type: "sc:Person", Name: oneLine(c.Name), URL: c.URL}
	if c.Organization {
		a.Type = "sc:Organization"
	}
	if c.ORCID != "" {
		orcid := "https://orcid.org/" + c.ORCID
		if a.URL == "" {
			a.URL = orcid
		} else {
			a.SameAs = []string{orcid}
		}
	}
	return a
}

// keys are the columns of which no two rows of a table have the same values.
var keys = map[string][]string{
	"documents": {"document_id"},
	"sentences": {"sentence_id"},
	"relations": {"document_id", "relation_index"},
	"taxonomy":  {"corpus", "layer", "label"},
}

func croissantTableOf(t *table) croissantTable {
	out := croissantTable{
		Type: "cr:RecordSet", ID: t.Name, Name: t.Name, Description: fmt.Sprintf("%s %s.", t.Doc, count(t.rows, "row", "rows")),
	}
	for _, column := range keys[t.Name] {
		out.Key = append(out.Key, reference{t.Name + "/" + column})
	}
	for i := range t.Columns {
		out.Field = append(out.Field, croissantFieldOf(t, &t.Columns[i]))
	}
	for _, c := range t.folders {
		out.Field = append(out.Field, croissantField{
			Type: "cr:Field", ID: t.Name + "/" + c.Name, Name: c.Name, DataType: "sc:Text",
			Description: c.Doc + " As the name of the folder has it, escaped as in Hive; __HIVE_DEFAULT_PARTITION__ for NULL.",
			Source: &source{
				FileSet: reference{t.Name + "-parts"}, Extract: extract{FileProperty: "fullpath"},
				Transform: &transform{Regex: ".*/" + c.Name + "=([^/]*)/.*"},
			},
		})
	}
	return out
}

// dataTypes of the format. A string is Text, and numbers keep their width.
var dataTypes = map[schema.Kind]string{
	schema.String: "sc:Text", schema.Int32: "cr:Int32", schema.Int64: "cr:Int64", schema.Double: "cr:Float64", schema.Bool: "sc:Boolean",
}

// croissantFieldOf describes a column. What is nested in it are subfields, found by
// the path from the value in the column; a map is an array of keys and values.
//
// That a column refers to another table stands in its description alone: with a
// reference, readers of Croissant join the two tables before they return a row.
func croissantFieldOf(t *table, c *schema.Column) croissantField {
	f := croissantField{Type: "cr:Field", ID: t.Name + "/" + c.Name, Name: c.Name, Description: c.Doc}
	from := &source{FileSet: reference{t.Name + "-parts"}, Extract: extract{Column: c.Name}}
	part := func(name, doc string, kind schema.Kind, jsonPath string) croissantField {
		of := *from
		of.Transform = &transform{JSONPath: jsonPath}
		return croissantField{
			Type: "cr:Field", ID: f.ID + "/" + name, Name: name, Description: doc, DataType: dataTypes[kind], Source: &of,
		}
	}
	switch {
	case c.Type.Kind == schema.Map:
		f.IsArray, f.ArrayShape = true, "-1"
		f.SubField = []croissantField{part("key", "", schema.String, "[0]"), part("value", "", schema.String, "[1]")}
	case c.Type.Kind == schema.List && c.Type.Elem.Kind == schema.Struct:
		f.IsArray, f.ArrayShape = true, "-1"
		for _, e := range c.Type.Elem.Fields {
			f.SubField = append(f.SubField, part(e.Name, e.Doc, e.Type.Kind, e.Name))
		}
	case c.Type.Kind == schema.List:
		f.IsArray, f.ArrayShape = true, "-1"
		f.DataType, f.Source = dataTypes[c.Type.Elem.Kind], from
	default:
		f.DataType, f.Source = dataTypes[c.Type.Kind], from
	}
	return f
}
