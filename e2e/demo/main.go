//go:build factory

// Command demo shows the main job on an embedded factory: it makes keys, two
// versions of a root file system and a device, serves them over mutual TLS on
// loopback, and lets the real binary update the device, go back, and survive
// two versions that break. It prints every command with its output and exit
// code, and leaves its world behind for a person to go on with.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	bin := flag.String("bin", "build", "directory of aktualizr-lite and sotabox-factory")
	dir := flag.String("dir", "build/demo", "directory to leave the demo's world in; what an earlier demo left there is removed")
	files := flag.Int("files", 3000, "ordinary files in each version")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := demo(ctx, *bin, *dir, *files)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stdout, "\ndemo: FAILED: %v\n", err)
		os.Exit(1)
	}
	fmt.Fprint(os.Stdout, "\ndemo: OK\n")
}

func demo(ctx context.Context, bin, dir string, files int) error {
	s, err := newStage(ctx, os.Stdout, bin, dir, files)
	if err != nil {
		return err
	}
	for _, scene := range []func(*stage) error{
		openFactory, makeDevice, update, rollBack, breakAtInstall, breakAtBoot,
	} {
		if err := scene(s); err != nil {
			s.close()
			return err
		}
	}
	if err := s.close(); err != nil {
		return err
	}
	s.tellHowToGoOn()
	return nil
}

// prepare empties the demo's directory. Only one that an earlier demo made is
// removed.
func prepare(dir string) error {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) || err == nil && len(entries) == 0 {
		return os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "factory", "factory.json")); err != nil {
		return fmt.Errorf("%s holds something that no demo left there; give another one with -dir", dir)
	}
	return removeWorld(dir)
}
