// Package agreement measures how far annotators of the same documents agree: raw
// agreement, Cohen's and Fleiss' kappa, Krippendorff's alpha, each with a bootstrap
// interval.
//
// It knows annotators, units and sets of labels, and which columns of a snapshot say
// so. It must not know what labels mean, nor how results are printed; it starts no
// goroutines. The measures are written down in docs/agreement.md.
package agreement
