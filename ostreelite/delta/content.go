package delta

import (
	"context"
	"io"
)

// content is the data of a file, which the operations of a program describe. They
// are executed as they are read.
type content struct {
	p      *program
	size   int64
	now    io.Reader // what the operation under way gives
	closed bool
	failed error
}

// Read gives io.EOF where the program closes the file.
func (c *content) Read(b []byte) (int, error) {
	for c.failed == nil {
		if c.p.ctx.Err() != nil {
			c.failed = context.Cause(c.p.ctx)
			break
		}
		if c.now != nil {
			n, err := c.now.Read(b)
			if err == io.EOF {
				c.now, err = nil, nil
			}
			c.failed = err
			if n > 0 || len(b) == 0 {
				return n, err
			}
			continue
		}
		if c.closed {
			c.failed = io.EOF
			break
		}
		c.now, c.failed = c.next(true)
	}
	return 0, c.failed
}

// skip takes the rest of the operations without executing them.
func (c *content) skip() error {
	for !c.closed {
		if _, err := c.next(false); err != nil {
			return err
		}
	}
	return nil
}

// next takes one operation and gives what it adds to the file, if it is to be
// executed and adds something.
func (c *content) next(execute bool) (io.Reader, error) {
	op, err := c.p.ops.ReadByte()
	if err == io.EOF {
		return nil, malformed("program ends with a file open")
	}
	if err != nil {
		return nil, err
	}
	switch op {
	case opSetSource, opUnsetSource:
		return nil, c.p.switchSource(op)
	case opClose:
		c.closed, c.p.hasSource = true, false
		return nil, nil
	case opWrite:
		var size, offset uint64
		if err := c.p.numbers(&size, &offset); err != nil || !execute {
			return nil, err
		}
		return c.write(offset, size)
	case opPatch:
		var size, offset uint64
		if err := c.p.numbers(&offset, &size); err != nil || !execute {
			return nil, err
		}
		return c.patch(offset, size)
	}
	return nil, malformed("operation %q where a file is open", op)
}

func (c *content) write(offset, size uint64) (io.Reader, error) {
	if !c.p.hasSource {
		v, err := c.p.payload.section(offset, size)
		return v.reader(), err
	}
	if offset > maxSize || size > maxSize {
		return nil, malformed("%d bytes at %d of a source", size, offset)
	}
	source, err := c.p.sources.open(c.p.source)
	if err != nil {
		return nil, err
	}
	return &exactly{io.NewSectionReader(source, int64(offset), int64(size)), int64(size)}, nil
}

func (c *content) patch(offset, size uint64) (io.Reader, error) {
	v, err := c.p.payload.section(offset, size)
	if err != nil {
		return nil, err
	}
	if !c.p.hasSource {
		return nil, malformed("patch of nothing")
	}
	source, err := c.p.sources.open(c.p.source)
	if err != nil {
		return nil, err
	}
	return newPatch(v, source, c.size), nil
}

// exactly refuses a source that ends before n bytes.
type exactly struct {
	r io.Reader
	n int64
}

func (e *exactly) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	e.n -= int64(n)
	if err == io.EOF && e.n > 0 {
		err = malformed("source ends early")
	}
	return n, err
}

// withContext ends reading when its context ends.
type withContext struct {
	ctx context.Context
	r   io.Reader
}

func (w withContext) Read(b []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.r.Read(b)
}
