package config

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/quern-data/quern/configs"
	"github.com/spf13/viper"
)

// Options say where a configuration comes from. Flags win over variables, these
// over the file, the file over the defaults.
type Options struct {
	// Path is the config file; its extension says whether it is YAML, TOML or
	// JSON. It has at most 1 MiB. Relative paths in it start at its folder.
	Path string

	// Profile is the name of a shipped configuration, used when Path is empty.
	// Relative paths in it start at the working directory.
	Profile string

	// Flags are settings from the command line by full key, such as
	// output.dir: any scalar outside corpora, lists of names with commas between
	// them, and corpora.root, which replaces the root of the only corpus. Relative paths start at the working directory.
	Flags map[string]string

	// Env is the environment as os.Environ has it. QUERN_OUTPUT_DIR sets
	// output.dir, and so for all scalars outside corpora. A variable that is
	// empty is one that is not set; a QUERN_ variable that is none is a problem.
	Env []string
}

// Loaded is a configuration without a mistake.
type Loaded struct {
	Config Config

	// Taxonomies has one element a corpus, in the same order. Corpora that name
	// the same taxonomy share it.
	Taxonomies []*Taxonomy

	// File is the config file or "profile:" and its name, as messages have it.
	File string

	origins map[string]string // by full key; what is not here is a default
}

// Setting is one effective value and where it comes from.
type Setting struct {
	Key    string // full, such as corpora[0].root
	Value  string // as the config file may have it; a list on one line
	Origin string // flag, env QUERN_X, file:line, or default
}

// Settings lists all settings in the order of the reference.
func (l *Loaded) Settings() []Setting {
	var out []Setting
	for _, leaf := range leaves(reflect.ValueOf(l.Config), configFields, "") {
		origin := l.origins[leaf.key]
		if origin == "" {
			origin = "default"
		}
		out = append(out, Setting{leaf.key, leaf.text(), origin})
	}
	return out
}

// Profiles are the names of the shipped configurations, sorted.
func Profiles() []string { return shipped("") }

// BuiltInTaxonomies are the names of the taxonomies that need no file, sorted.
func BuiltInTaxonomies() []string { return shipped(taxonomies) }

// shipped lists what lies in a folder of configs.FS, without extension.
func shipped(dir string) []string {
	files, err := fs.Glob(configs.FS, filepath.ToSlash(filepath.Join(dir, "*.yaml")))
	if err != nil { // only a malformed pattern, and ours is constant
		return nil
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".yaml")
	}
	return files
}

// Load reads, merges and checks a configuration. Its error is a Problems with
// all mistakes that were found.
func Load(o Options) (*Loaded, error) {
	l := &loader{
		checker: newChecker("", configFields), dir: ".",
		origins: make(map[string]string), from: make(map[string]Problem),
	}
	tree := l.open(o)
	var file map[string]any
	if tree != nil {
		l.takeProfiles(tree)
		file = l.table(tree, configFields, "")
		for key, line := range l.lines {
			l.origins[key] = fmt.Sprintf("%s:%d", l.file, line)
		}
	}
	env := l.environment(o.Env)
	flags := l.flags(o.Flags)
	if tree == nil {
		return nil, l.finish()
	}
	config, err := merge(file, env, flags)
	if err != nil {
		l.failAt("", err.Error(), "")
		return nil, l.finish()
	}
	l.override(&config, o.Flags)
	taxonomies := l.validate(&config)
	if err := l.finish(); err != nil {
		return nil, err
	}
	return &Loaded{Config: config, Taxonomies: taxonomies, File: l.file, origins: l.origins}, nil
}

// A loader is one call of Load.
type loader struct {
	*checker          // of the file
	more     Problems // what is not in the file, or not of its tree
	dir      string   // where relative paths of the file start
	profile  bool
	origins  map[string]string
	from     map[string]Problem // for each key that is overridden: file and key to blame
}

// finish returns all problems, or nil.
func (l *loader) finish() error {
	all := append(l.problems, l.more...)
	if len(all) == 0 {
		return nil
	}
	all.sort()
	return all
}

// failAt reports a problem where the value stands, which need not be the file.
func (l *loader) failAt(key, message, hint string) {
	if p, ok := l.from[key]; ok {
		p.Message, p.Hint = message, hint
		l.more = append(l.more, p)
		return
	}
	l.checker.failAt(key, message, hint)
}

func (l *loader) overridden(key string) bool {
	_, ok := l.from[key]
	return ok
}

// open reads the file or profile, nil if there is nothing to check.
func (l *loader) open(o Options) *node {
	var data []byte
	var err error
	switch {
	case o.Path != "":
		l.file = o.Path
		l.dir = filepath.Dir(o.Path)
		data, err = readFile(o.Path)
	case o.Profile != "":
		l.file = "profile:" + o.Profile
		l.profile = true
		if !slices.Contains(Profiles(), o.Profile) {
			l.more = append(l.more, Problem{
				File: l.file, Message: "there is no such profile", Hint: didYouMean(o.Profile, Profiles()),
			})
			return nil
		}
		data, err = configs.FS.ReadFile(o.Profile + ".yaml")
	default:
		l.file = "command line"
		err = fmt.Errorf("no configuration: name a file, or a profile: %s", strings.Join(Profiles(), ", "))
	}
	if err != nil {
		l.more = append(l.more, Problem{File: l.file, Message: err.Error()})
		return nil
	}
	name := l.file
	if l.profile {
		name += ".yaml"
	}
	tree, problems := parseTree(name, data)
	for i := range problems {
		problems[i].File = l.file
	}
	l.more = append(l.more, problems...)
	return tree
}

