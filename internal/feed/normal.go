package feed

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mewshq/mews"
)

// Bounds of one indicator. Feeds repeat what they know without end; what is
// beyond a bound is an error and never silently left out.
const (
	maxValue = 2048 // bytes of an indicator
	maxWord  = 256  // runes of a word of a list
	maxList  = 200  // words of a list, labels, relations
)

// lastSecond is the last one whose marker has ten digits.
const lastSecond = 9_999_999_999

// Normalize checks an indicator and gives it its normal form: type and value as
// they are told apart by, lists sorted and without repeats, and nothing that the
// server decides. An indicator in normal form stays as it is.
func Normalize(i *mews.IntelIndicator) (err error) {
	i.ID, i.Marker, i.LastUpdated = "", "", 0
	if i.Type, i.Indicator, err = normalValue(i.Type, i.Indicator); err != nil {
		return err
	}
	if i.MaliciousConfidence, err = normalConfidence(i.MaliciousConfidence); err != nil {
		return err
	}
	if err := checkTime("published_date", i.PublishedDate); err != nil {
		return err
	}
	for _, l := range Lists(i) {
		if *l.Words, err = normalList(l.Name, *l.Words); err != nil {
			return err
		}
	}
	if err := normalLabels(i); err != nil {
		return err
	}
	return normalRelations(i)
}

// normalShared brings what several indicators share into normal form: each of them
// gets a copy.
func normalShared(i *mews.IntelIndicator) error {
	i.Type, i.Indicator = typeUser, "nobody"
	err := Normalize(i)
	i.Type, i.Indicator = "", ""
	return err
}

// A WordList is one of an indicator's lists of words, under its name in FQL.
type WordList struct {
	Name  string
	Words *[]string
}

// Lists are the lists of words of an indicator.
func Lists(i *mews.IntelIndicator) []WordList {
	return []WordList{
		{"actors", &i.Actors},
		{"reports", &i.Reports},
		{"malware_families", &i.MalwareFamilies},
		{"kill_chains", &i.KillChains},
		{"domain_types", &i.DomainTypes},
		{"ip_address_types", &i.IPAddressTypes},
		{"targets", &i.Targets},
		{"threat_types", &i.ThreatTypes},
		{"vulnerabilities", &i.Vulnerabilities},
	}
}

func normalConfidence(word string) (string, error) {
	switch word = strings.ToLower(strings.TrimSpace(word)); word {
	case "", mews.ConfidenceHigh, mews.ConfidenceMedium, mews.ConfidenceLow, mews.ConfidenceUnverified:
		return word, nil
	}
	return "", fmt.Errorf("malicious_confidence: %q is none of high, medium, low, unverified", cut(word))
}

func checkTime(name string, seconds int64) error {
	if seconds < 0 || seconds > lastSecond {
		return fmt.Errorf("%s: %d is no time in Unix seconds", name, seconds)
	}
	return nil
}

// normalList trims words, leaves out empty and repeated ones, case ignored, and
// sorts them.
func normalList(name string, list []string) ([]string, error) {
	var out []string
	for _, w := range list {
		w, err := normalWord(name, w)
		if err != nil {
			return nil, err
		}
		if w != "" {
			out = append(out, w)
		}
	}
	out = sortedWords(out)
	if len(out) > maxList {
		return nil, fmt.Errorf("%s: %d words; at most %d", name, len(out), maxList)
	}
	return out, nil
}

func normalWord(name, w string) (string, error) {
	w = strings.Join(strings.FieldsFunc(w, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	w = strings.ToValidUTF8(w, "\uFFFD")
	if utf8.RuneCountInString(w) > maxWord {
		return "", fmt.Errorf("%s: %q has more than %d characters", name, cut(w), maxWord)
	}
	return w, nil
}

// sortedWords sorts words without regard to case, and keeps the first spelling of
// each.
func sortedWords(list []string) []string {
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
	})
	return slices.CompactFunc(list, func(a, b string) bool { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) == 0 })
}

func normalLabels(i *mews.IntelIndicator) error {
	var out []mews.IntelLabel
	for _, l := range i.Labels {
		var err error
		if l.Name, err = normalWord("labels", l.Name); err != nil {
			return err
		}
		if err := errors.Join(checkTime("labels: created_on", l.CreatedOn), checkTime("labels: last_valid_on", l.LastValidOn)); err != nil {
			return err
		}
		if l.Name != "" {
			out = append(out, l)
		}
	}
	if i.Labels = mergeLabels(out); len(i.Labels) > maxList {
		return fmt.Errorf("labels: %d; at most %d", len(i.Labels), maxList)
	}
	return nil
}

func normalRelations(i *mews.IntelIndicator) error {
	var out []mews.IntelRelation
	for _, r := range i.Relations {
		var err error
		if r.Type, r.Indicator, err = normalValue(r.Type, r.Indicator); err != nil {
			return fmt.Errorf("relations: %w", err)
		}
		if err := errors.Join(checkTime("relations: created_date", r.CreatedDate), checkTime("relations: last_valid_date", r.LastValidDate)); err != nil {
			return err
		}
		if r.ID = ID(r.Type, r.Indicator); r.ID != ID(i.Type, i.Indicator) {
			out = append(out, r)
		}
	}
	if i.Relations = mergeRelations(out); len(i.Relations) > maxList {
		return fmt.Errorf("relations: %d; at most %d", len(i.Relations), maxList)
	}
	return nil
}

// ID is what upstream calls an indicator.
func ID(typ, value string) string { return typ + "_" + value }

// clone copies an indicator whose lists will grow.
func clone(i mews.IntelIndicator) mews.IntelIndicator {
	for _, l := range Lists(&i) {
		*l.Words = slices.Clone(*l.Words)
	}
	i.Labels, i.Relations = slices.Clone(i.Labels), slices.Clone(i.Relations)
	return i
}
