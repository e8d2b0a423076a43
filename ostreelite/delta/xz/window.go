package xz

import (
	"fmt"
	"io"
)

// File is what is unpacked into: written from front to end, and read again
// where the stream refers back beyond the window.
type File interface {
	io.ReaderAt
	io.WriterAt
}

const (
	windowSize = 1 << 22
	windowMask = windowSize - 1
	// maxMatch is the longest match there is, in bytes.
	maxMatch = 273
	// flushSize is how much is written to the file at once.
	flushSize = 1 << 16
	// near is the distance up to which a match is in the window, whatever part of
	// it the match itself overwrites.
	near = windowSize - maxMatch
)

// window is the unpacked data: a ring of its last bytes, and the file that holds
// all but the last flushSize.
type window struct {
	ring    *[windowSize]byte
	pos     int64 // bytes unpacked
	flushed int64 // of them in the file
	start   int64 // where the dictionary begins: nothing refers to before it
	limit   int64
	file    File
	cache   blockCache
}

func (w *window) reset(file File, limit int64) {
	if w.ring == nil {
		w.ring = new([windowSize]byte)
	}
	w.pos, w.flushed, w.start, w.limit, w.file = 0, 0, 0, limit, file
	w.cache.reset()
}

// allow refuses n more bytes if they are too much.
func (w *window) allow(n int) error {
	if int64(n) > w.limit-w.pos {
		return ErrTooLarge
	}
	return nil
}

// flush writes what the ring holds to the file if it is worth it, or all.
func (w *window) flush(all bool) error {
	for w.pos-w.flushed >= flushSize || all && w.pos > w.flushed {
		from := w.flushed & windowMask
		n := min(w.pos-w.flushed, windowSize-from, flushSize-from%flushSize)
		if _, err := w.file.WriteAt(w.ring[from:from+n], w.flushed); err != nil {
			return err
		}
		w.flushed += n
	}
	return nil
}

// write appends data to the window. It is at most a chunk.
func (w *window) write(data []byte) error {
	for len(data) > 0 {
		n := copy(w.ring[w.pos&windowMask:], data)
		w.pos += int64(n)
		data = data[n:]
	}
	return w.flush(false)
}

// repeat appends n bytes, at most maxMatch, from distance bytes back.
// The caller has made sure that there are as many in the dictionary.
func (w *window) repeat(distance int64, n int) error {
	if distance > near {
		return w.repeatFar(distance, n)
	}
	ring := w.ring
	from, to := (w.pos-distance)&windowMask, w.pos&windowMask
	w.pos += int64(n)
	if from+int64(n) <= windowSize && to+int64(n) <= windowSize {
		if distance >= int64(n) {
			copy(ring[to:to+int64(n)], ring[from:from+int64(n)])
			return nil
		}
		src, dst := ring[from:], ring[to:to+int64(n)]
		for i := range dst {
			dst[i] = src[i]
		}
		return nil
	}
	for range n {
		ring[to&windowMask] = ring[from&windowMask]
		from, to = from+1, to+1
	}
	return nil
}

func (w *window) repeatFar(distance int64, n int) error {
	var buf [maxMatch]byte
	if err := w.cache.read(w.file, buf[:n], w.pos-distance); err != nil {
		return fmt.Errorf("read what was unpacked: %w", err)
	}
	for _, b := range buf[:n] {
		w.ring[w.pos&windowMask] = b
		w.pos++
	}
	return nil
}

// at is the byte distance bytes back, which must be in the dictionary.
func (w *window) at(distance int64) (byte, error) {
	if distance <= near {
		return w.ring[(w.pos-distance)&windowMask], nil
	}
	var b [1]byte
	err := w.cache.read(w.file, b[:], w.pos-distance)
	return b[0], err
}
