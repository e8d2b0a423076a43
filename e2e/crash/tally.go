//go:build factory

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sotabox/sotabox/factory"
)

// tally is what came of a scenario.
type tally struct {
	name       string
	cuts       int
	violations []error
	evidence   string // directory for what violations leave
	note       string
}

// maxEvidence bounds how much is kept of one scenario.
const maxEvidence = 3

// tooMany stops a scenario in which hardly anything is right.
const tooMany = 50

// blame notes a violation and keeps the directory, or file, that shows it. The
// error is nil unless there are too many.
func (t *tally) blame(err error, leftovers ...string) error {
	t.violations = append(t.violations, err)
	if n := len(t.violations); n <= maxEvidence {
		dir := filepath.Join(t.evidence, strings.ReplaceAll(t.name, " ", "-"), fmt.Sprint(n))
		if kept := keep(dir, err, leftovers); kept != nil {
			return errors.Join(err, kept)
		}
	} else if n > tooMany {
		return fmt.Errorf("%s: more than %d violations, the last: %w", t.name, tooMany, err)
	}
	return nil
}

// add sums tallies up. A scenario that could not be finished is a violation too.
func (t *tally) add(other *tally, failed error) {
	t.cuts += other.cuts
	t.violations = append(t.violations, other.violations...)
	if failed != nil {
		t.violations = append(t.violations, failed)
	}
}

func (t *tally) report(out io.Writer, failed error, took time.Duration) {
	fmt.Fprintf(out, "%-28s %5d cut points, %d violations, %4.0f s  %s\n", t.name, t.cuts, len(t.violations), took.Seconds(), t.note)
	for i, err := range t.violations[:min(len(t.violations), maxEvidence)] {
		fmt.Fprintf(out, "  %d: %v\n", i+1, err)
	}
	if failed != nil {
		fmt.Fprintf(out, "  not finished: %v\n", failed)
	}
}

func keep(dir string, err error, leftovers []string) error {
	if err := factory.Remove(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, path := range leftovers {
		if err := copyTree(path, filepath.Join(dir, filepath.Base(path))); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "violation.txt"), []byte(err.Error()+"\n"), 0o644)
}
