// Package card makes the files by which others find a snapshot, understand it and
// cite it: README.md, a dataset card as Hugging Face reads it, and croissant.json,
// metadata in the Croissant format of MLCommons.
//
// Both are pure functions of the manifest, the configuration and the taxonomies. The
// package knows the two formats. It must not know where a snapshot stands, and it
// reads and writes no file.
package card
