//go:build factory

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/sotabox/sotabox/e2e/crash/inject"
	"github.com/sotabox/sotabox/factory"
)

// stage is a scenario on a device of its own.
type stage struct {
	world    *world
	scenario scenario
	device   *factory.Device
	dir      string // holds the device, and a copy of it before the command
	old, new outcome
	end      listing // the whole device after an undisturbed run
	writes   int     // calls that write, in an undisturbed run
}

// setStage brings a device to the scenario and lets the command run undisturbed
// once, for the measure.
func setStage(ctx context.Context, w *world, s scenario, dir string) (*stage, error) {
	st := &stage{world: w, scenario: s, dir: dir}
	var err error
	if st.device, err = w.provision(ctx, filepath.Join(dir, "device")); err != nil {
		return nil, err
	}
	for _, step := range s.before {
		if err := step.perform(ctx, w, st.device); err != nil {
			return nil, err
		}
	}
	if st.old, err = observe(st.device); err != nil {
		return nil, err
	}
	if err := copyTree(filepath.Join(dir, "device"), filepath.Join(dir, "before")); err != nil {
		return nil, err
	}
	// On the copy, as all later runs are.
	if err := st.reset(); err != nil {
		return nil, err
	}
	r, err := st.cut(0)
	if err != nil {
		return nil, err
	}
	if err := demand(r, s.codes[:1], s.args); err != nil {
		return nil, err
	}
	st.writes = r.Writes
	if st.new, err = observe(st.device); err != nil {
		return nil, err
	}
	if st.end, err = everything(st.device); err != nil {
		return nil, err
	}
	return st, judge(ctx, st.device, st.new)
}

func (s *stage) reset() error {
	return copyTree(filepath.Join(s.dir, "before"), filepath.Join(s.dir, "device"))
}

// cut runs the command and kills it at its nth call that writes.
func (s *stage) cut(n int) (inject.Result, error) {
	return inject.Run(s.world.command(s.device, s.scenario.args...), n)
}

// try cuts the command once, judges what is left and lets the command end its
// work. It reports whether the cut came before the end of the command.
func (s *stage) try(ctx context.Context, n int) (killed bool, err error) {
	if err := s.reset(); err != nil {
		return false, err
	}
	r, err := s.cut(n)
	if err != nil {
		return false, err
	}
	if !r.Killed {
		return false, errors.Join(demand(r, s.scenario.codes[:1], s.scenario.args), s.complete())
	}
	if err := judge(ctx, s.device, s.old, s.new); err != nil {
		return true, fmt.Errorf("killed at call %d (%s): %w", n, r.Call, err)
	}
	again, err := s.cut(0)
	if err == nil {
		err = demand(again, s.scenario.codes, s.scenario.args)
	}
	if err == nil {
		err = s.complete()
	}
	if err == nil {
		err = judge(ctx, s.device, s.new)
	}
	if err != nil {
		return true, fmt.Errorf("killed at call %d (%s), and run again: %w", n, r.Call, err)
	}
	return true, nil
}

// complete demands the end that an undisturbed run has.
func (s *stage) complete() error {
	got, err := everything(s.device)
	if err != nil {
		return err
	}
	return compare(s.end, got)
}

// everyCall cuts the command at its calls first, first+stride, and so on to its
// end.
func (s *stage) everyCall(ctx context.Context, first, stride int, t *tally) error {
	for n := first; ; n += stride {
		if err := ctx.Err(); err != nil {
			return err
		}
		killed, err := s.try(ctx, n)
		if err != nil {
			if err := t.blame(err, filepath.Join(s.dir, "device")); err != nil {
				return err
			}
		}
		if !killed {
			return nil
		}
		t.cuts++
	}
}
