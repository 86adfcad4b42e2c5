package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDataset(t *testing.T) {
	folder(t, map[string]string{"c.yaml": minimal + `  licence: other
  licence_name: House rules
  licence_url: https://example.org/rules
  citation: |
    @misc{c}
  url: https://example.org/c
dataset:
  title: Reviews
  description: "One.\n\nTwo."
  licence: GPL-3.0-or-later
  languages: [en, pt-BR, sr-Latn, zh-Hant-TW, de-1996, gsw, en-x-legal]
  creators:
    - {name: Josiah Carberry, orcid: 0000-0002-1825-0097}
    - {name: ACME, url: "https://example.org", organization: true}
    - {name: N. N., orcid: 0000-0002-9079-593X}
  keywords: [peer review]
  annotations_creators: [found, expert-generated]
  version: 1.20.3
  date_published: "2024-02-29"
`})
	got, err := Load(Options{Path: "c.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	want := minimalConfig()
	want.Dataset = Dataset{
		Title: "Reviews", Description: "One.\n\nTwo.", Licence: "GPL-3.0-or-later", Languages: []string{"en", "pt-BR", "sr-Latn", "zh-Hant-TW", "de-1996", "gsw", "en-x-legal"},
		Creators: []Creator{
			{Name: "Josiah Carberry", ORCID: "0000-0002-1825-0097"},
			{Name: "ACME", URL: "https://example.org", Organization: true},
			{Name: "N. N.", ORCID: "0000-0002-9079-593X"},
		},
		Keywords: []string{"peer review"}, AnnotationsCreators: []string{"found", "expert-generated"},
		Version: "1.20.3", DatePublished: "2024-02-29",
	}
	corpus := &want.Corpora[0]
	corpus.Licence, corpus.LicenceName, corpus.LicenceURL = OtherLicence, "House rules", "https://example.org/rules"
	corpus.Citation, corpus.URL = "@misc{c}\n", "https://example.org/c"
	if diff := cmp.Diff(want, got.Config, equateEmpty); diff != "" {
		t.Error(diff)
	}
}

func TestDatasetMistakes(t *testing.T) {
	tests := map[string][]string{
		"licence: mit":         {`5:20: dataset.licence: "mit" is not known (did you mean MIT? If not: other, with licence_name and licence_url)`},
		"licence: proprietary": {`5:20: dataset.licence: "proprietary" is not known (an SPDX identifier, such as CC-BY-4.0 or MIT; or other, with licence_name and licence_url)`},
		"licence: other":       {"5:20: dataset.licence: other, and no licence_name (name it in licence_name, and say in licence_url where it can be read)"},
		"licence: 4":           {"5:20: dataset.licence: want text, found the number 4 (put it in quotation marks)"},
		"licence: MIT, licence_name: x": {
			"5:39: dataset.licence_name: names a licence that licence does not leave open (set licence to other, or leave this out)",
		},
		"licence_url: 'https://x.org'": {
			"5:24: dataset.licence_url: leads to a licence that licence does not leave open (set licence to other, or leave this out)",
		},
		"licence: other, licence_name: x, licence_url: LICENSE": {
			`5:57: dataset.licence_url: "LICENSE" is no URL (it starts with https://, and has neither blanks nor < and >)`,
		},
		"url: 'https://a b'":           {`5:16: dataset.url: "https://a b" is no URL (it starts with https://, and has neither blanks nor < and >)`},
		"url: 'https://a>b/'":          {`5:16: dataset.url: "https://a>b/" is no URL (it starts with https://, and has neither blanks nor < and >)`},
		"url: 'javascript://x.org'":    {`5:16: dataset.url: "javascript://x.org" is no URL (it starts with https://, and has neither blanks nor < and >)`},
		"languages: [en, english, 3]":  {`5:27: dataset.languages[1]: "english" is no language (a tag of BCP 47, such as en, de or pt-BR)`, "5:36: dataset.languages[2]: want text, found the number 3 (put it in quotation marks)"},
		"languages: en":                {`5:22: dataset.languages: want a list of text, found the text "en" (write [ ] around it, or a hyphen before it)`},
		"version: '1.0'":               {`5:20: dataset.version: "1.0" is no version (MAJOR.MINOR.PATCH, such as 1.0.0)`},
		"date_published: 2024-02-28":   {"5:27: dataset.date_published: want text, found a date or time (put it in quotation marks)"},
		"date_published: 2023-02-29":   {`5:27: dataset.date_published: "2023-02-29" is no date (year, month and day, such as "2026-03-31")`},
		"keywords: ['', ' ', a]":       {"5:22: dataset.keywords[0]: is empty", `5:26: dataset.keywords[1]: " " is blank`},
		`title: " "`:                   {`5:18: dataset.title: " " is blank`},
		`description: " \n"`:           {`5:24: dataset.description: " \n" is blank`},
		`citation: "\u3164"`:           {`5:21: dataset.citation: "\u3164" is blank`},
		`creators: [{name: "\u200b"}]`: {`5:29: dataset.creators[0].name: "\u200b" is blank`},
		`creators: [{name: ""}]`:       {`5:29: dataset.creators[0].name: is empty`},
		`licence: other, licence_name: "\u2060\ufe0f"`: {
			`5:41: dataset.licence_name: "\u2060\ufe0f" is blank`,
		},
		"licence: gpl-3.0":   {`5:20: dataset.licence: "gpl-3.0" is not known (GPL-3.0-only or GPL-3.0-or-later)`},
		"licence: LGPL-2.1+": {`5:20: dataset.licence: "LGPL-2.1+" is not known (LGPL-2.1-only or LGPL-2.1-or-later)`},
		"licence: MIT OR Apache-2.0": {
			`5:20: dataset.licence: "MIT OR Apache-2.0" is not known (one identifier, and no expression; or other, with licence_name and licence_url)`,
		},
		"languages: [en_US, EN, pt-br]": {
			`5:23: dataset.languages[0]: "en_US" is not written as in BCP 47 (write en-US)`,
			`5:30: dataset.languages[1]: "EN" is not written as in BCP 47 (write en)`,
			`5:34: dataset.languages[2]: "pt-br" is not written as in BCP 47 (write pt-BR)`,
		},
		"languages: ['', x-foo, und, und-Latn]": {
			`5:23: dataset.languages[0]: "" is no language (a tag of BCP 47, such as en, de or pt-BR)`,
			`5:27: dataset.languages[1]: "x-foo" names no language (a tag of BCP 47, such as en, de or pt-BR; leave out what is not known)`,
			`5:34: dataset.languages[2]: "und" names no language (a tag of BCP 47, such as en, de or pt-BR; leave out what is not known)`,
			`5:39: dataset.languages[3]: "und-Latn" names no language (a tag of BCP 47, such as en, de or pt-BR; leave out what is not known)`,
		},
		"annotations_creators: [expert]": {
			`5:34: dataset.annotations_creators[0]: "expert" is not allowed (one of crowdsourced, expert-generated, found, machine-generated)`,
		},
		"creators: [{url: 'https://x.org'}]": {"5:22: dataset.creators[0].name: is missing (want text)"},
		"creators: [x]":                      {`5:22: dataset.creators[0]: want keys and values, found the text "x"`},
		"creators: [{name: a, orcid: 0000-0002-1825-0098}]": {
			`5:39: dataset.creators[0].orcid: "0000-0002-1825-0098" has a mistyped digit (the last one is a check of the others)`,
		},
		"creators: [{name: a, orcid: 'https://orcid.org/0000-0002-1825-0097'}]": {
			`5:39: dataset.creators[0].orcid: "https://orcid.org/0000-0002-1825-0097" is no ORCID (four groups of four digits, such as 0000-0002-1825-0097, without the address before them)`,
		},
		"creators: [{name: a, organization: true, orcid: 0000-0002-1825-0097}]": {
			"5:59: dataset.creators[0].orcid: only people have one (leave it out, or organization)",
		},
		"license: MIT": {"5:11: dataset.license: unknown key (did you mean licence?)"},
	}
	for text, want := range tests {
		folder(t, map[string]string{"c.yaml": minimal + "dataset: {" + text + "}\n"})
		_, err := Load(Options{Path: "c.yaml"})
		for i := range want {
			want[i] = "c.yaml:" + want[i]
		}
		if diff := cmp.Diff(want, lines(t, err)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	folder(t, map[string]string{"c.yaml": minimal + "  licence: MTI\n  url: x\n"})
	_, err := Load(Options{Path: "c.yaml"})
	want := []string{
		`c.yaml:5:12: corpora[0].licence: "MTI" is not known (did you mean MIT? If not: other, with licence_name and licence_url)`,
		`c.yaml:6:8: corpora[0].url: "x" is no URL (it starts with https://, and has neither blanks nor < and >)`,
	}
	if diff := cmp.Diff(want, lines(t, err)); diff != "" {
		t.Error(diff)
	}
}

// A licence that is chosen by its identifier has a name on the hub.
func TestLicences(t *testing.T) {
	if len(licences) == 0 {
		t.Fatal("none")
	}
	seen := map[string]bool{}
	for _, l := range licences {
		if seen[l.spdx] || l.hub == OtherLicence || l.hub != strings.ToLower(l.hub) || HubLicence(l.spdx) != l.hub {
			t.Errorf("%+v", l)
		}
		seen[l.spdx] = true
	}
	if HubLicence("mit") != OtherLicence {
		t.Error("identifiers of SPDX have upper case")
	}
}
