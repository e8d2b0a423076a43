//go:build factory

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/factory"
	"github.com/sotabox/sotabox/internal/state"
	"github.com/sotabox/sotabox/ostreelite/sysroot"
)

// outcome is a state that a device may be found in: the list of deployments in
// boot order, and what is in each.
type outcome struct {
	names  []string
	trees  map[string]listing
	target string // the current target
}

// observe takes the state of a device that nothing disturbed as the measure.
func observe(d *factory.Device) (outcome, error) {
	names, err := deployments(d)
	if err != nil {
		return outcome{}, err
	}
	o := outcome{names: names, trees: map[string]listing{}}
	for _, name := range names {
		if o.trees[name], err = list(treeOf(d, name), nil); err != nil {
			return outcome{}, err
		}
	}
	o.target, err = currentTarget(d)
	return o, err
}

func treeOf(d *factory.Device, name string) string {
	return filepath.Join(d.Sysroot(), "ostree/deploy", factory.StateRoot, "deploy", name)
}

// deployments is the list as our own library reads it.
func deployments(d *factory.Device) ([]string, error) {
	s, err := sysroot.Open(sysroot.Options{Path: d.Sysroot(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var names []string
	for _, deployment := range s.Deployments() {
		names = append(names, deployment.Name())
	}
	return names, nil
}

// judge demands that the device is whole and in one of the allowed states, in
// the eyes of our library, of the real ostree, and of who boots it.
func judge(ctx context.Context, d *factory.Device, allowed ...outcome) error {
	names, err := deployments(d)
	if err != nil {
		return fmt.Errorf("our list of deployments: %w", err)
	}
	i := slices.IndexFunc(allowed, func(o outcome) bool { return slices.Equal(o.names, names) })
	if i < 0 {
		return fmt.Errorf("the list of deployments is neither the old nor the new one: %v", names)
	}
	for _, name := range names {
		tree, err := list(treeOf(d, name), nil)
		if err == nil {
			err = compare(allowed[i].trees[name], tree)
		}
		if err != nil {
			return fmt.Errorf("deployment %s: %w", name, err)
		}
	}
	entries, err := bootEntries(filepath.Join(d.Sysroot(), "boot"))
	if err != nil {
		return fmt.Errorf("boot entries: %w", err)
	}
	if boots, err := booted(entries, d.Sysroot()); err != nil || !slices.Equal(boots, names) {
		return fmt.Errorf("boot entries lead to %v, want %v: %w", boots, names, err)
	}
	return errors.Join(ostreeAgrees(ctx, d, names), memoryIsWhole(d, allowed), nothingLocked(d))
}

// ostreeAgrees asks the real ostree.
func ostreeAgrees(ctx context.Context, d *factory.Device, names []string) error {
	if _, err := ostree(ctx, "fsck", "--quiet", "--repo="+filepath.Join(d.Sysroot(), "ostree/repo")); err != nil {
		return err
	}
	status, err := ostree(ctx, "admin", "status", "--sysroot="+d.Sysroot())
	if err != nil {
		return err
	}
	var listed []string
	for line := range strings.Lines(status) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == factory.StateRoot {
			listed = append(listed, fields[1])
		}
	}
	if !slices.Equal(listed, names) {
		return fmt.Errorf("ostree admin status lists %v, we list %v", listed, names)
	}
	return nil
}

func ostree(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "ostree", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("ostree %s: %w: %s%s", strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// memoryIsWhole reads what the agent remembers. Between the write of its state
// and that of the file for scripts a cut may come; each of them is old or new.
func memoryIsWhole(d *factory.Device, allowed []outcome) error {
	s, err := loadState(d)
	if err != nil {
		return err
	}
	target, err := currentTarget(d)
	if err != nil {
		return err
	}
	for what, name := range map[string]string{"state.json": nameOf(s.Current), "current-target": target} {
		if !slices.ContainsFunc(allowed, func(o outcome) bool { return o.target == name }) {
			return fmt.Errorf("%s names %q, which is neither the old nor the new target", what, name)
		}
	}
	return nil
}

func nameOf(t *state.Target) string {
	if t == nil {
		return ""
	}
	return t.Name
}

func loadState(d *factory.Device) (state.State, error) {
	dir, err := os.Open(filepath.Join(d.Storage(), "sotabox"))
	if errors.Is(err, os.ErrNotExist) {
		return state.State{}, nil
	}
	if err != nil {
		return state.State{}, err
	}
	defer dir.Close()
	return state.Load(dir)
}

// currentTarget reads the file for scripts; none means no target.
func currentTarget(d *factory.Device) (string, error) {
	data, err := os.ReadFile(filepath.Join(d.Storage(), "current-target"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok || len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
			return "", fmt.Errorf("current-target has the line %q", line)
		}
		if name == "TARGET_NAME" {
			return value[1 : len(value)-1], nil
		}
	}
	return "", fmt.Errorf("current-target has no TARGET_NAME: %q", data)
}

// nothingLocked tries every lock the way its users do.
func nothingLocked(d *factory.Device) error {
	for _, path := range []string{d.Sysroot() + "/ostree/lock", d.Sysroot() + "/ostree/repo/.lock"} {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
		f.Close()
		if err != nil {
			return fmt.Errorf("%s is locked: %w", path, err)
		}
	}
	return nil
}
