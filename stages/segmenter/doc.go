// Package segmenter finds the skeleton of a text: its headings and list
// markers, and the sentences between them.
//
// The package knows how reviewers lay out plain text, and how English scholarly
// prose abbreviates. It must not know what labels are, which format a text came
// in, or what its callers do with a mark; it starts no goroutines and does not
// log. Its rules and how well they do are written down in docs/structure.md.
package segmenter
