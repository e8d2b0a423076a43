package main

import "fmt"

// Facts are what was found about one architecture's binary.
type Facts struct {
	Arch     string
	Stripped int64 // bytes of the file
	XZ       int64 // bytes after xz -9e

	// Dynamic says what makes the binary depend on a dynamic loader; empty
	// if it is static.
	Dynamic string
	// Unpruned is the chain of symbols that keeps every exported method
	// alive (see reflectMethods); empty if the linker pruned.
	Unpruned []string
	// Packages is what the parts of the binary cost.
	Packages Costs
}

// Judge says what is wrong with a binary, one line each; nothing if it may be
// released.
func Judge(limit Limit, f Facts) []string {
	var wrong []string
	over := func(what string, bytes, limit int64) {
		if limit > 0 && bytes > limit {
			wrong = append(wrong, fmt.Sprintf("%s: %s is %d bytes, %d over the limit of %d",
				f.Arch, what, bytes, bytes-limit, limit))
		}
	}
	over("stripped", f.Stripped, limit.Stripped)
	over("xz -9e", f.XZ, limit.XZ)
	if f.Dynamic != "" {
		wrong = append(wrong, fmt.Sprintf("%s: not static: %s", f.Arch, f.Dynamic))
	}
	if len(f.Unpruned) > 0 {
		wrong = append(wrong, fmt.Sprintf("%s: the linker keeps every exported method, because of %s",
			f.Arch, chain(f.Unpruned)))
	}
	return wrong
}
