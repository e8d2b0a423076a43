// Package archtest keeps the house in shape: its tests fail when a package
// imports one that the architecture does not let it see, or one that bloats
// the device binary. CONTRIBUTING.md explains the layout that they enforce.
package archtest
