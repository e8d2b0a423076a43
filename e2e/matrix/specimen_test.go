//go:build factory

package matrix

import (
	"fmt"
	"strings"
	"testing"
)

// specimen makes a tree of everything that a commit can hold, as far as the user
// who runs the test may make it.
func specimen(t testing.TB, dir string) {
	t.Helper()
	m := newMaker(t, dir)
	m.contents()
	m.names()
	m.modes()
	m.symlinks()
	m.depths()
	m.userXattrs()
	if isRoot {
		m.owners()
		m.rootXattrs()
	}
}

// contents has the sizes around which buffers begin anew, and links.
func (m *maker) contents() {
	for _, size := range []int{1, 511, 4095, 4096, 4097, 1<<15 - 1, 1 << 15, 1<<16 + 1, 1 << 17, 1<<18 + 3, 2<<20 + 1} {
		line := fmt.Sprintf("%d bytes of text, none of it random\n", size)
		m.file(fmt.Sprintf("content/size%d", size), strings.Repeat(line, size/len(line)+1)[:size], 0o644)
	}
	m.file("content/empty", "", 0o644)
	m.file("content/empty-program", "", 0o755)
	m.file("content/noise", noise(300_000), 0o644)
	m.file("content/zeros", strings.Repeat("\x00", 100_000), 0o644)
	m.mkdir("content/elsewhere", 0o755)
	m.link("content/hard link", "content/noise")
	m.link("content/elsewhere/third", "content/noise")
	m.link("content/second empty", "content/empty")
}

// noise is text that does not compress, the same each time.
func noise(size int) string {
	out, state := make([]byte, size), uint64(1)
	for i := range out {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		out[i] = byte(state)
	}
	return string(out)
}

// whiteout is a name that stands for something else where libostree deploys it.
const whiteout = ".ostree-wh.x"

func (m *maker) names() {
	for _, name := range []string{
		strings.Repeat("n", 255),
		strings.Repeat("ü", 127), // of two bytes each
		strings.Repeat("🚀", 63),
		"größe", "gro\u0308ße", // the same to the eye, in two normal forms
		"日本語", "עברית", "\u202efdp.exe", "\u200b", "\ufeff", "\U0010ffff",
		" ", "a ", " a", "a\tb", "a\nb", "a\rb", "\x01", "\x7f", "\\", `"`, "'", "`id`", "$HOME", "*", "?", "%s%n",
		"-", "--help", "-rf", ".hidden", "...", "..a", "a..", ".wh.whiteout", "con", "A", "a",
		whiteout, "objects", "tmp", ".commitpartial", "x.commit", "x.filez",
	} {
		m.file("names/files/"+name, "named "+name, 0o644)
		m.mkdir("names/directories/"+name, 0o755)
		m.symlink("names/links/"+name, "../files/a")
	}
}

func (m *maker) modes() {
	modes := []uint32{0o600, 0o640, 0o664, 0o666, 0o700, 0o711, 0o751, 0o775, 0o777, 0o444, 0o555, 0o400,
		0o1644, 0o1777, 0o2755, 0o2644, 0o4755, 0o4711, 0o6755, 0o7777}
	if isRoot {
		modes = append(modes, 0, 0o001, 0o4000, 0o200)
	}
	for _, mode := range modes {
		m.file(fmt.Sprintf("modes/file%04o", mode), fmt.Sprintf("mode %o", mode), mode)
		// The same content: the object differs by nothing but its mode.
		m.file(fmt.Sprintf("modes/same%04o", mode), "same", mode)
		m.file(fmt.Sprintf("modes/empty%04o", mode), "", mode)
		if isRoot || mode&0o700 == 0o700 {
			m.mkdir(fmt.Sprintf("modes/dir%04o", mode), mode)
		}
	}
}

func (m *maker) symlinks() {
	m.mkdir("symlinks/directory", 0o755)
	for name, target := range map[string]string{
		"absolute": "/etc/passwd", "root": "/", "dangling": "nowhere", "dangling-absolute": "/no/where/at/all",
		"up": "..", "up-and-out": "../../../../../../../../../../etc/shadow", "here": ".", "self": "self",
		"loop-a": "loop-b", "loop-b": "loop-a", "to-directory": "directory", "slashes": "//a///b//", "trailing": "directory/",
		"long":      strings.Repeat("abcdefg/", 511) + "abcdef", // PATH_MAX less the zero byte
		"long-name": strings.Repeat("x", 255), "utf-8": "größe 🚀", "blanks": " a\tb\nc ", "proc": "/proc/self/fd/0",
		"like-an-object": "objects/00/00.file", "percent": "%s%n",
	} {
		m.symlink("symlinks/"+name, target)
	}
}

