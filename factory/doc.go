//go:build factory

// Package factory is the publishing side: it makes products, signs them and
// serves them to devices, for the demo, for tests and for anybody who wants to
// see how the pieces fit. It is host-only, behind the build tag factory.
//
// A factory is a directory of plain files:
//
//	factory.json   what the factory is: name, hardware id, tag, address
//	keys/          signing keys of the TUF roles
//	pki/           certificate authority and the gateway's certificate
//	tuf/           published metadata
//	ostree/        published content, an archive repository
//	reports/       what devices told the gateway
package factory
