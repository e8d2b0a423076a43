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

// program runs the operations of one part.
type program struct {
	ctx     context.Context
	txn     *repo.Txn
	sources *sources
	payload *payload
	ops     *bufio.Reader
	targets *bufio.Reader // the part's list of objects
	wrote   func(object.Type)

	source    object.Checksum // that is read from, or zero for the data
	hasSource bool
}

func newProgram(ctx context.Context, txn *repo.Txn, s *sources, p *payload, objects view, wrote func(object.Type)) *program {
	return &program{ctx: ctx, txn: txn, sources: s, payload: p, wrote: wrote,
		ops:     bufio.NewReaderSize(p.ops.reader(), opsBuffer),
		targets: bufio.NewReaderSize(objects.reader(), opsBuffer)}
}

// run makes all objects of the part.
func (p *program) run() error {
	for {
		op, err := p.ops.ReadByte()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if p.ctx.Err() != nil {
			return context.Cause(p.ctx)
		}
		switch op {
		case opSpliceAndClose:
			err = p.splice()
		case opOpen:
			err = p.open()
		case opSetSource, opUnsetSource:
			err = p.switchSource(op)
		default:
			err = malformed("operation %q where no file is open", op)
		}
		if err != nil {
			return err
		}
	}
}

// number reads an operand.
func (p *program) number() (uint64, error) {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		b, err := p.ops.ReadByte()
		if err == io.EOF {
			return 0, malformed("program ends in an operation")
		}
		if err != nil {
			return 0, err
		}
		if shift == 63 && b > 1 {
			break
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n, nil
		}
	}
	return 0, malformed("operand too large")
}

func (p *program) numbers(to ...*uint64) (err error) {
	for _, n := range to {
		if *n, err = p.number(); err != nil {
			return err
		}
	}
	return nil
}

// target is the next object in the part's list.
func (p *program) target() (n object.Name, err error) {
	var entry [entrySize]byte
	if _, err := io.ReadFull(p.targets, entry[:]); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = malformed("more objects than the superblock lists")
		}
		return n, err
	}
	return parseEntry(entry)
}

// splice makes an object that is in the data as a whole.
func (p *program) splice() error {
	n, err := p.target()
	if err != nil {
		return err
	}
	var mode, xattrs, size, offset uint64
	if n.Type == object.TypeFile {
		err = p.numbers(&mode, &xattrs)
	}
	if err == nil {
		err = p.numbers(&size, &offset)
	}
	if err != nil {
		return err
	}
	data, err := p.payload.section(offset, size)
	if err != nil {
		return err
	}
	p.hasSource = false
	have, err := p.txn.Has(n)
	if err != nil || have {
		return err
	}
	if n.Type == object.TypeFile {
		return p.spliceFile(n, mode, xattrs, data)
	}
	raw, err := data.bytes(object.MaxMetadataSize)
	if err != nil {
		return err
	}
	return p.done(n, p.txn.WriteMetadata(n, raw))
}

func (p *program) spliceFile(n object.Name, mode, xattrs uint64, data view) error {
	h, err := p.payload.header(mode, xattrs)
	if err != nil {
		return err
	}
	if !h.IsSymlink() {
		return p.done(n, p.txn.WriteFile(n.Checksum, h, data.size, withContext{p.ctx, data.reader()}))
	}
	target, err := data.bytes(maxTarget)
	if err != nil {
		return err
	}
	h.Target = string(target)
	return p.done(n, p.txn.WriteFile(n.Checksum, h, 0, nil))
}

// maxTarget is the longest target of a symbolic link that is read, in bytes.
const maxTarget = 4 << 10

// open makes a file of the operations up to the one that closes it.
func (p *program) open() error {
	n, err := p.target()
	if err != nil {
		return err
	}
	var mode, xattrs, size uint64
	if err := p.numbers(&mode, &xattrs, &size); err != nil {
		return err
	}
	if n.Type != object.TypeFile {
		return malformed("a %s is opened as a file", n.Type)
	}
	if size > maxSize {
		return malformed("file of %d bytes", size)
	}
	c := &content{p: p, size: int64(size)}
	have, err := p.txn.Has(n)
	if err != nil {
		return err
	}
	if have {
		return c.skip()
	}
	h, err := p.payload.header(mode, xattrs)
	if err != nil {
		return err
	}
	if h.IsSymlink() {
		return malformed("a symbolic link is opened as a file")
	}
	if err := p.txn.WriteFile(n.Checksum, h, int64(size), c); err != nil {
		return p.done(n, errors.Join(c.failed, err))
	}
	return p.done(n, c.skip())
}

// done counts an object that was written. That the wrong one would have been is
// the delta's fault.
func (p *program) done(n object.Name, err error) error {
	if errors.Is(err, repo.ErrCorrupt) {
		return malformed("%w", err)
	}
	if err == nil {
		p.wrote(n.Type)
	}
	return err
}

func (p *program) switchSource(op byte) error {
	p.hasSource = op == opSetSource
	if !p.hasSource {
		return nil
	}
	offset, err := p.number()
	if err != nil {
		return err
	}
	v, err := p.payload.section(offset, uint64(len(p.source)))
	if err != nil {
		return err
	}
	return v.read(p.source[:], 0)
}
