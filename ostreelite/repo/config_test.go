package repo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseConfig(t *testing.T) {
	c, err := ParseConfig([]byte("[core]\nrepo_version=1\nmode=bare-user-only\n"))
	require.NoError(t, err)
	require.Equal(t, BareUserOnly, c.Mode)
	require.True(t, c.Fsync)
	require.False(t, c.PerObjectFsync)
	require.Equal(t, 3, c.MinFreePercent)
	require.Equal(t, 24*time.Hour, c.TmpExpiry)
	require.Equal(t, 300*time.Second, c.LockTimeout)
	require.Equal(t, 6, c.ZlibLevel)

	c, err = ParseConfig([]byte("[core]\nrepo_version=1\nfsync=false\nmin-free-space-size=2GB\n" +
		"min-free-space-percent=5\nlock-timeout-secs=-1\n[archive]\nzlib-level=20\n"))
	require.NoError(t, err)
	require.Equal(t, Bare, c.Mode)
	require.False(t, c.Fsync)
	require.Equal(t, int64(2<<30), c.MinFreeBytes)
	require.Zero(t, c.MinFreePercent, "a size beats a percentage")
	require.Negative(t, c.LockTimeout)
	require.Equal(t, 9, c.ZlibLevel)
}

func TestParseConfigRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":         "",
		"version":       "[core]\nrepo_version=2\n",
		"mode":          "[core]\nrepo_version=1\nmode=composefs\n",
		"boolean":       "[core]\nrepo_version=1\nfsync=maybe\n",
		"percent":       "[core]\nrepo_version=1\nmin-free-space-percent=100\n",
		"size":          "[core]\nrepo_version=1\nmin-free-space-size=5\n",
		"size too big":  "[core]\nrepo_version=1\nmin-free-space-size=9999999999TB\n",
		"no key":        "[core]\nrepo_version=1\nnonsense\n",
		"outside group": "repo_version=1\n",
	} {
		_, err := ParseConfig([]byte(text))
		require.Error(t, err, name)
	}
}

func TestKeyfileKeepsUnknownLines(t *testing.T) {
	text := "# ours\n[core]\nrepo_version=1\n  mode = bare\nfuture=x=y\n\n[remote \"origin\"]\nurl=https://example.com\n"
	k, err := ParseKeyfile([]byte(text))
	require.NoError(t, err)
	require.Equal(t, text, string(k.Bytes()))
	v, ok := k.Get("core", "future")
	require.True(t, ok)
	require.Equal(t, "x=y", v)
	k.DeleteGroup(`remote "origin"`)
	k.Set("core", "mode", "bare-user")
	k.Set("core", "fsync", "false")
	k.Set("sysroot", "bootloader", "none")
	require.Equal(t, "# ours\n[core]\nrepo_version=1\nmode=bare-user\nfuture=x=y\nfsync=false\n\n"+
		"[sysroot]\nbootloader=none\n", string(k.Bytes()))
	require.Equal(t, []string{"core", "sysroot"}, k.Groups())
}
