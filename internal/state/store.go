package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/sotabox/sotabox/internal/atomicfile"
)

var (
	// ErrCorrupt: the file is there and is not a state.
	ErrCorrupt = errors.New("device state is damaged")
	// ErrNewer: the file was written by a newer version of this program.
	ErrNewer = errors.New("device state is of a newer format")
)

const (
	fileName = "state.json"
	// maxSize is far above what trimming leaves of a state and far below what
	// a board with little memory would notice.
	maxSize = 4 << 20
)

// Load reads the state kept in dir; a directory without one gives the zero
// State. Errors: ErrCorrupt, ErrNewer, or what reading the file failed with.
func Load(dir *os.File) (State, error) {
	data, err := atomicfile.Read(dir, fileName, maxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("reading the device state: %w", err)
	}
	return parse(data)
}

// Save replaces the state kept in dir; when it returns the new one is durable.
func Save(dir *os.File, s State) error {
	s.FormatVersion = FormatVersion
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the device state: %w", err)
	}
	if err := atomicfile.Write(dir, fileName, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the device state: %w", err)
	}
	return nil
}

func parse(data []byte) (State, error) {
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, fmt.Errorf("%w: %s: %v; move the file away to start from what is deployed", ErrCorrupt, fileName, err)
	}
	if s.FormatVersion > FormatVersion {
		return State{}, fmt.Errorf("%w: %s has version %d, this program knows %d; install a newer sotabox", ErrNewer, fileName, s.FormatVersion, FormatVersion)
	}
	if s.FormatVersion < 1 {
		return State{}, fmt.Errorf("%w: %s has no format_version", ErrCorrupt, fileName)
	}
	return s, nil
}
