package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The names of the formats.
const (
	formatInline  = "inline"
	formatJSON    = "json"
	formatJSONL   = "jsonl"
	formatColumns = "columns"
	formatCSV     = "csv"
	formatBrat    = "brat"
)

// HasRecords reports whether a file of the format may hold many documents.
func HasRecords(format string) bool {
	return format != formatInline && format != formatBrat
}

// DefaultInclude are the globs of the files that are documents of a format, where
// a corpus has none of its own.
func DefaultInclude(format string) []string {
	switch format {
	case formatJSON:
		return []string{"**/*.json"}
	case formatJSONL:
		return []string{"**/*.{jsonl,ndjson}"}
	case formatCSV:
		return []string{"**/*.{csv,tsv}"}
	case formatColumns:
		return []string{"**/*.{txt,tsv,conll,bio,iob}"}
	}
	return []string{"**/*.txt"}
}

// recordName is what stands in document_id for the number of a record in its file.
const recordName = "record"

// settingsOf are the formats that have each table of settings.
var settingsOf = map[string][]string{
	"inline":  {formatInline},
	"json":    {formatJSON, formatJSONL},
	"columns": {formatColumns},
	"csv":     {formatCSV},
	"brat":    {formatBrat},
}

// checkCorpus checks what a corpus says of its format. names are the attributes
// that documents may have, if known says that they are complete.
func (l *loader) checkCorpus(c *Corpus, key string, t *Taxonomy, names []string, known bool) {
	l.checkSameID(c, key, names, known)
	l.checkSplits(&c.Splits, key+".splits", names, known, "add a pattern to paths that captures it"+orField(c.Format))
	if l.bad[key+".format"] {
		return
	}
	l.checkForeign(c, key)
	k := formatChecker{loader: l, taxonomy: t, format: c.Format}
	switch c.Format {
	case formatJSON, formatJSONL:
		k.json(&c.JSON, key+".json")
	case formatColumns:
		k.columns(c, key)
	case formatCSV:
		k.csv(c, key)
	case formatBrat:
		k.layer(c.Brat.Layer, key+".brat.layer")
		if _, has := l.at[key+".brat.note_layer"]; has && c.Brat.NoteLayer != "" {
			k.layer(c.Brat.NoteLayer, key+".brat.note_layer")
		}
	}
}

// checkForeign reports settings of other formats than the corpus's: who has written
// them expects them to do something.
func (l *loader) checkForeign(c *Corpus, key string) {
	corpora := configFields[slices.IndexFunc(configFields, func(f field) bool { return f.key == "corpora" })]
	for i := range corpora.fields {
		table := &corpora.fields[i]
		formats, has := settingsOf[table.key]
		if !has || slices.Contains(formats, c.Format) {
			continue
		}
		value := reflect.ValueOf(*c).Field(table.index)
		for j := range table.fields {
			f := &table.fields[j]
			k := below(below(key, table.key), f.key)
			if v := value.Field(f.index); v.Kind() == reflect.Slice && v.Len() == 0 || reflect.DeepEqual(v.Interface(), f.def.Interface()) || l.bad[k] {
				continue
			}
			l.failAt(k, fmt.Sprintf("belongs to the format %s, and the format is %s", strings.Join(formats, " or "), c.Format), "remove it, or write format: "+formats[0])
		}
	}
	if c.Format == formatJSONL && c.JSON.Records != "" && !l.bad[key+".json.records"] {
		l.failAt(key+".json.records", "belongs to the format json, and the format is jsonl, where each line is a document", "remove it, or write format: json")
	}
	if c.Raw != "" && c.Format != formatInline && c.Format != formatBrat && !l.bad[key+".raw"] {
		l.failAt(key+".raw", "belongs to the formats inline and brat, and the format is "+c.Format, "remove it")
	}
	if len(c.Fields) > 0 && !HasRecords(c.Format) {
		l.failAt(key+".fields", "the format "+c.Format+" has none", "take attributes from paths")
	}
}

func (l *loader) checkSameID(c *Corpus, key string, names []string, known bool) {
	k := key + ".same_id"
	switch {
	case c.SameID == "refuse" || c.SameID == "" || l.bad[k] || l.bad[key+".format"]:
	case c.SameID == "append" && !HasRecords(c.Format):
		l.failAt(k, "append is for documents made of records, and the format "+c.Format+" has none", "write refuse, or annotators")
	case c.DocumentID == "" && !l.bad[key+".document_id"]:
		l.failAt(k, "no two documents have one id, as document_id is empty", "say what they have in common, e.g. document_id: '{paper_id}'")
	case c.SameID == "annotators" && known && !slices.Contains(names, "annotator"):
		l.failAt(k, "nothing captures {annotator}", "add a pattern to paths that captures it"+orField(c.Format))
	}
}

