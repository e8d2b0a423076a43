package main

import (
	"debug/elf"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// measure gathers the facts about one architecture's binary.
func measure(arch, dist, symbols string) (Facts, error) {
	f := Facts{Arch: arch}
	name := "sotabox-linux-" + arch
	released := filepath.Join(dist, name)
	info, err := os.Stat(released)
	if err != nil {
		return f, err
	}
	f.Stripped = info.Size()
	if f.XZ, err = compressedSize(released); err != nil {
		return f, err
	}
	if f.Dynamic, err = dynamic(released); err != nil {
		return f, err
	}
	deps, err := os.Open(filepath.Join(symbols, name+".deps"))
	if err != nil {
		return f, err
	}
	defer deps.Close()
	if f.Unpruned, err = reflectMethods(deps); err != nil {
		return f, fmt.Errorf("read %s: %w", deps.Name(), err)
	}
	full, err := elf.Open(filepath.Join(symbols, name))
	if err != nil {
		return f, err
	}
	defer full.Close()
	f.Packages, err = packageCosts(full)
	return f, err
}

// dynamic says what in an ELF file asks for a dynamic loader; empty if nothing.
func dynamic(path string) (string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for _, p := range f.Progs {
		switch p.Type {
		case elf.PT_INTERP:
			return "it names a program interpreter", nil
		case elf.PT_DYNAMIC:
			return "it has a dynamic section", nil
		}
	}
	return "", nil
}

// compressedSize is how many bytes xz -9e makes of a file.
func compressedSize(path string) (int64, error) {
	xz := exec.Command("xz", "-9e", "-T1", "-c", "--", path)
	xz.Stderr = os.Stderr
	out, err := xz.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := xz.Start(); err != nil {
		return 0, fmt.Errorf("compress %s (is xz-utils installed?): %w", path, err)
	}
	n, err := io.Copy(io.Discard, out)
	if err := xz.Wait(); err != nil {
		return 0, fmt.Errorf("compress %s: %w", path, err)
	}
	return n, err
}
