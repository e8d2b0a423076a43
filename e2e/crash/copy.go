//go:build factory

package main

import (
	"fmt"
	"os/exec"

	"github.com/sotabox/sotabox/factory"
)

// copyTree makes to, which is removed first, the same as from: links between
// files, owners, attributes.
func copyTree(from, to string) error {
	if err := factory.Remove(to); err != nil {
		return err
	}
	if output, err := exec.Command("cp", "-a", "--reflink=auto", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", from, err, output)
	}
	return nil
}