// orField is the end of a hint for formats whose documents give attributes.
func orField(format string) string {
	if HasRecords(format) {
		return ", or a field"
	}
	return ""
}

// checkFields checks the attributes that documents give, and returns their names,
// and whether they are complete.
func (l *loader) checkFields(c *Corpus, key string) (names []string, complete bool) {
	complete = !l.bad[key+".fields"]
	for i := range c.Fields {
		f, k := &c.Fields[i], item(key+".fields", i)
		if l.bad[k+".name"] || l.bad[k+".pattern"] {
			complete = false
			continue
		}
		if f.From == "" && !l.bad[k+".from"] {
			l.failAt(k+".from", "is empty", "say where the value stands")
		}
		switch {
		case f.Name == "" && f.Pattern == "":
			l.failAt(k, "has neither name nor pattern", "name the attribute, or give a pattern that captures some")
			complete = false
		case f.Name != "" && f.Pattern != "":
			l.failAt(k+".pattern", "there is a name too", "keep one of the two: the pattern names what it captures")
		}
		var own []string
		if f.Name != "" {
			if err := checkName(f.Name); err != nil {
				l.failAt(k+".name", err.Error(), "")
				complete = false
			}
			own = append(own, f.Name)
		}
		at := k + ".name"
		if f.Pattern != "" {
			at = k + ".pattern"
			p, err := ParsePattern(f.Pattern)
			switch {
			case err != nil:
				l.failAt(at, err.Error(), "")
				complete = false
			case len(p.Names()) == 0:
				l.failAt(at, "captures nothing", "write {name} or {name:regexp} where the attribute stands")
			}
			own = append(own, p.Names()...)
		}
		if slices.Contains(own, recordName) {
			l.failAt(at, "{record} is the number of the record in its file", "choose another name")
		}
		names = append(names, own...)
	}
	return names, complete
}

// checkSplits checks the splits. cure is how an attribute comes to have a value.
func (l *loader) checkSplits(s *Splits, key string, names []string, known bool, cure string) {
	switch {
	case l.bad[key] || l.bad[key+".shares"] || l.bad[key+".group_by"]:
	case s.GroupBy == "" && len(s.Shares) > 0:
		l.failAt(key+".shares", "there is no group_by", "say what must not stand in two splits, e.g. group_by: '{paper_id}'")
	case s.GroupBy != "" && len(s.Shares) == 0:
		l.failAt(key+".group_by", "there are no shares", "list the splits, e.g. shares: [{name: train, share: 80%}, {name: test, share: 20%}]")
	case s.GroupBy == "" && s.StratifyBy != "":
		l.failAt(key+".stratify_by", "there is no group_by", "say what must not stand in two splits, e.g. group_by: '{paper_id}'")
	}
	if s.GroupBy != "" && !l.bad[key+".group_by"] {
		template, err := ParseTemplate(s.GroupBy)
		if err != nil {
			l.failAt(key+".group_by", err.Error(), "")
		} else if len(template.Names()) == 0 {
			l.failAt(key+".group_by", "is the same for all documents", "name an attribute in braces, e.g. {paper_id}")
		}
		for _, name := range template.Names() {
			l.checkKnown(name, key+".group_by", names, known, cure)
		}
	}
	if s.StratifyBy != "" && !l.bad[key+".stratify_by"] {
		l.checkKnown(strings.Trim(s.StratifyBy, "{}"), key+".stratify_by", names, known, cure)
	}
	if len(s.Shares) == 0 {
		return
	}
	var sum Percent
	first, whole := make(map[string]int), true
	for i, share := range s.Shares {
		k := item(key+".shares", i)
		at, has := first[share.Name]
		switch {
		case l.bad[k+".name"]:
		case has:
			l.failAt(k+".name", fmt.Sprintf("%q is the name of shares[%d] too", clip(share.Name), at), "give each split a name of its own")
		default:
			first[share.Name] = i
		}
		whole = whole && !l.bad[k+".share"]
		sum += share.Share
	}
	if whole && sum != 100*OnePercent {
		l.failAt(key+".shares", fmt.Sprintf("add up to %v", sum), "they must be 100%, or some documents would be in no split")
	}
}

