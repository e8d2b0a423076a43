package client

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShellAssignments(t *testing.T) {
	require.Equal(t, "TARGET_NAME=\"Initial Target\"\n", shellAssignments(Target{Name: "Initial Target", Version: -1}))
	require.Equal(t, "TARGET_NAME=\"t-2\"\nCUSTOM_VERSION=\"2\"\nLMP_MANIFEST_SHA=\"aa\"\nCONTAINERS_SHA=\"cc\"\nTAG=\"main,devel\"\n",
		shellAssignments(Target{Name: "t-2", Custom: []byte(`{"version":"2","lmp-manifest-sha":"aa","containers-sha":"cc","tags":["main","devel"]}`)}))
}

func TestShellTakesTheValuesLiterally(t *testing.T) {
	name := "a\"; touch x; \"$(touch y)`touch z`\\$HOME'\nTAG=1"
	cmd := exec.Command("sh", "-c", `. /dev/stdin; printf %s "$TARGET_NAME"; ls`)
	cmd.Stdin = strings.NewReader(shellAssignments(Target{Name: name}))
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, strings.ReplaceAll(name, "\n", " "), string(out))
}
