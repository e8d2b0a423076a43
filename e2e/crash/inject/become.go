//go:build factory

package inject

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// helperVariable in the environment makes a process the helper: it becomes the
// program that its arguments name.
const helperVariable = "SOTABOX_INJECT"

// Become returns in a helper only if it cannot become the program: with an
// error, upon which the process must end. Elsewhere it does nothing.
func Become() error {
	if os.Getenv(helperVariable) == "" {
		return nil
	}
	return fmt.Errorf("inject: %w", become(os.Args[1:]))
}

func become(argv []string) error {
	if len(argv) == 0 {
		return fmt.Errorf("no program is named")
	}
	// The filter belongs to a thread, and exec keeps that of the calling one.
	runtime.LockOSThread()
	if err := install(); err != nil {
		return fmt.Errorf("install the filter: %w", err)
	}
	env := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, helperVariable+"=") })
	return fmt.Errorf("execute %s: %w", argv[0], syscall.Exec(argv[0], argv, env))
}
