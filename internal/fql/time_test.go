package fql

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A Sunday in a leap year, on the last day of a month.
var testNow = time.Date(2024, 3, 31, 22, 30, 15, 123456789, time.UTC)

func TestParseTime(t *testing.T) {
	const us = "2006-01-02T15:04:05.000000Z"
	for _, c := range []struct{ text, from, to string }{
		{"2024-02-29", "2024-02-29T00:00:00.000000Z", "2024-03-01T00:00:00.000000Z"},
		{"2021-05-15T14:55:21.892315096Z", "2021-05-15T14:55:21.892315Z", "2021-05-15T14:55:21.892316Z"},
		{"2021-05-15T14:55:21Z", "2021-05-15T14:55:21.000000Z", "2021-05-15T14:55:21.000001Z"},
		{"2021-05-15t14:55:21z", "2021-05-15T14:55:21.000000Z", "2021-05-15T14:55:21.000001Z"},
		{"2021-05-15T01:00:00+02:00", "2021-05-14T23:00:00.000000Z", "2021-05-14T23:00:00.000001Z"},
		{"2021-05-15T01:00:00.5-0230", "2021-05-15T03:30:00.500000Z", "2021-05-15T03:30:00.500001Z"},
		{"2021-05-15T14:55:21", "2021-05-15T14:55:21.000000Z", "2021-05-15T14:55:21.000001Z"},
		{"2021-05-15T14:55Z", "2021-05-15T14:55:00.000000Z", "2021-05-15T14:55:00.000001Z"},
		{"2021-05-15 14:55:21", "2021-05-15T14:55:21.000000Z", "2021-05-15T14:55:21.000001Z"},
		{"1427846400", "2015-04-01T00:00:00.000000Z", "2015-04-01T00:00:00.000001Z"},

		{"now", "2024-03-31T22:30:15.123456Z", "2024-03-31T22:30:15.123457Z"},
		{"now-7d", "2024-03-24T22:30:15.123456Z", "2024-03-24T22:30:15.123457Z"},
		{"now-24h", "2024-03-30T22:30:15.123456Z", "2024-03-30T22:30:15.123457Z"},
		{"now+1h", "2024-03-31T23:30:15.123456Z", "2024-03-31T23:30:15.123457Z"},
		{"now-90m", "2024-03-31T21:00:15.123456Z", "2024-03-31T21:00:15.123457Z"},
		{"now-2592000s", "2024-03-01T22:30:15.123456Z", "2024-03-01T22:30:15.123457Z"},
		{"now-2w", "2024-03-17T22:30:15.123456Z", "2024-03-17T22:30:15.123457Z"},
		{"now-1M", "2024-02-29T22:30:15.123456Z", "2024-02-29T22:30:15.123457Z"},
		{"now-13M", "2023-02-28T22:30:15.123456Z", "2023-02-28T22:30:15.123457Z"},
		{"now+1M", "2024-04-30T22:30:15.123456Z", "2024-04-30T22:30:15.123457Z"},
		{"now-4y", "2020-03-31T22:30:15.123456Z", "2020-03-31T22:30:15.123457Z"},
		{"now-1d-2h", "2024-03-30T20:30:15.123456Z", "2024-03-30T20:30:15.123457Z"},

		{"now/s", "2024-03-31T22:30:15.000000Z", "2024-03-31T22:30:16.000000Z"},
		{"now/m", "2024-03-31T22:30:00.000000Z", "2024-03-31T22:31:00.000000Z"},
		{"now/h", "2024-03-31T22:00:00.000000Z", "2024-03-31T23:00:00.000000Z"},
		{"now/d", "2024-03-31T00:00:00.000000Z", "2024-04-01T00:00:00.000000Z"},
		{"now-1d/d", "2024-03-30T00:00:00.000000Z", "2024-03-31T00:00:00.000000Z"},
		{"now/w", "2024-03-25T00:00:00.000000Z", "2024-04-01T00:00:00.000000Z"},
		{"now-1M/M", "2024-02-01T00:00:00.000000Z", "2024-03-01T00:00:00.000000Z"},
		{"now/y", "2024-01-01T00:00:00.000000Z", "2025-01-01T00:00:00.000000Z"},
	} {
		from, to, err := ParseTime(c.text, testNow)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := from.Format(us); got != c.from {
			t.Errorf("%s begins %s, want %s", c.text, got, c.from)
		}
		if got := to.Format(us); got != c.to {
			t.Errorf("%s ends %s, want %s", c.text, got, c.to)
		}
	}
}

func TestParseTimeRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"":                                 "is no date",
		"abc":                              "is no date",
		"2024":                             "is no date",
		"20240229":                         "is no date",
		"1427846400000":                    "is no date",
		"2023-02-29":                       "is no date",
		"2024-2-1":                         "is no date",
		"24-02-01":                         "is no date",
		"2024-02-01T25:00:00Z":             "is no date",
		"2024-02-01T00:00:00Zulu":          "is no date",
		"-1427846400":                      "is no date",
		"Now":                              "is no date",
		"292277026596-01-01":               "is no date",
		"0000-01-01":                       "outside the years",
		"0001-01-01T00:00:00+01:00":        "outside the years",
		"9999-12-31":                       "outside the years",
		"now-3000y":                        "outside the years",
		"now+1000000000y":                  "outside the years",
		"now+1000000000y-1000000000y":      "outside the years",
		"now-1000000000d":                  "outside the years",
		"now-1000000000h":                  "outside the years",
		"now-1000000001s":                  "no relative date",
		"now-99999999999999999999d":        "no relative date",
		"now-":                             "no relative date",
		"now-7":                            "no relative date",
		"now-d":                            "no relative date",
		"now-7x":                           "no relative date",
		"now-7d/":                          "no relative date",
		"now-7d/dd":                        "no relative date",
		"now/x":                            "no relative date",
		"now/d-1d":                         "no relative date",
		"now 7d":                           "no relative date",
		"now-7d" + strings.Repeat("x", 99): "...",
	} {
		_, _, err := ParseTime(text, testNow)
		if err == nil {
			t.Errorf("%q was read", text)
		} else if !strings.Contains(err.Error(), why) {
			t.Errorf("%q: error %q does not say %q", text, err, why)
		}
	}
}

// Whatever is read is a span that is not empty, in UTC, on the grid of records'
// times, and a date written out is read back as itself.
func TestParseTimeSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(-60_000_000_000_000_000, 250_000_000_000_000_000).Draw(t, "at")).UTC()
		from, to, err := ParseTime(at.Format(time.RFC3339Nano), testNow)
		if err != nil || !from.Equal(at) || to.Sub(from) != tick {
			t.Fatalf("%s is read as [%s, %s): %v", at, from, to, err)
		}
		text := rapid.StringMatching(`now([+-][0-9]{1,4}[smhdwMy]){0,3}(/[smhdwMy])?`).Draw(t, "relative")
		from, to, err = ParseTime(text, at)
		if err != nil {
			return // left the years
		}
		if !from.Before(to) || from.Location() != time.UTC || from.Nanosecond()%1000 != 0 || to.Nanosecond()%1000 != 0 {
			t.Fatalf("%s at %s is [%s, %s)", text, at, from, to)
		}
		if strings.HasPrefix(text, "now/") && (at.Before(from) || !at.Before(to)) {
			t.Fatalf("%s lies outside its own %s [%s, %s)", at, text, from, to)
		}
	})
}
