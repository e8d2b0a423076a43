// Package logging is the one logger of the binary: a line a record, on
// standard error, with the levels 0-5 that the command line takes.
package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// Levels of `--loglevel`, least to most severe.
const (
	LevelTrace = slog.LevelDebug - 4
	LevelDebug = slog.LevelDebug
	LevelInfo  = slog.LevelInfo
	LevelWarn  = slog.LevelWarn
	LevelError = slog.LevelError
	LevelFatal = slog.LevelError + 4
)

// Level maps the number that `--loglevel` and `[logger] loglevel` take (0
// trace, 1 debug, 2 info, 3 warning, 4 error, 5 fatal); a number outside 0-5
// is an error.
func Level(n int) (slog.Level, error) {
	levels := [...]slog.Level{LevelTrace, LevelDebug, LevelInfo, LevelWarn, LevelError, LevelFatal}
	if n < 0 || n >= len(levels) {
		return 0, fmt.Errorf("log level %d is not one of 0 (trace) to 5 (fatal)", n)
	}
	return levels[n], nil
}

// New returns a logger that writes one line for each record of at least the
// given level: `level: message key=value ...`.
func New(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(&handler{w: w, mu: new(sync.Mutex), level: level})
}

type handler struct {
	w      io.Writer
	mu     *sync.Mutex
	level  slog.Leveler
	prefix string
	attrs  string
}

func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(name(r.Level))
	b.WriteString(": ")
	b.WriteString(oneLine(r.Message))
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		appendAttr(&b, h.prefix, a)
		return true
	})
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.w, b.String())
	return err
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		appendAttr(&b, h.prefix, a)
	}
	c := *h
	c.attrs = b.String()
	return &c
}

func (h *handler) WithGroup(group string) slog.Handler {
	c := *h
	c.prefix += group + "."
	return &c
}

func appendAttr(b *strings.Builder, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		for _, g := range v.Group() {
			appendAttr(b, prefix+a.Key+".", g)
		}
		return
	}
	s := v.String()
	if s == "" || strings.ContainsAny(s, " =\"") || oneLine(s) != s {
		s = fmt.Sprintf("%q", s)
	}
	b.WriteByte(' ')
	b.WriteString(prefix + a.Key)
	b.WriteByte('=')
	b.WriteString(s)
}

// oneLine keeps what came from outside from forging log lines or driving a
// terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

func name(l slog.Level) string {
	switch {
	case l < LevelDebug:
		return "trace"
	case l < LevelInfo:
		return "debug"
	case l < LevelWarn:
		return "info"
	case l < LevelError:
		return "warning"
	case l < LevelFatal:
		return "error"
	}
	return "fatal"
}