// farAway is the name of directories in each other.
var farAway = strings.Repeat("far", 80)

// depths has directories in directories, empty ones, and a path that is longer
// than any system call takes.
func (m *maker) depths() {
	m.mkdir("depths/empty", 0o755)
	m.mkdir("depths/private", 0o700)
	m.mkdir("depths/"+strings.Repeat("d/", 200)+"bottom", 0o755)
	m.file("depths/"+strings.Repeat("d/", 200)+"file", "deep down", 0o644)
	m.file("depths/"+strings.Repeat(farAway+"/", 18)+"file", "far away", 0o644)
}

// userXattrs stay below what a block of ext4 holds, also all in one attribute, as
// bare-user has them.
func (m *maker) userXattrs() {
	m.file("xattrs/one", "one", 0o644)
	m.xattr("xattrs/one", "user.one", "value")
	m.file("xattrs/other", "one", 0o644)
	m.xattr("xattrs/other", "user.one", "another value")
	m.file("xattrs/binary", "binary", 0o644)
	m.xattr("xattrs/binary", "user.zulu", "\x00\x01\xff\x00")
	m.xattr("xattrs/binary", "user.alpha", strings.Repeat("\x00", 300))
	m.file("xattrs/names", "names", 0o644)
	m.xattr("xattrs/names", "user.größe", "UTF-8")
	m.xattr("xattrs/names", "user.\xff\xfe", "not UTF-8")
	m.xattr("xattrs/names", "user."+strings.Repeat("n", 250), "long")
	m.xattr("xattrs/names", "user.empty", "")
	m.file("xattrs/many", "many", 0o644)
	for i := range 40 {
		m.xattr("xattrs/many", fmt.Sprintf("user.attr%d", i), fmt.Sprint("value ", i))
	}
	m.mkdir("xattrs/directory", 0o755)
	m.xattr("xattrs/directory", "user.directory", "value")
	m.xattr("xattrs/directory", "user.another", noise(500))
	m.file("xattrs/empty", "", 0o644)
	m.xattr("xattrs/empty", "user.empty-file", "value")
}

func (m *maker) owners() {
	for _, id := range [][2]int{{0, 1}, {1, 0}, {1000, 1000}, {65534, 65534}, {1 << 31, 1<<32 - 2}} {
		name := fmt.Sprintf("owners/%d-%d", id[0], id[1])
		m.file(name, "somebody's", 0o644)
		m.lchown(name, id[0], id[1])
		m.symlink(name+"-link", "somewhere")
		m.lchown(name+"-link", id[0], id[1])
		m.mkdir(name+"-dir", 0o755)
		m.lchown(name+"-dir", id[0], id[1])
	}
	m.file("owners/setuid", "not root's", 0o644)
	m.lchown("owners/setuid", 1000, 1000)
	m.chmod("owners/setuid", 0o6755)
}

// capNetRaw is a capability as the kernel keeps it (VFS_CAP_REVISION_2): cap_net_raw+ep.
const capNetRaw = "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

func (m *maker) rootXattrs() {
	m.file("xattrs/ping", "capable", 0o755)
	m.xattr("xattrs/ping", "security.capability", capNetRaw)
	m.xattr("xattrs/ping", "user.also", "this")
	m.file("xattrs/capable-and-owned", "capable", 0o755)
	m.lchown("xattrs/capable-and-owned", 1000, 1000)
	m.xattr("xattrs/capable-and-owned", "security.capability", capNetRaw)
	m.file("xattrs/trusted", "trusted", 0o600)
	m.xattr("xattrs/trusted", "trusted.note", "value")
	m.mkdir("xattrs/opaque", 0o755)
	m.xattr("xattrs/opaque", "trusted.overlay.opaque", "y")
	m.symlink("xattrs/link", "one")
	m.linkXattr("xattrs/link", "trusted.link", "value")
	m.file("xattrs/setuid", "all at once", 0o644)
	m.lchown("xattrs/setuid", 1000, 1001)
	m.xattr("xattrs/setuid", "trusted.note", "value")
	m.chmod("xattrs/setuid", 0o6755)
}
