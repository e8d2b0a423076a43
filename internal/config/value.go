package config

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is where the text of one key goes to. set leaves the default alone and
// fails when the text makes no sense; String is the text to write out.
type value interface {
	set(text string) error
	String() string
}

type text struct{ p *string }

func (v text) set(s string) error { *v.p = s; return nil }
func (v text) String() string     { return *v.p }

// path is text that keeps the default when it is empty.
type path struct{ p *string }

func (v path) set(s string) error {
	if s != "" {
		*v.p = s
	}
	return nil
}

func (v path) String() string { return *v.p }

// url is text without a slash at its end, so that paths can be appended.
type url struct{ p *string }

func (v url) set(s string) error { *v.p = strings.TrimRight(s, "/"); return nil }
func (v url) String() string     { return *v.p }

type flag struct{ p *bool }

func (v flag) set(s string) error {
	switch strings.ToLower(s) {
	case "":
	case "1", "true", "yes", "on":
		*v.p = true
	case "0", "false", "no", "off":
		*v.p = false
	default:
		return errors.New("want 1 or 0")
	}
	return nil
}

func (v flag) String() string {
	if *v.p {
		return "1"
	}
	return "0"
}

// booted is [pacman] booted: not every value of it is a flag.
type booted struct{ p *bool }

func (v booted) set(s string) error {
	if s == "staged" {
		*v.p = false
		return nil
	}
	if (flag{v.p}).set(s) != nil {
		return errors.New("want 1, 0 or staged")
	}
	return nil
}

func (v booted) String() string {
	if *v.p {
		return "1"
	}
	return "staged"
}

type number struct {
	p        *int
	min, max int
}

func (v number) set(s string) error {
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < v.min || n > v.max {
		return errors.New("want a number, " + strconv.Itoa(v.min) + " to " + strconv.Itoa(v.max))
	}
	*v.p = n
	return nil
}

func (v number) String() string { return strconv.Itoa(*v.p) }

// byteRate is bytes a second, with k or M for units of 1024 and 1024 times that.
type byteRate struct{ p *int64 }

func (v byteRate) set(s string) error {
	if s == "" {
		return nil
	}
	digits, shift := s, 0
	switch s[len(s)-1] {
	case 'k', 'K':
		digits, shift = s[:len(s)-1], 10
	case 'M':
		digits, shift = s[:len(s)-1], 20
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return errors.New("want bytes a second as a number, which k or M may follow")
	}
	*v.p = n << shift
	return nil
}

func (v byteRate) String() string { return strconv.FormatInt(*v.p, 10) }

// maxSeconds keeps a duration far from overflow: ten years.
const maxSeconds = 10 * 365 * 24 * 3600

type seconds struct{ p *time.Duration }

func (v seconds) set(s string) error {
	n := int(*v.p / time.Second)
	if err := (number{&n, 1, maxSeconds}).set(s); err != nil {
		return err
	}
	*v.p = time.Duration(n) * time.Second
	return nil
}

func (v seconds) String() string { return strconv.Itoa(int(*v.p / time.Second)) }

// choice is one of a few words; empty means the default.
type choice struct {
	p     *string
	words []string
}

func (v choice) set(s string) error {
	if s == "" {
		return nil
	}
	if !slices.Contains(v.words, s) {
		return errors.New("want one of " + strings.Join(v.words, ", "))
	}
	*v.p = s
	return nil
}

func (v choice) String() string { return *v.p }

// fileName is a name without a directory.
type fileName struct{ p *string }

func (v fileName) set(s string) error {
	if s == "" || s == "." || s == ".." || strings.Contains(s, "/") {
		return errors.New("want a file name without a directory")
	}
	*v.p = s
	return nil
}

func (v fileName) String() string { return *v.p }

// list is words separated by commas, blanks or both.
type list struct{ p *[]string }

func (v list) set(s string) error {
	if strings.HasPrefix(s, "[") {
		return errors.New(`want words in one string, as in "a,b"`)
	}
	*v.p = strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	return nil
}

func (v list) String() string { return strings.Join(*v.p, ",") }

type apps struct{ p *AppList }

func (v apps) set(s string) error {
	v.p.Configured = true
	return list{&v.p.Names}.set(s)
}

func (v apps) String() string { return list{&v.p.Names}.String() }
