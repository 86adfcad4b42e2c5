package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/quern-data/quern/schema"
)

// validate checks what no single value shows, and returns the taxonomies. Keys
// that have a problem already are passed over.
func (l *loader) validate(c *Config) []*Taxonomy {
	if isURL(c.Output.Dir) {
		l.failAt("output.dir", "is a URL", "name a folder")
	} else if !l.bad["output.dir"] {
		l.checkOutput(c)
	}
	l.checkDataset(c)
	captured, complete := map[string]bool{}, len(c.Corpora) > 0
	loaded := make(map[taxonomyUse]*Taxonomy)
	taxonomies := make([]*Taxonomy, len(c.Corpora))
	names := make(map[string]int)
	for i := range c.Corpora {
		corpus, key := &c.Corpora[i], item("corpora", i)
		if first, has := names[corpus.Name]; has && !l.bad[key+".name"] {
			l.failAt(key+".name", fmt.Sprintf("%q is the name of corpora[%d] too", corpus.Name, first), "give each corpus a name of its own")
		} else if !has {
			names[corpus.Name] = i
		}
		if !l.bad[key+".root"] {
			l.checkRoot(corpus.Root, key+".root")
		}
		l.checkGlobs(corpus.Include, key+".include")
		l.checkGlobs(corpus.Exclude, key+".exclude")
		attributes, known := l.checkAttributes(corpus, key)
		for _, name := range attributes {
			captured[name] = true
		}
		complete = complete && known
		if !l.bad[key+".taxonomy"] {
			taxonomies[i] = l.taxonomy(loaded, corpus, key)
		}
		l.checkCorpus(corpus, key, taxonomies[i], attributes, known)
		if corpus.Splits.GroupBy != "" {
			captured["split"] = true
		}
	}
	l.checkPartitions(c, captured, complete)
	return taxonomies
}

func isURL(s string) bool { return strings.Contains(s, "://") }

func (l *loader) checkRoot(root, key string) {
	hint := ""
	if l.profile && !l.overridden(key) {
		hint = "a profile takes the folder of the corpus from --corpus"
	}
	switch info, err := os.Stat(root); {
	case err != nil:
		l.failAt(key, fmt.Sprintf("%s %v", root, bare(err)), hint)
	case !info.IsDir() && ArchiveSuffix(root) == "":
		l.failAt(key, root+" is a file", "name the folder that holds the corpus, or an archive: "+strings.Join(archiveSuffixes, ", ")+", .tgz or .tzst")
	case !info.IsDir() && !info.Mode().IsRegular():
		l.failAt(key, root+" is neither folder nor file", "name the folder that holds the corpus")
	}
}

// archiveSuffixes are the ends of the names of archives.
var archiveSuffixes = []string{".zip", ".tar", ".tar.gz", ".tar.zst"}

// ArchiveSuffix is the end of a name that says which kind of archive a file is, one of
// .zip, .tar, .tar.gz and .tar.zst, also where the name has it in another form; "" for
// the name of no archive.
func ArchiveSuffix(name string) string {
	name = strings.ToLower(name)
	for _, suffix := range archiveSuffixes {
		if strings.HasSuffix(name, suffix) {
			return suffix
		}
	}
	switch {
	case strings.HasSuffix(name, ".tgz"):
		return ".tar.gz"
	case strings.HasSuffix(name, ".tzst"):
		return ".tar.zst"
	}
	return ""
}

