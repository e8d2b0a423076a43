package sysroot

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// legacyKernel reads the layout whose file names end in a checksum that the
// builder of the tree computed.
func legacyKernel(tree int) (*kernelLayout, error) {
	dir, err := openDir(tree, "usr/lib/ostree-boot")
	if missing(err) {
		dir, err = openDir(tree, "boot")
	}
	if missing(err) || err == unix.ENOTDIR || err == unix.ELOOP {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l := &kernelLayout{dir: dir, extra: -1}
	if err := l.fillLegacy(); err != nil || len(l.files) == 0 {
		l.close()
		return nil, err
	}
	return l, nil
}

// legacyPrefixes are the names of the legacy layout before "-CHECKSUM".
var legacyPrefixes = []struct {
	prefix string
	role   bootRole
}{{"vmlinuz-", roleKernel}, {"initramfs-", roleInitramfs}, {"devicetree-", roleDeviceTree}}

func (l *kernelLayout) fillLegacy() error {
	names, err := listDir(l.dir)
	if err != nil {
		return err
	}
	sums := make(map[bootRole]string)
	for _, p := range legacyPrefixes {
		for _, name := range names {
			dash := strings.LastIndexByte(name, '-')
			if _, have := sums[p.role]; have || !strings.HasPrefix(name, p.prefix) || !validName(name) {
				continue
			}
			if _, err := object.ParseChecksum(name[dash+1:]); err != nil {
				continue
			}
			st, err := lstat(l.dir, name)
			if err != nil {
				return err
			}
			if !isFile(&st) {
				continue
			}
			sums[p.role] = name[dash+1:]
			l.files = append(l.files, bootFile{role: p.role, source: name, name: name[:dash]})
		}
	}
	kernel, have := sums[roleKernel]
	if !have {
		l.files = nil
		return nil
	}
	for _, sum := range sums {
		if sum != kernel {
			return fmt.Errorf("%w: kernel, initramfs and device tree have different checksums in their names", ErrTree)
		}
	}
	l.bootChecksum = kernel
	return nil
}
