package pull

import (
	"crypto/ed25519"
	"errors"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// signaturesKey is where detached metadata has a commit's ed25519 signatures
// over the bytes of the commit object, as "aay" (ostree-sign-ed25519.c).
const signaturesKey = "ostree.sign.ed25519"

// maxSignatures bounds the work that a hostile server can ask for.
const maxSignatures = 64

// verifySignature checks that one of keys has signed a commit. The error is an
// ErrSignature.
func verifySignature(keys []ed25519.PublicKey, commit, detached []byte) error {
	if detached == nil {
		return classify(errors.New("it is not signed"), ErrSignature)
	}
	signatures, err := signaturesOf(detached)
	if err != nil {
		return classify(err, ErrSignature)
	}
	for i := range min(signatures.Len(), maxSignatures) {
		signature := signatures.At(i).Bytes()
		for _, key := range keys {
			if len(key) == ed25519.PublicKeySize && ed25519.Verify(key, commit, signature) {
				return nil
			}
		}
	}
	return classify(errors.New("none of the trusted keys has signed it"), ErrSignature)
}

func signaturesOf(detached []byte) (gvariant.Value, error) {
	none := gvariant.Value{}
	if err := object.ValidateMetadata(detached); err != nil {
		return none, err
	}
	dict, err := gvariant.Parse(gvariant.MustType("a{sv}"), detached)
	if err != nil {
		return none, err
	}
	list, ok := dict.Lookup(signaturesKey)
	if !ok || list.Type().String() != "aay" {
		return none, errors.New("it has no ed25519 signature")
	}
	return list, nil
}
