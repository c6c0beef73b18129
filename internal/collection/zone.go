package collection

import (
	"archive/zip"
	_ "embed" // the time zones
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/fql"
)

// zones is the IANA time zone database as Go ships it. The zones of the machine
// are not used: answers must not depend on it, and a name that a client sends
// must not become the name of a file.
//
//go:embed zones/zoneinfo.zip
var zones string

// Names of zones and offsets, checked before anything is looked up.
var (
	zoneName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,31}){0,2}$`)
	zoneOffset = regexp.MustCompile(`^[+-]([01][0-9]|2[0-3]):?([0-5][0-9])$`)
)

// parseZone reads a time zone: an IANA name, an offset such as +02:00, or
// nothing for UTC.
func parseZone(text string) (*time.Location, error) {
	switch {
	case text == "" || strings.EqualFold(text, "utc") || text == "Z":
		return time.UTC, nil
	case zoneOffset.MatchString(text):
		hours, _ := strconv.Atoi(text[1:3]) // as the pattern says
		minutes, _ := strconv.Atoi(text[len(text)-2:])
		seconds := hours*3600 + minutes*60
		if text[0] == '-' {
			seconds = -seconds
		}
		return time.FixedZone("", seconds), nil
	case zoneName.MatchString(text):
		if z := findZone(text); z != nil {
			return z, nil
		}
	}
	return nil, errorf("time_zone %s is unknown; write a name such as Europe/Berlin, or an offset such as +02:00", fql.Echo(text))
}

// findZone looks a name up in the database, nil when it is not there.
func findZone(name string) *time.Location {
	db, err := zip.NewReader(strings.NewReader(zones), int64(len(zones)))
	if err != nil {
		return nil
	}
	f, err := db.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil
	}
	z, err := time.LoadLocationFromTZData(name, data)
	if err != nil { // a folder
		return nil
	}
	return z
}
