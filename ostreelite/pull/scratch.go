package pull

import "bytes"

// scratch is what one worker uses again for every object.
type scratch struct {
	inflate *inflater
	meta    bytes.Buffer
}

// keepBuffer is the largest buffer for metadata that is kept for the next object,
// in bytes; the rare larger one goes back to the garbage collector.
const keepBuffer = 128 << 10

func newScratch() *scratch { return &scratch{inflate: newInflater()} }

// buffer is an empty buffer for one metadata object.
func (w *scratch) buffer() *bytes.Buffer {
	if w.meta.Cap() > keepBuffer {
		w.meta = bytes.Buffer{}
	}
	w.meta.Reset()
	return &w.meta
}
