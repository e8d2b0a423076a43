package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sotabox/sotabox/internal/atomicfile"
	"github.com/sotabox/sotabox/internal/config"
	"github.com/sotabox/sotabox/internal/gateway"
	"github.com/sotabox/sotabox/internal/lockfile"
	"github.com/sotabox/sotabox/internal/state"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/sysroot"
	"github.com/sotabox/sotabox/tuf"
)

// Progress is how far a pull has come.
type Progress = pull.Progress

// Options is what Open takes.
type Options struct {
	// ConfigPaths are configuration files or directories; none means the
	// places that a device keeps its configuration in.
	ConfigPaths []string
	// ReadOnly opens the device for looking at it: nothing is written or
	// locked, so it works beside a running update.
	ReadOnly bool
	// Sysroot, if not empty, replaces the configured sysroot and means one that
	// this system does not run from: a rescue system updates what it has mounted.
	Sysroot string
	Log     *slog.Logger
	// Progress, if set, is called a few times a second while pulling.
	Progress func(Progress)
	// Version of the program, for the gateway's logs.
	Version string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Client is an opened device. It is not safe for concurrent use.
type Client struct {
	options Options
	config  *config.Config
	log     *slog.Logger
	now     func() time.Time
	lock    *lockfile.Lock
	gateway *gateway.Gateway
	sysroot *sysroot.Sysroot
	report  *reporter
	// stateDir is nil for a read-only client of a device without a state yet.
	stateDir *os.File
	state    state.State
	boot     bootFacts
	// offline is nil with a gateway.
	offline *offline
}

// stateDirName holds everything that the agent remembers, below storage.path.
const stateDirName = "sotabox"

// Open reads the configuration, takes the lock and finds out what the device
// runs. It fails if another process holds the lock.
func Open(o Options) (_ *Client, err error) {
	c := &Client{options: o, log: o.Log, now: o.Now}
	if c.now == nil {
		c.now = time.Now
	}
	if c.config, err = config.Load(config.Options{Paths: o.ConfigPaths}); err != nil {
		return nil, err
	}
	if o.Sysroot != "" {
		c.config.Pacman.Sysroot, c.config.Pacman.Booted = o.Sysroot, false
	}
	for _, w := range c.config.Warnings {
		c.log.Warn(w)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if !o.ReadOnly {
		if c.lock, err = lockfile.Acquire(c.config.Storage.LockPath); err != nil {
			return nil, err
		}
	}
	if err = c.openState(); err != nil {
		return nil, err
	}
	if err = c.openSysroot(); err != nil {
		return nil, err
	}
	if err = c.openGateway(); err != nil {
		return nil, err
	}
	if err = c.adoptRunning(); err != nil {
		return nil, err
	}
	c.describeToGateway()
	return c, nil
}

// Close releases what Open took. What was durable stays so.
func (c *Client) Close() error {
	errs := []error{c.closeBundle()}
	if c.report != nil {
		errs = append(errs, c.report.close())
	}
	if c.sysroot != nil {
		errs = append(errs, c.sysroot.Close())
	}
	if c.stateDir != nil {
		errs = append(errs, c.stateDir.Close())
	}
	if c.lock != nil {
		errs = append(errs, c.lock.Release())
	}
	return errors.Join(errs...)
}

func (c *Client) openState() error {
	dir := filepath.Join(c.config.Storage.Path, stateDirName)
	if !c.options.ReadOnly {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("creating the state directory: %w", err)
		}
	}
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) && c.options.ReadOnly {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the state directory: %w", err)
	}
	c.stateDir = f
	if !c.options.ReadOnly {
		c.sweep()
	}
	c.state, err = state.Load(f)
	return err
}

// sweep removes what writers that were killed left beside the files that they
// were replacing.
func (c *Client) sweep() {
	for _, path := range []string{c.stateDir.Name(), c.config.Storage.Path, c.config.Bootloader.RebootSentinelDir} {
		dir, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = errors.Join(atomicfile.Sweep(dir), dir.Close())
		}
		if err != nil {
			c.log.Warn("removing leftovers failed", "err", err)
		}
	}
}

