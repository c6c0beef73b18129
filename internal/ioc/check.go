package ioc

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/observable"
)

// A checker reads the parts of what a user says about one indicator and keeps
// the first mistake. Path leads to the indicator in his request.
type checker struct {
	path string
	now  time.Time
	err  error
}

func (c *checker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = mews.Errorf(mews.ErrInvalid, c.path+format, args...)
	}
}

// observable reads type and value. Words of types may be in any case.
func (c *checker) observable(typ, value string) observable.Observable {
	if strings.TrimSpace(typ) == "" || strings.TrimSpace(value) == "" {
		c.fail("type and value are needed")
		return observable.Observable{}
	}
	o, err := observable.Parse(strings.ToLower(strings.TrimSpace(typ)), strings.TrimSpace(value))
	if err != nil {
		c.fail("%s", err)
	}
	return o
}

// same tells whether type and value, where they are given, are the record's.
func (c *checker) same(r *record, typ, value string) {
	if typ == "" {
		typ = r.typ
	}
	if value == "" {
		value = r.value
	}
	if o := c.observable(typ, value); c.err == nil && o.ID() != r.name() {
		c.fail("type and value of an indicator never change; this one is %s", r.name())
	}
}

// word reads one word of a list of them, in any case; empty stays empty.
func (c *checker) word(field, word string, known []string) string {
	word = strings.ToLower(strings.TrimSpace(word))
	if word != "" && !slices.Contains(known, word) {
		c.fail("%s: %s is none of %s", field, fql.Echo(word), strings.Join(known, ", "))
	}
	return word
}

func (c *checker) platforms(words mews.List) []string {
	var out []string
	for _, w := range words {
		if w = c.word("platforms", w, platforms()); w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	sortPlatforms(out)
	return out
}

func (c *checker) groups(list mews.List) []string {
	if len(list) > maxGroups {
		c.fail("host_groups: at most %d", maxGroups)
		return nil
	}
	var out []string
	for _, g := range list {
		g = strings.ToLower(g)
		if !isHex(g, 32) {
			c.fail("host_groups: expected 32 hexadecimal digits, not %s", fql.Echo(g))
		}
		out = append(out, g)
	}
	return sorted(out)
}

func (c *checker) tags(list mews.List) []string {
	if len(list) > maxTags {
		c.fail("tags: at most %d", maxTags)
		return nil
	}
	var out []string
	for _, t := range list {
		out = append(out, c.text("tags", t, maxSource))
	}
	return sorted(out)
}

// sorted gives a list without repeats, as its rows are read back.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// text bounds a text in runes and makes it storable: what is no UTF-8, and the
// byte zero, becomes U+FFFD.
func (c *checker) text(field, s string, most int) string {
	if utf8.RuneCountInString(s) > most {
		c.fail("%s: at most %d characters", field, most)
		return ""
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func (c *checker) metadata(m *mews.IndicatorMetadata) mews.IndicatorMetadata {
	if m == nil {
		return mews.IndicatorMetadata{}
	}
	out := *m
	for field, s := range map[string]*string{
		"filename": &out.Filename, "original_filename": &out.OriginalFilename, "company_name": &out.CompanyName,
		"file_description": &out.FileDescription, "file_version": &out.FileVersion,
		"product_name": &out.ProductName, "product_version": &out.ProductVersion,
	} {
		*s = c.text("metadata."+field, *s, maxMetadata)
	}
	if out.AVHits < 0 {
		c.fail("metadata.av_hits: must not be negative")
	}
	return out
}

// end reads a time at which an indicator ends; nil: never. Clients whose zero
// value of a time is the year 1 send it for "none".
func (c *checker) end(field, text string) *int64 {
	t, given := c.instant(field, text)
	if !given {
		return nil
	}
	if !t.After(c.now) {
		c.fail("%s: it must be in the future; it is now %s", field, c.now.UTC().Format(time.RFC3339))
		return nil
	}
	v := t.UnixMicro()
	return &v
}

func (c *checker) instant(field, text string) (t time.Time, given bool) {
	if text = strings.TrimSpace(text); text == "" {
		return t, false
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.UTC().Year() > 9999 {
		c.fail("%s: expected a time like 2031-05-15T14:55:21Z", field)
		return t, false
	}
	return t, !t.IsZero()
}

// days is the end of something that lasts some days.
func (c *checker) days(n int32) *int64 {
	if n < 0 || n > maxDays {
		c.fail("expiration_days: expected 1..%d", maxDays)
		return nil
	}
	if n == 0 {
		return nil
	}
	v := c.now.Add(time.Duration(n) * 24 * time.Hour).UnixMicro()
	return &v
}

// whole checks what must hold of an indicator as the newer family knows it.
func (c *checker) whole(f *facts) {
	switch {
	case len(f.platforms) == 0:
		c.fail("platforms: name at least one of %s", strings.Join(platforms(), ", "))
	case !f.global && len(f.groups) == 0:
		c.fail("applied_globally: give true, or false and at least one of host_groups")
	case watches(f.action) && f.severity == "":
		c.fail("severity: %s needs one of %s", f.action, strings.Join(severities(), ", "))
	}
}

// short bounds what names an indicator in an error. Right names fit.
func short(s string) string {
	if r := []rune(s); len(r) > maxName {
		return string(r[:maxName]) + "..."
	}
	return s
}

// maxName is the longest "<type>:<value>" in characters.
const maxName = len(mews.TypeDomain) + 1 + observable.MaxDomain
