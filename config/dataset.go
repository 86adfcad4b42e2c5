package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/language"
)

// OtherLicence is what a licence is set to that is not one of the known ones.
const OtherLicence = "other"

// licences are the licences that dataset hubs know, by their SPDX identifier,
// with the name that Hugging Face has for each.
var licences = []struct{ spdx, hub string }{
	{"AFL-3.0", "afl-3.0"},
	{"AGPL-3.0-only", "agpl-3.0"},
	{"AGPL-3.0-or-later", "agpl-3.0"},
	{"Apache-2.0", "apache-2.0"},
	{"Artistic-2.0", "artistic-2.0"},
	{"BSD-2-Clause", "bsd-2-clause"},
	{"BSD-3-Clause", "bsd-3-clause"},
	{"BSD-3-Clause-Clear", "bsd-3-clause-clear"},
	{"BSL-1.0", "bsl-1.0"},
	{"C-UDA-1.0", "c-uda"},
	{"CC-BY-2.0", "cc-by-2.0"},
	{"CC-BY-2.5", "cc-by-2.5"},
	{"CC-BY-3.0", "cc-by-3.0"},
	{"CC-BY-4.0", "cc-by-4.0"},
	{"CC-BY-NC-2.0", "cc-by-nc-2.0"},
	{"CC-BY-NC-3.0", "cc-by-nc-3.0"},
	{"CC-BY-NC-4.0", "cc-by-nc-4.0"},
	{"CC-BY-NC-ND-3.0", "cc-by-nc-nd-3.0"},
	{"CC-BY-NC-ND-4.0", "cc-by-nc-nd-4.0"},
	{"CC-BY-NC-SA-2.0", "cc-by-nc-sa-2.0"},
	{"CC-BY-NC-SA-3.0", "cc-by-nc-sa-3.0"},
	{"CC-BY-NC-SA-4.0", "cc-by-nc-sa-4.0"},
	{"CC-BY-ND-4.0", "cc-by-nd-4.0"},
	{"CC-BY-SA-3.0", "cc-by-sa-3.0"},
	{"CC-BY-SA-4.0", "cc-by-sa-4.0"},
	{"CC0-1.0", "cc0-1.0"},
	{"CDLA-Permissive-1.0", "cdla-permissive-1.0"},
	{"CDLA-Permissive-2.0", "cdla-permissive-2.0"},
	{"CDLA-Sharing-1.0", "cdla-sharing-1.0"},
	{"ECL-2.0", "ecl-2.0"},
	{"EPL-1.0", "epl-1.0"},
	{"EPL-2.0", "epl-2.0"},
	{"etalab-2.0", "etalab-2.0"},
	{"EUPL-1.1", "eupl-1.1"},
	{"EUPL-1.2", "eupl-1.2"},
	{"GFDL-1.3-only", "gfdl"},
	{"GFDL-1.3-or-later", "gfdl"},
	{"GPL-2.0-only", "gpl-2.0"},
	{"GPL-2.0-or-later", "gpl-2.0"},
	{"GPL-3.0-only", "gpl-3.0"},
	{"GPL-3.0-or-later", "gpl-3.0"},
	{"ISC", "isc"},
	{"LGPL-2.1-only", "lgpl-2.1"},
	{"LGPL-2.1-or-later", "lgpl-2.1"},
	{"LGPL-3.0-only", "lgpl-3.0"},
	{"LGPL-3.0-or-later", "lgpl-3.0"},
	{"LGPLLR", "lgpl-lr"},
	{"LPPL-1.3c", "lppl-1.3c"},
	{"MIT", "mit"},
	{"MPL-2.0", "mpl-2.0"},
	{"MS-PL", "ms-pl"},
	{"NCSA", "ncsa"},
	{"ODbL-1.0", "odbl"},
	{"ODC-By-1.0", "odc-by"},
	{"OFL-1.1", "ofl-1.1"},
	{"OSL-3.0", "osl-3.0"},
	{"PDDL-1.0", "pddl"},
	{"PostgreSQL", "postgresql"},
	{"Unlicense", "unlicense"},
	{"WTFPL", "wtfpl"},
	{"Zlib", "zlib"},
}

