//go:build factory

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sotabox/sotabox/e2e/crash/blocks"
	"github.com/sotabox/sotabox/factory"
)

// record is a scenario whose writes to the disks were recorded.
type record struct {
	world    *world
	scenario scenario
	disks    disks
	device   *factory.Device
	old, new outcome
	goal     string // the target that runs when the scenario is over
	replay   *blocks.Replay
	flushes  int
}

// The names of the images: before the command, and after a cut.
const before, after = "before", "after"

// newRecord brings a device to the scenario and records the command. It is for
// a goroutine that is alone.
func newRecord(ctx context.Context, w *world, s scenario, d disks) (*record, error) {
	r := &record{world: w, scenario: s, disks: d}
	if err := d.format(ctx, before); err != nil {
		return nil, err
	}
	if err := blocks.Mount(d.image(before, rootDisk), d.mountPoint(), false, ""); err != nil {
		return nil, err
	}
	var err error
	if r.device, err = d.provision(ctx, w, before); err != nil {
		return nil, err
	}
	for _, step := range s.before {
		if err := step.perform(ctx, w, r.device); err != nil {
			return nil, err
		}
	}
	if r.old, err = observe(r.device); err != nil {
		return nil, err
	}
	if err := d.unmount(); err != nil {
		return nil, err
	}
	return r, r.record(ctx)
}

// record lets the command run on recorded disks.
func (r *record) record(ctx context.Context) error {
	var recorded, base [][]byte
	for disk := range r.disks.count() {
		image, err := os.ReadFile(r.disks.image(before, disk))
		if err != nil {
			return err
		}
		recorded, base = append(recorded, image), append(base, slices.Clone(image))
	}
	recorder := blocks.NewRecorder(recorded...)
	served := filepath.Join(r.disks.dir, "served")
	if err := os.MkdirAll(served, 0o755); err != nil {
		return err
	}
	if err := recorder.Serve(served); err != nil {
		return err
	}
	if err := r.disks.mount(func(disk int) string { return blocks.Path(served, disk) }); err != nil {
		return err
	}
	if err := r.disks.sync(); err != nil {
		return err
	}
	mounted := recorder.Len()
	if err := r.world.run(r.device, r.scenario.codes[:1], r.scenario.args...); err != nil {
		return err
	}
	// Writes that the command left to the kernel come later.
	if err := r.disks.sync(); err != nil {
		return err
	}
	events := recorder.Events()
	var err error
	if r.new, err = observe(r.device); err != nil {
		return err
	}
	if err := judge(ctx, r.device, r.new); err != nil {
		return err
	}
	if r.goal, err = r.finish(finishCodes); err != nil {
		return err
	}
	if err := r.disks.unmount(); err != nil {
		return err
	}
	if err := blocks.Unmount(served); err != nil {
		return err
	}
	for _, e := range events[mounted:] {
		if e.Flush {
			r.flushes++
		}
	}
	unit := rootBlock
	if r.disks.ownBoot {
		unit = bootBlock
	}
	r.replay = blocks.NewReplay(base, events, unit)
	r.replay.Skip(mounted)
	return nil
}

// everyFlush judges the cuts at every flush; of stride of them one is tried.
func (r *record) everyFlush(ctx context.Context, choose blocks.Chooser, stride int, t *tally) error {
	n := 0
	return r.replay.Each(choose, func(c blocks.Cut) error {
		if n++; n%stride != 0 {
			return ctx.Err()
		}
		t.cuts++
		if err := r.try(ctx, c, n/stride%recoverEvery == 0); err != nil {
			err = fmt.Errorf("cut at event %d, %s: %d of %d unflushed writes kept: %w", c.At, c.How, c.Kept, c.Pending, err)
			return t.blame(err, r.leftovers(c)...)
		}
		return ctx.Err()
	})
}

// recoverEvery is of how many cuts one is followed by the rest of the update:
// that takes as long as ten others.
const recoverEvery = 8

