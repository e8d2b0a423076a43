// Package inflate decompresses raw DEFLATE data (RFC 1951), of which archive
// repositories are made. It exists because decompression is most of the work of
// a pull: it does what compress/flate does in less than half of the time, hands
// out what it has without a copy, and knows where the data ends in its source.
package inflate

import "errors"

// ErrCorrupt says that the data is not DEFLATE data, or ends early.
var ErrCorrupt = errors.New("corrupt compressed data")
