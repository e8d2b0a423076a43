package delta

import (
	"bufio"
	"encoding/binary"
	"io"
)

// patch makes a new file of an old one and a patch as bsdiff's streaming variant
// has it (https://github.com/mendsley/bsdiff, as libostree uses it). The patch is
// a sequence of three numbers and the bytes of the first two:
//
//   - so many bytes are the sum of the patch's and the old file's,
//   - so many bytes are the patch's,
//   - so far the position in the old file moves in between.
//
// Numbers have 64 bits, little-endian, of which the top one is the sign. The old
// file counts as zeros where it is not: before its beginning and behind its end.
type patch struct {
	in          *bufio.Reader
	old         oldFile
	left        int64 // bytes of the new file that are missing
	sum, insert int64 // left of the two kinds
	move        int64
	pos         int64 // in the old file
}

const (
	patchBuffer = 32 << 10
	controlSize = 3 * 8
	maxPosition = 1 << 60
)

func newPatch(v view, old io.ReaderAt, size int64) *patch {
	return &patch{in: bufio.NewReaderSize(v.reader(), patchBuffer), old: oldFile{r: old}, left: size}
}

func (p *patch) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	for p.sum == 0 && p.insert == 0 {
		if err := p.control(); err != nil {
			return 0, err
		}
	}
	from := &p.sum
	if *from == 0 {
		from = &p.insert
	}
	b = b[:min(int64(len(b)), *from)]
	n, err := p.in.Read(b)
	if err == io.EOF {
		err = malformed("patch ends early")
	}
	if err == nil && from == &p.sum {
		err = p.old.add(b[:n], p.pos)
		p.pos += int64(n)
	}
	*from -= int64(n)
	p.left -= int64(n)
	return n, err
}

// control reads the three numbers.
func (p *patch) control() error {
	p.pos += p.move
	var raw [controlSize]byte
	if _, err := io.ReadFull(p.in, raw[:]); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = malformed("patch ends early")
		}
		return err
	}
	p.sum, p.insert, p.move = signed(raw[:]), signed(raw[8:]), signed(raw[16:])
	if p.sum < 0 || p.sum > p.left || p.insert < 0 || p.insert > p.left-p.sum {
		return malformed("patch makes another size")
	}
	if max(p.pos, -p.pos, p.move, -p.move) > maxPosition {
		return malformed("patch moves far from the source")
	}
	return nil
}

func signed(raw []byte) int64 {
	v := binary.LittleEndian.Uint64(raw)
	n := int64(v &^ (1 << 63))
	if v>>63 != 0 {
		return -n
	}
	return n
}

// oldFile reads pieces of the old file, which mostly come one behind the other.
type oldFile struct {
	r   io.ReaderAt
	buf []byte // what was read last,
	off int64  // from here on
	end bool   // and that it goes to the end of the file
}

// add adds the bytes from pos on to those of b.
func (o *oldFile) add(b []byte, pos int64) error {
	if pos < 0 {
		skip := min(int64(len(b)), -pos)
		b, pos = b[skip:], pos+skip
	}
	for len(b) > 0 {
		if pos < o.off || pos >= o.off+int64(len(o.buf)) {
			if o.end && pos >= o.off+int64(len(o.buf)) && len(o.buf) > 0 {
				return nil
			}
			if err := o.fill(pos); err != nil {
				return err
			}
			if len(o.buf) == 0 {
				return nil
			}
		}
		old := o.buf[pos-o.off:]
		n := min(len(b), len(old))
		old = old[:n]
		for i, c := range old {
			b[i] += c
		}
		b, pos = b[n:], pos+int64(n)
	}
	return nil
}

func (o *oldFile) fill(pos int64) error {
	if cap(o.buf) == 0 {
		o.buf = make([]byte, 0, patchBuffer)
	}
	n, err := o.r.ReadAt(o.buf[:cap(o.buf)], pos)
	o.buf, o.off, o.end = o.buf[:n], pos, err == io.EOF
	if err == io.EOF {
		err = nil
	}
	return err
}
