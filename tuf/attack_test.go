package tuf

import (
	"slices"
	"testing"
)

// attack is something that happens to a repository after a device trusts its release 1, or 5 where versions have to go
// back. A want of nil means that it is no attack and the device must follow.
type attack struct {
	name string
	do   func(r *testRepo)
	want error
	text string
}

var attacks = slices.Concat(attacksOnVersions, attacksOnSets, attacksOnSignatures, attacksOnForm)

func metaOf(signed map[string]any, file string) map[string]any {
	return signed["meta"].(map[string]any)[file].(map[string]any)
}

// signedChange publishes a release whose timestamp has one member changed before it is signed.
func signedChange(r *testRepo, member string, value any) {
	r.release()
	r.edit(roleTimestamp, func(s map[string]any) { s[member] = value })
}

// twoOf publishes a root in which a role has a second key and needs both.
func twoOf(r *testRepo, role string) {
	r.bump(roleRoot)
	r.roles[role].keys = append(r.roles[role].keys, newSigner(r.t, role+"-second"))
	r.roles[role].threshold = 2
	r.publishRoot()
}

// weakRSA is a key of a size that Go only makes when told to.
func weakRSA(t testing.TB) *signer {
	t.Setenv("GODEBUG", "rsa1024min=0")
	return newRSASigner(t, "weak", 1024)
}
