package repo

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// rawFile is an open regular file without what os.File does for those that
// block: of the calls a small object needs, that would be half.
type rawFile struct{ fd int }

func (f *rawFile) Read(p []byte) (int, error) {
	if f.fd < 0 {
		return 0, os.ErrClosed
	}
	n, err := readFD(f.fd, p)
	if err == nil && n == 0 && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}

func (f *rawFile) Close() error {
	if f.fd < 0 {
		return os.ErrClosed
	}
	err := unix.Close(f.fd)
	f.fd = -1
	return err
}

func readFD(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}
