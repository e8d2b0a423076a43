package repo

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// CheckFree reports, as an ErrNoSpace, that need more bytes would not fit
// beside the reserve the configuration asks for.
func (r *Repo) CheckFree(need int64) error {
	free, _, err := r.free()
	if err != nil {
		return err
	}
	if need > free {
		return fmt.Errorf("%w: %d bytes needed, %d free beside the reserve in %s", ErrNoSpace, need, max(free, 0), r.path)
	}
	return nil
}

// free is how many bytes may still be written, and the size of a block. It is
// counted as libostree does (ostree_repo_prepare_transaction).
func (r *Repo) free() (bytes, block int64, err error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(r.dir, &st); err != nil {
		return 0, 0, fmt.Errorf("free space of %s: %w", r.path, err)
	}
	blocks := st.Bavail
	if os.Geteuid() == 0 {
		blocks = st.Bfree
	}
	reserve := r.config.MinFreeBytes
	if reserve == 0 {
		reserve = int64(float64(st.Blocks) * float64(st.Frsize) * float64(r.config.MinFreePercent) / 100)
	}
	block = max(int64(st.Bsize), 512)
	return int64(blocks)*block - reserve, block, nil
}
