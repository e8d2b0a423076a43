package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// leastShown is the size below which packages are summed up in one line.
const leastShown = 16 << 10

// printPackages prints what each package costs, one column an architecture.
func printPackages(w io.Writer, all []Facts) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	costs := make([]Costs, len(all))
	for i, f := range all {
		costs[i] = f.Packages
		fmt.Fprintf(table, "%s\t", f.Arch)
	}
	fmt.Fprintln(table, " bytes of package")
	row := func(label string, bytes func(Costs) int64) {
		for _, c := range costs {
			fmt.Fprintf(table, "%d\t", bytes(c))
		}
		fmt.Fprintf(table, " %s\n", label)
	}
	names, dropped := byCost(costs, leastShown)
	for _, name := range names {
		row(name, func(c Costs) int64 { return c[name] })
	}
	if len(dropped) > 0 {
		row(fmt.Sprintf("(%d smaller packages)", len(dropped)), func(c Costs) int64 {
			sum := int64(0)
			for name := range dropped {
				sum += c[name]
			}
			return sum
		})
	}
	return table.Flush()
}

// printTotals prints what each binary weighs and what is left of its budget.
func printTotals(w io.Writer, limits []Limit, all []Facts) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "arch\tstripped\tlimit\tleft\txz -9e\tlimit\tleft\t")
	for i, f := range all {
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%d\t%s\t%s\t\n", f.Arch,
			f.Stripped, orDash(limits[i].Stripped), left(limits[i].Stripped, f.Stripped),
			f.XZ, orDash(limits[i].XZ), left(limits[i].XZ, f.XZ))
	}
	return table.Flush()
}

func orDash(limit int64) string {
	if limit == 0 {
		return "-"
	}
	return strconv.FormatInt(limit, 10)
}

func left(limit, bytes int64) string {
	if limit == 0 {
		return "-"
	}
	return strconv.FormatInt(limit-bytes, 10)
}
