package sysroot

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// fatFS behaves like FAT where that matters to this package: no links, no
// owners, modes or attributes, names without case, times of two seconds. It is
// in memory, served by FUSE (linux/fuse.h), so mounting it needs root.
type fatFS struct {
	fd int
	mu sync.Mutex
	// nodes by inode number; the root is 1.
	nodes map[uint64]*fatNode
	next  uint64
	// exchange: it can swap two names, as FAT can since Linux 6.0.
	exchange bool
	// blocks of 4 KiB it has in all.
	blocks uint64
	// left is how many more changes there will be before the power is cut;
	// negative: it is not.
	left int
}

type fatNode struct {
	dir      bool
	data     []byte
	children map[string]fatChild // by lower-case name
	mtime    time.Time
}

type fatChild struct {
	name string
	ino  uint64
}

func newFATDir() *fatNode { return &fatNode{dir: true, children: make(map[string]fatChild)} }

func (f *fatFS) serve() {
	buf := make([]byte, 1<<20)
	for {
		n, err := unix.Read(f.fd, buf)
		if err == unix.EINTR || err == unix.ENOENT {
			continue
		}
		if err != nil {
			return
		}
		in := fatRequest{buf[40:n]}
		opcode := binary.NativeEndian.Uint32(buf[4:])
		out, errno := f.handle(opcode, binary.NativeEndian.Uint64(buf[16:]), &in)
		if opcode == 2 || opcode == 42 { // FORGET, BATCH_FORGET
			continue
		}
		if errno != 0 {
			out = nil
		}
		reply := make([]byte, 16, 16+len(out))
		binary.NativeEndian.PutUint32(reply, uint32(16+len(out)))
		binary.NativeEndian.PutUint32(reply[4:], uint32(-int32(errno)))
		copy(reply[8:16], buf[8:16])
		_, _ = unix.Write(f.fd, append(reply, out...))
	}
}

// fatRequest is the arguments of a request, taken from the front.
type fatRequest struct{ rest []byte }

func (r *fatRequest) u32() uint32 {
	v := binary.NativeEndian.Uint32(r.rest)
	r.rest = r.rest[4:]
	return v
}

func (r *fatRequest) u64() uint64 {
	v := binary.NativeEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return v
}

func (r *fatRequest) name() string {
	name, rest, _ := bytes.Cut(r.rest, []byte{0})
	r.rest = rest
	return string(name)
}

func pack(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		_ = binary.Write(&b, binary.NativeEndian, v)
	}
	return b.Bytes()
}

func (f *fatFS) handle(opcode uint32, ino uint64, in *fatRequest) ([]byte, unix.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 && opcode != 2 && opcode != 42 {
		return nil, unix.EIO
	}
	node := f.nodes[ino]
	if node == nil && opcode != 26 {
		return nil, unix.ESTALE
	}
	out, errno, changed := f.operate(opcode, ino, node, in)
	if changed && errno == 0 && f.left > 0 {
		f.left--
	}
	return out, errno
}

func (f *fatFS) operate(opcode uint32, ino uint64, node *fatNode, in *fatRequest) (out []byte, errno unix.Errno, changed bool) {
	switch opcode {
	case 26: // INIT
		return pack(uint32(7), uint32(31), uint32(1<<16), uint32(1<<5), // BIG_WRITES
			uint16(8), uint16(8), uint32(1<<17), uint32(1), make([]byte, 36)), 0, false
	case 1: // LOOKUP
		child, ok := node.children[strings.ToLower(in.name())]
		if !ok {
			return nil, unix.ENOENT, false
		}
		return f.entry(child.ino), 0, false
	case 3: // GETATTR
		return append(pack(uint64(0), uint64(0)), f.attr(ino)...), 0, false
	case 4: // SETATTR
		valid := in.u32()
		if valid&6 != 0 { // UID, GID
			return nil, unix.EPERM, false
		}
		in.u32()
		in.u64()
		if size := in.u64(); valid&8 != 0 {
			node.data = append(node.data, make([]byte, max(0, int(size)-len(node.data)))...)[:size]
		}
		return append(pack(uint64(0), uint64(0)), f.attr(ino)...), 0, valid&8 != 0
	case 9: // MKDIR
		in.u64()
		out, errno = f.add(node, in.name(), newFATDir())
		return out, errno, true
	case 35: // CREATE
		in.u64()
		in.u64()
		out, errno = f.add(node, in.name(), &fatNode{})
		return append(out, make([]byte, 16)...), errno, true
	case 10, 11: // UNLINK, RMDIR
		key := strings.ToLower(in.name())
		child, ok := node.children[key]
		if !ok {
			return nil, unix.ENOENT, false
		}
		if len(f.nodes[child.ino].children) > 0 {
			return nil, unix.ENOTEMPTY, false
		}
		delete(node.children, key)
		return nil, 0, true
	case 12: // RENAME
		to := in.u64()
		return nil, f.rename(node, f.nodes[to], in.name(), in.name(), 0), true
	case 45: // RENAME2
		to := in.u64()
		flags := in.u32()
		in.u32()
		return nil, f.rename(node, f.nodes[to], in.name(), in.name(), flags), true
	case 14, 27: // OPEN, OPENDIR
		return make([]byte, 16), 0, false
	case 15: // READ
		in.u64()
		offset := min(in.u64(), uint64(len(node.data)))
		return node.data[offset:min(offset+uint64(in.u32()), uint64(len(node.data)))], 0, false
	case 16: // WRITE
		in.u64()
		offset, size := in.u64(), in.u32()
		data := in.rest[20:][:size]
		end := int(offset) + len(data)
		if f.used()+uint64(len(data))/4096 > f.blocks {
			return nil, unix.ENOSPC, false
		}
		node.data = append(node.data, make([]byte, max(0, end-len(node.data)))...)
		copy(node.data[offset:], data)
		node.mtime = time.Now().Truncate(2 * time.Second)
		return pack(size, uint32(0)), 0, true
	case 17: // STATFS
		free := f.blocks - min(f.used(), f.blocks)
		return pack(f.blocks, free, free, uint64(0), uint64(0), uint32(4096), uint32(255), uint32(4096), make([]byte, 28)), 0, false
	case 28: // READDIR
		in.u64()
		return node.list(in.u64(), int(in.u32())), 0, false
	case 2, 42, 18, 20, 25, 29, 30, 50: // FORGET, RELEASE, FSYNC, FLUSH, RELEASEDIR, FSYNCDIR, SYNCFS
		return nil, 0, false
	case 6, 8, 13: // SYMLINK, MKNOD, LINK
		return nil, unix.EPERM, false
	case 21, 22, 23: // SETXATTR, GETXATTR, LISTXATTR
		return nil, unix.EOPNOTSUPP, false
	case 39: // IOCTL
		return nil, unix.ENOTTY, false
	}
	return nil, unix.ENOSYS, false
}

