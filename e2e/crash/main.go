//go:build factory

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sotabox/sotabox/e2e/crash/blocks"
	"github.com/sotabox/sotabox/e2e/crash/inject"
	"github.com/sotabox/sotabox/factory"
)

func main() {
	if err := inject.Become(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(127)
	}
	bin := flag.String("bin", "build", "directory of aktualizr-lite")
	evidence := flag.String("dir", "build/crash", "directory for what violations leave; it is emptied first")
	scratch := flag.String("scratch", fastDir(), "directory for the devices, best in memory")
	only := flag.String("run", "", "only the scenarios whose names contain this")
	stride := flag.Int("stride", 1, "try only every nth cut point")
	random := flag.Int("random", 2, "random subsets of the unflushed writes tried before each flush")
	seed := flag.Int("seed", 1, "for choosing at random")
	workers := flag.Int("workers", runtime.NumCPU(), "scenarios at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := cutEverything(ctx, os.Stdout, options{
		agent: filepath.Join(*bin, "aktualizr-lite"), evidence: *evidence, scratch: *scratch,
		only: *only, stride: *stride, random: *random, seed: *seed, workers: *workers,
	})
	stop()
	if err != nil {
		fmt.Fprintf(os.Stdout, "crash: FAILED: %v\n", err)
		os.Exit(1)
	}
	fmt.Fprint(os.Stdout, "crash: OK\n")
}

// options are those of the command line.
type options struct {
	agent, evidence, scratch, only string
	stride, random, seed, workers  int
}

// job is a scenario at one of the two levels.
type job struct {
	name string
	run  func(ctx context.Context, dir string, t *tally) error
}

// fastDir is where writing costs nothing, if there is such a place.
func fastDir() string {
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

func cutEverything(ctx context.Context, out io.Writer, o options) (err error) {
	if err := factory.Remove(o.evidence); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.scratch, "crash-")
	if err != nil {
		return err
	}
	w, err := newWorld(ctx, dir, o.agent)
	if err != nil {
		return err
	}
	defer func() {
		if closed := w.close(); err == nil {
			err = closed
		}
	}()
	jobs := make(chan job)
	go func() {
		defer close(jobs)
		for _, j := range allJobs(w, o) {
			if strings.Contains(j.name, o.only) {
				jobs <- j
			}
		}
	}()
	var mu sync.Mutex
	var total tally
	var wg sync.WaitGroup
	for range o.workers {
		wg.Go(func() {
			for j := range jobs {
				result := &tally{name: j.name, evidence: o.evidence}
				begun := time.Now()
				failed := j.run(ctx, filepath.Join(w.dir, j.name), result)
				mu.Lock()
				result.report(out, failed, time.Since(begun))
				total.add(result, failed)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	fmt.Fprintf(out, "%d cut points in all\n", total.cuts)
	if n := len(total.violations); n > 0 {
		return fmt.Errorf("%d violations; evidence is in %s", n, o.evidence)
	}
	return ctx.Err()
}

func allJobs(w *world, o options) []job {
	var jobs []job
	for _, s := range scenarios {
		for _, ownBoot := range []bool{false, true} {
			if !s.moves {
				continue
			}
			name := s.name + " power"
			if ownBoot {
				name += " own-boot"
			}
			jobs = append(jobs, job{name, func(ctx context.Context, dir string, t *tally) error {
				return cutPower(ctx, w, s, disks{dir: dir, ownBoot: ownBoot}, blocks.Subsets(o.random, uint64(o.seed)), o.stride, t)
			}})
		}
	}
	for _, s := range scenarios {
		jobs = append(jobs, job{s.name + " calls", func(ctx context.Context, dir string, t *tally) error {
			st, err := setStage(ctx, w, s, dir)
			if err != nil {
				return err
			}
			if err := st.everyCall(ctx, 1, o.stride, t); err != nil {
				return err
			}
			return factory.Remove(dir)
		}})
	}
	return jobs
}

// cutPower records a scenario and replays it, in a goroutine that ends with the
// mounts it made.
func cutPower(ctx context.Context, w *world, s scenario, d disks, choose blocks.Chooser, stride int, t *tally) error {
	done := make(chan error)
	go func() {
		done <- func() error {
			if err := alone(); err != nil {
				return err
			}
			r, err := newRecord(ctx, w, s, d)
			if err != nil {
				return err
			}
			t.note = fmt.Sprintf("%d flushes", r.flushes)
			return r.everyFlush(ctx, choose, stride, t)
		}()
	}()
	if err := <-done; err != nil {
		return err
	}
	return factory.Remove(d.dir)
}
