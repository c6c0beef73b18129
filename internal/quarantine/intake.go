package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
)

// errStale undoes the storing of bytes that came with a stale report.
var errStale = errors.New("the report is not younger than the record")

// Report takes in a report, with the file's bytes unless body is nil. A report
// that is known, or older than the record's last change, changes nothing and
// gives the record as it is. When Report has returned, record and bytes are
// durable; an error leaves neither.
func (s *Service) Report(ctx context.Context, who store.Actor, r mews.QuarantineReport, body io.Reader) (mews.QuarantinedFile, error) {
	f, err := s.read(who.CID, r)
	if err != nil {
		return mews.QuarantinedFile{}, err
	}
	if body != nil {
		return s.store(ctx, who, body, func() (finding, error) { return f, nil })
	}
	if f.sha256 == "" {
		return mews.QuarantinedFile{}, mews.Errorf(mews.ErrInvalid, "sha256: needed when the file does not come along")
	}
	return s.keep(ctx, who, f)
}

// ReportLate is Report for a form in which the report may stand after the bytes:
// late is asked once body has ended.
func (s *Service) ReportLate(ctx context.Context, who store.Actor, body io.Reader, late func() (mews.QuarantineReport, error)) (mews.QuarantinedFile, error) {
	return s.store(ctx, who, body, func() (finding, error) {
		r, err := late()
		if err != nil {
			return finding{}, err
		}
		return s.read(who.CID, r)
	})
}

// keep takes in a report without bytes. Bytes that are stored already are held
// from now on.
func (s *Service) keep(ctx context.Context, who store.Actor, f finding) (mews.QuarantinedFile, error) {
	var out mews.QuarantinedFile
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		o, err := s.take(tx, who, f)
		out = o.wire()
		return err
	})
	return out, outward.Error("report quarantined file", err)
}

// store takes in a report with bytes: the sealed blob first, and then sample,
// hold, record, history and audit row in one transaction.
func (s *Service) store(ctx context.Context, who store.Actor, body io.Reader, late func() (finding, error)) (mews.QuarantinedFile, error) {
	var f finding
	var out mews.QuarantinedFile
	sum := sha256.New()
	_, err := s.samples.Put(ctx, who, io.TeeReader(body, sum), sample.PutOptions{Late: func() (o sample.PutOptions, err error) {
		if f, err = late(); err != nil {
			return o, err
		}
		if f.bytes = true; f.sha256 == "" {
			f.sha256 = hex.EncodeToString(sum.Sum(nil))
		}
		o = s.options(who, f)
		o.OnStored = func(tx *store.Tx, _ sample.Record) error {
			o, err := s.take(tx, who, f)
			if err == nil && o.verdict == stale {
				err = errStale
			}
			out = o.wire()
			return err
		}
		return o, nil
	}})
	if errors.Is(err, errStale) {
		err = nil
	}
	if err != nil {
		return mews.QuarantinedFile{}, outward.Error("report quarantined file", err)
	}
	return out, nil
}

// options are what the sample's room is told of the bytes.
func (s *Service) options(who store.Actor, f finding) sample.PutOptions {
	o := sample.PutOptions{
		SHA256: f.sha256, Confidential: true, Hold: f.id(), Sealed: seal(who, f),
		Searchable: func(tx *store.Tx) (bool, error) { return s.isSearchable(tx, who.CID) },
	}
	if len(f.paths) > 0 {
		o.FileName = f.paths[0].filename
	}
	return o
}