// checkKnown reports an attribute that nothing gives a value.
func (l *loader) checkKnown(name, key string, names []string, known bool, cure string) {
	if known && !slices.Contains(names, name) {
		l.failAt(key, fmt.Sprintf("nothing captures {%s}", clip(name)), didYouMeanName(name, names, cure))
	}
}

func didYouMeanName(name string, names []string, otherwise string) string {
	if near := nearest(name, names); near != "" {
		return "did you mean {" + near + "}?"
	}
	return otherwise
}

// A formatChecker checks the settings of one format.
type formatChecker struct {
	*loader
	taxonomy *Taxonomy // nil if it has problems
	format   string
}

// layer checks the name of a layer.
func (k *formatChecker) layer(name, key string) {
	if k.bad[key] || k.taxonomy == nil {
		return
	}
	var names []string
	for i := range k.taxonomy.Layers {
		names = append(names, k.taxonomy.Layers[i].Name)
	}
	switch {
	case slices.Contains(names, name):
	case !k.taxonomy.Open:
		k.failAt(key, fmt.Sprintf("the taxonomy has no layer %q", clip(name)), didYouMean(name, names))
	case !attributeName.MatchString(name):
		k.failAt(key, fmt.Sprintf("%q is no name of a layer", clip(name)), "write lower-case letters, digits and underscores, a letter first")
	}
}

// labels checks where labels stand. place checks a place; where a list of labels
// is all there is, they may be the value itself, which has no name.
func (k *formatChecker) labels(list []LabelField, key string, place func(at, key string)) (linked bool) {
	for i := range list {
		f, at := &list[i], item(key, i)
		place(f.From, at+".from")
		for _, more := range []struct{ name, from string }{{"layer_from", f.LayerFrom}, {"polarity", f.Polarity}, {"link", f.Link}} {
			if more.from != "" {
				place(more.from, at+"."+more.name)
			}
		}
		if f.Layer != "" {
			k.layer(f.Layer, at+".layer")
		}
		if f.Scheme != "" && k.format != formatColumns && !k.bad[at+".scheme"] {
			k.failAt(at+".scheme", "belongs to the format columns, and the format is "+k.format, "remove it")
		}
		linked = k.patterns(f, at) || linked
		if f.Layer != "" && f.LayerFrom != "" && !k.bad[at+".layer_from"] {
			k.failAt(at+".layer_from", "there is a layer too", "keep one of the two")
		}
		if f.Layer == "" && f.LayerFrom == "" && len(f.Patterns) == 0 && !k.bad[at+".layer"] && !k.bad[at+".layer_from"] && !k.bad[at+".patterns"] && !k.bad[at] {
			k.failAt(at, "has no layer", "add layer, layer_from, or a pattern that captures {layer}")
		}
		linked = linked || f.Link != ""
	}
	return linked
}

// parts are what a pattern may take out of what stands for a label.
var parts = []string{"label", "polarity", "layer", "link"}

// patterns checks the patterns of a label, and reports whether one captures a link.
func (k *formatChecker) patterns(f *LabelField, key string) (linked bool) {
	apart := map[string]string{"layer": f.Layer, "polarity": f.Polarity, "link": f.Link}
	if f.LayerFrom != "" {
		apart["layer"] = f.LayerFrom
	}
	for i, s := range f.Patterns {
		at := item(key+".patterns", i)
		if k.bad[at] {
			continue
		}
		p, err := ParsePattern(s)
		if err != nil {
			k.failAt(at, err.Error(), "")
			continue
		}
		names := p.Names()
		for _, name := range names {
			if !slices.Contains(parts, name) {
				k.failAt(at, fmt.Sprintf("captures {%s}, which is no part of a label", name), didYouMeanName(name, parts, "{label}, {polarity}, {layer} or {link}"))
			}
			if apart[name] != "" {
				k.failAt(at, fmt.Sprintf("captures {%s}, and it is said above where it stands", name), "keep one of the two")
			}
		}
		if !slices.Contains(names, "label") {
			k.failAt(at, "captures no {label}", "write {label} or {label:regexp} where the label stands")
		}
		if f.Layer == "" && f.LayerFrom == "" && !slices.Contains(names, "layer") && !k.bad[key+".layer"] && !k.bad[key+".layer_from"] {
			k.failAt(at, "captures no {layer}", "add layer or layer_from, or write {layer} where the layer stands")
		}
		linked = linked || slices.Contains(names, "link")
	}
	return linked
}