// HubLicence is what Hugging Face calls the licence with the given SPDX
// identifier, and OtherLicence for any other.
func HubLicence(spdx string) string {
	for _, l := range licences {
		if l.spdx == spdx {
			return l.hub
		}
	}
	return OtherLicence
}

// annotators are the ways to come by annotations, as Hugging Face names them.
var annotators = []string{"crowdsourced", "expert-generated", "found", "machine-generated"}

var (
	versionExpr = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$`)
	orcidExpr   = regexp.MustCompile(`^([0-9]{4}-){3}[0-9]{3}[0-9X]$`)
)

// checkDataset checks what the dataset card is made of.
func (l *loader) checkDataset(c *Config) {
	d := &c.Dataset
	l.checkLicence(d.Licence, d.LicenceName, d.LicenceURL, "dataset.")
	l.checkURL(d.URL, "dataset.url")
	l.checkShown(d.Title, "dataset.title")
	l.checkShown(d.Description, "dataset.description")
	l.checkShown(d.Citation, "dataset.citation")
	for i, tag := range d.Languages {
		l.checkLanguage(tag, l.itemOf("dataset.languages", i))
	}
	if d.Version != "" && !l.bad["dataset.version"] && !versionExpr.MatchString(d.Version) {
		l.failAt("dataset.version", fmt.Sprintf("%q is no version", clip(d.Version)), "MAJOR.MINOR.PATCH, such as 1.0.0")
	}
	if _, err := time.Parse(time.DateOnly, d.DatePublished); err != nil && d.DatePublished != "" && !l.bad["dataset.date_published"] {
		l.failAt("dataset.date_published", fmt.Sprintf("%q is no date", clip(d.DatePublished)), `year, month and day, such as "2026-03-31"`)
	}
	for i, word := range d.Keywords {
		key := l.itemOf("dataset.keywords", i)
		if word == "" && !l.bad[key] {
			l.failAt(key, "is empty", "")
		}
		l.checkShown(word, key)
	}
	for i, how := range d.AnnotationsCreators {
		key := l.itemOf("dataset.annotations_creators", i)
		if !slices.Contains(annotators, how) && !l.bad[key] {
			l.failAt(key, fmt.Sprintf("%q is not allowed", clip(how)), didYouMean(how, annotators))
		}
	}
	for i := range d.Creators {
		key := item("dataset.creators", i)
		l.checkShown(d.Creators[i].Name, key+".name")
		l.checkURL(d.Creators[i].URL, key+".url")
		l.checkORCID(&d.Creators[i], key)
	}
	for i := range c.Corpora {
		corpus, key := &c.Corpora[i], item("corpora", i)+"."
		l.checkLicence(corpus.Licence, corpus.LicenceName, corpus.LicenceURL, key)
		l.checkShown(corpus.Citation, key+"citation")
		l.checkURL(corpus.URL, key+"url")
	}
}

// itemOf is the key of an item of a list, or that of the list where it was set as a
// whole, outside of the file.
func (l *loader) itemOf(list string, i int) string {
	if l.overridden(list) {
		return list
	}
	return item(list, i)
}

// checkShown finds a text that is not empty, and of which nothing could be seen.
func (l *loader) checkShown(text, key string) {
	if text != "" && !strings.ContainsFunc(text, seen) && !l.bad[key] {
		l.failAt(key, fmt.Sprintf("%+q is blank", clip(text)), "")
	}
}

// seen reports whether a character leaves ink. Unicode has fillers among the letters,
// and a pattern of Braille without dots among the symbols.
func seen(r rune) bool {
	return unicode.IsPrint(r) && r != ' ' && r != '\u2800' &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// checkLanguage checks a tag that readers get as it is written: not all of them make
// en-US of en_us, as the parser does.
func (l *loader) checkLanguage(text, key string) {
	const want = "a tag of BCP 47, such as en, de or pt-BR"
	tag, err := language.Raw.Parse(text)
	base, _, _ := tag.Raw()
	switch {
	case l.bad[key]:
	case err != nil || text == "":
		l.failAt(key, fmt.Sprintf("%q is no language", clip(text)), want)
	case base.String() == "und":
		l.failAt(key, fmt.Sprintf("%q names no language", clip(text)), want+"; leave out what is not known")
	case tag.String() != text:
		l.failAt(key, fmt.Sprintf("%q is not written as in BCP 47", clip(text)), "write "+tag.String())
	}
}

// checkLicence checks the three keys below prefix that say a licence.
func (l *loader) checkLicence(id, name, link, prefix string) {
	key := prefix + "licence"
	l.checkURL(link, key+"_url")
	l.checkShown(name, key+"_name")
	switch {
	case l.bad[key]:
	case id == OtherLicence && name == "":
		l.failAt(key, "other, and no licence_name", "name it in licence_name, and say in licence_url where it can be read")
	case id == OtherLicence:
	case id != "" && HubLicence(id) == OtherLicence:
		l.failAt(key, fmt.Sprintf("%q is not known", clip(id)), licenceHint(id))
	case name != "":
		l.failAt(key+"_name", "names a licence that licence does not leave open", "set licence to other, or leave this out")
	case link != "":
		l.failAt(key+"_url", "leads to a licence that licence does not leave open", "set licence to other, or leave this out")
	}
}

// expression is what joins licences in SPDX. None of their identifiers has a blank.
var expression = regexp.MustCompile(`(?i)\s(and|or|with)\s`)

// licenceHint is what to write instead of a licence that is not known.
func licenceHint(id string) string {
	if expression.MatchString(id) {
		return "one identifier, and no expression; or other, with licence_name and licence_url"
	}
	known := make([]string, len(licences))
	for i := range licences {
		known[i] = licences[i].spdx
		// SPDX gave up GPL-3.0: it left open what GPL-3.0+ said.
		if base, ok := strings.CutSuffix(known[i], "-only"); ok && strings.EqualFold(strings.TrimSuffix(id, "+"), base) {
			return fmt.Sprintf("%s-only or %s-or-later", base, base)
		}
	}
	if near := nearest(id, known); near != "" {
		return "did you mean " + near + "? If not: other, with licence_name and licence_url"
	}
	return "an SPDX identifier, such as CC-BY-4.0 or MIT; or other, with licence_name and licence_url"
}

func (l *loader) checkURL(text, key string) {
	if text == "" || l.bad[key] {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(text, " <>\"{}|\\^`") {
		l.failAt(key, fmt.Sprintf("%q is no URL", clip(text)), "it starts with https://, and has neither blanks nor < and >")
	}
}

// checkORCID finds a digit that was mistyped: the last one is a sum of the others.
func (l *loader) checkORCID(c *Creator, key string) {
	key += ".orcid"
	switch {
	case c.ORCID == "" || l.bad[key]:
		return
	case !orcidExpr.MatchString(c.ORCID):
		l.failAt(key, fmt.Sprintf("%q is no ORCID", clip(c.ORCID)), "four groups of four digits, such as 0000-0002-1825-0097, without the address before them")
		return
	case c.Organization:
		l.failAt(key, "only people have one", "leave it out, or organization")
		return
	}
	digits := strings.ReplaceAll(c.ORCID, "-", "")
	sum := 0
	for _, d := range digits[:15] {
		sum = (sum + int(d-'0')) * 2
	}
	if want := "0123456789X"[(12-sum%11)%11]; digits[15] != want {
		l.failAt(key, fmt.Sprintf("%q has a mistyped digit", c.ORCID), "the last one is a check of the others")
	}
}
