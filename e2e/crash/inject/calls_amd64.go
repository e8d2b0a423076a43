//go:build factory

package inject

import "golang.org/x/sys/unix"

var legacy = []call{
	{unix.SYS_CREAT, "creat", counts},
	{unix.SYS_RENAME, "rename", counts},
	{unix.SYS_MKDIR, "mkdir", counts},
	{unix.SYS_RMDIR, "rmdir", counts},
	{unix.SYS_LINK, "link", counts},
	{unix.SYS_UNLINK, "unlink", counts},
	{unix.SYS_SYMLINK, "symlink", counts},
	{unix.SYS_CHMOD, "chmod", counts},
	{unix.SYS_CHOWN, "chown", counts},
	{unix.SYS_LCHOWN, "lchown", counts},
	{unix.SYS_UTIME, "utime", counts},
	{unix.SYS_UTIMES, "utimes", counts},
	{unix.SYS_FUTIMESAT, "futimesat", counts},
}
