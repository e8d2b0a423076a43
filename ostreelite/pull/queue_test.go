package pull

import (
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

func sum(i int) (c object.Checksum) {
	binary.BigEndian.PutUint64(c[:], uint64(i)+1)
	return c
}

func dirtree(i int) object.Name { return object.Name{Type: object.TypeDirTree, Checksum: sum(i)} }

func TestQueueMetadataFirst(t *testing.T) {
	q := newQueue()
	q.addContent([]object.Checksum{sum(100), sum(101)})
	q.addMeta(dirtree(1), dirtree(2), dirtree(1))
	var got []object.Name
	for range 4 {
		j, ok := q.next()
		require.True(t, ok)
		got = append(got, j.Name)
	}
	require.Equal(t, []object.Name{dirtree(2), dirtree(1),
		{Type: object.TypeFile, Checksum: sum(101)}, {Type: object.TypeFile, Checksum: sum(100)}}, got)
	require.EqualValues(t, 4, q.total())
}

func TestQueueContentFirstWhenMuchWaits(t *testing.T) {
	q := newQueue()
	many := make([]object.Checksum, maxWaiting)
	for i := range many {
		many[i] = sum(i)
	}
	q.addContent(many)
	q.addMeta(dirtree(1))
	n, _ := q.next()
	require.Equal(t, object.TypeFile, n.Type)
	n, _ = q.next()
	require.Equal(t, object.TypeDirTree, n.Type)
}

func TestQueueGivesNoObjectToTwoWorkers(t *testing.T) {
	q := newQueue()
	q.addContent([]object.Checksum{sum(2), sum(1), sum(1)})
	a, _ := q.next()
	b, _ := q.next()
	require.Equal(t, sum(1), a.Checksum)
	require.Equal(t, sum(2), b.Checksum)
	q.done(a, true, nil)
	q.done(b, true, nil)
	_, ok := q.next()
	require.False(t, ok)
	require.EqualValues(t, 2, q.total(), "the repetition is not counted")
}

func TestQueueErrorEndsAll(t *testing.T) {
	q := newQueue()
	first := errors.New("first")
	q.addMeta(dirtree(1), dirtree(2), dirtree(3))
	a, _ := q.next()
	b, _ := q.next()
	q.done(a, true, first)
	q.done(b, true, errors.New("second"))
	_, ok := q.next()
	require.False(t, ok)
	require.Equal(t, first, q.result())
}

// TestQueueWalk walks a made-up tree with many workers: everything is visited,
// what waits stays bounded.
func TestQueueWalk(t *testing.T) {
	const dirs, files = 300, 100
	q := newQueue()
	q.addMeta(dirtree(0))
	var visited sync.Map
	var peak atomic.Int64
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for {
				n, ok := q.next()
				if !ok {
					return
				}
				if n.Type == object.TypeFile {
					_, twice := visited.Swap(n.Name, true)
					if twice && !n.again {
						q.fail(errors.New("given again without saying so"))
					}
					q.done(n, true, nil)
					continue
				}
				i := int(binary.BigEndian.Uint64(n.Checksum[:])) - 1
				list := make([]object.Checksum, files)
				for f := range list {
					list[f] = sum(1000000 + i*files + f)
				}
				q.addContent(list)
				for child := 2*i + 1; child <= 2*i+2 && child < dirs; child++ {
					q.addMeta(dirtree(child))
				}
				q.mu.Lock()
				peak.Store(max(peak.Load(), int64(q.waiting)))
				q.mu.Unlock()
				q.done(n, true, nil)
			}
		})
	}
	running.Wait()
	require.NoError(t, q.result())
	count := 0
	visited.Range(func(_, _ any) bool { count++; return true })
	require.Equal(t, dirs*files, count)
	require.EqualValues(t, dirs*files+dirs, q.total())
	require.Less(t, peak.Load(), int64(maxWaiting+9*files))
}

func TestFilter(t *testing.T) {
	var f filter
	const n = 100000
	wrong := 0
	for i := range n {
		if f.seen(object.Sum(binary.AppendVarint(nil, int64(i)))) {
			wrong++
		}
	}
	require.Less(t, wrong, n/10)
	for i := range n {
		require.True(t, f.seen(object.Sum(binary.AppendVarint(nil, int64(i)))))
	}
}
