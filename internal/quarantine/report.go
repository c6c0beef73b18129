package quarantine

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// A finding is a report after it was checked: every text is storable, every
// number in range, every list without repeats.
type finding struct {
	aid    string
	sha256 string // empty while the bytes are still to come
	date   int64  // unix microseconds
	dated  bool   // the report named the date; else it is now
	agent  bool
	bytes  bool // the file came along
	facts
	comment string
}

// facts are what reports say of a record.
type facts struct {
	hostname, username                     string
	removablePath, sandboxID, sandboxState string
	adversary, country                     string
	extracted, primaryModule, removable    bool
	maxSeverity, maxConfidence             *int64
	firstBehavior, lastBehavior            *int64 // unix microseconds
	paths                                  []place
	behaviors                              []behavior
	detects, alerts                        []string
}

// A place is where a file lay.
type place struct{ path, filename string }

// A behavior is an observation that led to the quarantine.
type behavior struct{ id, iocType, iocValue, rootHash string }

func (f *finding) id() string { return recordID(f.aid, f.sha256) }

// read checks a report.
func (s *Service) read(cid store.CID, r mews.QuarantineReport) (finding, error) {
	var c checker
	f := finding{
		agent: r.Agent,
		facts: facts{
			hostname: c.text("hostname", r.Hostname), username: c.text("username", r.Username),
			removablePath: c.text("release_path_for_removable_media", r.ReleasePathForRemovableMedia),
			sandboxID:     c.text("sandbox_report_id", r.SandboxReportID),
			sandboxState:  c.text("sandbox_report_state", r.SandboxReportState),
			adversary:     c.text("adversary_id", r.AdversaryID), country: c.text("country", r.Country),
			extracted: r.Extracted, primaryModule: r.PrimaryModule, removable: r.IsOnRemovableDisk,
			maxSeverity: c.percent("max_severity", r.MaxSeverity), maxConfidence: c.percent("max_confidence", r.MaxConfidence),
			firstBehavior: c.time("first_behavior", r.FirstBehavior), lastBehavior: c.time("last_behavior", r.LastBehavior),
			paths: c.places(r.Paths), behaviors: c.behaviors(r.Behaviors),
			detects: c.links("detect_ids", r.DetectIDs), alerts: c.links("alert_ids", r.AlertIDs),
		},
		comment: c.comment(r.Comment),
	}
	f.sha256 = c.hash(r.SHA256)
	f.aid = s.host(&c, cid, r.AID, f.hostname)
	f.date = s.now().UnixMicro()
	if t := c.time("date_created", r.DateCreated); t != nil {
		f.date, f.dated = *t, true
	}
	return f, c.err
}

// host gives the id of the reporting host.
func (s *Service) host(c *checker, cid store.CID, aid, hostname string) string {
	id, ok := s.hosts.ID(cid, telemetry.Host{AID: strings.TrimSpace(aid), Hostname: hostname})
	switch {
	case ok:
	case strings.TrimSpace(aid) == "":
		c.fail("report: name the host, by aid (32 hex digits) or by hostname")
	default:
		c.fail("aid: expected 32 hex digits")
	}
	return id
}

// A checker reads the parts of a report and keeps the first mistake.
type checker struct{ err error }

func (c *checker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = mews.Errorf(mews.ErrInvalid, format, args...)
	}
}

// text makes evidence storable: what is no UTF-8, and the byte zero, becomes
// U+FFFD; all else stays as it is.
func (c *checker) text(name, s string) string {
	if len(s) > maxText {
		c.fail("%s: at most %d bytes", name, maxText)
		return ""
	}
	return storable(s)
}

func storable(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x00") {
		return s
	}
	return strings.ReplaceAll(string([]rune(s)), "\x00", "\uFFFD")
}

func (c *checker) comment(s string) string {
	if utf8.RuneCountInString(s) > maxComment {
		c.fail("comment: at most %d characters", maxComment)
		return ""
	}
	return storable(s)
}

func (c *checker) hash(s string) string {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	sum, err := sample.ParseSHA256(s)
	if err != nil {
		c.fail("sha256: expected 64 hex digits")
	}
	return hex.EncodeToString(sum[:])
}

func (c *checker) percent(name string, n *int) *int64 {
	if n == nil {
		return nil
	}
	if *n < 0 || *n > 100 {
		c.fail("%s: expected 0..100", name)
	}
	v := int64(*n)
	return &v
}

func (c *checker) time(name, s string) *int64 {
	if s == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.UTC().Year() < 1970 || t.UTC().Year() > 9999 {
		c.fail("%s: expected a date like 2021-05-15T14:55:21Z, from 1970 to 9999", name)
		return nil
	}
	v := t.UnixMicro()
	return &v
}

func (c *checker) places(list []mews.QuarantinePath) (out []place) {
	if len(list) > maxPaths {
		c.fail("paths: at most %d of a report", maxPaths)
		return nil
	}
	for i, p := range list {
		at := fmt.Sprintf("paths[%d].", i)
		one := place{c.text(at+"path", p.Path), c.text(at+"filename", p.Filename)}
		if one.filename == "" {
			one.filename = lastPart(one.path)
		}
		if one != (place{}) {
			out = append(out, one)
		}
	}
	out, _ = union(nil, out, maxPaths)
	return out
}

// lastPart is a file's name in a path of any system.
func lastPart(path string) string {
	path = strings.TrimRight(path, `/\`)
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

func (c *checker) behaviors(list []mews.QuarantineBehavior) (out []behavior) {
	if len(list) > maxBehaviors {
		c.fail("behaviors: at most %d of a report", maxBehaviors)
		return nil
	}
	for i, b := range list {
		at := fmt.Sprintf("behaviors[%d].", i)
		one := behavior{
			c.text(at+"behavior_id", b.BehaviorID), strings.ToLower(c.text(at+"ioc_type", b.IOCType)),
			c.text(at+"ioc_value", b.IOCValue), strings.ToLower(c.text(at+"tree_root_hash", b.TreeRootHash)),
		}
		if one != (behavior{}) {
			out = append(out, one)
		}
	}
	out, _ = union(nil, out, maxBehaviors)
	return out
}

func (c *checker) links(name string, list mews.List) (out []string) {
	if len(list) > maxLinks {
		c.fail("%s: at most %d of a report", name, maxLinks)
		return nil
	}
	for i, id := range list {
		if id = c.text(fmt.Sprintf("%s[%d]", name, i), id); id != "" {
			out = append(out, id)
		}
	}
	out, _ = union(nil, out, maxLinks)
	return out
}
