package scanreport

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of texts, in bytes. Longer ones are cut: they are for people.
const (
	maxWord        = 512 // of names, versions and paths
	maxTitle       = 1 << 10
	maxDescription = 8 << 10
	maxLink        = 2 << 10
	maxLinks       = 50
)

var (
	idRE  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{2,127}$`)
	cveRE = regexp.MustCompile(`(?i)\bCVE-[0-9]{4}-[0-9]{4,12}\b`)
)

// normal checks a finding and gives its texts their normal form.
func (f *Finding) normal() error {
	f.Name = strings.TrimSpace(f.Name)
	switch {
	case f.Name == "":
		return errors.New("the vulnerability has no id")
	case !idRE.MatchString(f.Name):
		return fmt.Errorf("%q is no id of a vulnerability", clip(f.Name, 64))
	case strings.TrimSpace(f.Package) == "":
		return fmt.Errorf("%s: the package has no name", f.Name)
	}
	if f.ID == "" {
		f.ID = f.Name
	}
	if isCVE(f.ID) {
		f.ID = strings.ToUpper(f.ID)
	}
	for _, text := range []*string{&f.Target, &f.Type, &f.Package, &f.Version, &f.Path, &f.Fixed, &f.Suppressed} {
		*text = clip(strings.TrimSpace(*text), maxWord)
	}
	f.Severity = severity(f.Severity)
	return nil
}

// isCVE tells whether an id is that of a CVE.
func isCVE(id string) bool { return cveRE.FindString(id) == id && id != "" }

// cveOf gives the first of ids that is a CVE, or "".
func cveOf(ids ...string) string {
	if i := slices.IndexFunc(ids, isCVE); i >= 0 {
		return ids[i]
	}
	return ""
}

// severity gives a word of Severities.
func severity(text string) string {
	switch text = strings.ToLower(strings.TrimSpace(text)); text {
	case "critical", "high", "medium", "low", "none":
		return text
	case "moderate":
		return "medium"
	case "negligible", "minor":
		return "low"
	case "info", "informational":
		return "none"
	}
	return "unknown"
}

// learn takes in what is not known yet. Numbers that belong together come
// together.
func (a *About) learn(b About) {
	for _, text := range []struct {
		of   *string
		says string
		most int
	}{
		{&a.Title, b.Title, maxTitle},
		{&a.Description, b.Description, maxDescription},
		{&a.Link, b.Link, maxLink},
		{&a.Due, b.Due, maxWord},
	} {
		if *text.of == "" {
			*text.of = clip(strings.TrimSpace(text.says), text.most)
		}
	}
	if len(a.References) == 0 {
		a.References = list(b.References, maxLink)
	}
	if len(a.Weaknesses) == 0 {
		a.Weaknesses = list(b.Weaknesses, maxWord)
	}
	if a.Published.IsZero() {
		a.Published = b.Published
	}
	if a.Score == 0 && b.Score > 0 && b.Score <= 10 {
		a.Score, a.Vector, a.Exploitability, a.Impact = b.Score, clip(b.Vector, maxWord), b.Exploitability, b.Impact
	}
	if a.EPSS == 0 && b.EPSS <= 1 {
		a.EPSS = b.EPSS
	}
	a.Exploited = a.Exploited || b.Exploited
}

// list gives the texts that are not empty, once each and as many as fit.
func list(texts []string, most int) []string {
	var out []string
	for _, t := range texts {
		if t = clip(strings.TrimSpace(t), most); t != "" && !slices.Contains(out, t) {
			if out = append(out, t); len(out) == maxLinks {
				break
			}
		}
	}
	return out
}

// clip makes a text storable and cuts it where it is too long.
func clip(s string, most int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= most {
		return s
	}
	for !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// when reads a time as scanners write it; zero where it is none.
func when(text string) time.Time {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if t, err := time.Parse(form, strings.TrimSpace(text)); err == nil && t.Year() > 1970 && t.Year() < 9000 {
			return t.UTC()
		}
	}
	return time.Time{}
}
