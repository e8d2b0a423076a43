//go:build factory

// Package gateway is a small device gateway over a factory's directory: TUF
// metadata, the OSTree repository and the reports of devices, over mutual TLS.
//
// It answers as the gateways in the field do (the open one is
// foundriesio/dg-satellite): a device without a certificate gets 403, one that
// sends no tag gets 404 for metadata. What devices report is kept in memory and
// appended to files, and every request is recorded. Tests can make it fail:
// see Fault.
package gateway