func (f *fatFS) used() uint64 { return f.usedBelow(1) }

func (f *fatFS) usedBelow(ino uint64) uint64 {
	n := f.nodes[ino]
	blocks := uint64(len(n.data)+4095) / 4096
	for _, child := range n.children {
		blocks += f.usedBelow(child.ino)
	}
	return blocks
}

func (f *fatFS) attr(ino uint64) []byte {
	n := f.nodes[ino]
	mode := uint32(unix.S_IFREG | 0o700)
	if n.dir {
		mode = unix.S_IFDIR | 0o700
	}
	sec := uint64(n.mtime.Unix())
	return pack(ino, uint64(len(n.data)), uint64(len(n.data)/512), sec, sec, sec, [3]uint32{},
		mode, uint32(1), uint32(0), uint32(0), uint32(0), uint32(4096), uint32(0))
}

// entry answers a lookup. Nothing is cached, or the power could not be cut.
func (f *fatFS) entry(ino uint64) []byte {
	return append(pack(ino, uint64(0), uint64(0), uint64(0), uint64(0)), f.attr(ino)...)
}

func (f *fatFS) add(dir *fatNode, name string, n *fatNode) ([]byte, unix.Errno) {
	key := strings.ToLower(name)
	if _, ok := dir.children[key]; ok {
		return nil, unix.EEXIST
	}
	ino := f.next
	f.next++
	f.nodes[ino] = n
	dir.children[key] = fatChild{name, ino}
	return f.entry(ino), 0
}

func (f *fatFS) rename(from, to *fatNode, name, newName string, flags uint32) unix.Errno {
	key, newKey := strings.ToLower(name), strings.ToLower(newName)
	child, ok := from.children[key]
	if !ok {
		return unix.ENOENT
	}
	other, taken := to.children[newKey]
	switch {
	case flags == unix.RENAME_EXCHANGE && f.exchange:
		if !taken {
			return unix.ENOENT
		}
		from.children[key] = fatChild{name, other.ino}
		to.children[newKey] = fatChild{newName, child.ino}
		return 0
	case flags == unix.RENAME_NOREPLACE && taken:
		return unix.EEXIST
	case flags > unix.RENAME_NOREPLACE:
		return unix.EINVAL
	case taken && len(f.nodes[other.ino].children) > 0:
		return unix.ENOTEMPTY
	}
	delete(from.children, key)
	to.children[newKey] = fatChild{newName, child.ino}
	return 0
}

// list is directory entries from an offset.
func (n *fatNode) list(offset uint64, size int) []byte {
	var keys []string
	for key := range n.children {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var out []byte
	for i := int(offset); i < len(keys); i++ {
		c := n.children[keys[i]]
		entry := pack(c.ino, uint64(i+1), uint32(len(c.name)), uint32(0), []byte(c.name))
		entry = append(entry, make([]byte, (8-len(entry)%8)%8)...)
		if len(out)+len(entry) > size {
			break
		}
		out = append(out, entry...)
	}
	return out
}
