// Package gen makes corpora of annotated reviews in the published layout of
// Peer-Review-Analyze, for tests and benchmarks: prose with label groups typed
// into it, the mistakes that people make when they type them, and the truth
// that a perfect reader finds.
//
// Each document follows from the seed and its number alone, byte by byte, on
// every machine. So documents can be made in any order, one without the others,
// and kept in memory or written to files.
//
// It knows how such files are written and where they go wrong. It must not know
// how Quern reads them: it imports nothing of Quern.
package gen
