package vuln

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/scanreport"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// Bounds of what a caller says of a report, in bytes.
const (
	maxHostname = 255
	maxScope    = 512
)

// A scope is what a report is complete for.
type scope struct {
	aid, format, scanner, name string
}

// An intake is a report on its way in.
type intake struct {
	scope
	hostname string
	report   *scanreport.Report
	digest   [sha256.Size]byte
	at       time.Time // when the scan was made
	findings []finding
}

// Import takes in a report: the whole of it or, on an error, nothing. It reads
// to the end of the text. Entries that could not be read are told of one by one;
// what they may have said is not known, so such a report closes nothing.
func (s *Service) Import(ctx context.Context, who store.Actor, about mews.VulnerabilityReport, report io.Reader) (mews.VulnerabilityScan, []mews.APIError, error) {
	aid, hostname, err := s.hostOf(ctx, who, about)
	if err != nil {
		return mews.VulnerabilityScan{}, nil, err
	}
	if len(about.Scope) > maxScope || !storable(about.Scope) {
		return mews.VulnerabilityScan{}, nil, mews.Errorf(mews.ErrInvalid, "scope: expected UTF-8 text of at most %d bytes without NUL", maxScope)
	}
	in, err := s.read(ctx, scanreport.Format(about.Format), report)
	if err != nil {
		return mews.VulnerabilityScan{}, nil, err
	}
	in.scope = scope{aid: aid, format: string(in.report.Format), scanner: in.report.Scanner, name: scopeName(about.Scope, in.report.Artifact)}
	in.hostname = hostname
	in.findings = findingsOf(in.scope, in.report)
	scan, err := s.take(ctx, who, in)
	if err != nil {
		return scan, nil, outward.Error("import vulnerabilities", err)
	}
	var wrong []mews.APIError
	for _, p := range in.report.Problems {
		wrong = append(wrong, mews.APIError{Code: 400, Message: p.Text, ID: p.At})
	}
	return scan, wrong, nil
}

// read reads a report; a few at a time, because each may be large.
func (s *Service) read(ctx context.Context, format scanreport.Format, text io.Reader) (*intake, error) {
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	hash := sha256.New()
	report, err := scanreport.Read(io.TeeReader(text, hash), format)
	if err != nil {
		return nil, mews.Errorf(mews.ErrInvalid, "%s", err).WithCause(err)
	}
	in := &intake{report: report, at: s.now()}
	hash.Sum(in.digest[:0])
	if t := report.Time; !t.IsZero() && t.Before(in.at) { // a clock ahead of ours must not shut later scans out
		in.at = t
	}
	return in, nil
}

// scopeName is what the caller calls the scope, or what the report does.
func scopeName(given, artifact string) string {
	for _, name := range []string{given, artifact} {
		if name = strings.TrimSpace(name); name != "" {
			for len(name) > maxScope || !utf8.ValidString(name) {
				name = strings.ToValidUTF8(name[:min(len(name), maxScope)], "")
			}
			return strings.ReplaceAll(name, "\x00", "")
		}
	}
	return "-"
}

func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// hostOf finds the host that a report is about. A name is that of the one host
// that has it, so that what scanners find stands beside what sensors tell; of a
// name that nobody has a host is made.
func (s *Service) hostOf(ctx context.Context, who store.Actor, about mews.VulnerabilityReport) (aid, hostname string, err error) {
	name := strings.TrimSpace(about.Hostname)
	switch {
	case about.AID == "" && name == "":
		return "", "", mews.Errorf(mews.ErrInvalid, "name the host of the report: aid or hostname")
	case len(name) > maxHostname || !storable(name) || strings.ContainsAny(name, "*\r\n\t"):
		return "", "", mews.Errorf(mews.ErrInvalid, "hostname: expected the name of one host, at most %d bytes", maxHostname)
	}
	if about.AID != "" {
		aid, ok := host.ParseID(about.AID)
		if !ok {
			return "", "", mews.Errorf(mews.ErrInvalid, "aid: expected 32 hexadecimal digits")
		}
		return aid, name, nil
	}
	same := fql.Compare{Field: "hostname", Values: []fql.Value{{Kind: fql.String, Text: name}}}
	page, err := s.hosts.Query(ctx, who, mews.RecordQuery{Filter: same.String(), Limit: 3})
	if err != nil {
		return "", "", fmt.Errorf("find the host: %w", err)
	}
	switch len(page.IDs) {
	case 0:
		aid, ok := s.hosts.ID(who.CID, telemetry.Host{Hostname: name})
		if !ok {
			return "", "", mews.Errorf(mews.ErrInvalid, "hostname: %q names no host", name)
		}
		return aid, name, nil
	case 1:
		return page.IDs[0], name, nil
	}
	return "", "", mews.Errorf(mews.ErrConflict, "%d hosts are called %q: name the one by its aid (%s, ...)", page.Total, name, page.IDs[0])
}
