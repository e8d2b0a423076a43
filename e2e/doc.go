//go:build factory

// Package e2e tests the built binary from outside: testdata/*.txtar are scripts
// of commands and expectations, in the language that package harness describes.
package e2e
