package delta

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// The operations of a program (OstreeStaticDeltaOpCode). Numbers behind them are
// of variable length: seven bits to a byte, least significant first.
const (
	opSpliceAndClose = 'S' // a whole object: [mode, attributes,] size, offset
	opOpen           = 'o' // begin a file: mode, attributes, size
	opWrite          = 'w' // add to it from the data or the source: size, offset
	opSetSource      = 'r' // read from the object whose checksum is at: offset
	opUnsetSource    = 'R' // read from the data again
	opClose          = 'c' // end the file
	opPatch          = 'B' // all of the file from the source and a patch: offset, size
)

// opsBuffer is how much of a program is read at a time, in bytes.
const opsBuffer = 4 << 10

// maxTarget is the longest target of a symbolic link that is read, in bytes.
const maxTarget = 4 << 10

// program runs the operations of one part. The first thing that goes wrong ends
// it: what comes after that does nothing.
type program struct {
	ctx     context.Context
	txn     *repo.Txn
	sources *sources
	payload *payload
	ops     *bufio.Reader
	targets *bufio.Reader // the part's list of objects
	wrote   func(object.Type)
	err     error

	source    object.Checksum // that is read from, if there is one, instead of the data
	hasSource bool
}

func newProgram(ctx context.Context, txn *repo.Txn, s *sources, p *payload, objects view, wrote func(object.Type)) *program {
	return &program{ctx: ctx, txn: txn, sources: s, payload: p, wrote: wrote,
		ops:     bufio.NewReaderSize(p.ops.reader(), opsBuffer),
		targets: bufio.NewReaderSize(objects.reader(), opsBuffer)}
}

func (p *program) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// run makes all objects of the part.
func (p *program) run() error {
	for p.err == nil {
		op, err := p.ops.ReadByte()
		if err == io.EOF {
			break
		}
		switch {
		case err != nil:
			p.fail(err)
		case p.ctx.Err() != nil:
			p.fail(context.Cause(p.ctx))
		case op == opSpliceAndClose:
			p.splice()
		case op == opOpen:
			p.open()
		case op == opSetSource || op == opUnsetSource:
			p.switchSource(op)
		default:
			p.fail(malformed("operation without an open file"))
		}
	}
	return p.err
}

// number reads an operand.
func (p *program) number() uint64 {
	var n uint64
	for shift := 0; shift < 64 && p.err == nil; shift += 7 {
		b := p.code()
		if shift == 63 && b > 1 {
			break
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	p.fail(malformed("operand too large"))
	return 0
}

// code reads a byte of the program where one must be.
func (p *program) code() byte {
	b, err := p.ops.ReadByte()
	if err == io.EOF {
		err = malformed("program ends in the middle")
	}
	if err != nil {
		p.fail(err)
	}
	return b
}

// target is the next object in the part's list, and whether it is there already.
func (p *program) target() (n object.Name, have bool) {
	n, err := nextEntry(p.targets)
	if err == io.EOF {
		err = malformed("more objects than the superblock lists")
	}
	if err == nil {
		have, err = p.txn.Has(n)
	}
	if err != nil {
		p.fail(err)
	}
	return n, have
}

// data is a piece of the data.
func (p *program) data(offset, size uint64) view {
	v := p.payload.section(offset, size)
	if v.err != nil {
		p.fail(v.err)
	}
	return v
}

// splice makes an object that is in the data as a whole.
func (p *program) splice() {
	n, have := p.target()
	var mode, xattrs uint64
	if n.Type == object.TypeFile {
		mode, xattrs = p.number(), p.number()
	}
	size := p.number()
	data := p.data(p.number(), size)
	p.hasSource = false
	if p.err != nil || have {
		return
	}
	if n.Type == object.TypeFile {
		p.spliceFile(n, mode, xattrs, data)
	} else if raw := data.bytes(object.MaxMetadataSize); data.err != nil {
		p.fail(data.err)
	} else {
		p.done(n, p.txn.WriteMetadata(n, raw))
	}
}

func (p *program) spliceFile(n object.Name, mode, xattrs uint64, data view) {
	h, err := p.payload.header(mode, xattrs)
	if err != nil {
		p.fail(err)
		return
	}
	size, in := data.size, withContext{p.ctx, data.reader()}
	if h.IsSymlink() {
		h.Target, size = string(data.bytes(maxTarget)), 0
		if data.err != nil {
			p.fail(data.err)
			return
		}
	}
	p.done(n, p.txn.WriteFile(n.Checksum, h, size, in))
}

// open makes a file of the operations up to the one that closes it.
func (p *program) open() {
	n, have := p.target()
	mode, xattrs, size := p.number(), p.number(), p.number()
	if n.Type != object.TypeFile || size > maxSize {
		p.fail(malformed("no file, or a large one, is opened"))
	}
	if p.err != nil {
		return
	}
	c := &content{program: p, size: int64(size)}
	if !have {
		h, err := p.payload.header(mode, xattrs)
		if err == nil && h.IsSymlink() {
			err = malformed("a symbolic link is opened")
		}
		if err == nil {
			err = p.txn.WriteFile(n.Checksum, h, int64(size), c)
		}
		p.done(n, err)
	}
	for !c.closed && p.err == nil {
		c.next(false)
	}
}

// done counts an object that was written. That the wrong one would have been is
// the delta's fault.
func (p *program) done(n object.Name, err error) {
	switch {
	case err == nil:
		p.wrote(n.Type)
	case errors.Is(err, repo.ErrCorrupt):
		p.fail(bad(err))
	default:
		p.fail(err)
	}
}

func (p *program) switchSource(op byte) {
	p.hasSource = op == opSetSource
	if p.hasSource {
		v := p.data(p.number(), uint64(len(p.source)))
		v.read(p.source[:], 0)
	}
}
