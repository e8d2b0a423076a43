// Package applets is the dispatch of the one binary: which command a process
// is, decided by the name it was called under.
//
// The binary is one file with many names, as busybox is. Called through a link
// named after an applet it is that applet; called as sotabox it takes the
// applet from its first argument, or one of the few options about the binary
// itself: --list, --install, --help, --version.
package applets
