package tuf

import (
	"time"
)

// attacksOnVersions are about versions and freshness: rollback, freeze, fast-forward.
var attacksOnVersions = []attack{
	// Freshness.
	{"nothing happens", func(r *testRepo) {}, nil, ""},
	{"a new release", func(r *testRepo) { r.release() }, nil, ""},
	{"expired timestamp", func(r *testRepo) { r.roles[roleTimestamp].expires = pastExpiry; r.release() }, ErrExpired, "timestamp version 6 refused: expired on 2029-12-31T23:59:59Z"},
	{"expired snapshot", func(r *testRepo) { r.roles[roleSnapshot].expires = pastExpiry; r.release() }, ErrExpired, "snapshot version 6 refused: expired"},
	{"expired targets", func(r *testRepo) { r.roles[roleTargets].expires = pastExpiry; r.release() }, ErrExpired, "targets version 6 refused: expired"},
	{"expired root", func(r *testRepo) { r.roles[roleRoot].expires = pastExpiry; r.bump(roleRoot); r.publishRoot() }, ErrExpired, "root version 2 refused: expired"},
	{"expires this second", func(r *testRepo) {
		r.roles[roleTimestamp].expires = testNow.Format(TimeFormat)
		r.release()
	}, ErrExpired, "timestamp version 6"},
	{"expires in a second", func(r *testRepo) {
		r.roles[roleTimestamp].expires = testNow.Add(time.Second).Format(TimeFormat)
		r.release()
	}, nil, ""},
	{"expired root between good ones", func(r *testRepo) {
		r.roles[roleRoot].expires = pastExpiry
		r.bump(roleRoot)
		r.publishRoot()
		r.roles[roleRoot].expires = goodExpiry
		r.bump(roleRoot)
		r.publishRoot()
	}, nil, ""},

	// Rollback.
	{"older timestamp", func(r *testRepo) { r.roles[roleTimestamp].version = 4; r.publishTimestamp() }, ErrRollback, "timestamp version 4 refused: older than version 5, which is trusted"},
	{"older snapshot under a newer timestamp", func(r *testRepo) {
		r.bump(roleTimestamp)
		r.roles[roleSnapshot].version = 4
		r.publishSnapshot()
		r.publishTimestamp()
	}, ErrRollback, "timestamp version 6 refused: it names snapshot version 4, version 5 is trusted"},
	{"older targets under a newer snapshot", func(r *testRepo) {
		r.bump(roleTimestamp, roleSnapshot)
		r.roles[roleTargets].version = 4
		r.republish()
	}, ErrRollback, "snapshot version 6 refused: it names targets version 4, version 5 is trusted"},
	{"older timestamp after an unrelated root rotation", func(r *testRepo) {
		r.rotate(roleRoot)
		r.roles[roleTimestamp].version = 4
		r.publishTimestamp()
	}, ErrRollback, "timestamp version 4"},
	{"older timestamp after its role got a second key", func(r *testRepo) {
		r.bump(roleRoot)
		r.roles[roleTimestamp].keys = append(r.roles[roleTimestamp].keys, newSigner(r.t, "spare"))
		r.publishRoot()
		r.roles[roleTimestamp].version = 4
		r.publishTimestamp()
	}, ErrRollback, "timestamp version 4"},
	{"older timestamp after its threshold was raised", func(r *testRepo) {
		ts := r.roles[roleTimestamp]
		ts.threshold = 2 // the stored timestamp has one signature; the role has the same key under two names
		ts.keys = append(ts.keys, ts.keys[0].as("again"))
		r.bump(roleRoot)
		r.publishRoot()
		ts.version = 4
		r.publishTimestamp()
	}, ErrInvalid, "timestamp version 4 refused: signed by 1 of 2"},
	{"older targets after the snapshot keys changed", func(r *testRepo) {
		r.rotate(roleSnapshot)
		r.bump(roleTimestamp, roleSnapshot)
		r.roles[roleTargets].version = 4
		r.republish()
	}, ErrRollback, "names targets version 4"},

	// Recovery from a fast-forward attack.
	{"timestamp restarts with new keys", func(r *testRepo) {
		r.rotate(roleTimestamp)
		r.roles[roleTimestamp].version = 1
		r.publishTimestamp()
	}, nil, ""},
	{"snapshot restarts with new keys", func(r *testRepo) {
		r.rotate(roleSnapshot)
		r.bump(roleTimestamp)
		r.roles[roleSnapshot].version = 1
		r.publishSnapshot()
		r.publishTimestamp()
	}, nil, ""},
	{"targets restart with new keys", func(r *testRepo) {
		r.rotate(roleTargets)
		r.bump(roleTimestamp, roleSnapshot)
		r.roles[roleTargets].version = 1
		r.republish()
	}, nil, ""},
	{"old targets after their threshold was raised", func(r *testRepo) {
		role := r.roles[roleTargets]
		role.threshold, role.keys = 2, append(role.keys, role.keys[0].as("again")) // the same set of keys
		r.bump(roleRoot)
		r.publishRoot()
	}, ErrInvalid, "targets version 5 refused: signed by 1 of 2 required keys"},
	{"old targets with their old keys after they changed", func(r *testRepo) { r.rotate(roleTargets) }, ErrInvalid, "targets version 5 refused: signed by 0 of 1 required keys"},
	{"old timestamp with its old keys after they changed", func(r *testRepo) { r.rotate(roleTimestamp) }, ErrInvalid, "timestamp version 5 refused: signed by 0 of 1 required keys"},

	{"everything restarts with new keys", func(r *testRepo) {
		for _, role := range []string{roleTimestamp, roleSnapshot, roleTargets} {
			r.rotate(role)
			r.roles[role].version = 1
		}
		r.republish()
	}, nil, ""},
	{"everything restarts with new keys of the timestamp alone", func(r *testRepo) {
		r.rotate(roleTimestamp)
		for _, role := range []string{roleTimestamp, roleSnapshot, roleTargets} {
			r.roles[role].version = 1
		}
		r.republish()
	}, ErrRollback, "timestamp version 1 refused: it names snapshot version 1, version 5 is trusted"},
	{"everything restarts with one more key each, and thresholds raised", func(r *testRepo) {
		for _, role := range []string{roleTimestamp, roleSnapshot, roleTargets} {
			twoOf(r, role)
			r.roles[role].version = 1
		}
		r.republish()
	}, ErrRollback, "timestamp version 1 refused: older than version 5"},
	{"fast-forward to the end of numbers", func(r *testRepo) {
		r.roles[roleTimestamp].version = 1<<63 - 1
		r.publishTimestamp()
	}, nil, ""},
	{"fast-forward beyond the end of numbers", func(r *testRepo) {
		r.roles[roleTimestamp].version = 1<<63 - 1
		r.publishTimestamp()
		r.replace("timestamp.json", "9223372036854775807", "9223372036854775808")
	}, ErrInvalid, `member "version"`},

	// Same version.
	{"timestamp of the same version, later expiry", func(r *testRepo) {
		r.roles[roleTimestamp].expires = "2032-01-01T00:00:00Z"
		r.publishTimestamp()
	}, nil, ""},
	{"timestamp of the same version, earlier expiry", func(r *testRepo) {
		r.roles[roleTimestamp].expires = "2030-06-01T00:00:00Z"
		r.publishTimestamp()
	}, ErrInvalid, "differs from the trusted document of the same version and does not expire later"},
	{"timestamp of the same version, other content", func(r *testRepo) {
		r.edit(roleTimestamp, func(s map[string]any) { s["x"] = 1 })
	}, ErrInvalid, "timestamp version 5 refused: differs"},
	{"snapshot of the same version, other content", func(r *testRepo) {
		r.edit(roleSnapshot, func(s map[string]any) { s["x"] = 1 })
		r.bump(roleTimestamp)
		r.publishTimestamp()
	}, ErrInvalid, "snapshot version 5 refused: differs"},
	{"targets of the same version, other content", func(r *testRepo) {
		r.targets["evil"] = testTarget(99)
		r.bump(roleTimestamp, roleSnapshot)
		r.republish()
	}, ErrInvalid, "targets version 5 refused: differs"},
	{"targets of the same version, other content, later expiry", func(r *testRepo) {
		r.targets["evil"] = testTarget(99)
		r.roles[roleTargets].expires = "2032-01-01T00:00:00Z"
		r.bump(roleTimestamp, roleSnapshot)
		r.republish()
	}, ErrInvalid, "targets version 5 refused: differs"},
	{"targets of the same version, signed again with a new key", func(r *testRepo) {
		r.rotate(roleTargets)
		r.bump(roleTimestamp, roleSnapshot)
		r.republish()
	}, nil, ""},
}
