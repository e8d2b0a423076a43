// Package progress shows how far a pull has come: one line that is drawn over
// on a terminal, a log line every few seconds anywhere else.
package progress

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/client"
)

// logInterval is the time between two log lines where there is no terminal.
const logInterval = 5 * time.Second

// Meter receives the progress of one pull after the other. It is used by one
// goroutine at a time.
type Meter struct {
	w        io.Writer
	terminal bool
	log      *slog.Logger
	drawn    int
	logged   time.Duration
}

// New returns a meter that draws on w if that is a terminal and logs otherwise.
func New(w io.Writer, log *slog.Logger) *Meter {
	return &Meter{w: w, terminal: isTerminal(w), log: log}
}

// Show takes the next figures; pass it as client.Options.Progress.
func (m *Meter) Show(p client.Progress) {
	if p.Elapsed < m.logged {
		m.logged = 0
	}
	switch {
	case m.terminal:
		line := Line(p)
		// Blanks cover what a longer line left.
		fmt.Fprintf(m.w, "\r%-*s", m.drawn, line)
		m.drawn = max(m.drawn, len(line))
	case p.Elapsed-m.logged >= logInterval:
		m.logged = p.Elapsed
		m.log.Info(Line(p))
	}
}

// Done leaves the drawn line behind; call it before other output.
func (m *Meter) Done() {
	if m.drawn > 0 {
		fmt.Fprintln(m.w)
		m.drawn = 0
	}
}

// Line words the figures. The total is what is known so far: it grows while
// directories are still being read, so no percentage is claimed.
func Line(p client.Progress) string {
	return fmt.Sprintf("pulled %d of %d objects, %s, %s/s", p.Objects, p.TotalObjects, size(float64(p.Bytes)), size(p.Rate()))
}

func size(n float64) string {
	units := [...]string{"B", "kB", "MB", "GB"}
	i := 0
	for ; n >= 1000 && i < len(units)-1; i++ {
		n /= 1000
	}
	if i == 0 {
		return fmt.Sprintf("%.0f B", n)
	}
	return fmt.Sprintf("%.1f %s", n, units[i])
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
