package quarantine

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// An Imported is what became of an import: how many reports were new or changed
// something, and for each report an error if it was refused.
type Imported struct {
	Changed int
	Errors  []error
}

// Import takes in reports without bytes, in one transaction: all that are right.
// Its error is for what made all of it fail.
func (s *Service) Import(ctx context.Context, who store.Actor, reports []mews.QuarantineReport) (Imported, error) {
	if len(reports) > maxImport {
		return Imported{}, mews.Errorf(mews.ErrInvalid, "at most %d reports of a call", maxImport)
	}
	out := Imported{Errors: make([]error, len(reports))}
	var good []finding
	for i, r := range reports {
		f, err := s.read(who.CID, r)
		if err == nil && f.sha256 == "" {
			err = mews.Errorf(mews.ErrInvalid, "sha256: needed when the file does not come along")
		}
		if out.Errors[i] = err; err == nil {
			good = append(good, f)
		}
	}
	if len(good) == 0 {
		return out, nil
	}
	err := s.db.WriteLarge(ctx, func(tx *store.Tx) (err error) {
		out.Changed, err = s.takeAll(tx, who, good)
		return err
	})
	if err != nil {
		return Imported{}, outward.Error("import quarantined files", err)
	}
	return out, nil
}

// takeAll is take for many, with one audit row.
func (s *Service) takeAll(tx *store.Tx, who store.Actor, findings []finding) (changed int, err error) {
	var ids []string
	noted := additions{}
	for _, f := range findings {
		o, err := s.settle(tx, who, f, noted)
		if err != nil {
			return 0, err
		}
		if o.event() != "" {
			ids = append(ids, o.id())
		}
	}
	if err := s.reportHosts(tx, who.CID, findings...); err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), tx.Audit(audit(who, "quarantine.import", "", "", ids...))
}

// additions are the changes that an import has noted for new records, by comment:
// one serves all of them.
type additions map[string]int64

// change notes an addition; without an import, each on its own.
func (a additions) change(tx *store.Tx, who store.Actor, now int64, comment string) (int64, error) {
	if seq := a[comment]; seq != 0 {
		return seq, nil
	}
	seq, err := newChange(tx, who, now, eventAdded, comment)
	if a != nil {
		a[comment] = seq
	}
	return seq, err
}
