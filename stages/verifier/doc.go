// Package verifier reopens the parts of a snapshot with a reader that shares no
// code with their writer, and finds whatever is not as it was promised: files,
// the form of the tables, sums, and at full depth every value.
//
// Arrow reads the footers, finds the pages and gives a second opinion on the first
// values of each column; all values are decoded here, because that takes a quarter
// of the time.
//
// It knows what the tables promise, from package schema, and what a manifest
// says. It must not know how the parts were made.
package verifier
