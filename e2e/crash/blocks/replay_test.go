//go:build factory

package blocks

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// images are the contents of the disks after each cut, as text.
func images(t *testing.T, r *Replay, choose Chooser) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, r.Each(choose, func(c Cut) error {
		var text string
		for disk := range r.disks {
			image := make([]byte, len(r.disks[disk]))
			require.NoError(t, r.Image(c, disk, func(at int64, data []byte) error {
				copy(image[at:], data)
				return nil
			}))
			text += string(bytes.ReplaceAll(image, []byte{0}, []byte{'.'})) + " "
		}
		found[text] = c.How
		return nil
	}))
	return found
}

func put(disk int, at int64, text string) Event {
	return Event{Disk: disk, Offset: at, Data: []byte(text)}
}

func TestReplay(t *testing.T) {
	r := NewReplay([][]byte{[]byte("____"), []byte("__")}, []Event{
		put(0, 0, "A"), put(1, 0, "x"), {Disk: 0, Flush: true},
		put(0, 1, "BC"), put(0, 1, "D"), {Disk: 1, Flush: true},
		put(0, 3, "E"),
	}, 1)
	found := images(t, r, Subsets(0, 1))
	for _, want := range []string{
		"____ __ ", "A___ x_ ", "A___ __ ", "____ x_ ", // before the first flush
		"ABC_ x_ ", "ADC_ x_ ", "AD__ x_ ", "A_C_ __ ", // before the second: B again under D
		"ADCE x_ ", "A__E x_ ", // in the end disk 0 still waits for its flush
	} {
		require.Contains(t, found, want)
	}
	for text := range found {
		require.False(t, text[0] == '_' && text[3] == 'E', "%s: the first flush was lost", text)
		require.False(t, text[5] == '_' && text[3] == 'E', "%s: the second flush was lost", text)
	}
}

func TestNoStateIsTriedTwice(t *testing.T) {
	r := NewReplay([][]byte{make([]byte, 1)}, []Event{put(0, 0, "A"), {Flush: true}, {Flush: true}, {Flush: true}}, 1)
	tried := 0
	require.NoError(t, r.Each(Subsets(5, 1), func(Cut) error { tried++; return nil }))
	require.Equal(t, 2, tried)
}

func TestReplaySkip(t *testing.T) {
	r := NewReplay([][]byte{make([]byte, 2)}, []Event{put(0, 0, "A"), {Flush: true}, put(0, 1, "B")}, 1)
	r.Skip(2)
	require.Equal(t, map[string]string{"A. ": "none", "AB ": "all"}, images(t, r, Subsets(3, 1)))
}

func TestReplayEndsAtTheFirstError(t *testing.T) {
	r := NewReplay([][]byte{make([]byte, 2)}, []Event{put(0, 0, "A"), {Flush: true}}, 1)
	calls, stop := 0, errors.New("stop")
	require.ErrorIs(t, r.Each(Subsets(3, 1), func(Cut) error { calls++; return stop }), stop)
	require.Equal(t, 1, calls)
}

func TestSubsetsAreTheSameForTheSameSeed(t *testing.T) {
	require.Equal(t, Subsets(4, 7)(30), Subsets(4, 7)(30))
	require.NotEqual(t, Subsets(4, 7)(30), Subsets(4, 8)(30))
	require.Len(t, Subsets(4, 7)(0), 2)
	require.Len(t, Subsets(4, 7)(100), 2+2*maxSingles+2*4)
}
