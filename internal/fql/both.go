package fql

import "strings"

// Both is the text of a filter that selects what two filters both select; "" and
// "*" select everything.
func Both(a, b string) string {
	if everything(b) {
		return a
	}
	if everything(a) {
		return b
	}
	return "(" + a + ")+(" + b + ")"
}

func everything(filter string) bool {
	filter = strings.TrimSpace(filter)
	return filter == "" || filter == "*"
}
