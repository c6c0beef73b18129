package fql

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// tick is the precision at which records keep times.
const tick = time.Microsecond

// Years that a date in a filter may name: what lies outside is a slip, and
// databases and clients disagree about it.
const (
	minYear = 1
	maxYear = 9998
)

// dateForms are how an absolute date may be written. Fractions of a second need
// no form of their own; a form without a zone means UTC.
var dateForms = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04",
}

// ParseTime reads a date of a filter as the span [from, to) in UTC that it
// means: a day for a bare date, the rounded unit for a relative date like
// "now-1d/d", a microsecond for anything more precise. An order compares with
// from; what equals the date lies in the span. Epoch seconds, as intelligence
// feeds write them, are read too.
func ParseTime(text string, now time.Time) (from, to time.Time, err error) {
	if rest, ok := strings.CutPrefix(text, "now"); ok {
		from, to, err = relative(rest, now.UTC().Truncate(tick))
	} else {
		from, to, err = absolute(text)
	}
	if err != nil {
		return time.Time{}, time.Time{}, err
	}
	if !inYears(from) {
		return time.Time{}, time.Time{}, fmt.Errorf("date %s is outside the years %d to %d", Echo(text), minYear, maxYear)
	}
	return from, to, nil
}

func inYears(t time.Time) bool { return t.Year() >= minYear && t.Year() <= maxYear }

func absolute(text string) (from, to time.Time, err error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, day.AddDate(0, 0, 1), nil
	}
	if seconds, ok := epoch(text); ok {
		at := time.Unix(seconds, 0).UTC()
		return at, at.Add(tick), nil
	}
	for _, form := range dateForms {
		if at, err := time.Parse(form, strings.ToUpper(text)); err == nil {
			at = at.UTC().Truncate(tick)
			return at, at.Add(tick), nil
		}
	}
	return from, to, fmt.Errorf("%s is no date; write '2006-01-02T15:04:05Z', '2006-01-02' or 'now-7d'", Echo(text))
}

// epoch reads seconds since 1970. Fewer digits are rather a year, or a date
// without its signs; more are milliseconds.
func epoch(text string) (int64, bool) {
	if len(text) < 9 || len(text) > 11 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// relative reads what follows "now": steps like -7d, and a rounding like /d.
func relative(rest string, at time.Time) (from, to time.Time, err error) {
	bad := badRelative("now" + rest)
	for rest != "" && (rest[0] == '+' || rest[0] == '-') && inYears(at) {
		digits := len(rest[1:]) - len(strings.TrimLeft(rest[1:], "0123456789"))
		n, err := strconv.Atoi(rest[:1+digits])
		rest = rest[1+digits:]
		if err != nil || rest == "" || n > maxStep || n < -maxStep {
			return from, to, bad
		}
		var ok bool
		if at, ok = step(at, n, rest[0]); !ok {
			return from, to, bad
		}
		rest = rest[1:]
	}
	if rest == "" || !inYears(at) {
		return at, at.Add(tick), nil
	}
	if len(rest) != 2 || rest[0] != '/' {
		return from, to, bad
	}
	from, ok := floor(at, rest[1])
	if !ok {
		return from, to, bad
	}
	to, _ = step(from, 1, rest[1])
	return from, to, nil
}

func badRelative(text string) error {
	return fmt.Errorf("%s is no relative date; write now-7d, now+1h or now-1d/d with the units s m h d w M y", Echo(text))
}

// maxStep bounds the units of one step, so that no date overflows.
const maxStep = 1_000_000_000

// step moves a time by n units. Months and years keep the day of the month, or
// take the last one that there is.
func step(at time.Time, n int, unit byte) (time.Time, bool) {
	switch unit {
	case 's':
		return at.Add(time.Duration(n) * time.Second), true
	case 'm':
		return step(at.Add(time.Duration(n%60)*time.Minute), n/60, 'h')
	case 'h': // whole days first: so many hours overflow a Duration
		return at.AddDate(0, 0, n/24).Add(time.Duration(n%24) * time.Hour), true
	case 'd':
		return at.AddDate(0, 0, n), true
	case 'w':
		return at.AddDate(0, 0, 7*n), true
	case 'M':
		return addMonths(at, n), true
	case 'y':
		return addMonths(at, 12*n), true
	}
	return at, false
}

func addMonths(at time.Time, n int) time.Time {
	moved := at.AddDate(0, n, 0)
	if moved.Day() == at.Day() {
		return moved
	}
	return moved.AddDate(0, 0, -moved.Day())
}

// floor is the beginning of the unit in which a time lies; weeks begin on
// Monday.
func floor(at time.Time, unit byte) (time.Time, bool) {
	y, m, d := at.Date()
	switch unit {
	case 's':
		return at.Truncate(time.Second), true
	case 'm':
		return at.Truncate(time.Minute), true
	case 'h':
		return at.Truncate(time.Hour), true
	case 'w':
		d -= (int(at.Weekday()) + 6) % 7
	case 'M':
		d = 1
	case 'y':
		m, d = time.January, 1
	case 'd':
	default:
		return at, false
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), true
}