// links checks that links and what they join are both there.
func (k *formatChecker) links(links []Link, key string, linked bool, linkedAt string) {
	switch {
	case len(links) > 0 && !linked && !k.bad[key+".links"]:
		k.failAt(key+".links", "no label has a link", "say where it stands: link, or {link} in a pattern of a label")
	case linked && len(links) == 0 && !k.bad[key+".links"]:
		k.failAt(linkedAt, "have a link, and there are no links", "say what they join, e.g. links: [{kind: evidence, from: Claim, to: Evidence}]")
	}
}

func (k *formatChecker) json(j *JSON, key string) {
	place := func(at, key string) {
		if !k.bad[key] && at != "" && slices.Contains(strings.Split(at, "."), "") {
			k.failAt(key, fmt.Sprintf("%q is no path", clip(at)), "names of keys and numbers of elements, with a dot between them")
		}
	}
	each := func(key string, named map[string]string) {
		for _, name := range sortedKeys(named) {
			place(named[name], key+"."+name)
		}
	}
	annotator := func(at, key string) {
		if at == "" {
			return
		}
		for _, one := range Places(at) {
			if place(one, key+".annotator"); (one == "" || strings.Contains(one, "|")) && !k.bad[key+".annotator"] {
				k.failAt(key+".annotator", fmt.Sprintf("%q is not one path, nor several", clip(at)), "several have \" | \" between them, e.g. completed_by.id | completed_by")
			}
		}
	}
	each(key, map[string]string{"records": j.Records, "text": j.Text})
	k.where(j.Annotated, key+".annotated_where")
	switch {
	case k.bad[key] || k.bad[key+".text"] || k.bad[key+".sentences"]:
	case j.Text == "" && len(j.Sentences) == 0:
		k.failAt(key, "has neither text nor sentences", "say where the text stands, or the lists of sentences that it is made of")
	case j.Text != "" && len(j.Sentences) > 0:
		k.failAt(key+".sentences", "there is a text too", "keep one of the two: a text is made of sentences where it stands nowhere as a whole")
	}
	linkedAt, roles, lists, ids := "", []string{}, []string{}, false
	if k.labels(j.Labels, key+".labels", place) {
		linkedAt = key + ".labels"
	}
	for i := range j.Sentences {
		s, at := &j.Sentences[i], item(key+".sentences", i)
		each(at, map[string]string{"path": s.Path, "text": s.Text, "after": s.After})
		roles, lists = append(roles, s.Role), append(lists, s.Path)
		if k.labels(s.Labels, at+".labels", place) {
			linkedAt = at + ".labels"
		}
	}
	if linkedAt != "" {
		k.failAt(linkedAt, "have a link, and only those of spans may", "remove it")
	}
	linked := false
	for i := range j.Spans {
		s, at := &j.Spans[i], item(key+".spans", i)
		each(at, map[string]string{"each": s.Each, "path": s.Path, "id": s.ID, "start": s.Start, "end": s.End})
		annotator(s.Annotator, at)
		k.where(s.Where, at+".where")
		switch {
		case k.bad[at+".start"] || k.bad[at+".end"]:
		case s.Start != "" && s.End == "":
			k.failAt(at, "has a start and no end", "add end")
		case s.Start == "" && s.End != "":
			k.failAt(at, "has an end and no start", "add start")
		}
		if k.labels(s.Labels, at+".labels", place) {
			linked, linkedAt = true, at+".labels"
		}
		ids = ids || s.ID != ""
	}
	if len(j.Spans) > 0 && j.Text == "" && !k.bad[key+".text"] {
		k.failAt(key+".spans", "there is no text that their offsets could count in", "add text")
	}
	for i := range j.Relations {
		annotator(j.Relations[i].Annotator, item(key+".relations", i))
		k.relations(&j.Relations[i], item(key+".relations", i), roles, lists, ids, each)
	}
	k.links(j.Links, key, linked, linkedAt)
}

func (k *formatChecker) where(text, key string) {
	if path, _, found := strings.Cut(text, "="); text != "" && !k.bad[key] && (!found || path == "") {
		k.failAt(key, fmt.Sprintf("%q is no condition", clip(text)), "path=value, e.g. type=labels")
	}
}

