package collection

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// dial is what the clocks of a zone show of an interval, and, of hours and
// minutes, how they are set: an hour that comes twice is two.
func dial(every interval, t time.Time) [6]int {
	y, m, d := t.Date()
	_, offset := t.Zone()
	switch every {
	case minute:
		return [6]int{y, int(m), d, t.Hour(), t.Minute(), offset}
	case hour:
		return [6]int{y, int(m), d, t.Hour(), offset}
	case day:
		return [6]int{y, int(m), d}
	case week:
		monday := time.Date(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
		y, m, d = monday.Date()
		return [6]int{y, int(m), d}
	case month:
		return [6]int{y, int(m)}
	}
	return [6]int{y}
}

// hard are zones with days in which something happens: half hours, whole days
// left out, midnights that come twice or never, offsets with seconds.
func hard() map[string][]string {
	return map[string][]string{
		"UTC":                 {"2026-01-01", "2024-02-29"},
		"Europe/Berlin":       {"2026-03-29", "2026-10-25", "2025-12-29", "1945-05-24"},
		"America/New_York":    {"2026-03-08", "2026-11-01"},
		"Australia/Lord_Howe": {"2026-04-05", "2026-10-04"},
		"Asia/Kathmandu":      {"1986-01-01", "2026-05-01"},
		"America/Sao_Paulo":   {"2018-02-18", "2018-11-04"},
		"America/Havana":      {"2026-11-01", "2026-03-08"},
		"America/St_Johns":    {"2005-04-03", "2005-10-30", "2012-12-31", "2028-12-31"},
		"Pacific/Apia":        {"2011-12-30", "2011-12-31"},
		"Asia/Tehran":         {"2021-03-22", "2021-09-22"},
		"Africa/Monrovia":     {"1972-01-07"},
		"+05:45":              {"2026-01-01"},
		"-11:30":              {"2026-01-01"},
	}
}

// TestCalendar compares with the plain meaning: an interval begins at the first
// second of the stretch, or for days and longer of all seconds, that show the
// same.
func TestCalendar(t *testing.T) {
	for name, days := range hard() {
		zone, err := parseZone(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range days {
			noon, err := time.Parse(time.DateOnly, text)
			if err != nil {
				t.Fatal(err)
			}
			for every := minute; every <= day; every++ {
				checkCalendar(t, newCalendar(every, zone), noon.Unix()-40*3600, noon.Unix()+64*3600)
			}
		}
	}
}

func checkCalendar(t *testing.T, c *calendar, from, to int64) {
	t.Helper()
	show := func(at int64) [6]int { return dial(c.every, time.Unix(at, 0).In(c.zone)) }
	first := map[[6]int]int64{}
	started := show(from)
	for at := from; at < to; at += 30 {
		d := show(at)
		if d == started {
			continue // began before
		}
		start, known := first[d]
		if !known {
			for start = at; start > at-30 && show(start-1) == d; start-- {
			}
			first[d] = start
		}
		if got := c.start(at); got != start {
			t.Fatalf("%s %s: %s begins at %s, want %s", c.zone, intervals()[c.every], time.Unix(at, 0).In(c.zone),
				time.Unix(got, 0).In(c.zone), time.Unix(start, 0).In(c.zone))
		}
		if again := c.start(c.start(at)); again != start {
			t.Fatalf("%s: the beginning of a beginning is %d, not %d", c.zone, again, start)
		}
	}
}

// TestCalendarNext: the intervals follow each other without a gap, and every
// instant is in the one that began last.
func TestCalendarNext(t *testing.T) {
	for name := range hard() {
		zone, err := parseZone(name)
		if err != nil {
			t.Fatal(err)
		}
		for every := minute; every <= year; every++ {
			c := newCalendar(every, zone)
			at := c.start(time.Date(2010, 12, 30, 1, 2, 3, 0, time.UTC).Unix())
			for range 3000 {
				next := c.next(at)
				if next <= at || c.start(next) != next || c.start(next-1) > at {
					t.Fatalf("%s %s: %s is followed by %s, whose beginning is %s; a second before is in %s", name, intervals()[every],
						time.Unix(at, 0).In(zone), time.Unix(next, 0).In(zone), time.Unix(c.start(next), 0).In(zone), time.Unix(c.start(next-1), 0).In(zone))
				}
				at = next
				if at > time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC).Unix() {
					break
				}
			}
		}
	}
}

// Instants of any size have a beginning that is not after them.
func TestCalendarFarAway(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		every := interval(rapid.IntRange(int(minute), int(year)).Draw(rt, "interval"))
		zone, _ := parseZone(rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/St_Johns", "+14:00"}).Draw(rt, "zone"))
		at := rapid.Int64Range(-1<<63/1_000_000, (1<<63-1)/1_000_000).Draw(rt, "seconds")
		c := newCalendar(every, zone)
		start := c.start(at)
		if start > at || start < at-367*86400 || c.start(at) != start {
			rt.Errorf("%d begins at %d, then at %d", at, start, c.start(at))
		}
	})
}

func TestCount(t *testing.T) {
	at := func(text string) int64 {
		v, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return v.Unix()
	}
	for _, tt := range []struct {
		every    interval
		from, to string
		want     int64
	}{
		{minute, "1900-01-01 00:00:00", "1999-12-31 23:59:00", 52_594_560},
		{hour, "2025-01-01 00:00:00", "2025-12-31 23:00:00", 8760},
		{day, "2024-01-01 00:00:00", "2024-12-31 00:00:00", 366},
		{month, "2020-01-01 00:00:00", "2029-12-01 00:00:00", 120},
		{year, "0001-01-01 00:00:00", "9998-01-01 00:00:00", 9998},
		{minute, "2025-01-01 00:00:00", "2025-01-01 00:00:00", 1},
	} {
		c := newCalendar(tt.every, time.UTC)
		if got := c.count(at(tt.from), at(tt.to), maxBuckets); got != tt.want {
			t.Errorf("%s from %s to %s: %d intervals, want %d", intervals()[tt.every], tt.from, tt.to, got, tt.want)
		}
	}
}

func TestParseZone(t *testing.T) {
	for text, offset := range map[string]int{
		"": 0, "UTC": 0, "utc": 0, "Z": 0, "Etc/GMT+5": -5 * 3600, "+02:00": 7200, "-0330": -12600, "+00:00": 0, "+23:59": 86340,
		"Asia/Kathmandu": 20700, "America/Argentina/Buenos_Aires": -3 * 3600, "GMT": 0,
	} {
		zone, err := parseZone(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if _, got := time.Date(2026, 1, 1, 0, 0, 0, 0, zone).Zone(); got != offset {
			t.Errorf("%s is %d seconds off, want %d", text, got, offset)
		}
	}
	for _, text := range []string{
		"Local", "../../etc/passwd", "/etc/localtime", "Europe/../Europe/Berlin", "Europe", "Europe/", "Europe/Nowhere", "+24:00", "+2", "+02:60",
		"Europe/Berlin\x00", "Europe\\Berlin", ".", "zoneinfo.zip", strings.Repeat("a", 100), "europe/berlin\n", "+02:00\n",
	} {
		if zone, err := parseZone(text); err == nil {
			t.Errorf("%q is read as %s", text, zone)
		}
	}
}
