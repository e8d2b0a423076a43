package xz

import "io"

const (
	cacheBlock  = 1 << 12
	cacheBlocks = 1 << 6
)

// blockCache keeps blocks of the file that were read again. Files whose parts
// come back come back in order, so that a block serves many matches.
type blockCache struct {
	number [cacheBlocks]int64 // of the block in the slot, -1 if there is none
	data   *[cacheBlocks][cacheBlock]byte
}

func (c *blockCache) reset() {
	for i := range c.number {
		c.number[i] = -1
	}
}

// read fills p from offset off of the file. All blocks it is in are so far from
// the end of the file that they are written and will not change.
func (c *blockCache) read(file io.ReaderAt, p []byte, off int64) error {
	if c.data == nil {
		c.data = new([cacheBlocks][cacheBlock]byte)
	}
	for len(p) > 0 {
		number := off / cacheBlock
		slot := number % cacheBlocks
		if c.number[slot] != number {
			c.number[slot] = -1
			if _, err := file.ReadAt(c.data[slot][:], number*cacheBlock); err != nil {
				return err
			}
			c.number[slot] = number
		}
		n := copy(p, c.data[slot][off%cacheBlock:])
		p, off = p[n:], off+int64(n)
	}
	return nil
}
