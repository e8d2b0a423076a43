// Package atomicfile replaces, reads and removes small files so that a cut of
// power or a kill at any moment leaves either the old or the new content.
//
// Every call works relative to an open directory, on a name of one component:
// a name from outside cannot lead anywhere else, and a directory that is moved
// or replaced meanwhile is not confused with another one.
package atomicfile
