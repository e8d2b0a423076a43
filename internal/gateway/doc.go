// Package gateway is the HTTP client of a device: TLS with the device's own
// certificate (mTLS) towards the device gateway that serves TUF metadata, OSTree
// objects and takes reports (spec/tuf.md, Requests; spec/cli.md, Reports).
//
// One Gateway holds one connection pool, shared by everything a device fetches.
// Its own requests are small, bounded in size and time and tried again where that
// helps; HTTPClient gives the bare client to those who stream.
package gateway
