//go:build !race

package storetest

// Race tells whether the race detector is on. It slows SQLite down twentyfold,
// and adds nothing to tests of one goroutine.
const Race = false