func (k *formatChecker) relations(r *JSONRelations, key string, roles, lists []string, ids bool, each func(string, map[string]string)) {
	each(key, map[string]string{
		"each": r.Each, "path": r.Path, "kind_from": r.KindFrom, "from": r.From, "to": r.To, "attributes": r.Attributes,
	})
	k.where(r.Where, key+".where")
	switch {
	case k.bad[key] || k.bad[key+".kind"] || k.bad[key+".kind_from"]:
	case r.Kind == "" && r.KindFrom == "":
		k.failAt(key, "has no kind", "add kind, or kind_from")
	case r.Kind != "" && r.KindFrom != "":
		k.failAt(key+".kind_from", "there is a kind too", "keep one of the two")
	}
	if r.From == "" && !slices.Contains(lists, r.Path) && !k.bad[key+".from"] && !k.bad[key+".path"] {
		k.failAt(key, "has no from, and path is no list of sentences", "add from")
	}
	switch known := slices.DeleteFunc(slices.Clone(roles), func(role string) bool { return role == "" }); {
	case k.bad[key+".to_role"]:
	case r.ToRole != "" && !slices.Contains(roles, r.ToRole) && len(known) > 0:
		k.failAt(key+".to_role", fmt.Sprintf("no list of sentences has the role %q", clip(r.ToRole)), didYouMean(r.ToRole, known))
	case r.ToRole != "" && !slices.Contains(roles, r.ToRole):
		k.failAt(key+".to_role", fmt.Sprintf("no list of sentences has the role %q", clip(r.ToRole)), "add role to the one that is meant")
	case r.ToRole == "" && r.To != "" && !ids && !k.bad[key+".to"]:
		k.failAt(key+".to", "leads to the id of a span, and no span has one", "add id to spans, or to_role for the number of a sentence")
	}
}

// columnPlace checks the name or number of a column. names are those that are
// known; without them any name may be one.
func (k *formatChecker) columnPlace(names []string, lowest int, need bool) func(at, key string) {
	return func(at, key string) {
		if k.bad[key] {
			return
		}
		n, err := strconv.Atoi(at)
		isNumber := err == nil
		switch {
		case at == "" && need:
			k.failAt(key, "is empty", "name the column")
		case at == "" || slices.Contains(names, at) || isNumber && n >= lowest:
		case isNumber:
			k.failAt(key, fmt.Sprintf("there is no column %d", n), "they count from 0")
		case names != nil && len(names) == 0:
			k.failAt(key, fmt.Sprintf("the columns have no names, and %q is none of their numbers", clip(at)), "write its number, from 0")
		case names != nil:
			k.failAt(key, fmt.Sprintf("no column is named %q", clip(at)), didYouMean(at, names)+", or its number from 0")
		}
	}
}

func (k *formatChecker) columns(c *Corpus, key string) {
	s, at := &c.Columns, key+".columns"
	for i, name := range s.Names {
		ki := item(at+".names", i)
		_, err := strconv.Atoi(name)
		switch {
		case k.bad[ki]:
		case name == "":
			k.failAt(ki, "is empty", "")
		case err == nil:
			k.failAt(ki, fmt.Sprintf("%q would be the number of a column", name), "give it a name that is no number")
		case slices.Contains(s.Names[:i], name):
			k.failAt(ki, fmt.Sprintf("%q stands there already", clip(name)), "give each column a name of its own")
		}
	}
	names := s.Names
	if names == nil {
		names = []string{}
	}
	const last = -1 << 15 // from the end
	place, optional := k.columnPlace(names, last, true), k.columnPlace(names, last, false)
	if k.bad[at+".names"] {
		place = func(string, string) {}
		optional = place
	}
	optional(s.Text, at+".text")
	optional(s.Role, at+".role")
	for i := range c.Fields {
		optional(c.Fields[i].From, item(key+".fields", i)+".from")
	}
	linked := k.labels(s.Labels, at+".labels", place)
	k.links(s.Links, at, linked, at+".labels")
}

func (k *formatChecker) csv(c *Corpus, key string) {
	s, at := &c.CSV, key+".csv"
	if _, size := utf8.DecodeRuneInString(s.Separator); !k.bad[at+".separator"] &&
		(s.Separator != "tab" && size != len(s.Separator) || strings.ContainsAny(s.Separator, "\"\r\n")) {
		k.failAt(at+".separator", fmt.Sprintf("%q is no separator", clip(s.Separator)), "one character that is no quotation mark, or tab")
	}
	var names []string // the header has them
	if !s.Header {
		names = []string{}
	}
	place, optional := k.columnPlace(names, 0, true), k.columnPlace(names, 0, false)
	if s.Text == "" && !k.bad[at] && !k.bad[at+".text"] {
		k.failAt(at, "has no text", "name the column of the text")
	}
	optional(s.Text, at+".text")
	optional(s.Role, at+".role")
	for i := range c.Fields {
		optional(c.Fields[i].From, item(key+".fields", i)+".from")
	}
	if k.labels(s.Labels, at+".labels", place) {
		k.failAt(at+".labels", "have a link, and the format csv has no links", "remove it")
	}
}
