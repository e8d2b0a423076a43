package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limit is what one architecture's binary may weigh. Zero is no limit.
type Limit struct {
	Arch     string
	Stripped int64 // bytes of the file
	XZ       int64 // bytes after xz -9e
}

var errBudget = errors.New("malformed size budget")

// ParseBudget reads a size budget: one architecture a line, its limits in
// bytes or "-", and comments from "#" to the end of the line.
func ParseBudget(r io.Reader) ([]Limit, error) {
	var limits []Limit
	seen := map[string]bool{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		limit, err := parseLimit(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if seen[limit.Arch] {
			return nil, fmt.Errorf("line %d: %w: %s is there twice", n, errBudget, limit.Arch)
		}
		seen[limit.Arch] = true
		limits = append(limits, limit)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(limits) == 0 {
		return nil, fmt.Errorf("%w: it limits nothing", errBudget)
	}
	return limits, nil
}

func parseLimit(fields []string) (Limit, error) {
	if len(fields) != 3 {
		return Limit{}, fmt.Errorf("%w: %d fields instead of architecture, stripped, xz", errBudget, len(fields))
	}
	limit := Limit{Arch: fields[0]}
	for i, to := range []*int64{&limit.Stripped, &limit.XZ} {
		field := fields[i+1]
		if field == "-" {
			continue
		}
		bytes, err := strconv.ParseInt(field, 10, 64)
		if err != nil || bytes <= 0 {
			return Limit{}, fmt.Errorf("%w: %q is neither a number of bytes nor \"-\"", errBudget, field)
		}
		*to = bytes
	}
	return limit, nil
}
