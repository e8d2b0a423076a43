package pull

import (
	"bufio"
	"compress/flate"
	"errors"
	"io"
)

var (
	errTooMuch  = errors.New("more data than the header declares")
	errTooShort = errors.New("less data than the header declares")
	errTrailing = errors.New("garbage after the end of the data")
)

// inflater reads the compressed data of a .filez and insists that it is exactly
// what the header declares: it stops before it would give out a byte more.
// It is reused for many objects, since the state of a decompressor is large.
type inflater struct {
	in   *bufio.Reader
	zr   io.ReadCloser
	left int64
	err  error
}

// inBuffer suits reads from the network, in bytes.
const inBuffer = 16 << 10

func newInflater() *inflater {
	in := bufio.NewReaderSize(nil, inBuffer)
	return &inflater{in: in, zr: flate.NewReader(in)}
}

// reset begins an object; the header is read off input() before data().
func (i *inflater) reset(r io.Reader) {
	i.in.Reset(r)
	i.left, i.err = 0, nil
}

func (i *inflater) input() io.Reader { return i.in }

// data gives the inflated data after the header said that it has size bytes.
// A symbolic link has no data, not even an empty compressed stream.
func (i *inflater) data(size int64, symlink bool) (io.Reader, error) {
	if symlink {
		i.err = i.atEnd()
		if i.err != io.EOF {
			return nil, i.err
		}
		return i, nil
	}
	i.left = size
	return i, i.zr.(flate.Resetter).Reset(i.in, nil)
}

// Read gives io.EOF only if size bytes came and nothing is behind them.
func (i *inflater) Read(p []byte) (int, error) {
	if i.err != nil {
		return 0, i.err
	}
	// One byte beyond the declared size is asked for, to see the end.
	limit := min(int64(len(p)), i.left+1)
	n, err := i.zr.Read(p[:limit])
	switch {
	case int64(n) > i.left:
		n, i.err = int(i.left), errTooMuch
	case err == io.EOF && int64(n) < i.left:
		i.err = errTooShort
	case err == io.EOF:
		i.err = i.atEnd()
	default:
		i.err = err
	}
	i.left -= int64(n)
	return n, i.err
}

// atEnd is io.EOF if the input is at its end.
func (i *inflater) atEnd() error {
	_, err := i.in.ReadByte()
	if err == nil {
		return errTrailing
	}
	return err
}
