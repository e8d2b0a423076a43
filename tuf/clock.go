package tuf

import "time"

// knownTime is a moment that is past, whatever the clock says.
type knownTime struct {
	time time.Time
	from string // how it is known, for the log
}

// notBefore returns the time to judge expiry by: what the clock says, but no earlier than the latest of the known
// times, of which it then tells the origin. A device without a battery for its clock starts in 1970, where nothing is
// expired yet; an attacker who keeps it from a time server could serve it metadata of years ago.
func notBefore(clock time.Time, known ...knownTime) (now time.Time, from string) {
	now = clock
	for _, k := range known {
		if k.time.After(now) {
			now, from = k.time, k.from
		}
	}
	return now, from
}

// latestSeen returns the latest time known after a set was verified: the time it was judged by, or when a target in it
// was made or changed, which is signed. Times from the expiry of the set on do not count. So neither a clock that runs
// ahead nor a wrong date in a target can make the next set, which expires later, look expired for ever.
func latestSeen(now time.Time, t *Trusted) time.Time {
	latest := now
	for i := range t.Targets {
		for _, at := range []time.Time{t.Targets[i].CreatedAt, t.Targets[i].UpdatedAt} {
			if at.After(latest) && at.Before(t.Expires) {
				latest = at
			}
		}
	}
	return latest.UTC().Truncate(time.Second)
}

// now is the time to judge expiry by, given the stored set if there is one.
func (c *Client) now(stored *set) time.Time {
	known := []knownTime{{c.cfg.NotBefore, "the running system"}}
	if stored != nil {
		known = append(known, knownTime{stored.seen, "stored metadata"})
	}
	clock := c.cfg.Now()
	now, from := notBefore(clock, known...)
	if from != "" {
		c.cfg.Log.Warn("the clock is behind a time that is known to be past, by which expiry is judged instead",
			"clock", clock.UTC().Format(TimeFormat), "time", now.UTC().Format(TimeFormat), "known_from", from)
	}
	return now
}
