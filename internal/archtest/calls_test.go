package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// forbidden are calls that a library must leave to the program: it prints
// nothing and never ends the process.
var forbidden = map[string]string{
	"os.Exit":     "return an error",
	"log.Fatal":   "return an error",
	"log.Fatalf":  "return an error",
	"log.Fatalln": "return an error",
	"fmt.Print":   "take a writer or a logger",
	"fmt.Printf":  "take a writer or a logger",
	"fmt.Println": "take a writer or a logger",
	"println":     "take a writer or a logger",
}

// skipping are calls that would let a test pass without having tested.
var skipping = map[string]string{
	"t.Skip":    "test what can be tested here",
	"t.Skipf":   "test what can be tested here",
	"t.SkipNow": "test what can be tested here",
}

func TestNobodyPrintsExitsOrSkips(t *testing.T) {
	eachFile(t, func(path string, set *token.FileSet, file *ast.File) {
		switch {
		case strings.HasSuffix(path, "_test.go"):
			reportCalls(t, set, file, skipping)
		case file.Name.Name != "main":
			reportCalls(t, set, file, forbidden)
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					t.Errorf("%s: func init: do it when it is asked for", set.Position(f.Pos()))
				}
			}
		}
	})
}

func TestCallsAreFound(t *testing.T) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "x.go", `package x
func f() { os.Exit(1); a.os.Exit(); g(func() { fmt.Println() }); println(); Println(); fmt.Fprintln(w) }`, 0)
	require.NoError(t, err)
	var found []string
	eachCall(file, func(name string, _ token.Pos) {
		if forbidden[name] != "" {
			found = append(found, name)
		}
	})
	require.Equal(t, []string{"os.Exit", "fmt.Println", "println"}, found)
}

func reportCalls(t *testing.T, set *token.FileSet, file *ast.File, bad map[string]string) {
	eachCall(file, func(name string, at token.Pos) {
		if instead, ok := bad[name]; ok {
			t.Errorf("%s: %s: %s", set.Position(at), name, instead)
		}
	})
}

// eachCall calls do for every call of a plain or a qualified name.
func eachCall(file *ast.File, do func(name string, at token.Pos)) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch f := call.Fun.(type) {
		case *ast.Ident:
			do(f.Name, f.Pos())
		case *ast.SelectorExpr:
			if x, ok := f.X.(*ast.Ident); ok {
				do(x.Name+"."+f.Sel.Name, f.Pos())
			}
		}
		return true
	})
}

// eachFile parses every Go file of the project.
func eachFile(t *testing.T, do func(path string, set *token.FileSet, file *ast.File)) {
	t.Helper()
	root, files := "../..", 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "build" || d.Name() == "dist" || d.Name() == ".git"):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files++
		do(path, set, file)
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, files, 10)
}
