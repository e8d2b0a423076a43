//go:build factory

package harness

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sotabox/sotabox/factory"
	"github.com/sotabox/sotabox/factory/gateway"
)

// world is what one script plays with.
type world struct {
	dir    string
	server *gateway.Server
	// seenEvents is how many events the script has looked at.
	seenEvents int
	// forgotten is how many requests the script does not want to hear of.
	forgotten int
	snapshots map[string]snapshot
}

type worldKey struct{}

// Params are the parameters of a run of all scripts in dir against the applets
// linked in binDir.
func Params(dir, binDir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		Setup:               func(env *testscript.Env) error { return setUp(env, binDir) },
		Cmds:                commands(),
		Condition:           condition,
		RequireExplicitExec: true,
	}
}

func setUp(env *testscript.Env, binDir string) error {
	w := &world{dir: env.WorkDir, snapshots: map[string]snapshot{}}
	env.Values[worldKey{}] = w
	env.Setenv("PATH", binDir+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("CONFIG", w.path("device/sota/sota.toml"))
	env.Setenv("REPO", w.path("device/sysroot/ostree/repo"))
	env.Setenv("DEPLOYMENTS", w.path("device/sysroot/ostree/deploy/"+factory.StateRoot+"/deploy"))
	env.Defer(func() {
		if err := w.stop(); err != nil {
			env.T().Log("stop gateway: ", err)
		}
		if err := factory.MakeRemovable(w.path("device")); err != nil {
			env.T().Log(err)
		}
	})
	return nil
}

func condition(name string) (bool, error) {
	if name == "root" {
		return os.Geteuid() == 0, nil
	}
	return false, errors.New("unknown condition " + name)
}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) factory(ts *testscript.TestScript) *factory.Factory {
	f, err := factory.Open(w.factoryDir(ts))
	ts.Check(err)
	return f
}

func (w *world) factoryDir(ts *testscript.TestScript) string {
	if name := ts.Getenv("FACTORY"); name != "" {
		return w.path(name)
	}
	return w.path("factory")
}

func (w *world) device(ts *testscript.TestScript) *factory.Device {
	d, err := factory.OpenDevice(w.path("device"))
	ts.Check(err)
	return d
}

// serve starts the gateway, on the address it had before if it had one.
func (w *world) serve(ts *testscript.TestScript) {
	if w.server != nil {
		ts.Fatalf("the gateway is running already")
	}
	server, err := w.factory(ts).Serve("", slog.New(slog.DiscardHandler), nil)
	ts.Check(err)
	w.server, w.seenEvents, w.forgotten = server, 0, 0
}

func (w *world) stop() error {
	if w.server == nil {
		return nil
	}
	err := w.server.Close()
	w.server = nil
	return err
}

func (w *world) running(ts *testscript.TestScript) *gateway.Server {
	if w.server == nil {
		ts.Fatalf("the gateway is not running: serve it first")
	}
	return w.server
}
