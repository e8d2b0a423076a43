package repo

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Config is what a repository's config file says (ostree.repo-config(5)).
//
// core.payload-link-threshold changes nothing here, and nothing that can be seen:
// from that size on libostree notes, in .payload-link files, which objects have
// the same data, to share blocks between them where it can. That takes another
// checksum of each large file, to save space where files differ in nothing but
// owner or mode. The notes that libostree leaves are kept, and pruned, with their
// objects.
type Config struct {
	Mode           Mode
	Fsync          bool          // core.fsync
	PerObjectFsync bool          // core.per-object-fsync
	DisableXattrs  bool          // core.disable-xattrs
	MinFreePercent int           // core.min-free-space-percent, of the filesystem
	MinFreeBytes   int64         // core.min-free-space-size; counts if not 0
	TmpExpiry      time.Duration // core.tmp-expiry-secs
	Locking        bool          // core.locking
	LockTimeout    time.Duration // core.lock-timeout-secs; negative: for ever
	ZlibLevel      int           // archive.zlib-level, 1 to 9
	Keyfile        *Keyfile      // all of it, for [sysroot] and remotes
}

// ParseConfig reads a config file. Keys libostree would refuse are refused.
func ParseConfig(data []byte) (*Config, error) {
	k, err := ParseKeyfile(data)
	if err != nil {
		return nil, err
	}
	c := &Config{Keyfile: k}
	if v, _ := k.Get("core", "repo_version"); v != "1" {
		return nil, fmt.Errorf("%w: core.repo_version %.80q", ErrUnsupported, v)
	}
	mode, ok := k.Get("core", "mode")
	if !ok {
		mode = "bare"
	}
	if c.Mode, err = ParseMode(mode); err != nil {
		return nil, err
	}
	p := configParser{k: k}
	c.Fsync = p.boolean("core", "fsync", true)
	c.PerObjectFsync = p.boolean("core", "per-object-fsync", false)
	c.DisableXattrs = p.boolean("core", "disable-xattrs", false)
	c.TmpExpiry = p.seconds("tmp-expiry-secs", 24*60*60)
	c.Locking = p.boolean("core", "locking", true)
	c.LockTimeout = p.seconds("lock-timeout-secs", 300)
	c.ZlibLevel = max(1, min(9, int(p.number("archive", "zlib-level", 6))))
	p.minFree(c)
	return c, p.err
}

// configParser keeps the first error.
type configParser struct {
	k   *Keyfile
	err error
}

func (p *configParser) fail(group, key, value string) {
	if p.err == nil {
		p.err = fmt.Errorf("config: bad %s.%s %.80q", group, key, value)
	}
}

func (p *configParser) boolean(group, key string, otherwise bool) bool {
	v, ok := p.k.Get(group, key)
	switch {
	case !ok:
		return otherwise
	case v == "true" || v == "1":
		return true
	case v != "false" && v != "0":
		p.fail(group, key, v)
	}
	return false
}

func (p *configParser) number(group, key string, otherwise int64) int64 {
	v, ok := p.k.Get(group, key)
	if !ok {
		return otherwise
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		p.fail(group, key, v)
	}
	return n
}

func (p *configParser) seconds(key string, otherwise int64) time.Duration {
	n := p.number("core", key, otherwise)
	return time.Duration(min(n, math.MaxInt64/int64(time.Second))) * time.Second
}

// minFree reads both reserves: without either 3 percent, a size beats a
// percentage (libostree's reload_core_config).
func (p *configParser) minFree(c *Config) {
	size, hasSize := p.k.Get("core", "min-free-space-size")
	percent := p.number("core", "min-free-space-percent", 3)
	if _, ok := p.k.Get("core", "min-free-space-percent"); !ok && hasSize {
		percent = 0
	}
	if percent < 0 || percent > 99 {
		p.fail("core", "min-free-space-percent", strconv.FormatInt(percent, 10))
	}
	if hasSize {
		n, err := parseSize(size)
		if err != nil {
			p.fail("core", "min-free-space-size", size)
		}
		c.MinFreeBytes = n
	}
	if c.MinFreeBytes == 0 {
		c.MinFreePercent = int(percent)
	}
}

// parseSize reads "123MB", "123GB" or "123TB", in binary units.
func parseSize(text string) (int64, error) {
	for i, unit := range []string{"MB", "GB", "TB"} {
		digits, ok := strings.CutSuffix(text, unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		shift := 20 + 10*i
		if err == nil && n > math.MaxInt64>>shift {
			err = strconv.ErrRange
		}
		return int64(n) << shift, err
	}
	return 0, strconv.ErrSyntax
}
