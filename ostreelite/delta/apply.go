package delta

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// defaultWorkers is the number of parts in work at once: libostree's.
const defaultWorkers = 2

// Options say what to bring.
type Options struct {
	// Commit is what the delta leads to.
	Commit object.Checksum
	// From are the commits to start from, the best first. Those that the
	// repository does not have in full are left out; if none is left, a delta from
	// scratch is looked for.
	From []object.Checksum
	// Workers is the number of parts in work at once, 2 if 0. Each takes about 5 MB
	// of memory.
	Workers int
	// Wrote, if set, is called for every object that was written, by many
	// goroutines at once.
	Wrote func(object.Type)
	// Log hears of details; nil is silence.
	Log *slog.Logger
}

// Result is what a delta was.
type Result struct {
	From object.Checksum // zero for a delta from scratch
	// Parts is how many brought something new, of Total.
	Parts, Total int
}

// Apply looks for a static delta to a commit and brings the objects in it into a
// transaction, except the commit itself. Objects may be missing afterwards: those
// which the delta leaves to be fetched as such, and on an error any. Errors are
// ErrNone, ErrMalformed, repo.ErrNoSpace if what the delta brings will not fit,
// and what the source or the repository reports.
func Apply(ctx context.Context, r *repo.Repo, txn *repo.Txn, source Source, o Options) (Result, error) {
	a := &applier{repo: r, txn: txn, source: source, to: o.Commit, wrote: o.Wrote, log: o.Log}
	if a.wrote == nil {
		a.wrote = func(object.Type) {}
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	return a.apply(ctx, o)
}

// applier is one delta on its way into a repository.
type applier struct {
	repo   *repo.Repo
	txn    *repo.Txn
	source Source
	to     object.Checksum
	wrote  func(object.Type)
	log    *slog.Logger
}

func (a *applier) apply(ctx context.Context, o Options) (Result, error) {
	file, err := a.spool()
	if err != nil {
		return Result{}, err
	}
	defer file.Close()
	s, err := a.find(ctx, o.From, file)
	if err != nil {
		return Result{}, err
	}
	result := Result{From: s.from, Total: len(s.parts)}
	parts, need, err := a.missing(s)
	if err != nil {
		return result, err
	}
	if err := a.repo.CheckFree(need); err != nil {
		return result, err
	}
	result.Parts, err = a.run(ctx, s, parts, o.Workers)
	return result, err
}

func (a *applier) spool() (*spool, error) {
	f, err := a.txn.Temp()
	if err != nil {
		return nil, err
	}
	return &spool{File: f, space: func() error { return a.repo.CheckFree(0) }}, nil
}

// run applies parts with a number of workers. One that is damaged, or missing, does
// not make the others useless; after other trouble no more are begun. It gives the
// number that were applied in full.
func (a *applier) run(ctx context.Context, s *superblock, parts []part, workers int) (int, error) {
	queue := make(chan part, len(parts))
	for _, p := range parts {
		queue <- p
	}
	close(queue)
	var mu sync.Mutex
	var damaged, failed error
	applied := 0
	// report notes how it went with one part, and says whether to go on.
	report := func(err error) bool {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			applied++
		case passable(err):
			damaged = cmp.Or(damaged, err)
		default:
			failed = cmp.Or(failed, err)
		}
		return failed == nil
	}
	var running sync.WaitGroup
	for range min(workers, len(parts)) {
		running.Go(func() {
			w, err := a.worker(s)
			if err != nil {
				report(err)
				return
			}
			defer w.close()
			for p := range queue {
				if !report(w.apply(ctx, p)) {
					return
				}
			}
		})
	}
	running.Wait()
	return applied, cmp.Or(failed, damaged)
}

// passable tells trouble with one part from trouble that all would meet.
func passable(err error) bool {
	return errors.Is(err, ErrMalformed) || errors.Is(err, fs.ErrNotExist)
}
