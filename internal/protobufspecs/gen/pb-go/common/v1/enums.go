// Package v1 holds the enumerations of sigstore's common protocol that sigstore/sigstore/pkg/signature refers to, as
// plain Go integers without protobuf. Values: sigstore/protobuf-specs, protos/sigstore_common.proto.
package v1

import "strconv"

// HashAlgorithm names a hash function.
type HashAlgorithm int32

// The hash functions, numbered as in message field values.
const (
	HashAlgorithm_HASH_ALGORITHM_UNSPECIFIED HashAlgorithm = 0
	HashAlgorithm_SHA2_256                   HashAlgorithm = 1
	HashAlgorithm_SHA2_384                   HashAlgorithm = 2
	HashAlgorithm_SHA2_512                   HashAlgorithm = 3
)

// String returns the number in decimal.
func (h HashAlgorithm) String() string { return strconv.Itoa(int(h)) }

// PublicKeyDetails names a combination of key type, key size or curve, encoding and hash function.
type PublicKeyDetails int32

// The combinations that the algorithm registry of sigstore/sigstore lists, numbered as in message field values.
const (
	PublicKeyDetails_PUBLIC_KEY_DETAILS_UNSPECIFIED PublicKeyDetails = 0

	PublicKeyDetails_PKIX_ECDSA_P256_SHA_256 PublicKeyDetails = 5
	PublicKeyDetails_PKIX_ECDSA_P384_SHA_384 PublicKeyDetails = 12
	PublicKeyDetails_PKIX_ECDSA_P384_SHA_256 PublicKeyDetails = 19
	PublicKeyDetails_PKIX_ECDSA_P521_SHA_512 PublicKeyDetails = 13
	PublicKeyDetails_PKIX_ECDSA_P521_SHA_256 PublicKeyDetails = 20

	PublicKeyDetails_PKIX_ED25519    PublicKeyDetails = 7
	PublicKeyDetails_PKIX_ED25519_PH PublicKeyDetails = 8

	PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256 PublicKeyDetails = 9
	PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256 PublicKeyDetails = 10
	PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256 PublicKeyDetails = 11
	PublicKeyDetails_PKIX_RSA_PSS_2048_SHA256      PublicKeyDetails = 16
	PublicKeyDetails_PKIX_RSA_PSS_3072_SHA256      PublicKeyDetails = 17
	PublicKeyDetails_PKIX_RSA_PSS_4096_SHA256      PublicKeyDetails = 18
)

// String returns the number in decimal.
func (d PublicKeyDetails) String() string { return strconv.Itoa(int(d)) }
