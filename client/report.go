package client

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/sotabox/sotabox/internal/callback"
	"github.com/sotabox/sotabox/internal/events"
)

const (
	// flushTimeout bounds how long a step of an update waits for the gateway to
	// take the events; they stay queued if it does not.
	flushTimeout = 20 * time.Second
	// offlineFlushTimeout is the same for a device that is updated from a bundle,
	// most likely since there is no network.
	offlineFlushTimeout = 2 * time.Second
	// flushPause is how long after such a failure no step waits again.
	flushPause = time.Minute
)

// reporter tells the gateway and the callback program what happens. Neither
// can stop an update: what fails is logged.
type reporter struct {
	client   *Client
	queue    *events.Queue
	make     events.Maker
	callback callback.Runner
	// notBefore is when the gateway is asked again.
	notBefore time.Time
}

func (c *Client) openReporter() error {
	c.report = &reporter{
		client: c, make: events.Maker{ECU: c.ecuSerial(), Now: c.now},
		callback: callback.Runner{
			Program:       c.config.Pacman.CallbackProgram,
			CurrentTarget: filepath.Join(c.config.Storage.Path, CurrentTargetFile),
			Environ:       os.Environ(), Log: c.log,
		},
	}
	if c.options.ReadOnly {
		return nil
	}
	queue, err := events.Open(filepath.Join(c.config.Storage.Path, stateDirName, "events"), c.log)
	if err != nil {
		return err
	}
	c.report.queue = queue
	return nil
}

func (r *reporter) close() error {
	if r.queue == nil {
		return nil
	}
	return r.queue.Close()
}

func (r *reporter) checkInStarted(ctx context.Context) {
	r.tell(ctx, callback.CheckForUpdatePre, Target{}, "")
}

// checkInFinished reports a refresh; details say what changed, if anything.
func (r *reporter) checkInFinished(ctx context.Context, current Target, details string, err error) {
	result := callback.OK
	if err != nil {
		result, details = callback.FailedBecause(err.Error()), err.Error()
	}
	r.tell(ctx, callback.CheckForUpdatePost, Target{}, result)
	if details != "" {
		r.add(r.make.MetadataUpdateCompleted(subject(current, events.MetadataCorrelationID()), err == nil, details))
	}
	// Also with nothing new: an earlier outage may have left events behind.
	r.flush(ctx)
}

func (r *reporter) downloadStarted(ctx context.Context, t Target, id, reason string) {
	r.tell(ctx, callback.DownloadPre, t, "")
	r.add(r.make.DownloadStarted(subject(t, id), reason))
	r.flush(ctx)
}

func (r *reporter) downloadFinished(ctx context.Context, t Target, id string, err error) {
	r.tell(ctx, callback.DownloadPost, t, okOrFailed(err))
	r.add(r.make.DownloadCompleted(subject(t, id), err == nil, details(err)))
	r.flush(ctx)
}

func (r *reporter) installStarted(ctx context.Context, t Target, id string) {
	r.tell(ctx, callback.InstallPre, t, "")
	r.add(r.make.InstallationStarted(subject(t, id)))
	r.flush(ctx)
}

func (r *reporter) installApplied(ctx context.Context, t Target, id string) {
	r.tell(ctx, callback.InstallPost, t, callback.NeedsCompletion)
	r.add(r.make.InstallationApplied(subject(t, id), "Reboot to finish the installation"))
	r.flush(ctx)
}

// completed queues the end of an installation; installEnded tells of it. The
// state is made durable in between.
func (r *reporter) completed(t Target, id string, err error) {
	r.add(r.make.InstallationCompleted(subject(t, id), err == nil, details(err)))
}

func (r *reporter) installEnded(ctx context.Context, t Target, err error) {
	r.tell(ctx, callback.InstallPost, t, okOrFailed(err))
	r.flush(ctx)
}

func (r *reporter) finalizing(ctx context.Context, t Target) {
	r.tell(ctx, callback.InstallFinalPre, t, "")
}

func (r *reporter) add(e events.Event) {
	if r.client.config.TLS.Server == "" {
		return
	}
	if err := r.queue.Add(e); err != nil {
		r.client.log.Error("an event is lost", "event", e.EventType.ID, "err", err)
	}
}

func (r *reporter) flush(ctx context.Context) {
	server := r.client.config.TLS.Server
	if server == "" || r.client.now().Before(r.notBefore) {
		return
	}
	timeout := flushTimeout
	if r.client.Offline() {
		timeout = offlineFlushTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := r.queue.Flush(ctx, r.client.gateway, server+"/events"); err != nil {
		r.notBefore = r.client.now().Add(flushPause)
		r.client.log.Warn("events stay queued", "err", err)
	}
}

func (r *reporter) tell(ctx context.Context, message string, install Target, result string) {
	// An agent that is being stopped still tells how the step ended.
	r.callback.Run(context.WithoutCancel(ctx), callback.Message{
		Message: message, CurrentTargetName: r.client.Current().Name, InstallTargetName: install.Name, Result: result,
	})
}

func okOrFailed(err error) string {
	if err != nil {
		return callback.Failed
	}
	return callback.OK
}

func details(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func subject(t Target, correlationID string) events.Subject {
	s := events.Subject{CorrelationID: correlationID, TargetName: t.Name}
	if t.Version >= 0 {
		s.Version = strconv.Itoa(t.Version)
	}
	return s
}

// correlationID makes an id for a new update to t.
func correlationID(t Target) string {
	if t.Version >= 0 {
		return events.CorrelationID(fmt.Sprint(t.Version))
	}
	return events.CorrelationID(t.Name)
}
