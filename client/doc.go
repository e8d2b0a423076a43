// Package client is the update agent as a Go API: verify metadata, choose a
// target, pull, install, finish after the reboot, roll back.
//
// The path of data is target -> pull -> deploy -> reboot -> finalize. Each
// stage reads what the one before made durable, so any of them can be killed
// and called again. The package prints nothing and never ends the process;
// what it does goes to the logger, the event queue and the callback program
// that its caller or the configuration name.
//
// A minimal agent:
//
//	c, err := client.Open(client.Options{Log: log})
//	...
//	defer c.Close()
//	found, err := c.CheckIn(ctx)
//	...
//	sel, err := c.Select(found, client.Want{})
//	if sel.Action != client.NoUpdate {
//		outcome, err := c.Update(ctx, sel)
//		if outcome == client.NeedsReboot { /* reboot, then call Finalize */ }
//	}
package client
