package hunt

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/sample"
)

// filter is what the options of a request narrow it to. Both ends of a range
// belong to it; a zero time is open.
type filter struct {
	types            []string
	minSize, maxSize int64
	from, to         time.Time // to is the first instant that is too late
	fields           map[string]bool
	limit            int
	fullScan         bool

	// Caps of this request; 0 for none.
	maxCandidates, maxBytes int64
	maxTime                 time.Duration
}

// parseOptions reads the options of a request. Nil stands for the defaults.
func parseOptions(o *mews.SearchOptions) (filter, error) {
	f := filter{maxSize: math.MaxInt64, limit: defaultLimit}
	if o == nil {
		return f, nil
	}
	f.fullScan = o.AllowFullScan
	if o.Limit < 0 {
		return f, mews.Errorf(mews.ErrInvalid, "limit: must not be negative")
	}
	if o.Limit > 0 {
		f.limit = min(o.Limit, maxLimit)
	}
	for _, read := range []func(*mews.SearchOptions) error{f.readTypes, f.readFields, f.readSizes, f.readDates, f.readCaps} {
		if err := read(o); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f *filter) readTypes(o *mews.SearchOptions) error {
	known := sample.Types()
	for _, name := range o.FilterFiletypes {
		name = strings.ToLower(name)
		if !slices.Contains(known, name) {
			return mews.Errorf(mews.ErrInvalid, "filter_filetypes: unknown type %.40q; known are %s", name, strings.Join(known, ", "))
		}
		f.types = append(f.types, name)
	}
	return nil
}

func (f *filter) readFields(o *mews.SearchOptions) error {
	for _, name := range o.FilterMeta {
		switch name {
		case "sha256", "md5", "type", "size", "first_seen", "label", "family":
		default:
			return mews.Errorf(mews.ErrInvalid, "filter_meta: unknown field %.40q; known are sha256, md5, type, size, first_seen, label, family", name)
		}
		if f.fields == nil {
			f.fields = map[string]bool{}
		}
		f.fields[name] = true
	}
	return nil
}

func (f *filter) readSizes(o *mews.SearchOptions) error {
	for _, bound := range []struct {
		name string
		text mews.Text
		to   *int64
	}{{"min_size", o.MinSize, &f.minSize}, {"max_size", o.MaxSize, &f.maxSize}} {
		if strings.TrimSpace(string(bound.text)) == "" {
			continue
		}
		n, ok := parseSize(string(bound.text))
		if !ok {
			return mews.Errorf(mews.ErrInvalid, "%s: %.40q is not a size such as 128000, 1.3 KB or 8mb", bound.name, bound.text)
		}
		*bound.to = n
	}
	if f.minSize > f.maxSize {
		return mews.Errorf(mews.ErrInvalid, "min_size is larger than max_size")
	}
	return nil
}

func (f *filter) readDates(o *mews.SearchOptions) error {
	for _, bound := range []struct {
		name, text string
		to         *time.Time
		days       int
	}{{"min_date", o.MinDate, &f.from, 0}, {"max_date", o.MaxDate, &f.to, 1}} {
		if strings.TrimSpace(bound.text) == "" {
			continue
		}
		day, ok := parseDate(bound.text)
		if !ok {
			return mews.Errorf(mews.ErrInvalid, "%s: %.40q is not a date of the form YYYY/MM/DD", bound.name, bound.text)
		}
		*bound.to = day.AddDate(0, 0, bound.days)
	}
	if !f.from.IsZero() && !f.to.IsZero() && !f.from.Before(f.to) {
		return mews.Errorf(mews.ErrInvalid, "min_date is later than max_date")
	}
	return nil
}

// readCaps reads what a request may cost at most. The server's caps hold too.
func (f *filter) readCaps(o *mews.SearchOptions) error {
	if o.MaxCandidates < 0 {
		return mews.Errorf(mews.ErrInvalid, "max_candidates: must not be negative")
	}
	if o.MaxSeconds < 0 {
		return mews.Errorf(mews.ErrInvalid, "max_seconds: must not be negative")
	}
	f.maxCandidates = o.MaxCandidates
	f.maxTime = time.Duration(min(o.MaxSeconds, 1<<30)) * time.Second
	if strings.TrimSpace(string(o.MaxBytes)) == "" {
		return nil
	}
	n, ok := parseSize(string(o.MaxBytes))
	if !ok || n == 0 {
		return mews.Errorf(mews.ErrInvalid, "max_bytes: %.40q is not a size such as 128000, 1.3 KB or 8mb", o.MaxBytes)
	}
	f.maxBytes = n
	return nil
}

// parseSize reads bytes, or a number with KB, MB or GB of base 1024, in any case
// and with or without a blank. A fraction of a byte is dropped.
func parseSize(text string) (int64, bool) {
	text = strings.ToUpper(strings.TrimSpace(text))
	unit := int64(1)
	for suffix, n := range map[string]int64{"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30} {
		if rest, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = strings.TrimSpace(rest), n
		}
	}
	if text == "" || len(text) > 40 || strings.Trim(text, "0123456789.") != "" || strings.Count(text, ".") > 1 || strings.Trim(text, ".") == "" {
		return 0, false
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, false
	}
	value.Mul(value, new(big.Rat).SetInt64(unit))
	whole := new(big.Int).Quo(value.Num(), value.Denom())
	if !whole.IsInt64() {
		return 0, false
	}
	return whole.Int64(), true
}

// parseDate reads YYYY/MM/DD, YYYY-MM-DD or RFC 3339 and gives the first
// instant of that day in UTC.
func parseDate(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{"2006/01/02", "2006-01-02", time.RFC3339} {
		t, err := time.Parse(layout, text)
		if err == nil {
			t = t.UTC()
			return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), t.Year() > 0 && t.Year() < 10_000
		}
	}
	return time.Time{}, false
}

// keeper is the part of the filter that the index can answer; nil keeps all.
func (f *filter) keeper() func(index.File) bool {
	if f.minSize <= 0 && f.maxSize == math.MaxInt64 && len(f.types) == 0 {
		return nil
	}
	return f.keep
}

func (f *filter) keep(file index.File) bool {
	return file.Size >= f.minSize && file.Size <= f.maxSize && (len(f.types) == 0 || slices.Contains(f.types, file.Type))
}

// dated is the part that needs the record.
func (f *filter) dated(r sample.Record) bool {
	return !r.FirstSeen.Before(f.from) && (f.to.IsZero() || r.FirstSeen.Before(f.to))
}

func (f *filter) hasDates() bool { return !f.from.IsZero() || !f.to.IsZero() }

// project gives the fields that were asked for; the hash always.
func (f *filter) project(r sample.Record) mews.SampleMeta {
	m := r.Meta()
	if f.fields == nil {
		return m
	}
	m.SHA1 = ""
	for name, field := range map[string]*string{"md5": &m.MD5, "type": &m.FileType, "first_seen": &m.FirstSeen, "label": &m.Label, "family": &m.Family} {
		if !f.fields[name] {
			*field = ""
		}
	}
	if !f.fields["size"] {
		m.FileSize = 0
	}
	return m
}
