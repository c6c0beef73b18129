package hunt

import (
	"context"
	"errors"
	"io"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
)

// Download opens one sample and counts it against the month's allowance. A
// sample that is not stored, or cannot be read, costs nothing.
func (s *Service) Download(ctx context.Context, who store.Actor, sha256 string) (*blob.Reader, sample.Record, error) {
	if _, err := s.samples.Get(ctx, who, sha256); err != nil {
		return nil, sample.Record{}, err
	}
	if err := s.charged(ctx, who, 1); err != nil {
		return nil, sample.Record{}, err
	}
	r, rec, err := s.samples.Download(ctx, who, sha256)
	if err != nil {
		return nil, sample.Record{}, errors.Join(err, s.charged(context.WithoutCancel(ctx), who, -1))
	}
	return r, rec, nil
}

func (s *Service) charged(ctx context.Context, who store.Actor, n int) error {
	return s.db.Write(ctx, func(tx *store.Tx) error { return s.charge(tx, who, quotaDownload, n) })
}

// ArchivePassword locks every archive. It is public: a safety catch.
const ArchivePassword = "infected"

// Archive writes the zip of a finished multidownload to w. Errors that the
// client can be told come before the first byte is written. Each sample has its
// audit row before its first byte; one that was deleted meanwhile is left out.
func (s *Service) Archive(ctx context.Context, who store.Actor, id string, w io.Writer) error {
	q, err := s.archive(ctx, who, id)
	if err != nil {
		return err
	}
	present, err := s.samples.Many(ctx, who.CID, q.Samples)
	if err != nil {
		return err
	}
	if len(present) == 0 {
		return noArchive(id)
	}
	zip := sample.NewZip(w, ArchivePassword)
	for _, sha := range q.Samples {
		if _, ok := present[sha]; !ok {
			continue
		}
		if err := s.member(ctx, who, zip, sha); err != nil {
			return err
		}
	}
	return zip.Close()
}

func (s *Service) member(ctx context.Context, who store.Actor, zip *sample.Zip, sha string) error {
	r, rec, err := s.samples.Download(ctx, who, sha)
	if errors.Is(err, mews.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	return wrap("write archive", zip.Add(sha, rec.Size, r.Plain()))
}

// archive reads the question of a multidownload that is done.
func (s *Service) archive(ctx context.Context, who store.Actor, id string) (question, error) {
	var j job.Job
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		j, err = s.find(tx, who, id)
		return err
	})
	switch {
	case errors.Is(err, job.ErrNotFound):
		return question{}, noArchive(id)
	case err != nil:
		return question{}, wrap("read request", err)
	case j.Kind != kindDownload:
		return question{}, noArchive(id)
	case j.State != job.Done:
		return question{}, mews.Errorf(mews.ErrInvalid, "the archive is not ready").WithID(id)
	}
	return s.unseal(j.CID, j.Kind, j.Payload)
}

func noArchive(id string) error {
	return mews.Errorf(mews.ErrNotFound, "Could not find sample archive %.64q", id).WithID(id)
}
