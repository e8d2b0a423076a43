// Package xz unpacks .xz streams into a file, in constant memory.
//
// An LZMA2 decoder has to look back as far as the dictionary goes, which the
// packer chose: 32 MiB in the static deltas that libostree makes, up to 4 GiB by
// the format. Here the unpacked file is the dictionary. Only its end is kept in
// memory, and the rare reference further back is read from the file again.
//
// What is supported is what the xz command and liblzma make of ordinary files:
// one stream of any number of blocks, each LZMA2 without other filters. The
// checks of a block and the index behind the blocks are not looked at: who
// unpacks something compares a better checksum of it.
//
// The format is that of "The .xz File Format" 1.2.1, with LZMA as in the "LZMA
// specification" of the LZMA SDK.
package xz

import "errors"

// ErrCorrupt says that the input is no .xz stream, is damaged, or ends early.
var ErrCorrupt = errors.New("corrupt xz stream")

// ErrTooLarge says that the input unpacks to more than was allowed.
var ErrTooLarge = errors.New("xz stream unpacks to too much")

// ErrUnsupported says that the stream needs another filter than LZMA2.
var ErrUnsupported = errors.New("xz filter not supported")
