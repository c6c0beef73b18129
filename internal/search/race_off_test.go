//go:build !race

package search

// lessWork divides the randomised tests' work where everything is slow.
const lessWork = 1
