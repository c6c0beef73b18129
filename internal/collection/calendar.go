package collection

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// intervals of a date_histogram, shortest first.
type interval int

const (
	minute interval = iota
	hour
	day
	week // begins on Monday
	month
	year
)

func intervals() []string { return []string{"minute", "hour", "day", "week", "month", "year"} }

func parseInterval(text string) (interval, error) {
	i := slices.Index(intervals(), text)
	if i < 0 {
		return 0, errorf("interval must be one of %s", strings.Join(intervals(), ", "))
	}
	return interval(i), nil
}

// A calendar cuts time into the intervals of one time zone. Its instants are
// seconds since 1970. An interval is a stretch of real time: where clocks go
// back, the hour that the dials show twice is two hours.
type calendar struct {
	every interval
	zone  *time.Location
	hours map[int64]cachedHour // by hour since 1970
}

// A cachedHour says what is the same for a whole hour of UTC.
type cachedHour struct {
	offset int64 // seconds of the zone east of UTC
	start  int64 // of the interval, if that is longer than an hour
	whole  bool  // else nothing is the same
}

// maxHours bounds the cache: seven years.
const maxHours = 1 << 16

func newCalendar(every interval, zone *time.Location) *calendar {
	return &calendar{every: every, zone: zone, hours: map[int64]cachedHour{}}
}

// start is the beginning of the interval in which an instant lies.
func (c *calendar) start(at int64) int64 {
	n := floorDiv(at, 3600)
	h, ok := c.hours[n]
	if !ok {
		if len(c.hours) == maxHours {
			clear(c.hours)
		}
		h = c.hour(n * 3600)
		c.hours[n] = h
	}
	switch {
	case !h.whole:
		return c.find(at)
	case c.every >= day:
		return h.start
	}
	length := c.every.seconds()
	return floorDiv(at+h.offset, length)*length - h.offset
}

// hour looks at both ends of an hour of UTC, and at the hour before it, in which
// the interval of its first instant may begin.
func (c *calendar) hour(first int64) cachedHour {
	const last = 3599
	h := cachedHour{offset: c.offset(first)}
	h.whole = c.offset(first-3600) == h.offset && c.offset(first+last) == h.offset
	if c.every >= day {
		h.start = c.find(first)
		h.whole = h.whole && h.start == c.find(first+last)
	}
	return h
}

// offset is how many seconds east of UTC the clocks are.
func (c *calendar) offset(at int64) int64 {
	_, offset := time.Unix(at, 0).In(c.zone).Zone()
	return int64(offset)
}

// change is when the clocks were changed between two instants with different
// offsets: the first second of the later one. (time.Time.ZoneBounds would say,
// but takes the end of a year for a change, in leap years a day early.)
func (c *calendar) change(before, after int64) int64 {
	offset := c.offset(after)
	n := sort.Search(int(after-before), func(i int) bool { return c.offset(before+int64(i)) == offset })
	return before + int64(n)
}

// find is start without the cache.
func (c *calendar) find(at int64) int64 {
	if c.every >= day {
		return c.dawn(c.date(time.Unix(at, 0).In(c.zone)))
	}
	offset := c.offset(at)
	length := c.every.seconds()
	start := floorDiv(at+offset, length)*length - offset
	if c.offset(start) != offset {
		start = c.change(start, at)
	}
	return start
}

// date is the first day of the interval that holds a time.
func (c *calendar) date(t time.Time) (y int, m time.Month, d int) {
	y, m, d = t.Date()
	switch c.every {
	case week:
		d -= (int(t.Weekday()) + 6) % 7
	case month:
		d = 1
	case year:
		m, d = time.January, 1
	}
	return y, m, d
}

// dawn is the first instant of a day, or of the next one where a zone has left
// the day out. Clocks that change at midnight make it something else than 00:00,
// or one of two.
func (c *calendar) dawn(y int, m time.Month, d int) int64 {
	naive := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()
	const most = 16 * 3600 // no zone was ever further from UTC
	before, after := c.offset(naive-most), c.offset(naive+most)
	if before == after {
		return naive - before
	}
	change := c.change(naive-most, naive+most)
	if naive-before < change {
		return naive - before
	}
	return max(naive-after, change)
}

// next is the beginning of the interval after the one that begins at start.
func (c *calendar) next(start int64) int64 {
	if c.every < day {
		end := start + c.every.seconds()
		if c.offset(start) != c.offset(end) {
			end = c.change(start, end)
		}
		return c.find(end)
	}
	y, m, d := c.date(time.Unix(start, 0).In(c.zone))
	for {
		switch c.every {
		case day:
			d++
		case week:
			d += 7
		case month:
			m++
		case year:
			y++
		}
		if at := c.dawn(y, m, d); at > start {
			return at
		}
	}
}

// count tells how many intervals there are from the one that begins at first to
// the one that begins at last, more than a limit only roughly.
func (c *calendar) count(first, last int64, limit int) int64 {
	var n int64
	for at := first; at <= last; at = c.next(at) {
		if n++; n > int64(limit) {
			return max(n, (last-first)/c.every.seconds()+1)
		}
	}
	return n
}

// seconds is the usual length of an interval.
func (i interval) seconds() int64 {
	const day = 86400
	return [...]int64{60, 3600, day, 7 * day, 30.436875 * day, 365.2425 * day}[i]
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
