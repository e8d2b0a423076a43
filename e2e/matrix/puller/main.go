//go:build factory

// Command puller pulls one commit and says what came of it. Tests run it to
// measure a pull apart from everything else, and to put it under limits.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sotabox/sotabox/internal/memory"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// usage: the last argument is a URL or the path of a repository.
const usage = "usage: puller REPO COMMIT SOURCE"

// The error classes, as the first word of what is printed.
var classes = []struct {
	name string
	err  error
}{
	{"nospace", repo.ErrNoSpace},
	{"corrupt", repo.ErrCorrupt},
	{"notfound", pull.ErrNotFound},
	{"unsupported", repo.ErrUnsupported},
	{"timeout", context.DeadlineExceeded},
	{"fetch", pull.ErrFetch},
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	if len(args) != 3 {
		fmt.Fprintln(errs, usage)
		return 2
	}
	memory.Limit() // as the agent does
	defer func() { fmt.Fprintln(errs, peakMemory()) }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if err := bring(ctx, args[0], args[1], args[2]); err != nil {
		fmt.Fprintf(out, "%s: %v\n", classOf(err), err)
		return 1
	}
	return 0
}

// peakMemory is the line of proc(5) with the most memory that was resident. (What
// the kernel tells a parent counts what the parent had before exec, too.)
func peakMemory() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM:") {
			return strings.TrimSpace(line)
		}
	}
	return "no VmHWM"
}

func classOf(err error) string {
	for _, c := range classes {
		if errors.Is(err, c.err) {
			return c.name
		}
	}
	return "other"
}

func bring(ctx context.Context, path, commit, source string) error {
	c, err := object.ParseChecksum(commit)
	if err != nil {
		return err
	}
	dst, err := repo.Open(path)
	if err != nil {
		return err
	}
	defer dst.Close()
	if strings.Contains(source, "://") {
		_, err = pull.Pull(ctx, dst, pull.Options{Commit: c, Ref: "main", RetryDelay: time.Millisecond,
			Remotes: []pull.Remote{{URL: source}}})
		return err
	}
	src, err := repo.Open(source)
	if err != nil {
		return err
	}
	defer src.Close()
	_, err = pull.Local(ctx, dst, src, pull.LocalOptions{Commit: c, Ref: "main"})
	return err
}
