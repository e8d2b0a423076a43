// Command sizereport weighs the released binaries: it compares them with the
// size budget, says what each package costs, and refuses a binary that is not
// static or for which the linker could not drop unused methods.
//
// It is a tool of the build, run by make size; it is not part of the binary.
//
//	sizereport -budget size-budget.txt -dist dist -symbols build/size
//
// For each architecture of the budget it reads DIST/sotabox-linux-ARCH, the
// stripped binary; SYMBOLS/sotabox-linux-ARCH, the same with its symbol table;
// and SYMBOLS/sotabox-linux-ARCH.deps, what the linker printed for -dumpdep.
package main