// checkOutput refuses an output folder that holds input, which is not what it is
// for, or that would be input itself in the next run.
func (l *loader) checkOutput(c *Config) {
	const key = "output.dir"
	dir := canonical(c.Output.Dir)
	if !l.profile && within(canonical(l.file), dir) {
		l.failAt(key, "holds the config file", "name a folder of its own for the tables")
	}
	for i := range c.Corpora {
		rootKey := item("corpora", i) + ".root"
		if l.bad[rootKey] {
			continue
		}
		at := key
		if _, inFile := l.at[key]; !inFile && !l.overridden(key) {
			at = rootKey // there is no place to point at for a default
		}
		switch root := canonical(c.Corpora[i].Root); {
		case within(dir, root):
			l.failAt(at, fmt.Sprintf("the tables would stand in the corpus: output.dir %s lies in %s %s", c.Output.Dir, rootKey, c.Corpora[i].Root), "name a folder outside the corpus")
		case within(root, dir):
			l.failAt(at, fmt.Sprintf("the corpus would stand among the tables: %s %s lies in output.dir %s", rootKey, c.Corpora[i].Root, c.Output.Dir), "name a folder outside the corpus")
		}
	}
}

// canonical makes a path absolute and follows the links of the part that exists.
func canonical(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	rest := ""
	for {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Join(real, rest)
		}
		parent := filepath.Dir(path)
		if parent == path {
			return filepath.Join(path, rest)
		}
		path, rest = parent, filepath.Join(filepath.Base(path), rest)
	}
}

// within tells whether path is dir or lies in it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

func (l *loader) checkGlobs(globs []string, key string) {
	for i, g := range globs {
		k := item(key, i)
		switch {
		case l.bad[k]:
		case g == "":
			l.failAt(k, "is empty", "** fits every file")
		case !doublestar.ValidatePattern(g):
			l.failAt(k, fmt.Sprintf("%q is no glob", clip(g)), "a [ or { without its twin? A backslash before it makes it an ordinary character")
		case strings.HasPrefix(g, "/") || slices.Contains(strings.Split(g, "/"), ".."):
			l.failAt(k, fmt.Sprintf("%q fits no file: globs are relative to root", clip(g)), "")
		}
	}
}

// checkPartitions checks the columns to partition by. captured are the attributes
// that some corpus gives a value, if they are completely known.
func (l *loader) checkPartitions(c *Config, captured map[string]bool, complete bool) {
	const list = "output.partition_by"
	by := c.Output.PartitionBy
	several := slices.IndexFunc(c.Corpora, func(c Corpus) bool { return c.severalAnnotators() })
	unread := slices.IndexFunc(c.Corpora, func(c Corpus) bool { return c.JSON.Annotated != "" })
	columns := schema.PartitionColumns()
	for i, name := range by {
		key := item(list, i)
		if l.overridden(list) {
			key = list
		}
		switch {
		case l.bad[key]:
		case name == "rating":
			l.failAt(key, "rating has too many values, and each can be written in several ways", "one of "+strings.Join(columns, ", "))
		case !slices.Contains(columns, name):
			l.failAt(key, fmt.Sprintf("%q is no column to partition by", clip(name)), didYouMean(name, columns))
		case slices.Contains(by[:i], name):
			l.failAt(key, name+" stands there already", "keep one of the two")
		case name == "annotator" && several >= 0:
			l.failAt(key, fmt.Sprintf("labels of one document may be by several annotators in %s, and its rows stand in one folder", item("corpora", several)), "leave annotator out")
		case name == "annotator" && unread >= 0:
			l.failAt(key, fmt.Sprintf("%s says that who a document names may be no annotator of it, which is known once it is parsed", item("corpora", unread)+".json.annotated_where"), "leave annotator out")
		case complete && name != "corpus" && !captured[name]:
			l.failAt(key, fmt.Sprintf("no pattern in paths of any corpus captures {%s}, and no attribute or field has this name", name), "add a pattern that captures it")
		}
	}
}

// severalAnnotators reports whether labels of one document may be by several.
func (c *Corpus) severalAnnotators() bool {
	return c.SameID == "annotators" ||
		slices.ContainsFunc(c.JSON.Spans, func(s JSONSpans) bool { return s.Annotator != "" }) ||
		slices.ContainsFunc(c.JSON.Relations, func(r JSONRelations) bool { return r.Annotator != "" })
}

