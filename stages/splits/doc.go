// Package splits finds what stands in two splits of a corpus that should have nothing
// in common: groups such as papers, texts that are nearly the same, and sentences.
//
// It knows words, hashes and which columns of a snapshot say what is in which split. It
// must not know how splits are made, nor how findings are printed; it starts no
// goroutines. What is found and what is not stands in docs/splits.md.
package splits
