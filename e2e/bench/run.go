//go:build factory

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// roundTrip is that of the slow link.
const roundTrip = 50 * time.Millisecond

// bench runs the rows.
type bench struct {
	ctx          context.Context
	disk         *disk
	agent        string
	input        *input
	server       *server
	link         *link
	ours, theirs *side
}

func (b *bench) open() error {
	both := sides(b.disk.dir)
	b.ours, b.theirs = both[0], both[1]
	for _, s := range both {
		if err := os.MkdirAll(s.dir, 0o755); err != nil {
			return err
		}
	}
	var err error
	if b.server, err = serve(b.input.dir); err != nil {
		return err
	}
	b.link, err = newLink(b.server.addr(), roundTrip)
	return err
}

func (b *bench) close() {
	if b.link != nil {
		b.link.close()
	}
	if b.server != nil {
		b.server.close()
	}
}

// The URLs of the input: of the archive repository, the same behind the slow link,
// and of the repository with a static delta.
func (b *bench) archiveURL() string { return "http://" + b.server.addr() + "/" + archiveDir }
func (b *bench) slowURL() string    { return "http://" + b.link.addr() + "/" + archiveDir }
func (b *bench) deltaURL() string   { return "http://" + b.server.addr() + "/" + deltaDir }

func (b *bench) both(f func(*side) error) error { return errors.Join(f(b.ours), f(b.theirs)) }

func (b *bench) ostree(args ...string) error { return ostree(b.ctx, args...) }

// ostree runs the real one.
func ostree(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "ostree", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return nil
}

// measure runs a row: one round to warm up, then those that count. Who goes
// first changes from round to round.
func (b *bench) measure(r row, rounds int) (result, error) {
	out := result{row: r}
	// Each row begins with empty directories.
	if err := b.both((*side).clean); err != nil {
		return out, err
	}
	if r.start != nil {
		if err := r.start(b); err != nil {
			return out, err
		}
	}
	warmup := 1
	if r.slow {
		warmup = 0
	}
	for i := range warmup + rounds {
		var p pair
		order := []struct {
			side *side
			to   *usage
		}{{b.ours, &p.ours}, {b.theirs, &p.theirs}}
		if i%2 == 1 {
			order[0], order[1] = order[1], order[0]
		}
		for _, o := range order {
			if r.ready != nil {
				if err := r.ready(b, o.side, i); err != nil {
					return out, err
				}
			}
			if err := b.disk.settle(); err != nil {
				return out, err
			}
			u, err := meter(b.ctx, b.disk.dir, r.command(b, o.side, i)...)
			if err != nil {
				return out, err
			}
			*o.to = u
		}
		if i < warmup {
			continue
		}
		out.pairs = append(out.pairs, p)
		fmt.Printf("%s round %d: %s (cpu %s), libostree %s (cpu %s)\n", r.name, len(out.pairs),
			seconds(p.ours.Wall), seconds(p.ours.CPU), seconds(p.theirs.Wall), seconds(p.theirs.CPU))
	}
	return out, nil
}

// server gives out files, as the web server of a factory does.
type server struct {
	listener net.Listener
	http     http.Server
}

func serve(dir string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{listener: l, http: http.Server{Handler: http.FileServer(http.Dir(dir))}}
	go s.http.Serve(l)
	return s, nil
}

func (s *server) addr() string { return s.listener.Addr().String() }
func (s *server) close()       { s.http.Close() }
