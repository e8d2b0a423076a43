package applets

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/applets/applet"
)

var (
	// helpOption is an option where --help mentions it.
	helpOption = regexp.MustCompile(`(?:^|[\s,|\[])--([a-z][a-z-]*)`)
	// manOption is an option in the tag of a list in a man page.
	manOption = regexp.MustCompile(`(?m)^\.It Fl .*`)
	manName   = regexp.MustCompile(`(?:Fl|,) -([a-z][a-z-]*)`)
	manStatus = regexp.MustCompile(`(?m)^\.It (\d+)$`)
)

func manPage(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile("../docs/man/" + name + ".1")
	require.NoError(t, err, "every applet has a man page")
	return string(page)
}

func TestEveryAppletIsDocumented(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	for _, a := range Table() {
		require.NotEmpty(t, manPage(t, a.Name))
		require.Contains(t, string(readme), "\n| `"+a.Name+"` | ")
		require.Equal(t, withoutSuffix(a.Name), a.Name, "a name with a dot could not be told from a suffix")
	}
}

func TestManPagesHaveTheOptionsOfHelp(t *testing.T) {
	help := map[string]func(applet.Call) int{
		Binary: func(c applet.Call) int { return Run(Table(), append([]string{Binary}, c.Args...), c) },
	}
	for _, a := range Table() {
		help[a.Name] = a.Main
	}
	for name, main := range help {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := main(applet.Call{
				Name: name, Args: []string{"--help"}, Stdin: &bytes.Buffer{},
				Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" },
			})
			require.Zero(t, code)
			require.Empty(t, stderr.String())

			var documented []string
			for _, tag := range manOption.FindAllString(manPage(t, name), -1) {
				documented = append(documented, submatches(manName, tag)...)
			}
			require.NotEmpty(t, documented)
			require.Equal(t, distinct(submatches(helpOption, stdout.String())), distinct(documented))
		})
	}
}

func TestManPageHasTheExitCodes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "exitcode/exitcode.go", nil, 0)
	require.NoError(t, err)
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		if decl, ok := n.(*ast.GenDecl); ok && decl.Tok == token.CONST {
			for _, spec := range decl.Specs {
				for _, value := range spec.(*ast.ValueSpec).Values {
					codes = append(codes, value.(*ast.BasicLit).Value)
				}
			}
		}
		return true
	})
	require.NotEmpty(t, codes)
	require.Equal(t, distinct(codes), distinct(submatches(manStatus, manPage(t, "aktualizr-lite"))))
}

func submatches(re *regexp.Regexp, text string) []string {
	var found []string
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
