// Package sniff looks at the beginnings of a corpus's files and guesses how it is
// laid out: its format, where text and labels stand, and which attributes there are.
// What it returns is a configuration to start from, and for each setting why.
//
// It knows the formats as they are found in the wild, and the settings that read
// them. It must not know how they are parsed, and trusts nothing: a guess is for a
// person to look at. It reads no more than a bounded sample, takes time linear in it,
// and the same sample makes the same guess.
package sniff
