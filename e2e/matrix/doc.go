//go:build factory

// Package matrix moves commits in all directions between this project and the
// real ostree, for every kind of repository and of file, and lets the real ostree
// and a comparison of trees judge the result. It also pulls from repositories
// that no honest tool would make, in a process of its own whose memory is
// measured, and demands that nothing but an error comes of it.
//
// The plain tests use small sizes of what is big. With SOTABOX_MATRIX=full
// (make matrix) they use the real ones: 100,000 files, files over 4 GiB.
package matrix
