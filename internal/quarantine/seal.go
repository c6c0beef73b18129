package quarantine

import (
	"encoding/json"
	"fmt"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
)

// A sealedReport is the copy of a report in the blob of its file, from which the
// record can be made again.
type sealedReport struct {
	Version int                   `json:"v"`
	Client  string                `json:"client"`
	Dated   bool                  `json:"dated"`
	Report  mews.QuarantineReport `json:"report"`
}

const sealedVersion = 1

// seal writes the copy. What does not fit in a blob stays out, the least
// important first.
func seal(who store.Actor, f finding) []byte {
	out := sealedReport{sealedVersion, who.Client, f.dated, f.report()}
	r := &out.Report
	for {
		b, _ := json.Marshal(out) // strings and numbers
		if len(b) <= sample.MaxSealed {
			return b
		}
		switch {
		case len(r.Behaviors) > 0:
			r.Behaviors = r.Behaviors[:len(r.Behaviors)/2]
		case len(r.AlertIDs)+len(r.DetectIDs) > 0:
			r.AlertIDs, r.DetectIDs = r.AlertIDs[:len(r.AlertIDs)/2], r.DetectIDs[:len(r.DetectIDs)/2]
		case len(r.Paths) > 0:
			r.Paths = r.Paths[:len(r.Paths)/2]
		case r.Comment != "":
			r.Comment = ""
		default: // a few long names
			r.SandboxReportID, r.SandboxReportState, r.ReleasePathForRemovableMedia, r.AdversaryID, r.Country = "", "", "", "", ""
			r.Username = ""
			b, _ = json.Marshal(out)
			return b
		}
	}
}

// report is the finding as a report again.
func (f *finding) report() mews.QuarantineReport {
	r := record{facts: f.facts}
	d := r.detail()
	out := mews.QuarantineReport{
		AID: f.aid, SHA256: f.sha256, Hostname: f.hostname, Username: f.username, DateCreated: stamp(f.date),
		DetectIDs: f.detects, AlertIDs: f.alerts, Comment: f.comment, Agent: f.agent,
		Extracted: f.extracted, PrimaryModule: f.primaryModule, IsOnRemovableDisk: f.removable,
		ReleasePathForRemovableMedia: f.removablePath, SandboxReportID: f.sandboxID, SandboxReportState: f.sandboxState,
		AdversaryID: f.adversary, Country: f.country, Behaviors: d.Behaviors,
		MaxSeverity: d.MaxSeverity, MaxConfidence: d.MaxConfidence, FirstBehavior: d.FirstBehavior, LastBehavior: d.LastBehavior,
	}
	for _, p := range f.paths {
		out.Paths = append(out.Paths, mews.QuarantinePath{Path: p.path, Filename: p.filename})
	}
	return out
}

// Adopt makes the record of a sealed copy whose report was cut off before it was
// answered. When the record has moved on since, the bytes are not wanted.
func (s *Service) Adopt(tx *store.Tx, rec sample.Record, sealed []byte) error {
	var in sealedReport
	if err := json.Unmarshal(sealed, &in); err != nil {
		return fmt.Errorf("read sealed report: %w", err)
	}
	if in.Version != sealedVersion {
		return fmt.Errorf("read sealed report: version %d", in.Version)
	}
	f, err := s.read(rec.CID, in.Report)
	if err != nil {
		return fmt.Errorf("read sealed report: %w", err)
	}
	if f.sha256 != rec.SHA256 {
		return fmt.Errorf("read sealed report: it speaks of %s", f.sha256)
	}
	f.dated, f.bytes = in.Dated, true
	o, err := s.take(tx, store.Actor{CID: rec.CID, Client: in.Client, Operation: "recover"}, f)
	if err == nil && o.verdict == stale {
		err = fmt.Errorf("%w: %w", sample.ErrUnwanted, errStale)
	}
	return err
}
