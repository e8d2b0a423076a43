package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// build compiles a program of one file and returns it and what the linker
// printed.
func build(t *testing.T, source string, flags ...string) (binary, deps string) {
	t.Helper()
	dir := t.TempDir()
	binary = filepath.Join(dir, "program")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644))
	args := append([]string{"build", "-o", binary}, flags...)
	cmd := exec.Command("go", append(args, "main.go")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return binary, string(out)
}

const hello = `package main

func main() { println("hello") }
`

// lookup calls a method whose name is known only at run time.
const lookup = `package main

import (
	"os"
	"reflect"
)

func byName() { reflect.ValueOf(os.Stdout).MethodByName(os.Args[1]).Call(nil) }

func main() { byName() }
`

func TestReflectMethods(t *testing.T) {
	_, deps := build(t, hello, "-ldflags=-dumpdep")
	path, err := reflectMethods(strings.NewReader(deps))
	require.NoError(t, err)
	require.Empty(t, path)

	_, deps = build(t, lookup, "-ldflags=-dumpdep -w", "-gcflags=-l")
	path, err = reflectMethods(strings.NewReader(deps))
	require.NoError(t, err)
	require.NotEmpty(t, path)
	require.Equal(t, []string{"main.main", "main.byName"}, path[len(path)-2:], "the offender, and who calls it")
}

func TestReflectMethodsNeedsTheLinkersWord(t *testing.T) {
	_, err := reflectMethods(strings.NewReader("# command-line-arguments\n"))
	require.ErrorIs(t, err, errNoDeps)
}

func TestDynamic(t *testing.T) {
	static, _ := build(t, hello)
	what, err := dynamic(static)
	require.NoError(t, err)
	require.Empty(t, what)

	pie, _ := build(t, hello, "-buildmode=pie")
	what, err = dynamic(pie)
	require.NoError(t, err)
	require.NotEmpty(t, what)

	_, err = dynamic("binary_test.go")
	require.Error(t, err, "no ELF file")
}

func TestPackageCostsAddUp(t *testing.T) {
	binary, _ := build(t, hello, "-ldflags=-w")
	f, err := elf.Open(binary)
	require.NoError(t, err)
	defer f.Close()
	costs, err := packageCosts(f)
	require.NoError(t, err)

	sections, sum := int64(0), int64(0)
	for _, s := range f.Sections {
		if inFile(s) {
			sections += int64(s.Size)
		}
	}
	for name, bytes := range costs {
		require.GreaterOrEqual(t, bytes, int64(0), name)
		sum += bytes
	}
	require.Equal(t, sections, sum)
	require.Greater(t, costs["runtime"], int64(100_000))
	require.Positive(t, costs["main"])
	require.Positive(t, costs[partFunctions])

	stripped, _ := build(t, hello, "-ldflags=-s -w")
	f, err = elf.Open(stripped)
	require.NoError(t, err)
	defer f.Close()
	_, err = packageCosts(f)
	require.Error(t, err)
}

func TestCompressedSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zeros")
	require.NoError(t, os.WriteFile(path, make([]byte, 1<<20), 0o644))
	n, err := compressedSize(path)
	require.NoError(t, err)
	require.Less(t, n, int64(1000))
	require.Positive(t, n)

	_, err = compressedSize(path + ".none")
	require.Error(t, err)
}
