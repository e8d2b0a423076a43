//go:build factory && !amd64

package inject

var legacy []call
