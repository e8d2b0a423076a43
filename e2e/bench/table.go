//go:build factory

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// pair is one round: the same work by both.
type pair struct{ ours, theirs usage }

// result is one row of the table.
type result struct {
	row   row
	pairs []pair
}

// median is the middle value; of an even number, the lower of the two middle ones.
func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// over is the median of f over the rounds.
func over[T cmp.Ordered](pairs []pair, f func(pair) T) T {
	values := make([]T, len(pairs))
	for i, p := range pairs {
		values[i] = f(p)
	}
	return median(values)
}

// ratios are a row of bench.json.
type ratios struct {
	Name      string  `json:"name"`
	WallRatio float64 `json:"wall_ratio"`
	CPURatio  float64 `json:"cpu_ratio"`
	RSSRatio  float64 `json:"rss_ratio"`
	RSSBytes  int64   `json:"rss_bytes"`
}

func (r result) ratios() ratios {
	return ratios{
		Name:      r.row.name,
		WallRatio: over(r.pairs, func(p pair) float64 { return ratio(p.ours.Wall, p.theirs.Wall) }),
		CPURatio:  over(r.pairs, func(p pair) float64 { return ratio(p.ours.CPU, p.theirs.CPU) }),
		RSSRatio:  over(r.pairs, func(p pair) float64 { return ratio(p.ours.RSS, p.theirs.RSS) }),
		RSSBytes:  over(r.pairs, func(p pair) int64 { return p.ours.RSS }),
	}
}

// ratio is rounded to three digits after the point.
func ratio[T ~int64](a, b T) float64 {
	return float64(int64(1000*float64(a)/float64(max(b, 1))+0.5)) / 1000
}

func printTable(w io.Writer, results []result) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\trounds\twall\tlibostree\tratio\t(aim)\tcpu\tlibostree\tratio\t(aim)\tpeak RSS\tlibostree\tratio\t(aim)\t")
	for _, r := range results {
		q, a := r.ratios(), r.row.aim
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%.2f\t%s\t%s\t%s\t%.2f\t%s\t%s\t%s\t%.2f\t%s\t\n", q.Name, len(r.pairs),
			seconds(over(r.pairs, func(p pair) time.Duration { return p.ours.Wall })),
			seconds(over(r.pairs, func(p pair) time.Duration { return p.theirs.Wall })), q.WallRatio, aim("%.1f", a.wall),
			seconds(over(r.pairs, func(p pair) time.Duration { return p.ours.CPU })),
			seconds(over(r.pairs, func(p pair) time.Duration { return p.theirs.CPU })), q.CPURatio, aim("%.1f", a.cpu),
			megabytes(q.RSSBytes), megabytes(over(r.pairs, func(p pair) int64 { return p.theirs.RSS })), q.RSSRatio,
			aim("%.0f MB", a.megabytes))
	}
	t.Flush()
}

func aim(format string, value float64) string {
	if value == 0 {
		return ""
	}
	return "(" + fmt.Sprintf(format, value) + ")"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

func writeJSON(path string, results []result) error {
	list := []ratios{}
	for _, r := range results {
		list = append(list, r.ratios())
	}
	data, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
