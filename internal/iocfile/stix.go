package iocfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A stixIndicator is what is read of an indicator object.
type stixIndicator struct {
	Type        string                     `json:"type"`
	ID          string                     `json:"id"`
	Name        string                     `json:"name"`
	Description string                     `json:"description"`
	Pattern     string                     `json:"pattern"`
	PatternType string                     `json:"pattern_type"`
	ValidUntil  string                     `json:"valid_until"`
	Labels      []string                   `json:"labels"`
	Types       []string                   `json:"indicator_types"`
	Revoked     bool                       `json:"revoked"`
	Extensions  map[string]json.RawMessage `json:"extensions"`
}

// An extension is what STIX has no place for. Files that we wrote carry it.
type extension struct {
	ExtensionType   string   `json:"extension_type"`
	Action          string   `json:"action,omitempty"`
	MobileAction    string   `json:"mobile_action,omitempty"`
	Severity        string   `json:"severity,omitempty"`
	Platforms       []string `json:"platforms,omitempty"`
	HostGroups      []string `json:"host_groups,omitempty"`
	AppliedGlobally *bool    `json:"applied_globally,omitempty"`
	Source          string   `json:"source,omitempty"`
	Filename        string   `json:"filename,omitempty"`
}

// readSTIX reads the objects of a bundle and passes over all that are no
// indicators.
func readSTIX(text *Text, yield func(Row, error) bool) error {
	d := json.NewDecoder(text)
	if _, err := d.Token(); err != nil { // the bracket that told the format
		return fmt.Errorf("STIX: %w", err)
	}
	found := false
	for d.More() {
		text.More()
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("STIX: %w", err)
		}
		if key != "objects" {
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return fmt.Errorf("STIX: %v: %w", key, err)
			}
			continue
		}
		found = true
		if err := readObjects(d, text, yield); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("STIX: %w", orCut(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("STIX: there is text after the bundle; a file holds one")
	}
	if !found {
		return errors.New(`STIX: there is no "objects"; a bundle is {"type": "bundle", "objects": [...]}`)
	}
	return nil
}

// orCut names the end of the input in words.
func orCut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends too early")
	}
	return err
}

func readObjects(d *json.Decoder, text *Text, yield func(Row, error) bool) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.Join(errors.New(`STIX: "objects" is no list`), err)
	}
	for n := 1; d.More(); n++ {
		text.More()
		var object json.RawMessage
		if err := d.Decode(&object); err != nil {
			return fmt.Errorf("STIX: object %d: %w", n, orCut(err))
		}
		for _, row := range readObject(object, n) {
			if !yield(row, nil) {
				return errStopped
			}
		}
	}
	_, err := d.Token()
	if err != nil {
		return fmt.Errorf("STIX: %w", orCut(err))
	}
	return nil
}

// readObject gives the rows of the nth object: none of one that is no indicator.
func readObject(object json.RawMessage, n int) []Row {
	row := Row{At: fmt.Sprintf("object %d", n)}
	var kind struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	}
	if err := json.Unmarshal(object, &kind); err != nil {
		row.Problem = jsonProblem(err)
		return []Row{row}
	}
	if kind.ID != "" {
		row.At = kind.ID
	}
	if kind.Type != "indicator" {
		return nil
	}
	var s stixIndicator
	if err := json.Unmarshal(object, &s); err != nil {
		row.Problem = jsonProblem(err)
		return []Row{row}
	}
	switch {
	case s.Revoked:
		row.Skip = "is revoked"
		return []Row{row}
	case s.PatternType != "stix" && s.PatternType != "": // STIX 2.0 has no pattern_type
		row.Problem = fmt.Sprintf("pattern_type %q is not read, only stix", cut(s.PatternType))
		return []Row{row}
	}
	common, err := s.common()
	if err != nil {
		row.Problem = err.Error()
		return []Row{row}
	}
	terms, err := ReadPattern(s.Pattern)
	if err != nil {
		row.Problem = err.Error()
		return []Row{row}
	}
	return s.rows(row, common, terms)
}

