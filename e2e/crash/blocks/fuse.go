//go:build factory

package blocks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// The numbers of linux/fuse.h that are needed to serve files which neither
// come nor go.
const (
	opLookup      = 1
	opForget      = 2
	opGetattr     = 3
	opOpen        = 14
	opRead        = 15
	opWrite       = 16
	opRelease     = 18
	opFsync       = 20
	opFlush       = 25
	opInit        = 26
	opInterrupt   = 36
	opDestroy     = 38
	opBatchForget = 42

	protocolMajor, protocolMinor = 7, 31

	bigWrites   = 1 << 5
	maxTransfer = 128 << 10
	inHeader    = 40
	outHeader   = 16
	rootNode    = 1
)

// Serve mounts the disks at dir as files named 0, 1, ..., for the namespace of
// the calling thread, and serves them until they are unmounted.
func (r *Recorder) Serve(dir string) error {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /dev/fuse: %w", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d", fd, os.Geteuid(), os.Getegid())
	if err := unix.Mount("sotabox-crash", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		unix.Close(fd)
		return fmt.Errorf("mount recorder at %s: %w", dir, err)
	}
	go func() {
		defer unix.Close(fd)
		r.serve(fd)
	}()
	return nil
}

// Path is where a disk is below the directory that was served.
func Path(dir string, disk int) string { return filepath.Join(dir, strconv.Itoa(disk)) }

// serve answers one request after the other, so that each write has been done
// when a flush is read.
func (r *Recorder) serve(fd int) {
	request := make([]byte, maxTransfer+64<<10)
	for {
		n, err := unix.Read(fd, request)
		switch {
		case err == unix.EINTR || err == unix.ENOENT || err == unix.EAGAIN:
			continue
		case err != nil || n < inHeader:
			return // unmounted
		}
		le := binary.LittleEndian
		op, unique, node := le.Uint32(request[4:]), le.Uint64(request[8:]), le.Uint64(request[16:])
		body, err := r.answer(op, node, request[inHeader:n])
		if errors.Is(err, errNoAnswer) {
			continue
		}
		reply := make([]byte, outHeader, outHeader+len(body))
		var errno unix.Errno
		if errors.As(err, &errno) {
			body = nil
			le.PutUint32(reply[4:], uint32(-int32(errno)))
		}
		le.PutUint64(reply[8:], unique)
		reply = append(reply, body...)
		le.PutUint32(reply, uint32(len(reply)))
		_, _ = unix.Write(fd, reply) // fails for a request that was interrupted
		if op == opDestroy {
			return
		}
	}
}

var errNoAnswer = errors.New("request without an answer")

func (r *Recorder) answer(op uint32, node uint64, body []byte) ([]byte, error) {
	le := binary.LittleEndian
	switch op {
	case opInit:
		return initReply(body), nil
	case opForget, opBatchForget, opInterrupt:
		return nil, errNoAnswer
	case opLookup:
		return r.lookup(string(body[:len(body)-1]))
	case opGetattr:
		return append(make([]byte, 16), r.attributes(node)...), nil
	case opOpen:
		return make([]byte, 16), nil
	case opRelease, opFlush, opDestroy:
		return nil, nil
	case opRead:
		offset, size := int64(le.Uint64(body[8:])), le.Uint32(body[16:])
		return r.read(diskOf(node), offset, make([]byte, min(size, maxTransfer))), nil
	case opWrite:
		offset, size := int64(le.Uint64(body[8:])), le.Uint32(body[16:])
		if !r.write(diskOf(node), offset, body[40:40+size]) {
			return nil, unix.ENOSPC
		}
		return le.AppendUint64(nil, uint64(size)), nil
	case opFsync:
		r.flush(diskOf(node))
		return nil, nil
	}
	return nil, unix.ENOSYS
}

func initReply(body []byte) []byte {
	le := binary.LittleEndian
	reply := make([]byte, 64)
	le.PutUint32(reply, protocolMajor)
	le.PutUint32(reply[4:], protocolMinor)
	copy(reply[8:12], body[8:12]) // read ahead as the kernel likes
	le.PutUint32(reply[12:], bigWrites)
	le.PutUint16(reply[16:], 16) // requests in the background
	le.PutUint16(reply[18:], 12)
	le.PutUint32(reply[20:], maxTransfer)
	le.PutUint32(reply[24:], 1) // granularity of times in ns
	return reply
}

func diskOf(node uint64) int { return int(node) - rootNode - 1 }

func (r *Recorder) lookup(name string) ([]byte, error) {
	disk, err := strconv.Atoi(name)
	if err != nil || disk < 0 || disk >= len(r.disks) {
		return nil, unix.ENOENT
	}
	node := uint64(disk) + rootNode + 1
	reply := make([]byte, 40)
	binary.LittleEndian.PutUint64(reply, node)
	return append(reply, r.attributes(node)...), nil
}

// attributes is struct fuse_attr.
func (r *Recorder) attributes(node uint64) []byte {
	le := binary.LittleEndian
	a := make([]byte, 88)
	le.PutUint64(a, node)
	mode := uint32(unix.S_IFDIR | 0o700)
	if node != rootNode {
		mode = unix.S_IFREG | 0o600
		size := uint64(r.size(diskOf(node)))
		le.PutUint64(a[8:], size)
		le.PutUint64(a[16:], size/512)
	}
	le.PutUint32(a[60:], mode)
	le.PutUint32(a[64:], 1)
	le.PutUint32(a[68:], uint32(os.Geteuid()))
	le.PutUint32(a[72:], uint32(os.Getegid()))
	le.PutUint32(a[80:], 4096)
	return a
}
