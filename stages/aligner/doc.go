// Package aligner finds out which stretches of one text stand in another: the
// annotated text in its unannotated twin.
//
// It knows bytes, words and white space. It must not know documents, labels or
// files; what a difference means is for its caller to say.
package aligner