// overridable are the settings that variables and flags may set.
func overridable() map[string]*field {
	out := make(map[string]*field)
	for _, leaf := range leaves(reflect.ValueOf(Default()), configFields, "") {
		if !leaf.field.isList() || leaf.field.isNames() {
			out[leaf.key] = leaf.field
		}
	}
	return out
}

const envPrefix = "QUERN_"

func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func (l *loader) environment(env []string) map[string]any {
	keys := make(map[string]string) // by variable
	fields := overridable()
	for key := range fields {
		keys[envName(key)] = key
	}
	texts := make(map[string]string)
	for _, e := range env {
		if name, text, _ := strings.Cut(e, "="); strings.HasPrefix(name, envPrefix) {
			texts[name] = text
		}
	}
	out := make(map[string]any)
	for _, name := range sortedKeys(texts) {
		text := texts[name]
		if text == "" {
			continue
		}
		key, known := keys[name]
		if !known {
			l.more = append(l.more, Problem{
				File: "environment", Key: name, Message: "no setting has this variable", Hint: didYouMean(name, sortedKeys(keys)),
			})
			continue
		}
		l.set(out, fields[key], key, text, "environment", name, "env "+name)
	}
	return out
}

// corporaRoot is the flag for the root of the only corpus.
const corporaRoot = "corpora.root"

func (l *loader) flags(flags map[string]string) map[string]any {
	fields := overridable()
	known := append(sortedKeys(fields), corporaRoot)
	out := make(map[string]any)
	for _, key := range sortedKeys(flags) {
		switch f := fields[key]; {
		case key == corporaRoot:
		case f == nil:
			l.more = append(l.more, Problem{
				File: "command line", Key: key, Message: "no such setting", Hint: didYouMean(key, known),
			})
		default:
			l.set(out, f, key, flags[key], "command line", key, "flag")
		}
	}
	return out
}

// set puts the text of an override into values, by full key.
func (l *loader) set(values map[string]any, f *field, key, text, file, name, origin string) {
	v, message, hint := f.parse(text)
	if message != "" {
		l.more = append(l.more, Problem{File: file, Key: name, Message: message, Hint: hint})
		l.bad[key] = true
		return
	}
	values[key], l.origins[key] = v, origin
	l.from[key] = Problem{File: file, Key: name}
	delete(l.bad, key) // what the file says no longer counts, its problem is reported all the same
}

// merge lets viper put the layers over each other. All values have the types of
// their fields already: viper drops one that differs in type from the layer below.
func merge(file, env, flags map[string]any) (Config, error) {
	v := viper.New()
	for _, leaf := range leaves(reflect.ValueOf(Default()), configFields, "") {
		if !leaf.field.isList() {
			v.SetDefault(leaf.key, leaf.value.Interface())
		}
	}
	if err := v.MergeConfigMap(file); err != nil {
		return Config{}, err
	}
	nested := make(map[string]any)
	for key, value := range env {
		table, name, _ := strings.Cut(key, ".")
		sub, _ := nested[table].(map[string]any)
		if sub == nil {
			sub = make(map[string]any)
			nested[table] = sub
		}
		sub[name] = value
	}
	if err := v.MergeConfigMap(nested); err != nil {
		return Config{}, err
	}
	for key, value := range flags {
		v.Set(key, value)
	}
	var c Config
	err := v.Unmarshal(&c, func(d *mapstructure.DecoderConfig) {
		d.WeaklyTypedInput = false // viper's default takes "3" for a number
		d.ErrorUnused = true
		d.DecodeHook = nil // nor does it split text at commas
	})
	return c, err
}

// override applies corpora.root, and makes paths relative to where they stand.
func (l *loader) override(c *Config, flags map[string]string) {
	resolve := func(key string, path *string) {
		if !l.overridden(key) && !l.profile && *path != "" && !filepath.IsAbs(*path) && !isURL(*path) {
			*path = filepath.Join(l.dir, *path)
		}
	}
	if root, ok := flags[corporaRoot]; ok {
		const key = "corpora[0].root"
		if len(c.Corpora) == 1 {
			c.Corpora[0].Root = root
			l.from[key], l.origins[key] = Problem{File: "command line", Key: corporaRoot}, "flag"
			delete(l.bad, key)
		} else if !l.bad["corpora"] {
			l.more = append(l.more, Problem{
				File: "command line", Key: corporaRoot,
				Message: fmt.Sprintf("the configuration has %d corpora, and this is the root of one", len(c.Corpora)),
				Hint:    "set root in the config file",
			})
		}
	}
	resolve("output.dir", &c.Output.Dir)
	for i := range c.Corpora {
		if _, has := l.at[item("corpora", i)+".include"]; !has {
			c.Corpora[i].Include = DefaultInclude(c.Corpora[i].Format)
		}
		resolve(item("corpora", i)+".root", &c.Corpora[i].Root)
		c.Corpora[i].Taxonomy = resolveTaxonomy(c.Corpora[i].Taxonomy, l.dir)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
