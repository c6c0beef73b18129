package iocfile

import (
	"bufio"
	"cmp"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// The names of what every bundle of ours holds beside its indicators. Receivers
// keep them, so they never change.
const (
	extensionID = "extension-definition--83ec4cda-8a5b-4345-aaf5-ccce951074fd"
	authorID    = "identity--f39ba822-2fba-416e-93b9-df703f354cbf"
	namespace   = "0a4e034e-b03b-4982-8ef4-ef17b39d1e3b" // of the ids made from those of records
)

// born is when the objects that every bundle holds were made.
var born = stixTime(time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC))

// A STIXWriter writes a bundle that Read reads back as it was, and that other
// programs read too.
type STIXWriter struct {
	w     *bufio.Writer
	now   time.Time
	any   bool
	hosts map[string]bool
	err   error
}

// A Sighting tells that an indicator was met on a host.
type Sighting struct {
	DeviceID, Hostname string
	First, Last        time.Time
	Count              int64
}

// NewSTIX starts a bundle that is made now. Its id is a bundle's own: take random
// bytes.
func NewSTIX(w io.Writer, now time.Time, id [16]byte) *STIXWriter {
	s := &STIXWriter{w: bufio.NewWriter(w), now: now, hosts: map[string]bool{}}
	_, s.err = fmt.Fprintf(s.w, "{\"type\":\"bundle\",\"id\":\"bundle--%s\",\"objects\":[", uuid(id, 4))
	s.object(map[string]any{
		"type": "identity", "id": authorID, "created": born, "modified": born,
		"name": "mews", "identity_class": "system",
	})
	s.object(map[string]any{
		"type": "extension-definition", "id": extensionID, "created": born, "modified": born, "created_by_ref": authorID,
		"name": "Handling of indicators", "version": "1.0.0", "extension_types": []string{"property-extension"},
		"description": "What hosts do when they meet an indicator, and on which hosts it counts.",
		"schema": "action, mobile_action, severity, source, filename: strings; platforms, host_groups: lists of strings; " +
			"applied_globally: boolean. The words are those of the Falcon indicator API.",
	})
	return s
}

// Write adds an indicator.
func (s *STIXWriter) Write(i Indicator) error {
	created := i.Created
	if created.IsZero() {
		created = s.now
	}
	from := created
	o := map[string]any{
		"type": "indicator", "id": indicatorID(i), "created_by_ref": authorID, "created": stixTime(created),
		"name": i.Type + ":" + i.Value, "indicator_types": []string{indicatorType(i.Action)},
		"pattern": pattern(i), "pattern_type": "stix",
		"extensions": map[string]any{extensionID: extension{
			ExtensionType: "property-extension", Action: i.Action, MobileAction: i.MobileAction, Severity: i.Severity,
			Platforms: i.Platforms, HostGroups: i.HostGroups, AppliedGlobally: i.AppliedGlobally, Source: i.Source, Filename: i.Filename,
		}},
	}
	if !i.Expiration.IsZero() {
		o["valid_until"] = stixTime(i.Expiration)
		if !i.Expiration.After(from) { // STIX wants an interval
			from = i.Expiration.Add(-time.Millisecond)
		}
	}
	o["valid_from"] = stixTime(from)
	o["modified"] = stixTime(later(created, i.Modified))
	if i.Description != "" {
		o["description"] = i.Description
	}
	if len(i.Tags) > 0 {
		o["labels"] = i.Tags
	}
	return s.object(o)
}

// Sighting adds that an indicator was met on a host.
func (s *STIXWriter) Sighting(of Indicator, on Sighting) error {
	host := "identity--" + uuidOf("host "+on.DeviceID)
	if !s.hosts[host] {
		s.hosts[host] = true
		_ = s.object(map[string]any{
			"type": "identity", "id": host, "created": born, "modified": stixTime(s.now), "created_by_ref": authorID,
			"name": cmp.Or(on.Hostname, on.DeviceID), "identity_class": "system",
		})
	}
	return s.object(map[string]any{
		"type": "sighting", "id": "sighting--" + uuidOf("sighting "+indicatorID(of)+" "+on.DeviceID), "created_by_ref": authorID,
		"created": stixTime(on.First), "modified": stixTime(later(on.First, on.Last)),
		"first_seen": stixTime(on.First), "last_seen": stixTime(later(on.First, on.Last)),
		"count":           min(on.Count, maxSightings),
		"sighting_of_ref": indicatorID(of), "where_sighted_refs": []string{host},
	})
}

// maxSightings is the highest count that STIX has.
const maxSightings = 999_999_999

// Close ends the bundle.
func (s *STIXWriter) Close() error {
	if s.err == nil {
		_, s.err = s.w.WriteString("\n]}\n")
	}
	if s.err == nil {
		s.err = s.w.Flush()
	}
	return s.err
}

func (s *STIXWriter) object(o map[string]any) error {
	if s.err != nil {
		return s.err
	}
	o["spec_version"] = "2.1"
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if s.any {
		_ = s.w.WriteByte(',')
	}
	s.any = true
	_ = s.w.WriteByte('\n')
	_, s.err = s.w.Write(b) // an error of the writer comes again with each write
	return s.err
}

// indicatorID is the same in every bundle, so that who reads two of them has one
// indicator. It is made from the record's id, which no other customer shares.
func indicatorID(i Indicator) string {
	return "indicator--" + uuidOf("indicator "+cmp.Or(i.ID, i.Type+":"+i.Value))
}

// indicatorType is the word of STIX's open vocabulary that comes closest.
func indicatorType(action string) string {
	switch action {
	case "", "no_action":
		return "unknown"
	case "allow":
		return "benign"
	}
	return "malicious-activity"
}

// pattern is the inverse of readPattern for one value.
func pattern(i Indicator) string {
	path := map[string]string{
		"sha256": "file:hashes.'SHA-256'", "md5": "file:hashes.MD5", "domain": "domain-name:value",
		"ipv4": "ipv4-addr:value", "ipv6": "ipv6-addr:value",
	}[i.Type]
	return fmt.Sprintf("[%s = '%s']", path, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(i.Value))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// stixTime writes milliseconds, as STIX tools do.
func stixTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// uuidOf makes a name-based UUID (version 5 of RFC 9562).
func uuidOf(name string) string {
	sum := sha1.Sum([]byte(namespace + name))
	return uuid([16]byte(sum[:16]), 5)
}

// uuid writes 16 bytes as a UUID of a version.
func uuid(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
