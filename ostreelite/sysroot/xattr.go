package sysroot

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxXattrs bounds the names and any value of extended attributes, as Linux does.
const maxXattrs = 64 << 10

// copyXattrs gives the open file dst the extended attributes of src.
func copyXattrs(src, dst int) error {
	return eachXattr(
		func(buf []byte) (int, error) { return unix.Flistxattr(src, buf) },
		func(name string, buf []byte) (int, error) { return unix.Fgetxattr(src, name, buf) },
		func(name string, value []byte) error { return unix.Fsetxattr(dst, name, value, 0) })
}

// copyLinkXattrs does so for symbolic links, which cannot be opened for it.
func copyLinkXattrs(srcDir int, srcName string, dstDir int, dstName string) error {
	src, dst := procPath(srcDir, srcName), procPath(dstDir, dstName)
	return eachXattr(
		func(buf []byte) (int, error) { return unix.Llistxattr(src, buf) },
		func(name string, buf []byte) (int, error) { return unix.Lgetxattr(src, name, buf) },
		func(name string, value []byte) error { return unix.Lsetxattr(dst, name, value, 0) })
}

// procPath names a file of an open directory for the calls that know only paths.
func procPath(dir int, name string) string {
	return "/proc/self/fd/" + strconv.Itoa(dir) + "/" + name
}

func eachXattr(list func([]byte) (int, error), get func(string, []byte) (int, error), set func(string, []byte) error) error {
	names, err := sized(list)
	if err == unix.EOPNOTSUPP || err == unix.ENOSYS {
		return nil
	}
	if err != nil {
		return err
	}
	for name := range bytes.SplitSeq(names, []byte{0}) {
		if len(name) == 0 {
			continue
		}
		value, err := sized(func(buf []byte) (int, error) { return get(string(name), buf) })
		if err == unix.ENODATA {
			continue
		}
		if err != nil {
			return err
		}
		if err := set(string(name), value); err != nil {
			return err
		}
	}
	return nil
}

// sized asks for a size first: nearly every file has no attributes, and then
// nothing is allocated.
func sized(call func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := call(nil)
		if err != nil || n == 0 {
			return nil, err
		}
		if n > maxXattrs {
			return nil, unix.E2BIG
		}
		buf := make([]byte, n)
		n, err = call(buf)
		if err == unix.ERANGE {
			continue
		}
		if err != nil {
			return nil, err
		}
		return buf[:n], nil
	}
}