// checkAttributes checks the patterns, the constants, and that templates use
// only names that one of those can give a value. It returns these, and whether
// they are complete.
func (l *loader) checkAttributes(c *Corpus, key string) (names []string, complete bool) {
	complete = !l.bad[key+".paths"] && !l.bad[key+".attributes"]
	for i, s := range c.Paths {
		k := item(key+".paths", i)
		if l.bad[k] {
			complete = false
			continue
		}
		p, err := ParsePattern(s)
		if err != nil {
			l.failAt(k, err.Error(), "")
			complete = false
		}
		names = append(names, p.Names()...)
	}
	constant := make(map[string]bool)
	for i, a := range c.Attributes {
		k := item(key+".attributes", i) + ".name"
		if l.bad[k] {
			complete = false
			continue
		}
		if constant[a.Name] {
			l.failAt(k, fmt.Sprintf("%s has a value already", a.Name), "keep one of the two")
		}
		constant[a.Name] = true
		if _, err := strconv.ParseFloat(a.Value, 64); err != nil && (a.Name == "year" || a.Name == "rating") {
			l.failAt(item(key+".attributes", i)+".value", fmt.Sprintf("%s is a number, and %q is none", a.Name, a.Value), "")
		}
		names = append(names, a.Name)
	}
	fields, known := l.checkFields(c, key)
	names, complete = append(names, fields...), complete && known
	for _, t := range []struct{ key, text string }{{key + ".document_id", c.DocumentID}, {key + ".raw", c.Raw}} {
		if l.bad[t.key] {
			continue
		}
		template, err := ParseTemplate(t.text)
		if err != nil {
			l.failAt(t.key, err.Error(), "")
			continue
		}
		message, hint := "no pattern in paths captures {%s}, and no attribute has this name", "add a pattern to paths that captures it"
		if HasRecords(c.Format) {
			message, hint = "no pattern in paths captures {%s}, and no attribute or field has this name", hint+", or a field"
		}
		for _, name := range template.Names() {
			switch {
			case !complete || slices.Contains(names, name):
			case name == recordName && t.text == c.DocumentID && !l.bad[key+".format"]:
				if !HasRecords(c.Format) {
					l.failAt(t.key, "a document of the format "+c.Format+" is a file, and {record} its number in one", "leave {record} out")
				}
			default:
				l.failAt(t.key, fmt.Sprintf(message, name), didYouMeanName(name, names, hint))
			}
		}
	}
	return names, complete
}

// taxonomyUse is a taxonomy, and whether it is one for the format inline.
type taxonomyUse struct {
	ref    string
	inline bool
}

// taxonomy is the taxonomy that a corpus names, which is loaded once; nil if it has
// problems. A missing one is the config's mistake, mistakes inside are the
// taxonomy's own.
func (l *loader) taxonomy(loaded map[taxonomyUse]*Taxonomy, corpus *Corpus, key string) *Taxonomy {
	use := taxonomyUse{ref: corpus.Taxonomy}
	t, has := loaded[use]
	if !has {
		t = l.readTaxonomy(use, key+".taxonomy")
		loaded[use] = t
	}
	if corpus.Format != formatInline || l.bad[key+".format"] || t == nil {
		return t
	}
	// What the format asks for besides.
	use.inline = true
	of, has := loaded[use]
	if !has {
		if of = l.readTaxonomy(use, key+".taxonomy"); of != nil {
			of = t
		}
		loaded[use] = of
	}
	return of
}

func (l *loader) readTaxonomy(use taxonomyUse, key string) *Taxonomy {
	if use.ref == "" {
		return nil // a key that is missing or mistyped has been reported
	}
	file, data, hint, err := openTaxonomy(use.ref)
	if err != nil {
		l.failAt(key, err.Error(), hint)
		return nil
	}
	t, err := parseTaxonomy(file, data, use.inline)
	if ps := Problems(nil); errors.As(err, &ps) {
		l.more = append(l.more, ps...)
		return nil
	}
	return t
}
