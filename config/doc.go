// Package config is the one struct tree of everything a user can set, its
// defaults, its strict load from flags, environment and file, and its checks.
// Field documentation, the reference file and the JSON Schema derive from the
// struct tags. Taxonomies are configuration too: their YAML is loaded here.
//
// The package knows what may be set and where each value came from. It must not
// know what the stages do with it.
package config
