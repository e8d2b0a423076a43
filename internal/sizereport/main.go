package main

import (
	"flag"
	"fmt"
	"os"
	"sync"
)

func main() {
	budget := flag.String("budget", "size-budget.txt", "the limits")
	dist := flag.String("dist", "dist", "directory of the stripped binaries")
	symbols := flag.String("symbols", "build/size", "directory of the binaries with symbols")
	flag.Parse()

	wrong, err := report(*budget, *dist, *symbols)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sizereport:", err)
		os.Exit(2)
	}
	for _, w := range wrong {
		fmt.Fprintln(os.Stderr, "sizereport:", w)
	}
	if len(wrong) > 0 {
		os.Exit(1)
	}
}

// report prints the tables and returns what is wrong.
func report(budget, dist, symbols string) ([]string, error) {
	file, err := os.Open(budget)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	limits, err := ParseBudget(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", budget, err)
	}

	facts := make([]Facts, len(limits))
	errs := make([]error, len(limits))
	var each sync.WaitGroup
	for i, limit := range limits {
		each.Go(func() { facts[i], errs[i] = measure(limit.Arch, dist, symbols) })
	}
	each.Wait()
	var wrong []string
	for i, limit := range limits {
		if errs[i] != nil {
			return nil, errs[i]
		}
		wrong = append(wrong, Judge(limit, facts[i])...)
	}
	if err := printPackages(os.Stdout, facts); err != nil {
		return nil, err
	}
	fmt.Println()
	return wrong, printTotals(os.Stdout, limits, facts)
}