func (c *Client) openSysroot() (err error) {
	cmdline, _ := os.ReadFile("/proc/cmdline")
	c.sysroot, err = sysroot.Open(sysroot.Options{
		Path: c.config.Pacman.Sysroot, Booted: c.config.Pacman.Booted, Cmdline: string(cmdline), Log: c.log, Now: c.now,
	})
	if err != nil {
		return fmt.Errorf("opening the sysroot %s: %w", c.config.Pacman.Sysroot, err)
	}
	c.readBoot()
	return nil
}

// readBoot reads again what the last boot left and the next one will find.
func (c *Client) readBoot() {
	c.boot = bootFacts{booted: c.config.Pacman.Booted, bootID: bootID()}
	if d, ok := c.sysroot.Booted(); ok {
		c.boot.bootedCommit = d.Commit.String()
	}
	if d, ok := c.defaultDeployment(); ok {
		c.boot.defaultCommit = d.Commit.String()
	}
	_, err := os.Lstat(c.sentinelPath())
	c.boot.sentinel = err == nil
}

// defaultDeployment is the one of our stateroot that boots next.
func (c *Client) defaultDeployment() (sysroot.Deployment, bool) {
	for _, d := range c.sysroot.Deployments() {
		if d.OS == c.config.Pacman.OS {
			return d, true
		}
	}
	return sysroot.Deployment{}, false
}

func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// adoptRunning makes the state agree with what the device really runs, so
// that a first start, or a deployment made by hand, has a current target.
func (c *Client) adoptRunning() error {
	running := runningCommit(c.boot, c.state)
	if running == "" {
		return fmt.Errorf("no deployment of stateroot %s in %s is running: %w", c.config.Pacman.OS, c.config.Pacman.Sysroot, sysroot.ErrNoDeployment)
	}
	current := identify(c.state, running, c.provisioned())
	if c.state.Pending != nil && c.state.Pending.Commit == running {
		// It becomes current when it is confirmed.
		current = c.Current()
	}
	if c.state.Current != nil && c.state.Current.Name == current.Name && c.state.Current.Commit == current.Commit {
		if c.options.ReadOnly {
			return nil
		}
		// A cut may have come between the two files.
		return c.writeCurrentTarget()
	}
	next := c.state.Installed(current)
	next.Pending = c.state.Pending
	if c.options.ReadOnly {
		c.state = next
		return nil
	}
	c.log.Info("current target", "name", current.Name, "commit", current.Commit)
	return c.save(next)
}

// save makes a new state durable, then brings the file for scripts in line.
func (c *Client) save(s state.State) error {
	if err := state.Save(c.stateDir, s); err != nil {
		return err
	}
	c.state = s
	return c.writeCurrentTarget()
}

// Current is the target that the device runs. While an update waits for its
// reboot that is the old one.
func (c *Client) Current() Target {
	if c.state.Current != nil {
		return *c.state.Current
	}
	return state.Initial(runningCommit(c.boot, c.state))
}

// Pending is the target whose installation waits for completion.
func (c *Client) Pending() (Target, bool) {
	if c.state.Pending == nil {
		return Target{}, false
	}
	return c.state.Pending.Target, true
}

// Failing reports whether the named target failed here and has not run since.
func (c *Client) Failing(name string) bool { return c.state.Failing(name) }

// AppEnabled reports whether the configuration lets the app run.
func (c *Client) AppEnabled(name string) bool {
	apps := c.config.Pacman.ComposeApps
	return !apps.Configured || slices.Contains(apps.Names, name)
}

// PollingInterval is how often the configuration wants a daemon to check in.
func (c *Client) PollingInterval() time.Duration { return c.config.Uptane.PollingInterval }

// LogLevel is the configured threshold of the log, 0 (trace) to 5 (fatal).
func (c *Client) LogLevel() int { return c.config.Logger.LogLevel }

// metadata returns the TUF client for the given source; nil for stored metadata.
func (c *Client) metadata(source tuf.Source) (*tuf.Client, error) {
	o := tuf.Config{
		Source: source, Dir: filepath.Join(c.config.Storage.Path, stateDirName, "tuf"),
		RootDir: c.config.Storage.UptaneMetadataPath, Now: c.now, Log: c.log,
	}
	if id, ok := c.gateway.Identity(); ok {
		o.Production = &id.Production
	}
	return tuf.New(o)
}

func (c *Client) canceled(ctx context.Context, what string) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("%s: %w; run the command again to go on", what, err)
	}
	return nil
}