// try judges the device after one cut.
func (r *record) try(ctx context.Context, c blocks.Cut, recover bool) (err error) {
	if err := r.write(c); err != nil {
		return err
	}
	raw, err := r.rawView()
	if err != nil {
		return fmt.Errorf("what a boot loader sees: %w", err)
	}
	if err := r.disks.mountState(after); err != nil {
		return err
	}
	defer func() {
		if unmounted := r.disks.unmount(); err == nil {
			err = unmounted
		}
	}()
	if err := judge(ctx, r.device, r.old, r.new); err != nil {
		return err
	}
	if err := r.startable(raw); err != nil {
		return fmt.Errorf("what a boot loader starts: %w", err)
	}
	if recover {
		if err := newBoot(r.disks.dir); err != nil {
			return err
		}
		if err := r.recover(ctx); err != nil {
			return fmt.Errorf("going on after the cut: %w", err)
		}
	}
	return nil
}

// write puts the disks of a cut into the images.
func (r *record) write(c blocks.Cut) error {
	for disk := range r.disks.count() {
		f, err := os.Create(r.disks.image(after, disk))
		if err != nil {
			return err
		}
		before, err := os.Stat(r.disks.image(before, disk))
		if err == nil {
			err = f.Truncate(before.Size())
		}
		if err == nil {
			err = r.replay.Image(c, disk, func(at int64, data []byte) error {
				_, err := f.WriteAt(data, at)
				return err
			})
		}
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rawView reads the boot entries as a boot loader does, which knows nothing of
// journals.
func (r *record) rawView() ([]bootEntry, error) {
	disk, boot := rootDisk, r.disks.boot()
	if r.disks.ownBoot {
		disk, boot = bootDisk, r.disks.mountPoint()
	}
	if err := blocks.Mount(r.disks.image(after, disk), r.disks.mountPoint(), true, "noload"); err != nil {
		return nil, err
	}
	entries, err := bootEntries(boot)
	if unmounted := blocks.Unmount(r.disks.mountPoint()); err == nil {
		err = unmounted
	}
	return entries, err
}

// startable demands that the entries a boot loader sees lead to the old or the
// new deployments, whole: the initramfs does know the journal.
func (r *record) startable(entries []bootEntry) error {
	names, err := booted(entries, r.device.Sysroot())
	if err != nil {
		return err
	}
	for _, allowed := range []outcome{r.old, r.new} {
		if !slices.Equal(names, allowed.names) {
			continue
		}
		for _, name := range names {
			tree, err := list(treeOf(r.device, name), nil)
			if err == nil {
				err = compare(allowed.trees[name], tree)
			}
			if err != nil {
				return fmt.Errorf("deployment %s: %w", name, err)
			}
		}
		return nil
	}
	return fmt.Errorf("entries lead to neither the old nor the new deployments: %v", names)
}

// finishCodes are the exit codes of a run that has, or has not, something to
// finish.
var finishCodes = []int{0, 40, 110}

// finish reboots the device, lets it finish what it finds, and gives the target
// that it then runs.
func (r *record) finish(codes []int) (string, error) {
	if _, err := r.device.Reboot(); err != nil {
		return "", err
	}
	if err := r.world.run(r.device, codes, "run"); err != nil {
		return "", err
	}
	s, err := loadState(r.device)
	if err == nil && s.Pending != nil {
		err = fmt.Errorf("%s is still not finished", s.Pending.Name)
	}
	return nameOf(s.Current), err
}

// recover does what happens after power is back: the device boots, finishes
// what it finds, and if it does not run then what it should, it is given the
// command again.
func (r *record) recover(ctx context.Context) error {
	target, err := r.finish(finishCodes)
	if err != nil {
		return err
	}
	names, err := deployments(r.device)
	if err != nil {
		return err
	}
	if target != r.goal || !slices.Equal(names, r.new.names) {
		if err := r.world.run(r.device, r.scenario.codes, r.scenario.args...); err != nil {
			return err
		}
		if target, err = r.finish(finishCodes); err != nil {
			return err
		}
	}
	if target != r.goal {
		return fmt.Errorf("in the end the device runs %s, want %s", target, r.goal)
	}
	final := r.new
	final.target = r.goal
	return judge(ctx, r.device, final)
}

// leftovers are the images of a cut, made again: judging changed them.
func (r *record) leftovers(c blocks.Cut) []string {
	if r.write(c) != nil {
		return nil
	}
	var paths []string
	for disk := range r.disks.count() {
		paths = append(paths, r.disks.image(after, disk))
	}
	return paths
}
