//go:build factory

// Command bench times ostreelite beside the real ostree: the same work on the
// same bytes, whole processes, in turns. It prints a table and writes the ratios
// as JSON; it does not judge.
//
// Both sides are measured by the kernel (wait4): wall time, processor time of
// the process, and its peak resident size. A figure is the median over the
// rounds, a ratio the median of the ratios within each round, since a machine
// may be faster in one minute than in the next. Each round starts with nothing
// left to write back.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == meterCommand {
		os.Exit(meterMain(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is main with an error.
func run(ctx context.Context) error {
	dir := flag.String("dir", "build/bench", "directory for the input, which is kept, and the work")
	agent := flag.String("agent", "build/bench-agent", "the program of e2e/bench/agent")
	arm := flag.String("agent-arm", "build/bench-agent-arm", "the same for 32-bit ARM")
	output := flag.String("json", "build/bench.json", "where to write the ratios")
	rounds := flag.Int("rounds", 5, "counted rounds of each row, after one that is not")
	slow := flag.Int("slow-rounds", 3, "rounds of pull-50ms, of which libostree alone needs minutes")
	only := flag.String("only", "", "rows to measure, separated by commas; all if empty")
	flag.Parse()
	if os.Geteuid() != 0 {
		return fmt.Errorf("bare repositories and deployments have owners: run it as root")
	}
	root, err := filepath.Abs(*dir)
	if err != nil {
		return err
	}
	program, err := filepath.Abs(*agent)
	if err != nil {
		return err
	}
	fmt.Println("preparing the input in", root)
	in, err := prepare(ctx, root, *rounds+1)
	if err != nil {
		return fmt.Errorf("prepare the input: %w", err)
	}
	fmt.Printf("%d files, %d MB, in an archive repository\n", in.Files, in.Bytes>>20)
	d, err := openDisk(root)
	if err != nil {
		return err
	}
	b := &bench{ctx: ctx, disk: d, agent: program, input: in}
	results, err := b.run(*rounds, *slow, *only, *arm)
	if err := errors.Join(err, d.close()); err != nil {
		return err
	}
	if *only != "" {
		return nil
	}
	return writeJSON(*output, results)
}

// run measures all rows, or those that are named, and prints them.
func (b *bench) run(rounds, slow int, only, arm string) ([]result, error) {
	if err := b.open(); err != nil {
		return nil, err
	}
	defer b.close()
	var results []result
	for _, row := range rows() {
		if only != "" && !slices.Contains(strings.Split(only, ","), row.name) {
			continue
		}
		n := rounds
		if row.slow {
			n = min(n, slow)
		}
		r, err := b.measure(row, n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", row.name, err)
		}
		results = append(results, r)
	}
	printTable(os.Stdout, results)
	fmt.Println("Ratios are ostreelite's over libostree's. pull-50ms has fewer rounds: libostree alone needs minutes.")
	if only != "" {
		return results, nil
	}
	return results, b.printARM(arm)
}
