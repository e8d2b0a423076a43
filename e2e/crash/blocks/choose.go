//go:build factory

package blocks

import "math/rand/v2"

// Chooser chooses which of n unflushed writes a cut keeps, in several ways.
type Chooser func(n int) []Cut

// maxSingles bounds how many writes are lost, or kept, each by itself.
const maxSingles = 6

// Subsets is a Chooser that keeps none, all, all but one, only one, a
// beginning, and some random subsets of the writes. The same seed chooses the
// same.
func Subsets(random int, seed uint64) Chooser {
	source := rand.New(rand.NewPCG(seed, 1))
	return func(n int) []Cut {
		cuts := []Cut{
			choose("none", n, func(int) bool { return false }),
			choose("all", n, func(int) bool { return true }),
		}
		if n < 2 {
			return cuts
		}
		for _, single := range source.Perm(n)[:min(n, maxSingles)] {
			cuts = append(cuts,
				choose("all but one", n, func(i int) bool { return i != single }),
				choose("only one", n, func(i int) bool { return i == single }))
		}
		for range random {
			end, share := source.IntN(n), source.Float64()
			cuts = append(cuts,
				choose("the first", n, func(i int) bool { return i < end }),
				choose("random", n, func(int) bool { return source.Float64() < share }))
		}
		return cuts
	}
}

func choose(how string, n int, keep func(int) bool) Cut {
	c := Cut{How: how, keep: make([]bool, n)}
	for i := range c.keep {
		c.keep[i] = keep(i)
	}
	return c
}
