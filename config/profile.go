package config

import (
	"fmt"
	"slices"

	"github.com/quern-data/quern/configs"
)

// profileKey is the key of a corpus that names a shipped configuration.
const profileKey = "profile"

// takeProfiles gives each corpus of a config file that names a profile the keys of
// the profile's only corpus that it does not set itself, but for root. They count as
// standing where the profile is named.
func (l *loader) takeProfiles(tree *node) {
	for _, e := range tree.entries {
		if e.key != "corpora" || e.value.kind != listNode {
			continue
		}
		for i, corpus := range e.value.items {
			if j := slices.IndexFunc(corpus.entries, func(e entry) bool { return e.key == profileKey }); j >= 0 {
				l.takeProfile(corpus, corpus.entries[j], below(item("corpora", i), profileKey))
			}
		}
	}
}

func (l *loader) takeProfile(corpus *node, named entry, key string) {
	name, ok := named.value.value.(string)
	if !ok || name == "" {
		return // none, or the checker says so
	}
	if !slices.Contains(Profiles(), name) {
		l.fail(named.value.place, key, fmt.Sprintf("there is no profile %q", clip(name)), didYouMean(name, Profiles()))
		return
	}
	base, err := profileCorpus(name)
	if err != nil {
		l.fail(named.value.place, key, err.Error(), "")
		return
	}
	base.entries = slices.DeleteFunc(base.entries, func(e entry) bool { return e.key == "root" })
	adopt(corpus, base, named.value.place)
}

// profileCorpus is the corpus of a shipped configuration.
func profileCorpus(name string) (*node, error) {
	data, err := configs.FS.ReadFile(name + ".yaml")
	if err != nil {
		return nil, err
	}
	tree, problems := parseTree(name+".yaml", data)
	if len(problems) > 0 {
		return nil, problems
	}
	for _, e := range tree.entries {
		if e.key == "corpora" && len(e.value.items) == 1 {
			return e.value.items[0], nil
		}
	}
	return nil, fmt.Errorf("the profile %q is not of one corpus", name)
}

// adopt adds to a table the entries of base that it lacks, and so in the tables that
// both have. What is added stands at the given place.
func adopt(n, base *node, at place) {
	for _, e := range base.entries {
		i := slices.IndexFunc(n.entries, func(own entry) bool { return own.key == e.key })
		switch {
		case i < 0:
			e.place = at
			move(e.value, at)
			n.entries = append(n.entries, e)
		case n.entries[i].value.kind == tableNode && e.value.kind == tableNode:
			adopt(n.entries[i].value, e.value, at)
		}
	}
}

// move gives a value and all that it holds a place.
func move(n *node, at place) {
	n.place = at
	for i := range n.entries {
		n.entries[i].place = at
		move(n.entries[i].value, at)
	}
	for _, e := range n.items {
		move(e, at)
	}
}
