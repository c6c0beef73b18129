package collection

import (
	"strconv"
	"strings"
	"time"
)

// dates is the span of times, in microseconds, whose date begins with the
// phrase: the year, and then what is smaller down to the second. The last part
// may lack digits at its end.
func (p phrase) dates() (from, to int64, ok bool) {
	parts := p.dateParts()
	least := [6]int{1, 1, 1, 0, 0, 0}
	greatest := [6]int{9999, 12, 31, 23, 59, 59}
	if len(parts) == 0 || len(parts) > len(least) {
		return 0, 0, false
	}
	first, end := least, least
	for i, part := range parts {
		if i == 2 {
			greatest[2] = daysIn(first[0], first[1])
		}
		low, high, ok := spell(part, i == 0, i == len(parts)-1)
		low, high = max(low, least[i]), min(high, greatest[i]+1)
		if !ok || low >= high {
			return 0, 0, false
		}
		end = first
		first[i], end[i] = low, high
	}
	return micros(first), micros(end), true
}

// dateParts are the words without what joins day and hour, and the zone.
func (p phrase) dateParts() []string {
	return strings.FieldsFunc(strings.Join(p.words, " "), func(r rune) bool { return r == ' ' || r == 't' || r == 'z' })
}

// spell reads the beginning of a number of fixed width: it is at least low and
// below high. Only the last part of a date may be incomplete.
func spell(digits string, year, last bool) (low, high int, ok bool) {
	width := 2
	if year {
		width = 4
	}
	if len(digits) > width || len(digits) < width && !last || strings.Trim(digits, "0123456789") != "" {
		return 0, 0, false
	}
	n, err := strconv.Atoi(digits)
	scale := 1
	for range width - len(digits) {
		scale *= 10
	}
	return n * scale, (n + 1) * scale, err == nil
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func micros(t [6]int) int64 {
	return time.Date(t[0], time.Month(t[1]), t[2], t[3], t[4], t[5], 0, time.UTC).UnixMicro()
}
