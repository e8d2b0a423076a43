//go:build factory

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// aims are what the ratios, and our peak RSS, should not exceed; 0 is no aim.
type aims struct{ wall, cpu, megabytes float64 }

// row is one kind of work.
type row struct {
	name string
	aim  aims
	slow bool
	// start readies both sides before the first round.
	start func(b *bench) error
	// ready readies one side for a round.
	ready func(b *bench, s *side, round int) error
	// command is the work of one side in a round.
	command func(b *bench, s *side, round int) []string
}

func rows() []row {
	return []row{
		{
			name: "pull-loopback", aim: aims{wall: 0.5, cpu: 0.7, megabytes: 24},
			ready:   func(b *bench, s *side, _ int) error { return s.newRepo(b, b.archiveURL()) },
			command: func(b *bench, s *side, _ int) []string { return s.pull(b, b.archiveURL(), b.input.Updates[0]) },
		},
		{
			name: "pull-50ms", aim: aims{wall: 0.2, megabytes: 24}, slow: true,
			ready:   func(b *bench, s *side, _ int) error { return s.newRepo(b, b.slowURL()) },
			command: func(b *bench, s *side, _ int) []string { return s.pull(b, b.slowURL(), b.input.Updates[0]) },
		},
		{
			name: "pull-update", aim: aims{wall: 0.7, megabytes: 24},
			start: func(b *bench) error {
				return b.both(func(s *side) error {
					if err := s.newRepo(b, b.archiveURL()); err != nil {
						return err
					}
					return b.ostree("pull-local", "--repo="+s.repo(), b.input.archive(), b.input.Updates[0])
				})
			},
			command: func(b *bench, s *side, round int) []string {
				return s.pull(b, b.archiveURL(), b.input.Updates[round+1])
			},
		},
		{
			name: "pull-local", aim: aims{wall: 0.6, megabytes: 24},
			ready: func(b *bench, s *side, _ int) error { return s.newRepo(b, "") },
			command: func(b *bench, s *side, _ int) []string {
				c := b.input.Updates[0]
				if s.ours {
					return []string{b.agent, "pull-local", s.repo(), b.input.archive(), c}
				}
				return []string{"ostree", "pull-local", "--repo=" + s.repo(), b.input.archive(), c}
			},
		},
		{
			name: "delta", aim: aims{wall: 1, megabytes: 40},
			ready: func(b *bench, s *side, _ int) error { return s.newRepo(b, b.deltaURL()) },
			command: func(b *bench, s *side, _ int) []string {
				args := s.pull(b, b.deltaURL(), b.input.Updates[0])
				if !s.ours {
					args = append(args, "--require-static-deltas")
				}
				return args
			},
		},
		{
			name: "deploy", aim: aims{wall: 0.6},
			start: func(b *bench) error { return b.both(func(s *side) error { return s.newSysroot(b) }) },
			command: func(b *bench, s *side, round int) []string {
				c := b.input.Systems[round%len(b.input.Systems)]
				if s.ours {
					return []string{b.agent, "deploy", s.sysroot(), stateroot, c}
				}
				return []string{"ostree", "admin", "deploy", "--sysroot=" + s.sysroot(), "--os=" + stateroot, c}
			},
		},
	}
}

// side is one of the two that are compared, with a directory of its own.
type side struct {
	ours bool
	dir  string
}

// sides are ours and theirs.
func sides(work string) []*side {
	return []*side{{ours: true, dir: filepath.Join(work, "ours")}, {dir: filepath.Join(work, "theirs")}}
}

const stateroot = "bench"

func (s *side) repo() string    { return filepath.Join(s.dir, "repo") }
func (s *side) sysroot() string { return filepath.Join(s.dir, "sysroot") }

// clean removes what the row before left.
func (s *side) clean() error {
	if err := removeSysroot(s.sysroot()); err != nil {
		return err
	}
	return os.RemoveAll(s.repo())
}

// newRepo makes an empty repository as a device has it. The real ostree keeps
// the URL of the remote in its configuration.
func (s *side) newRepo(b *bench, url string) error {
	if err := os.RemoveAll(s.repo()); err != nil {
		return err
	}
	if err := b.ostree("init", "--repo="+s.repo(), "--mode=bare"); err != nil || url == "" {
		return err
	}
	return b.ostree("remote", "add", "--repo="+s.repo(), "--no-gpg-verify", "origin", url)
}

func (s *side) pull(b *bench, url, commit string) []string {
	if s.ours {
		return []string{b.agent, "pull", s.repo(), url, commit}
	}
	return []string{"ostree", "pull", "--repo=" + s.repo(), "origin", commit}
}

// newSysroot makes a sysroot whose repository has both systems, the second of
// them deployed.
func (s *side) newSysroot(b *bench) error {
	if err := os.Mkdir(s.sysroot(), 0o755); err != nil {
		return err
	}
	if err := b.ostree("admin", "init-fs", "--modern", s.sysroot()); err != nil {
		return err
	}
	if err := b.ostree("admin", "os-init", "--sysroot="+s.sysroot(), stateroot); err != nil {
		return err
	}
	repo := "--repo=" + filepath.Join(s.sysroot(), "ostree/repo")
	for i, c := range b.input.Systems {
		if err := b.ostree("pull-local", repo, b.input.archive(), c); err != nil {
			return err
		}
		// A ref keeps the commit when old deployments are cleaned up.
		if err := b.ostree("refs", repo, fmt.Sprintf("--create=bench/%d", i), c); err != nil {
			return err
		}
	}
	last := b.input.Systems[len(b.input.Systems)-1]
	return b.ostree("admin", "deploy", "--sysroot="+s.sysroot(), "--os="+stateroot, "--karg=root=LABEL=bench", last)
}