func jsonProblem(err error) string {
	if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && bad.Field != "" {
		return fmt.Sprintf("%s: %s is of the wrong type", bad.Field, bad.Value)
	}
	return "is no STIX object"
}

// rows makes a row of each term. The alternatives of a pattern are often the
// hashes of one file: those that the API does not know are passed over where
// one of the others is taken.
func (s *stixIndicator) rows(at Row, common Indicator, terms []Term) []Row {
	rows := make([]Row, len(terms))
	taken := false
	for n, t := range terms {
		i := common
		err := t.put(&i)
		if err == nil {
			err = i.normal()
		}
		rows[n].At = at.At
		if err != nil {
			rows[n].Problem = err.Error()
			continue
		}
		taken = true
		i.Description = s.description(i.Value)
		rows[n].Indicator = i
	}
	for n := range rows {
		if taken && rows[n].Problem != "" {
			rows[n].Skip, rows[n].Problem = rows[n].Problem, ""
		}
	}
	return rows
}

// common is what all terms of the pattern share.
func (s *stixIndicator) common() (Indicator, error) {
	i := Indicator{Tags: s.Labels}
	if s.ValidUntil != "" {
		t, err := time.Parse(time.RFC3339, s.ValidUntil)
		if err != nil {
			return i, fmt.Errorf("valid_until: %q is no time", cut(s.ValidUntil))
		}
		i.Expiration = t
	}
	if slices.Contains(s.Types, "benign") {
		i.Action = "no_action" // unless the extension says what to do
	}
	raw, ok := s.Extensions[extensionID]
	if !ok {
		return i, nil
	}
	var x extension
	if err := json.Unmarshal(raw, &x); err != nil {
		return i, fmt.Errorf("extensions: %s", jsonProblem(err))
	}
	if x.Action != "" {
		i.Action = x.Action
	}
	i.MobileAction, i.Severity, i.Platforms, i.HostGroups = x.MobileAction, x.Severity, x.Platforms, x.HostGroups
	i.AppliedGlobally, i.Source, i.Filename = x.AppliedGlobally, x.Source, x.Filename
	return i, nil
}

// description is the object's own, or its name where that says more than the
// value does.
func (s *stixIndicator) description(value string) string {
	if s.Description != "" || strings.Contains(strings.ToLower(s.Name), value) {
		return s.Description
	}
	return s.Name
}

// hashNames are the spellings of hash algorithms, without their dashes.
var hashNames = map[string]string{"SHA256": "sha256", "MD5": "md5"}

// put fills in type and value from a comparison.
func (t Term) put(i *Indicator) error {
	path := strings.ReplaceAll(t.Path, `"`, "")
	i.Value = t.Value
	if name, ok := strings.CutPrefix(path, "file:hashes."); ok {
		if i.Type = hashNames[strings.ReplaceAll(strings.ToUpper(name), "-", "")]; i.Type == "" {
			return fmt.Errorf("%s: of hashes only SHA-256 and MD5 make an indicator", cut(path))
		}
		return nil
	}
	switch path {
	case "domain-name:value":
		i.Type = "domain"
	case "ipv4-addr:value":
		i.Type, i.Value = "ipv4", strings.TrimSuffix(t.Value, "/32")
	case "ipv6-addr:value":
		i.Type, i.Value = "ipv6", strings.TrimSuffix(t.Value, "/128")
	case "url:value":
		return errors.New("url:value: a URL is no indicator here; take its domain or address where that says the same")
	default:
		return fmt.Errorf("%s: makes no indicator; SHA-256, MD5, domains and addresses do", cut(path))
	}
	if strings.Contains(i.Value, "/") {
		return fmt.Errorf("%s: %q is a network; an indicator is one address", path, cut(t.Value))
	}
	return nil
}
