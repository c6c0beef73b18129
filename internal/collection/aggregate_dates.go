package collection

import (
	"database/sql/driver"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/fql"
)

// rfc3339 is how dates are answered: as much of a second's fraction as there is.
const rfc3339 = "2006-01-02T15:04:05.999999Z07:00"

// checkHistogram refuses spans that no answer could hold before anything is
// read.
func (c *Collection) checkHistogram(n *node, a *Aggregation) error {
	every, err := parseInterval(a.Interval)
	if err != nil {
		return err
	}
	zone, err := parseZone(a.TimeZone)
	if err != nil {
		return err
	}
	n.calendar = newCalendar(every, zone)
	if a.Bounds.From == "" && a.Bounds.To == "" {
		return nil
	}
	from, err := c.bound("min", a.Bounds.From)
	if err != nil {
		return err
	}
	to, err := c.bound("max", a.Bounds.To)
	if err != nil {
		return err
	}
	switch {
	case from == nil:
		from = to
	case to == nil:
		to = from
	}
	if *from > *to {
		return errorf("extended_bounds: min is later than max")
	}
	n.bounds = []int64{*from, *to}
	if n.min == 0 {
		return tooMany(n.calendar.count(n.calendar.start(*from), n.calendar.start(*to), maxBuckets))
	}
	return nil
}

// bound reads a bound of a histogram in seconds: a date, or milliseconds since
// 1970 as in the labels of buckets.
func (c *Collection) bound(which, text string) (*int64, error) {
	if text == "" {
		return nil, nil
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err == nil && len(strings.TrimPrefix(text, "-")) > 4 { // less is a year
		at := time.UnixMilli(ms)
		if at.Year() < 1 || at.Year() > 9998 {
			return nil, errorf("extended_bounds: %s is outside the years 1 to 9998", which)
		}
		s := at.Unix()
		return &s, nil
	}
	at, _, err := fql.ParseTime(text, c.now())
	if err != nil {
		return nil, errorf("extended_bounds: %s: %s", which, err)
	}
	s := at.Unix()
	return &s, nil
}

// tooMany refuses an answer with so many buckets.
func tooMany(n int64) error {
	if n <= maxBuckets {
		return nil
	}
	return errorf("would create %d buckets, limit %d: narrow the filter, choose a longer interval, fewer terms or fewer levels", n, maxBuckets)
}

func (c *Collection) checkDates(n *node, ranges []DateRange) error {
	if err := checkRanges("date_ranges", len(ranges)); err != nil {
		return err
	}
	for i, r := range ranges {
		s := stretch{since: math.MinInt64, until: math.MaxInt64}
		for _, end := range []struct {
			name, text string
			at         *int64
			shown      *string
		}{{"from", r.From, &s.since, &s.fromText}, {"to", r.To, &s.until, &s.toText}} {
			if end.text == "" {
				continue
			}
			at, _, err := fql.ParseTime(end.text, c.now())
			if err != nil {
				return errorf("date_ranges %d: %s: %s", i+1, end.name, err)
			}
			*end.at, *end.shown = at.UnixMicro(), at.UTC().Format(rfc3339)
		}
		if s.since > s.until {
			return errorf("date_ranges %d: from is later than to", i+1)
		}
		n.stretches = append(n.stretches, s)
	}
	return nil
}

func (n *node) checkNumbers(ranges []NumberRange) error {
	if err := checkRanges("ranges", len(ranges)); err != nil {
		return err
	}
	for i, r := range ranges {
		s := stretch{from: math.Inf(-1), to: math.Inf(1)}
		if r.From != nil {
			s.from, s.fromText = *r.From, number(*r.From)
		}
		if r.To != nil {
			s.to, s.toText = *r.To, number(*r.To)
		}
		if !(s.from <= s.to) {
			return errorf("ranges %d: From is greater than To", i+1)
		}
		n.stretches = append(n.stretches, s)
	}
	return nil
}

func checkRanges(name string, n int) error {
	switch {
	case n == 0:
		return errorf("%s is missing", name)
	case n > maxRanges:
		return errorf("%s has %d ranges, limit %d", name, n, maxRanges)
	}
	return nil
}

// number is the shortest text of a number.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// orStar marks an open end.
func orStar(text string) string {
	if text == "" {
		return "*"
	}
	return text
}

// checkMissing reads the value that stands for a missing one.
func (c *Collection) checkMissing(n *node, a *Aggregation) error {
	if a.Missing == nil || n.field == nil || *a.Missing == "" {
		return nil
	}
	v, err := c.literal(n.field, *a.Missing)
	if err != nil {
		return errorf("missing: %s is of type %s: %s", n.field.Name, n.field.Type, err)
	}
	n.missing = v
	return nil
}

// literal reads a value as a field's column holds it.
func (c *Collection) literal(f *Field, text string) (driver.Value, error) {
	switch f.Type {
	case Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, errors.New("write a whole number")
		}
		return n, nil
	case Number:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("write a number")
		}
		return v, nil
	case Boolean:
		switch strings.ToLower(text) {
		case "true":
			return int64(1), nil
		case "false":
			return int64(0), nil
		}
		return nil, errors.New("write true or false")
	case Time:
		at, _, err := fql.ParseTime(text, c.now())
		return at.UnixMicro(), err
	case IP:
		b, err := addressBytes(text)
		return []byte(b), err
	}
	if f.lower() {
		text = strings.ToLower(text)
	}
	if word, ok := f.Synonyms[strings.ToLower(text)]; ok {
		text = word
	}
	return text, nil
}
