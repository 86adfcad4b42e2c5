package config

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quern-data/quern/configs"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// folder makes the working directory one that holds files, and an empty corpus.
func folder(t testing.TB, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "corpus"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
}

// lines are the problems of a load, each on a line; none if there are none.
func lines(t testing.TB, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	ps := Problems(nil)
	if !errors.As(err, &ps) || len(ps) == 0 {
		t.Fatalf("error %T: %v", err, err)
	}
	return strings.Split(err.Error(), "\n")
}

const minimal = "corpora:\n- name: c\n  root: corpus\n  taxonomy: peer-review-analyze\n"

func minimalConfig() Config {
	want := Default()
	c := DefaultCorpus()
	c.Name, c.Root, c.Taxonomy = "c", "corpus", "peer-review-analyze"
	want.Corpora = []Corpus{c}
	return want
}

// Each corpus entry gets the defaults of its own, and shares them with no other.
func TestLoadDefaults(t *testing.T) {
	folder(t, map[string]string{"c.yaml": minimal + "- name: d\n  root: .\n  taxonomy: peer-review-analyze\n  include: ['*.md']\n" +
		"output: {dir: ../elsewhere}\n"})
	got, err := Load(Options{Path: "c.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	want := minimalConfig()
	want.Output.Dir = "../elsewhere"
	d := DefaultCorpus()
	d.Name, d.Root, d.Taxonomy, d.Include = "d", ".", "peer-review-analyze", []string{"*.md"}
	want.Corpora = append(want.Corpora, d)
	if diff := cmp.Diff(want, got.Config, equateEmpty); diff != "" {
		t.Error(diff)
	}
	if len(got.Taxonomies) != 2 || got.Taxonomies[0] == nil || got.Taxonomies[0] != got.Taxonomies[1] {
		t.Error("the two corpora do not share their taxonomy")
	}
}

// equateEmpty compares nil and empty lists as equal: nothing tells them apart.
var equateEmpty = cmp.FilterValues(func(a, b any) bool {
	return isEmptyList(a) && isEmptyList(b)
}, cmp.Comparer(func(_, _ any) bool { return true }))

func isEmptyList(v any) bool {
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Slice && r.Len() == 0
}

func TestFormatsAgree(t *testing.T) {
	folder(t, map[string]string{
		"sub/c.yaml": "output: {dir: /x, part_bytes: 1MiB}\nlimits: {group_bytes: 99}\ncorpora:\n" +
			"- name: c\n  root: ../corpus\n  taxonomy: peer-review-analyze\n  hidden: true\n  attributes: [{name: venue, value: '2018'}]\n  inline: {escapes: json}\n",
		"sub/c.toml": "[output]\ndir = '/x'\npart_bytes = '1MiB'\n[limits]\ngroup_bytes = 99\n[[corpora]]\nname = 'c'\nroot = '../corpus'\n" +
			"taxonomy = 'peer-review-analyze'\nhidden = true\nattributes = [{name = 'venue', value = '2018'}]\ninline.escapes = 'json'\n",
		"sub/c.json": `{"output": {"dir": "/x", "part_bytes": "1MiB"}, "limits": {"group_bytes": 99}, "corpora": [{"name": "c", "root": "..\/corpus",` +
			"\n\t\"taxonomy\": \"peer\\u002dreview-analyze\", \"hidden\": true, \"attributes\": [{\"name\": \"venue\", \"value\": \"2018\"}], \"inline\": {\"escapes\": \"json\"}}]}",
	})
	want := minimalConfig()
	want.Output.Dir, want.Output.PartBytes, want.Limits.GroupBytes = "/x", 1<<20, 99
	want.Corpora[0].Hidden, want.Corpora[0].Inline.Escapes = true, "json"
	want.Corpora[0].Attributes = []Attribute{{"venue", "2018"}}
	for _, path := range []string{"sub/c.yaml", "sub/c.toml", "sub/c.json"} {
		got, err := Load(Options{Path: path})
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want, got.Config, equateEmpty); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

func TestPrecedenceAndSettings(t *testing.T) {
	folder(t, map[string]string{"sub/c.yaml": "run:\n  workers: 2\n  on_error: fail\n  fail_on:\n    label-unknown: 0\n    documents_refused: 1%\noutput:\n  dir: tables\n  part_bytes: 5\n" +
		"corpora:\n  - name: c\n    root: corpus\n    taxonomy: peer-review-analyze\n    include:\n      - a<b\n", "sub/corpus/x": ""})
	got, err := Load(Options{
		Path:  "sub/c.yaml",
		Env:   []string{"HOME=/", "QUERN_RUN_WORKERS=3", "QUERN_RUN_WORKERS=4", "QUERN_OUTPUT_DIR=env", "QUERN_LIMITS_GROUP_BYTES=64KiB", "QUERN_RUN_ON_ERROR=", "QUERN_RUN_MAX_SHRINK=0.5%", "QUERN_DATASET_TITLE=Reviews"},
		Flags: map[string]string{"run.workers": "8", "run.verify": "off", "output.part_bytes": "1KiB", "corpora.root": "corpus"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range got.Settings() {
		all = append(all, s.Key+" = "+s.Value+" <- "+s.Origin)
	}
	want := []string{
		"output.dir = env <- env QUERN_OUTPUT_DIR",
		"output.part_bytes = 1KiB <- flag",
		"output.row_group_rows = 122880 <- default",
		"output.compression_level = fastest <- default",
		"output.format = parquet <- default",
		"output.partition_by = [] <- default",
		"output.partition_columns = keep <- default",
		"run.workers = 8 <- flag",
		"run.on_error = fail <- sub/c.yaml:3",
		"run.max_shrink = 0.5% <- env QUERN_RUN_MAX_SHRINK",
		"run.verify = off <- flag",
		"run.fail_on.label-unknown = 0 <- sub/c.yaml:5",
		"run.fail_on.documents_refused = 1% <- sub/c.yaml:6",
		"limits.document_bytes = 16MiB <- default",
		"limits.archive_bytes = 64GiB <- default",
		"limits.memory_bytes = 1GiB <- default",
		"limits.path_depth = 64 <- default",
		"limits.group_bytes = 64KiB <- env QUERN_LIMITS_GROUP_BYTES",
		"limits.diagnostics_per_document = 1000 <- default",
		"dataset.title = Reviews <- env QUERN_DATASET_TITLE",
		"dataset.description =  <- default",
		"dataset.licence =  <- default",
		"dataset.licence_name =  <- default",
		"dataset.licence_url =  <- default",
		"dataset.languages = [] <- default",
		"dataset.citation =  <- default",
		"dataset.url =  <- default",
		"dataset.creators = [] <- default",
		"dataset.keywords = [] <- default",
		"dataset.annotations_creators = [] <- default",
		"dataset.version =  <- default",
		"dataset.date_published =  <- default",
		"corpora[0].name = c <- sub/c.yaml:11",
		"corpora[0].profile =  <- default",
		"corpora[0].root = corpus <- flag",
		"corpora[0].format = inline <- default",
		"corpora[0].taxonomy = peer-review-analyze <- sub/c.yaml:13",
		`corpora[0].include = ["a<b"] <- sub/c.yaml:14`,
		"corpora[0].exclude = [] <- default",
		"corpora[0].hidden = false <- default",
		"corpora[0].follow_symlinks = false <- default",
		"corpora[0].paths = [] <- default",
		"corpora[0].document_id =  <- default",
		"corpora[0].raw =  <- default",
		"corpora[0].fields = [] <- default",
		"corpora[0].same_id = refuse <- default",
		"corpora[0].splits.group_by =  <- default",
		"corpora[0].splits.shares = [] <- default",
		"corpora[0].splits.stratify_by =  <- default",
		"corpora[0].splits.seed =  <- default",
		"corpora[0].normalize.split = group <- default",
		"corpora[0].normalize.utf16 = false <- default",
		"corpora[0].attributes = [] <- default",
		"corpora[0].inline.escapes = auto <- default",
		"corpora[0].json.records =  <- default",
		"corpora[0].json.text =  <- default", "corpora[0].json.annotated_where =  <- default",
		"corpora[0].json.offsets = code_points <- default",
		"corpora[0].json.labels = [] <- default",
		"corpora[0].json.sentences = [] <- default",
		"corpora[0].json.spans = [] <- default",
		"corpora[0].json.relations = [] <- default",
		"corpora[0].json.links = [] <- default",
		"corpora[0].columns.unit = token <- default",
		"corpora[0].columns.separator = tab <- default",
		"corpora[0].columns.names = [] <- default",
		"corpora[0].columns.blank_line = document <- default",
		"corpora[0].columns.document_start =  <- default",
		"corpora[0].columns.comment =  <- default",
		"corpora[0].columns.text =  <- default",
		"corpora[0].columns.role =  <- default",
		"corpora[0].columns.labels = [] <- default",
		"corpora[0].columns.links = [] <- default",
		"corpora[0].csv.separator = , <- default",
		"corpora[0].csv.header = true <- default",
		"corpora[0].csv.text =  <- default",
		"corpora[0].csv.role =  <- default",
		`corpora[0].csv.between = "\n" <- default`,
		"corpora[0].csv.labels = [] <- default",
		"corpora[0].brat.layer = entity <- default",
		"corpora[0].brat.note_layer = note <- default",
		"corpora[0].licence =  <- default",
		"corpora[0].licence_name =  <- default",
		"corpora[0].licence_url =  <- default",
		"corpora[0].citation =  <- default",
		"corpora[0].url =  <- default",
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
}

func TestRelativePaths(t *testing.T) {
	folder(t, map[string]string{
		"sub/c.yaml": "corpora: [{name: c, root: data, taxonomy: ./t.yaml}]",
		"sub/t.yaml": "name: t\nlayers: [{name: l, labels: [{code: A}]}]",
		"sub/data/x": "",
	})
	got, err := Load(Options{Path: "sub/c.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	c := got.Config
	for _, p := range [][2]string{{c.Output.Dir, "sub/out"}, {c.Corpora[0].Root, "sub/data"}, {c.Corpora[0].Taxonomy, "sub/t.yaml"}} {
		if p[0] != filepath.FromSlash(p[1]) {
			t.Errorf("got %s, want %s", p[0], p[1])
		}
	}
	profile, err := Load(Options{Profile: "peer-review-analyze", Flags: map[string]string{"corpora.root": "corpus"}})
	if err != nil {
		t.Fatal(err)
	}
	if profile.Config.Output.Dir != "out" || profile.Config.Corpora[0].Root != "corpus" || profile.File != "profile:peer-review-analyze" {
		t.Errorf("%+v", profile)
	}
}

// mistakes are configurations with all their problems. The file is c.yaml, in a
// folder with a corpus and a taxonomy.
var mistakes = map[string]struct {
	config string
	want   []string
}{
	"nothing": {"", []string{"c.yaml:1:1: corpora: is missing (want a list of entries)"}},
	"null":    {"~", []string{"c.yaml:1:1: corpora: is missing (want a list of entries)"}},
	"no table": {"- a", []string{
		"c.yaml:1:1: want keys and values, found a list",
	}},
	"syntax":  {"a: b: c", []string{"c.yaml:1: mapping values are not allowed in this context"}},
	"control": {"a: \x01", []string{"c.yaml: control characters are not allowed"}},
	"two documents": {minimal + "---\n" + minimal, []string{
		"c.yaml:5:1: a second document starts here (keep one document in the file)",
	}},
	"several at once": {"output:\n  dri: x\n  part_bytes: 3 apples\nrun:\n  workers: '4'\n  on_error: skpi\nlimits: []\n" + minimal + "  hiden: true\n", []string{
		"c.yaml:2:3: output.dri: unknown key (did you mean dir?)",
		`c.yaml:3:15: output.part_bytes: "3 apples" is no size: write a whole number of bytes, or one with KiB, MiB or GiB`,
		`c.yaml:5:12: run.workers: want a whole number, found the text "4" (write it without quotation marks)`,
		`c.yaml:6:13: run.on_error: "skpi" is not allowed (did you mean skip?)`,
		"c.yaml:7:9: limits: want keys and values, found a list",
		"c.yaml:12:3: corpora[0].hiden: unknown key (did you mean hidden?)",
	}},
	"typo of a required key": {"corpra: []", []string{"c.yaml:1:1: corpra: unknown key (did you mean corpora?)"}},
	"case":                   {"Run: {}\n" + minimal, []string{"c.yaml:1:1: Run: unknown key (did you mean run?)"}},
	"another level":          {"workers: 3\n" + minimal, []string{"c.yaml:1:1: workers: unknown key (did you mean run.workers?)"}},
	"below a list":           {"run: {escapes: json}\n" + minimal, []string{"c.yaml:1:7: run.escapes: unknown key (did you mean corpora[].inline.escapes?)"}},
	"far from all":           {"run: {zzzzzz: 3}\n" + minimal, []string{"c.yaml:1:7: run.zzzzzz: unknown key (one of workers, on_error, max_shrink, verify, fail_on)"}},
	"dotted key":             {"run.workers: 3\n" + minimal, []string{"c.yaml:1:1: run.workers: unknown key (one of output, run, limits, dataset, corpora)"}},
	"merge key": {"<<: {}\n" + minimal, []string{
		"c.yaml:1:1: <<: unknown key (merge keys are not supported)",
	}},
	"key that is a list": {"[a]: 3\n" + minimal, []string{"c.yaml:1:1: a key must be a word"}},
	"duplicates": {"run: {workers: 1, workers: 2}\n" + minimal + "run: {}\n", []string{
		"c.yaml:1:19: run.workers: stands here again, line 1 has it already (keep one of the two)",
		"c.yaml:6:1: run: stands here again, line 1 has it already (keep one of the two)",
	}},
	"null for a table": {"run:\n" + minimal, []string{
		"c.yaml:1:5: run: want keys and values, found no value (leave the key out for its default)",
	}},
	"wrong types": {"run: {workers: 1.5, on_error: true}\nlimits: {document_bytes: [3], group_bytes: 3.5, diagnostics_per_document: {}}\n" +
		"output: {dir: 2018-01-01, row_group_rows: 99999999999999999999}\n" + minimal + "  hidden: yes\n  include: '*'\n  exclude: [3, a]\n  raw:\n  attributes: {}\n  inline: 3\n", []string{
		"c.yaml:1:16: run.workers: want a whole number, found the number 1.5",
		"c.yaml:1:31: run.on_error: want one of skip, fail, found true (put it in quotation marks)",
		"c.yaml:2:26: limits.document_bytes: want a size, such as 64KiB or a number of bytes, found a list (write it without brackets or hyphen)",
		"c.yaml:2:44: limits.group_bytes: want a size, such as 64KiB or a number of bytes, found the number 3.5",
		"c.yaml:2:75: limits.diagnostics_per_document: want a whole number, found keys and values",
		"c.yaml:3:15: output.dir: want text, found a date or time (put it in quotation marks)",
		"c.yaml:3:43: output.row_group_rows: want a whole number, found the number 1e+20",
		`c.yaml:8:11: corpora[0].hidden: want true or false, found the text "yes"`,
		`c.yaml:9:12: corpora[0].include: want a list of text, found the text "*" (write [ ] around it, or a hyphen before it)`,
		"c.yaml:10:13: corpora[0].exclude[0]: want text, found the number 3 (put it in quotation marks)",
		"c.yaml:11:7: corpora[0].raw: want text, found no value (leave the key out for its default)",
		"c.yaml:12:15: corpora[0].attributes: want a list of entries, found keys and values (write [ ] around it, or a hyphen before it)",
		"c.yaml:13:11: corpora[0].inline: want keys and values, found the number 3",
	}},
	"bounds": {"run: {workers: -1}\nlimits: {group_bytes: 0, document_bytes: -5}\noutput: {dir: '', row_group_rows: 10000001}\n" +
		"corpora:\n- {name: a/b, root: '', taxonomy: '', include: []}\n", []string{
		"c.yaml:1:16: run.workers: -1 is too small (at least 0)",
		"c.yaml:2:23: limits.group_bytes: 0 is too small (at least 1)",
		"c.yaml:2:42: limits.document_bytes: -5 is too small (at least 1)",
		"c.yaml:3:15: output.dir: is empty",
		"c.yaml:3:35: output.row_group_rows: 10000001 is too large (at most 10000000)",
		`c.yaml:5:10: corpora[0].name: "a/b" is not allowed (must match ^[A-Za-z0-9][A-Za-z0-9._-]*$)`,
		"c.yaml:5:21: corpora[0].root: is empty",
		"c.yaml:5:35: corpora[0].taxonomy: is empty",
		"c.yaml:5:48: corpora[0].include: is empty (at least 1)",
	}},
	"shares": {"run: {max_shrink: 20, verify: on}\n" + minimal, []string{
		"c.yaml:1:19: run.max_shrink: want a share from 0% to 100%, found the number 20 (write 20%)",
		`c.yaml:1:31: run.verify: "on" is not allowed (one of full, fast, off)`,
	}},
	"share as a fraction": {"run: {max_shrink: 0.2}\n" + minimal, []string{
		"c.yaml:1:19: run.max_shrink: want a share from 0% to 100%, found the number 0.2 (write 20%, or 0.2%)",
	}},
	"share that is too large": {"run: {max_shrink: 101%}\n" + minimal, []string{
		`c.yaml:1:19: run.max_shrink: "101%" is no share: write 0% to 100%, with at most four decimals`,
	}},
	"memory": {"limits: {memory_bytes: 63MiB, document_bytes: 2GiB}\n" + minimal, []string{
		"c.yaml:1:24: limits.memory_bytes: 63MiB is too small (at least 64MiB)",
		"c.yaml:1:47: limits.document_bytes: 2GiB is too large (at most 1GiB)",
	}},
	"thresholds": {"run:\n  fail_on:\n    label_unknown: 0\n    file-empty: -1\n    file-too-large: 1.5\n    twin-missing: '3'\n    twin-mismatch: 5 percent\n" +
		"    label-duplicate: [1%]\n    label-unknown: 101%\n    documents_refused: 1%\n    documents_refused: 2%\n    Labels_Unresolved: 0\n    workers: 2\n    text-edited: 1\n    repair-slip:\n  workers: x\n" + minimal, []string{
		"c.yaml:3:5: run.fail_on.label_unknown: unknown key (did you mean label-unknown?)",
		"c.yaml:4:17: run.fail_on.file-empty: -1 is too small (at least 0)",
		"c.yaml:5:21: run.fail_on.file-too-large: want a count or a share, such as 10 or 1%, found the number 1.5 (write 1.5%)",
		`c.yaml:6:19: run.fail_on.twin-missing: want a count or a share, such as 10 or 1%, found the text "3" (write it without quotation marks)`,
		`c.yaml:7:20: run.fail_on.twin-mismatch: "5 percent" is no share: write 0% to 100%, with at most four decimals`,
		"c.yaml:8:22: run.fail_on.label-duplicate: want a count or a share, such as 10 or 1%, found a list (write it without brackets or hyphen)",
		`c.yaml:9:20: run.fail_on.label-unknown: "101%" is no share: write 0% to 100%, with at most four decimals`,
		"c.yaml:11:5: run.fail_on.documents_refused: stands here again, line 10 has it already (keep one of the two)",
		"c.yaml:12:5: run.fail_on.Labels_Unresolved: unknown key (did you mean labels_unresolved?)",
		"c.yaml:13:5: run.fail_on.workers: unknown key (did you mean run.workers?)",
		"c.yaml:15:17: run.fail_on.repair-slip: want a count or a share, such as 10 or 1%, found no value (leave the key out for its default)",
		`c.yaml:16:12: run.workers: want a whole number, found the text "x"`,
	}},
	"no thresholds": {"run: {fail_on: }\n" + minimal, []string{
		"c.yaml:1:16: run.fail_on: want names, each with a count or a share, such as 10 or 1%, found no value (leave the key out for its default)",
	}},
	"thresholds in a list": {"run: {fail_on: [documents_refused: 1%]}\n" + minimal, []string{
		"c.yaml:1:16: run.fail_on: want names, each with a count or a share, such as 10 or 1%, found a list (write { } around entries such as documents_refused: 1%)",
	}},
	"thresholds as text": {"run: {fail_on: 1%}\n" + minimal, []string{
		`c.yaml:1:16: run.fail_on: want names, each with a count or a share, such as 10 or 1%, found the text "1%" (write { } around entries such as documents_refused: 1%)`,
	}},
	"far from all thresholds": {"run: {fail_on: {zzzzzzzzzz: 0}}\n" + minimal, []string{
		"c.yaml:1:17: run.fail_on.zzzzzzzzzz: unknown key (one of " + strings.Join(keys(thresholdFields), ", ") + ")",
	}},
	"no corpora": {"corpora: []", []string{"c.yaml:1:10: corpora: is empty (at least 1)"}},
	"required keys": {"corpora:\n- {}\n- 3\n- name: c\n  attributes: [{}]\n", []string{
		"c.yaml:2:3: corpora[0].name: is missing (want text)",
		"c.yaml:2:3: corpora[0].root: is missing (want text)",
		"c.yaml:2:3: corpora[0].taxonomy: is missing (want text)",
		"c.yaml:3:3: corpora[1]: want keys and values, found the number 3",
		"c.yaml:4:3: corpora[2].root: is missing (want text)",
		"c.yaml:4:3: corpora[2].taxonomy: is missing (want text)",
		"c.yaml:5:16: corpora[2].attributes[0].name: is missing (want text)",
		"c.yaml:5:16: corpora[2].attributes[0].value: is missing (want text)",
	}},
	"duplicate names": {minimal + "- {name: c, root: corpus, taxonomy: peer-review-analyze}\n", []string{
		`c.yaml:5:10: corpora[1].name: "c" is the name of corpora[0] too (give each corpus a name of its own)`,
	}},
	"roots": {"corpora:\n- {name: a, root: nowhere, taxonomy: t.yaml}\n- {name: b, root: t.yaml, taxonomy: t.yaml}\n", []string{
		"c.yaml:2:19: corpora[0].root: nowhere does not exist",
		"c.yaml:3:19: corpora[1].root: t.yaml is a file (name the folder that holds the corpus, or an archive: .zip, .tar, .tar.gz, .tar.zst, .tgz or .tzst)",
	}},
	"taxonomies": {"corpora:\n- {name: a, root: corpus, taxonomy: peer-review-analyse}\n- {name: b, root: corpus, taxonomy: nix.yaml}\n" +
		"- {name: c, root: corpus, taxonomy: ./peer-review-analyze}\n- {name: d, root: corpus, taxonomy: bad.yaml}\n- {name: e, root: corpus, taxonomy: bad.yaml}\n- {name: f, root: corpus, taxonomy: corpus/}\n", []string{
		`c.yaml:2:37: corpora[0].taxonomy: there is no built-in taxonomy "peer-review-analyse" (did you mean peer-review-analyze?)`,
		"c.yaml:3:37: corpora[1].taxonomy: taxonomy nix.yaml does not exist",
		"c.yaml:4:37: corpora[2].taxonomy: taxonomy ./peer-review-analyze does not exist (the built-in one is peer-review-analyze, without path and extension)",
		"c.yaml:7:37: corpora[5].taxonomy: taxonomy ./corpus is not a file",
		"bad.yaml:1:1: layers: is missing (want a list of entries, or open: true)",
	}},
	"globs": {minimal + "  include: ['[', '', '**/*.txt']\n  exclude: ['/a', '../b', '{a']\n", []string{
		`c.yaml:5:13: corpora[0].include[0]: "[" is no glob (a [ or { without its twin? A backslash before it makes it an ordinary character)`,
		"c.yaml:5:18: corpora[0].include[1]: is empty (** fits every file)",
		`c.yaml:6:13: corpora[0].exclude[0]: "/a" fits no file: globs are relative to root`,
		`c.yaml:6:19: corpora[0].exclude[1]: "../b" fits no file: globs are relative to root`,
		`c.yaml:6:27: corpora[0].exclude[2]: "{a" is no glob (a [ or { without its twin? A backslash before it makes it an ordinary character)`,
	}},
	"patterns": {minimal + "  paths: ['{a', '{B}', '{c:(}', '{d}']\n  document_id: '{x:y}'\n  raw: '}'\n", []string{
		"c.yaml:5:11: corpora[0].paths[0]: { without its }",
		`c.yaml:5:17: corpora[0].paths[1]: "B" is no name of an attribute: write lower-case letters, digits and underscores, a letter first`,
		`c.yaml:5:24: corpora[0].paths[2]: expression of {c}: missing closing ): "("`,
		"c.yaml:6:16: corpora[0].document_id: {x:y} has an expression, which only paths may have: write {x}",
		"c.yaml:7:8: corpora[0].raw: } without its {",
	}},
	"names": {minimal + "  paths: ['{paper_id}']\n  document_id: '{venue}{paperid}'\n  raw: '{x}'\n" +
		"  attributes: [{name: venue, value: ''}, {name: Year, value: a}, {name: venue, value: b}]\n", []string{
		`c.yaml:8:49: corpora[0].attributes[1].name: "Year" is not allowed (must match ^[a-z][a-z0-9_]*$)`,
		"c.yaml:8:73: corpora[0].attributes[2].name: venue has a value already (keep one of the two)",
	}},
	"uncaptured": {minimal + "  paths: ['{paper_id}']\n  document_id: '{venue}{paperid}'\n  raw: '{x}'\n  attributes: [{name: venue, value: a}]\n", []string{
		"c.yaml:6:16: corpora[0].document_id: no pattern in paths captures {paperid}, and no attribute has this name (did you mean {paper_id}?)",
		"c.yaml:7:8: corpora[0].raw: no pattern in paths captures {x}, and no attribute has this name (add a pattern to paths that captures it)",
	}},
	"output in the corpus": {"output: {dir: corpus/x/../y}\n" + minimal, []string{
		"c.yaml:1:15: output.dir: the tables would stand in the corpus: output.dir corpus/y lies in corpora[0].root corpus (name a folder outside the corpus)",
	}},
	"default output in the corpus": {"corpora: [{name: c, root: ., taxonomy: t.yaml}]", []string{
		"c.yaml:1:27: corpora[0].root: the tables would stand in the corpus: output.dir out lies in corpora[0].root . (name a folder outside the corpus)",
	}},
	"corpus in the output": {"output: {dir: .}\n" + minimal, []string{
		"c.yaml:1:15: output.dir: holds the config file (name a folder of its own for the tables)",
		"c.yaml:1:15: output.dir: the corpus would stand among the tables: corpora[0].root corpus lies in output.dir . (name a folder outside the corpus)",
	}},
	"link": {"output: {dir: link/x}\n" + minimal, []string{
		"c.yaml:1:15: output.dir: the tables would stand in the corpus: output.dir link/x lies in corpora[0].root corpus (name a folder outside the corpus)",
	}},
	"URL": {"output: {dir: 's3://x/y'}\n" + minimal, []string{"c.yaml:1:15: output.dir: is a URL (name a folder)"}},
	"alias": {minimal + "  include: &x ['[']\n  exclude: *x\n", []string{
		`c.yaml:5:16: corpora[0].include[0]: "[" is no glob (a [ or { without its twin? A backslash before it makes it an ordinary character)`,
		`c.yaml:5:16: corpora[0].exclude[0]: "[" is no glob (a [ or { without its twin? A backslash before it makes it an ordinary character)`,
	}},
	"partitions": {"output:\n  partition_by:\n  - decison\n  - rating\n  - year\n  - year\n  - 3\n  - split\n  - area\n  - corpus\n  partition_columns: both\n" +
		"corpora:\n- {name: c, root: corpus, taxonomy: t.yaml, paths: ['{year}/{area}']}\n- {name: d, root: corpus, taxonomy: t.yaml}\n", []string{
		`c.yaml:3:5: output.partition_by[0]: "decison" is no column to partition by (did you mean decision?)`,
		"c.yaml:4:5: output.partition_by[1]: rating has too many values, and each can be written in several ways (one of corpus, paper_id, venue, year, reviewer, decision, split, annotator)",
		"c.yaml:6:5: output.partition_by[3]: year stands there already (keep one of the two)",
		"c.yaml:7:5: output.partition_by[4]: want text, found the number 3 (put it in quotation marks)",
		"c.yaml:8:5: output.partition_by[5]: no pattern in paths of any corpus captures {split}, and no attribute or field has this name (add a pattern that captures it)",
		`c.yaml:9:5: output.partition_by[6]: "area" is no column to partition by (one of corpus, paper_id, venue, year, reviewer, decision, split, annotator)`,
		`c.yaml:11:22: output.partition_columns: "both" is not allowed (one of keep, drop)`,
	}},
	"partitions of what splits give, and of what differs from label to label": {"output: {partition_by: [split, annotator]}\n" +
		"corpora:\n- {name: c, root: corpus, taxonomy: t.yaml, paths: ['{paper_id}-{annotator}'], document_id: '{paper_id}', same_id: annotators,\n" +
		"   splits: {group_by: '{paper_id}', shares: [{name: all, share: 100%}]}}\n", []string{
		"c.yaml:1:32: output.partition_by[1]: labels of one document may be by several annotators in corpora[0], and its rows stand in one folder (leave annotator out)",
	}},
	"partitions of who may be no annotator": {"output: {partition_by: [annotator]}\n" +
		"corpora:\n- {name: c, root: corpus, taxonomy: open, paths: ['{annotator}/**'], format: jsonl, json: {text: t, annotated_where: a=b}}\n", []string{
		"c.yaml:1:25: output.partition_by[0]: corpora[0].json.annotated_where says that who a document names may be no annotator of it, which is known once it is parsed (leave annotator out)",
	}},
	"partitions with a pattern that is none": {"output: {partition_by: [venue]}\ncorpora:\n- {name: c, root: corpus, taxonomy: t.yaml, paths: ['{']}\n", []string{
		"c.yaml:3:53: corpora[0].paths[0]: { without its }",
	}},
	"end of file":   {"run: {}\nlimits: {a: 1,\noutput:\n", []string{"c.yaml:4: did not find expected node content"}},
	"stray bracket": {"run: {}\nlimits: ]\n", []string{"c.yaml:2: did not find expected node content"}},
	"wrong indent":  {"run:\n  workers: 1\n on_error: 3\n", []string{"c.yaml:3: did not find expected key"}},
	"recursion":     {"run: &x {a: *x}", []string{"c.yaml:1: too many values, or nested too deeply"}},
	"bomb": {
		"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e]\n",
		[]string{"c.yaml:1: too many values, or nested too deeply"},
	},
	"bad tag": {"run: {workers: !!int x}\n" + minimal, []string{
		`c.yaml:1:16: run.workers: want a whole number, found the text "x"`,
		"c.yaml:1:16: cannot decode !!str `x` as a !!int",
	}},
}

func mistakeFolder(t testing.TB, files map[string]string) {
	t.Helper()
	files["t.yaml"] = "name: t\nlayers: [{name: l, labels: [{code: A}]}]\n"
	files["bad.yaml"] = "name: b\n"
	folder(t, files)
	if err := os.Symlink("corpus", "link"); err != nil {
		t.Fatal(err)
	}
}

func TestMistakes(t *testing.T) {
	for name, tt := range mistakes {
		t.Run(name, func(t *testing.T) {
			mistakeFolder(t, map[string]string{"c.yaml": tt.config})
			_, err := Load(Options{Path: "c.yaml"})
			if diff := cmp.Diff(tt.want, lines(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMistakesInOtherFormats(t *testing.T) {
	tests := []struct {
		file, content string
		want          []string
	}{
		{"c.json", "{\n  \"run\": {,}\n}", []string{"c.json:2:11: invalid character ',' looking for beginning of object key string"}},
		{"c.json", "{\"run\": 3", []string{"c.json:1:9: unexpected end of JSON input"}},
		{"c.json", "corpora: []", []string{"c.json:1:1: invalid character 'c' looking for beginning of value"}},
		{"c.json", "{\n\t\"runn\": {},\n\t\"corpora\": [{\"name\": \"c\", \"root\": \"corpus\", \"taxonomy\": \"t.yaml\", \"hidden\": 1}]\n}", []string{
			"c.json:2:2: runn: unknown key (did you mean run?)",
			"c.json:3:78: corpora[0].hidden: want true or false, found the number 1",
		}},
		{"c.json", "{\"run\": {\"max_shrink\": 20,\n\t\"fail_on\": {\"label-unknwon\": 1, \"label-unknown\": true, \"file-empty\": 1, \"file-empty\": 2}}}", []string{
			"c.json:1:1: corpora: is missing (want a list of entries)",
			"c.json:1:24: run.max_shrink: want a share from 0% to 100%, found the number 20 (write 20%)",
			"c.json:2:14: run.fail_on.label-unknwon: unknown key (did you mean label-unknown?)",
			"c.json:2:51: run.fail_on.label-unknown: want a count or a share, such as 10 or 1%, found true",
			"c.json:2:74: run.fail_on.file-empty: stands here again, line 2 has it already (keep one of the two)",
		}},
		{"c.toml", "[run]\nmax_shrink = 20\nfail_on.file-emtpy = 3\nfail_on.file-empty = -1\nfail_on.label-unknown = 0.5\n", []string{
			"c.toml:1:1: corpora: is missing (want a list of entries)",
			"c.toml:2:14: run.max_shrink: want a share from 0% to 100%, found the number 20 (write 20%)",
			"c.toml:3:9: run.fail_on.file-emtpy: unknown key (did you mean file-empty?)",
			"c.toml:4:22: run.fail_on.file-empty: -1 is too small (at least 0)",
			"c.toml:5:25: run.fail_on.label-unknown: want a count or a share, such as 10 or 1%, found the number 0.5 (write 50%, or 0.5%)",
		}},
		{"c.toml", "[run]\nworkers = \n", []string{"c.toml:2:11: unexpected character U+000A at start of value"}},
		{"c.toml", "[run]\nworkers = 1\nworkers = 2\n", []string{"c.toml:3:1: key workers is already defined"}},
		{
			"c.toml",
			"limits = 3\noutput = { dri = 'x' }\n[run]\nworkers = '4'\non_error.x = 1\n\n[[corpora]]\nname = 'a'\nroot = 'corpus'\ntaxonomy = 't.yaml'\n" +
				"paths = [\n  '{a}',\n  '{b',\n]\n[[corpora]]\nname = 'a'\nroot = 'nowhere'\n[[corpora.attributes]]\nname = 'x'\n[[corpora.attributes]]\nnam = 'y'\nvalue = 2018-01-01\n[corpora.inline]\nescapes = 'xml'\n",
			[]string{
				"c.toml:1:10: limits: want keys and values, found the number 3",
				"c.toml:2:12: output.dri: unknown key (did you mean dir?)",
				`c.toml:4:11: run.workers: want a whole number, found the text "4" (write it without quotation marks)`,
				"c.toml:5:1: run.on_error: want one of skip, fail, found keys and values",
				"c.toml:13:3: corpora[0].paths[1]: { without its }",
				"c.toml:15:3: corpora[1].taxonomy: is missing (want text)",
				`c.toml:16:8: corpora[1].name: "a" is the name of corpora[0] too (give each corpus a name of its own)`,
				"c.toml:17:8: corpora[1].root: nowhere does not exist",
				"c.toml:18:3: corpora[1].attributes[0].value: is missing (want text)",
				"c.toml:21:1: corpora[1].attributes[1].nam: unknown key (did you mean name?)",
				"c.toml:22:9: corpora[1].attributes[1].value: want text, found a date or time (put it in quotation marks)",
				`c.toml:24:11: corpora[1].inline.escapes: "xml" is not allowed (one of auto, json, none)`,
			},
		},
		{"c.ini", "", []string{"c.ini: the name does not tell the format (name it .yaml, .toml or .json)"}},
		{"big.yaml", strings.Repeat("#", 1<<20+1), []string{"big.yaml: is larger than 1 MiB, which no configuration is"}},
	}
	for _, tt := range tests {
		mistakeFolder(t, map[string]string{tt.file: tt.content})
		_, err := Load(Options{Path: tt.file})
		if diff := cmp.Diff(tt.want, lines(t, err)); diff != "" {
			t.Errorf("%s %s: %s", tt.file, clip(tt.content), diff)
		}
	}
}

func TestMistakesOutsideTheFile(t *testing.T) {
	folder(t, map[string]string{"c.yaml": minimal + "run: {workers: x}\n", "two.yaml": minimal + "- {name: d, root: corpus, taxonomy: peer-review-analyze}\n"})
	tests := []struct {
		options Options
		want    []string
	}{
		{Options{}, []string{"command line: no configuration: name a file, or a profile: " + strings.Join(Profiles(), ", ")}},
		{Options{Path: "nix.yaml"}, []string{"nix.yaml: does not exist"}},
		{Options{Path: "corpus"}, []string{"corpus: is not a file"}},
		{Options{Profile: "minimum"}, []string{"profile:minimum: there is no such profile (did you mean minimal?)"}},
		{Options{Profile: "peer-review-analyze"}, []string{
			"profile:peer-review-analyze:24:11: corpora[0].root: ../corpora/peer-review-analyze does not exist (a profile takes the folder of the corpus from --corpus)",
		}},
		{
			Options{
				Path:  "c.yaml",
				Flags: map[string]string{"run.worker": "3", "corpora": "x", "corpora.root": "nowhere", "output.part_bytes": "x", "run.on_error": "stop"},
				Env:   []string{"QUERN_RUN_WORKER=3", "QUERN_RUN_WORKERS=many", "QUERN_CORPORA_ROOT=x", "QUERN_OUTPUT_DIR=corpus"},
			},
			[]string{
				`c.yaml:5:16: run.workers: want a whole number, found the text "x"`,
				"environment: QUERN_CORPORA_ROOT: no setting has this variable (one of QUERN_DATASET_ANNOTATIONS_CREATORS, QUERN_DATASET_CITATION, QUERN_DATASET_DATE_PUBLISHED, " +
					"QUERN_DATASET_DESCRIPTION, QUERN_DATASET_LICENCE, QUERN_DATASET_LICENCE_NAME, QUERN_DATASET_LICENCE_URL, QUERN_DATASET_TITLE, " +
					"QUERN_DATASET_URL, QUERN_DATASET_VERSION, QUERN_LIMITS_ARCHIVE_BYTES, QUERN_LIMITS_DIAGNOSTICS_PER_DOCUMENT, " +
					"QUERN_LIMITS_DOCUMENT_BYTES, QUERN_LIMITS_GROUP_BYTES, QUERN_LIMITS_MEMORY_BYTES, QUERN_LIMITS_PATH_DEPTH, QUERN_OUTPUT_COMPRESSION_LEVEL, QUERN_OUTPUT_DIR, QUERN_OUTPUT_FORMAT, " +
					"QUERN_OUTPUT_PARTITION_BY, QUERN_OUTPUT_PARTITION_COLUMNS, QUERN_OUTPUT_PART_BYTES, QUERN_OUTPUT_ROW_GROUP_ROWS, QUERN_RUN_MAX_SHRINK, QUERN_RUN_ON_ERROR, QUERN_RUN_VERIFY, QUERN_RUN_WORKERS)",
				"environment: QUERN_RUN_WORKER: no setting has this variable (did you mean QUERN_RUN_WORKERS?)",
				`environment: QUERN_RUN_WORKERS: want a whole number, found the text "many"`,
				"command line: corpora: no such setting (one of dataset.annotations_creators, dataset.citation, dataset.date_published, dataset.description, dataset.licence, " +
					"dataset.licence_name, dataset.licence_url, dataset.title, dataset.url, dataset.version, limits.archive_bytes, limits.diagnostics_per_document, limits.document_bytes, " +
					"limits.group_bytes, limits.memory_bytes, limits.path_depth, output.compression_level, output.dir, output.format, output.part_bytes, output.partition_by, output.partition_columns, output.row_group_rows, " +
					"run.max_shrink, run.on_error, run.verify, run.workers, corpora.root)",
				`command line: output.part_bytes: "x" is no size: write a whole number of bytes, or one with KiB, MiB or GiB`,
				`command line: run.on_error: "stop" is not allowed (one of skip, fail)`,
				"command line: run.worker: no such setting (did you mean run.workers?)",
				"command line: corpora.root: nowhere does not exist",
			},
		},
		{Options{Path: "two.yaml", Flags: map[string]string{"output.partition_by": "corpus,venu, split"}}, []string{
			`command line: output.partition_by: "venu" is no column to partition by (did you mean venue?)`,
			"command line: output.partition_by: no pattern in paths of any corpus captures {split}, and no attribute or field has this name (add a pattern that captures it)",
		}},
		{Options{Path: "two.yaml", Flags: map[string]string{"corpora.root": "corpus"}}, []string{
			"command line: corpora.root: the configuration has 2 corpora, and this is the root of one (set root in the config file)",
		}},
	}
	for _, tt := range tests {
		_, err := Load(tt.options)
		if diff := cmp.Diff(tt.want, lines(t, err)); diff != "" {
			t.Errorf("%+v: %s", tt.options, diff)
		}
	}
}

// An override makes good for what the file has wrong, but does not hide it.
func TestOverrideOfAMistake(t *testing.T) {
	folder(t, map[string]string{"c.yaml": minimal + "output: {dir: 3}\n"})
	_, err := Load(Options{Path: "c.yaml", Flags: map[string]string{"output.dir": "corpus/out"}})
	want := []string{
		"c.yaml:5:15: output.dir: want text, found the number 3 (put it in quotation marks)",
		"command line: output.dir: the tables would stand in the corpus: output.dir corpus/out lies in corpora[0].root corpus (name a folder outside the corpus)",
	}
	if diff := cmp.Diff(want, lines(t, err)); diff != "" {
		t.Error(diff)
	}
}

func TestPrecedenceOfEachSetting(t *testing.T) {
	folder(t, nil)
	fields := overridable()
	// What a licence is called hangs together with which it is.
	all := slices.DeleteFunc(sortedKeys(fields), func(key string) bool { return strings.HasPrefix(key, "dataset.licence_") })
	textOf := map[string]string{
		"dataset.licence": `MIT|CC0-1\.0|CC-BY-4\.0`, "dataset.url": `https://[a-z]{1,8}\.org`,
		"dataset.version": `[1-9]\.[0-9]\.[0-9]`, "dataset.date_published": `20[0-9]{2}-0[1-9]-1[0-9]`,
	}
	rapid.Check(t, func(t *rapid.T) {
		value := func(f *field, key, where string) string {
			label := key + where
			switch {
			case f.isNames():
				names := rapid.Permutation(f.enum).Draw(t, label)
				return strings.Join(names[:rapid.IntRange(1, len(names)).Draw(t, label+" count")], ", ")
			case textOf[key] != "":
				return rapid.StringMatching(textOf[key]).Draw(t, label)
			case f.enum != nil:
				return rapid.SampledFrom(f.enum).Draw(t, label)
			case f.typ.Kind() == reflect.String:
				return rapid.StringMatching(`[a-z]{1,8}/[a-z]{1,8}`).Draw(t, label)
			}
			number := rapid.IntRange(1000, 1024).Draw(t, label)
			switch f.typ {
			case bytesType:
				return (Bytes(number) << 17).String()
			case percentType:
				return Percent(number * 300).String()
			}
			return strconv.Itoa(number)
		}
		// As a setting is shown.
		text := func(f *field, v string) string {
			if !f.isNames() {
				return v
			}
			list, _, _ := f.parse(v)
			return leaf{field: f, value: reflect.ValueOf(list)}.text()
		}
		file := map[string]any{"corpora": []any{map[string]any{
			"name": "c", "root": "corpus", "taxonomy": "peer-review-analyze",
			"paths": []any{"{paper_id}/{venue}/{year}/{reviewer}/{decision}/{split}/{annotator}"},
		}}}
		o := Options{Path: "c.yaml", Flags: map[string]string{}}
		want := make(map[string]Setting)
		for _, key := range all {
			f := fields[key]
			if rapid.Bool().Draw(t, key+" in file") {
				table, name, _ := strings.Cut(key, ".")
				if file[table] == nil {
					file[table] = map[string]any{}
				}
				v := value(f, key, " in file")
				typed, message, _ := f.parse(v)
				if message != "" {
					t.Fatal(message)
				}
				if f.typ == bytesType || f.typ == percentType {
					typed = v // as text, which a file has
				}
				file[table].(map[string]any)[name] = typed
				want[key] = Setting{key, text(f, v), "file"}
			}
			if rapid.Bool().Draw(t, key+" in env") {
				v := value(f, key, " in env")
				o.Env = append(o.Env, envName(key)+"="+v)
				want[key] = Setting{key, text(f, v), "env " + envName(key)}
			}
			if rapid.Bool().Draw(t, key+" as flag") {
				v := value(f, key, " as flag")
				o.Flags[key] = v
				want[key] = Setting{key, text(f, v), "flag"}
			}
		}
		b, err := yaml.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("c.yaml", b, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Load(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range got.Settings() {
			w, set := want[s.Key]
			if strings.HasPrefix(s.Origin, "c.yaml:") {
				s.Origin = "file"
			}
			if set && s != w || !set && !strings.HasPrefix(s.Key, "corpora") && s.Origin != "default" {
				t.Fatalf("got %+v, want %+v", s, w)
			}
		}
	})
}

func TestShippedConfigs(t *testing.T) {
	for _, path := range []string{"../configs/minimal.yaml", referenceFile} {
		if _, err := Load(Options{Path: path}); err != nil {
			t.Errorf("as it stands: %v", err)
		}
	}
	folder(t, nil)
	if len(Profiles()) < 3 {
		t.Fatalf("profiles %q", Profiles())
	}
	for _, profile := range Profiles() {
		o := Options{Profile: profile, Flags: map[string]string{"corpora.root": "corpus", "output.dir": "out"}}
		if _, err := Load(o); err != nil {
			t.Error(err)
		}
	}
}

func TestPeerReviewAnalyzePaths(t *testing.T) {
	folder(t, nil)
	l, err := Load(Options{Profile: "peer-review-analyze", Flags: map[string]string{"corpora.root": "corpus"}})
	if err != nil {
		t.Fatal(err)
	}
	c := l.Config.Corpora[0]
	id, err := ParseTemplate(c.DocumentID)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2]string{ // decision, id
		"Accepted/B1ae1lZRb/Annotated/ICLR2018-B1ae1lZRb-R1_annotated.txt":      {"Accepted", "ICLR2018-B1ae1lZRb-R1"},
		"Rejected/-aB4kWz0p/Annotated/QCONF2024--aB4kWz0p-R2_annotated.txt":     {"Rejected", "QCONF2024--aB4kWz0p-R2"},
		"Accepted/B1gJ1L2aW-/Annotated/ICLR2018-B1gJ1L2aW-R3_annotated.txt":     {"Accepted", "ICLR2018-B1gJ1L2aW-R3"},
		"Accepted/BJJ9bz-0-/Annotated/ICLR2018-BJJ9bz-0--R1_annotated.txt":      {"Accepted", "ICLR2018-BJJ9bz-0--R1"},
		"Accepted/Sy4c-3xRW/Annotated/ICLR2018-Sy4c-3xRW-R2--annotated.txt":     {"Accepted", "ICLR2018-Sy4c-3xRW-R2"},
		"top/Withdrawn/B12Js_yRb/Annotated/ICLR2018-B12Js_yRb-R1_annotated.txt": {"Withdrawn", "ICLR2018-B12Js_yRb-R1"},
		"B1ae1lZRb/Annotated/ICLR2018-B1ae1lZRb-R1_annotated.txt":               {"", "ICLR2018-B1ae1lZRb-R1"},
		"Annotated/ICLR2018-B1ae1lZRb-R1_annotated.txt":                         {"", "ICLR2018-B1ae1lZRb-R1"},
		"ICLR2018-B1ae1lZRb-R1_annotated.txt":                                   {"", "ICLR2018-B1ae1lZRb-R1"},
		"000_b8e18cdc53e201f4.txt":                                              {"", ""},
	} {
		var got [2]string
		for _, source := range c.Paths {
			p, err := ParsePattern(source)
			if err != nil {
				t.Fatal(err)
			}
			if a, ok := match(p, path); ok {
				got[0] = a["decision"]
				got[1], _ = id.Expand(func(name string) (string, bool) { v, ok := a[name]; return v, ok })
				break
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// render writes a configuration as a file that Load reads back as it was.
func render(t testing.TB, c Config) []byte {
	t.Helper()
	b, err := json.Marshal(toTree(reflect.ValueOf(c), configFields))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func toTree(v reflect.Value, fields []field) map[string]any {
	out := make(map[string]any)
	for i := range fields {
		f := &fields[i]
		value := v.Field(f.index)
		switch {
		case f.isTable():
			out[f.key] = toTree(value, f.fields)
		case f.isThresholds():
			out[f.key] = thresholdsJSON(value.Interface().([]Threshold))
		case f.isTables():
			list := []any{}
			for j := range value.Len() {
				list = append(list, toTree(value.Index(j), f.fields))
			}
			out[f.key] = list
		case f.isList() && value.Len() == 0:
			out[f.key] = []string{}
		default:
			out[f.key] = value.Interface()
		}
	}
	return out
}

// thresholdsJSON keeps the order, which a map would not.
func thresholdsJSON(list []Threshold) json.RawMessage {
	entries := make([]string, len(list))
	for i, t := range list {
		limit := t.Limit.String()
		if t.Limit.IsShare {
			limit = strconv.Quote(limit)
		}
		entries[i] = strconv.Quote(t.Name) + ": " + limit
	}
	return json.RawMessage("{" + strings.Join(entries, ", ") + "}")
}

func FuzzLoad(f *testing.F) {
	for _, tt := range mistakes {
		f.Add(".yaml", []byte(tt.config))
	}
	f.Add(".yaml", []byte(minimal))
	f.Add(".toml", []byte("[run]\nworkers = 3\n[[corpora]]\nname = 'c'\nroot = 'corpus'\ntaxonomy = 't.yaml'\n"))
	f.Add(".yaml", []byte("corpora:\n  - name: c\n    root: \"no\\nwhere\"\n    taxonomy: t.yaml\n"))
	f.Add(".json", []byte(`{"corpora": [{"name": "c", "root": "corpus", "taxonomy": "t.yaml"}]}`))
	f.Add(".yaml", []byte(minimal+"limits: {memory_bytes: 64MiB}\nrun:\n  max_shrink: 0.5%\n  verify: fast\n  fail_on:\n    label-unknown: 0\n    documents_refused: 1%\n"))
	f.Add(".toml", []byte("[run]\nmax_shrink = '5%'\nverify = 'off'\nfail_on.label-unknown = 0\nfail_on.documents_refused = '1%'\n[[corpora]]\nname = 'c'\nroot = 'corpus'\ntaxonomy = 't.yaml'\n"))
	f.Add(".json", []byte(`{"run": {"max_shrink": 0, "fail_on": {"repair-slip": "0.25 %", "labels_unresolved": 7}}, "corpora": [{"name": "c", "root": "corpus", "taxonomy": "t.yaml"}]}`))
	for _, name := range Profiles() {
		b, err := configs.FS.ReadFile(name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(".yaml", []byte(strings.ReplaceAll(string(b), "../examples/reviews", "corpus")))
	}
	mistakeFolder(f, map[string]string{})
	f.Fuzz(func(t *testing.T, ext string, data []byte) {
		if ext != ".yaml" && ext != ".toml" && ext != ".json" {
			return
		}
		path := "c" + ext
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Load(Options{Path: path})
		if err != nil {
			for _, line := range lines(t, err) {
				if !strings.Contains(line, ": ") {
					t.Fatalf("problem %q", line)
				}
			}
			return
		}
		if err := os.WriteFile("again.json", render(t, got.Config), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := Load(Options{Path: "again.json"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got.Config, again.Config, equateEmpty); diff != "" {
			t.Fatal(diff)
		}
		if a, b := got.Config.OutputHash(got.Taxonomies), again.Config.OutputHash(again.Taxonomies); a != b {
			t.Fatalf("hashes %s and %s", a, b)
		}
	})
}
