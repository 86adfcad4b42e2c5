package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
)

// OutputHash is the SHA-256, in hexadecimal, of every setting that can change a
// byte of a snapshot, and of the taxonomies, one a corpus. Where the corpora
// lie, where the tables go and how the run goes about it are not in it. Two
// configurations with one hash make the same snapshot of the same files.
func (c *Config) OutputHash(taxonomies []*Taxonomy) string {
	return c.hash("quern config 1", leaf.ofSnapshot, taxonomies...)
}

// CorpusHash is the SHA-256, in hexadecimal, of every setting that can change a
// byte of the parts of corpus i, whose taxonomy is t: those of all corpora, and
// its own. Other corpora are not in it, nor is its place among them, nor what only
// the other files of a snapshot are made of. It panics where there is no corpus i.
func (c *Config) CorpusHash(i int, t *Taxonomy) string {
	alone := *c
	alone.Corpora = c.Corpora[i : i+1]
	return alone.hash("quern corpus 1", leaf.ofTables, t)
}

func (c *Config) hash(title string, counts func(leaf) bool, taxonomies ...*Taxonomy) string {
	var kept []leaf
	for _, l := range leaves(reflect.ValueOf(*c), configFields, "") {
		if counts(l) {
			kept = append(kept, l)
		}
	}
	b := encode(title, kept)
	for _, t := range taxonomies {
		b.WriteString("taxonomy " + t.Hash() + "\n")
	}
	return sum(b)
}

// ofTables tells whether the setting can change a byte of the tables.
func (l leaf) ofTables() bool {
	return l.field.hashed == "yes" || l.field.hashed == "set" && l.isSet()
}

// ofSnapshot tells whether the setting can change a byte of a snapshot.
func (l leaf) ofSnapshot() bool { return l.ofTables() || l.field.hashed == "snapshot" && l.isSet() }

func (l leaf) isSet() bool { return l.text() != (leaf{l.key, l.field, l.field.def}).text() }

// Hash is the SHA-256, in hexadecimal, of all that the taxonomy says, however
// its file is laid out.
func (t *Taxonomy) Hash() string {
	var kept []leaf
	for _, l := range leaves(reflect.ValueOf(*t), taxonomyFields, "") {
		if l.field.hashed != "set" || l.isSet() {
			kept = append(kept, l)
		}
	}
	return sum(encode("quern taxonomy 1", kept))
}

// encode writes one line a setting. JSON has no line break within a value, and
// full keys have the index of each element, so no two lists of settings agree.
func encode(title string, settings []leaf) *strings.Builder {
	b := new(strings.Builder)
	b.WriteString(title + "\n")
	for _, l := range settings {
		value := l.value
		if l.field.typ == bytesType { // as a number: its text form may change
			value = reflect.ValueOf(value.Int())
		}
		text := []byte("[]")
		if !l.field.isList() || value.Len() > 0 {
			text, _ = json.Marshal(value.Interface()) // scalars and lists of text always encode
		}
		b.WriteString(l.key + " " + string(text) + "\n")
	}
	return b
}

func sum(b *strings.Builder) string {
	h := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(h[:])
}
