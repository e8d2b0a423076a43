package delta

import (
	"context"
	"io"
)

// content is the data of a file, which the operations of a program describe. They
// are executed as they are read.
type content struct {
	*program
	size   int64
	now    io.Reader // what the operation under way gives
	closed bool
}

// Read gives io.EOF where the program closes the file.
func (c *content) Read(b []byte) (int, error) {
	for c.err == nil {
		if c.now == nil {
			if c.closed {
				return 0, io.EOF
			}
			c.now = c.next(true)
			continue
		}
		n, err := withContext{c.ctx, c.now}.Read(b)
		if err == io.EOF {
			c.now, err = nil, nil
		}
		if err != nil {
			c.fail(err)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, c.err
}

// next takes one operation and gives what it adds to the file, if it is to be
// executed and adds something.
func (c *content) next(execute bool) io.Reader {
	switch op := c.code(); op {
	case opSetSource, opUnsetSource:
		c.switchSource(op)
	case opClose:
		c.closed, c.hasSource = true, false
	case opWrite:
		size := c.number()
		if offset := c.number(); execute {
			return c.write(offset, size)
		}
	case opPatch:
		offset := c.number()
		if size := c.number(); execute {
			return newPatch(c.data(offset, size), c.sourceFile(), c.size)
		}
	default:
		c.fail(malformed("operation with a file open"))
	}
	return nil
}

func (c *content) write(offset, size uint64) io.Reader {
	if !c.hasSource {
		return c.data(offset, size).reader()
	}
	if offset > maxSize || size > maxSize {
		c.fail(malformed("read far beyond a source"))
	}
	return &exactly{io.NewSectionReader(c.sourceFile(), int64(offset), int64(size)), int64(size)}
}

// sourceFile opens the source.
func (c *content) sourceFile() io.ReaderAt {
	if !c.hasSource {
		c.fail(malformed("patch of nothing"))
	}
	if c.err != nil {
		return nil
	}
	source, err := c.sources.open(c.source)
	if err != nil {
		c.fail(err)
	}
	return source
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
