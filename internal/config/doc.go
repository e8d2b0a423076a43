// Package config reads the sota.toml files of a device and gives them back
// typed, with the defaults of the C++ clients (aktualizr, aktualizr-lite).
//
// In spite of its name sota.toml is not TOML in the field: it is what the ini
// reader of Boost's property tree accepts, quotes removed afterwards. Bare words,
// comments with ';' and numbers in quotes are common, so a TOML library would
// refuse files that devices run with today, and cost ten times the code.
//
// The package reads files and decides nothing: whether a path exists or a server
// answers is found out by those who use it.
package config
