package sysroot

// compareVersions orders strings as the C library's strverscmp does, which is
// what libostree sorts boot loader entries with: runs of digits compare as
// numbers, except that a run with leading zeros compares as a fraction.
func compareVersions(a, b string) int {
	at := func(s string, i int) byte {
		if i < len(s) {
			return s[i]
		}
		return 0
	}
	// i is where the strings part, digits is where the run of digits around
	// it begins, and zeros says whether that run is only zeros up to i.
	i, digits, zeros := 0, 0, true
	for ; at(a, i) == at(b, i); i++ {
		c := at(a, i)
		if i >= len(a) && i >= len(b) {
			return 0
		}
		switch {
		case !isDigit(c):
			digits, zeros = i+1, true
		case c != '0':
			zeros = false
		}
	}
	ca, cb := at(a, i), at(b, i)
	switch {
	case isNonZeroDigit(at(a, digits)) && isNonZeroDigit(at(b, digits)):
		j := i
		for isDigit(at(a, j)) && isDigit(at(b, j)) {
			j++
		}
		if isDigit(at(a, j)) {
			return 1
		}
		if isDigit(at(b, j)) {
			return -1
		}
	case zeros && digits < i && (isDigit(ca) || isDigit(cb)):
		// A longer run of leading zeros is the smaller fraction: digits
		// sort before everything else here.
		return int(ca-'0') - int(cb-'0')
	}
	return int(ca) - int(cb)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNonZeroDigit(c byte) bool { return c >= '1' && c <= '9' }
