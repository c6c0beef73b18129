package sample

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

const (
	frameSize = 256 << 10 // longest blob frame that is written
	headSize  = 64 << 10  // first bytes, from which the type is told
)

// Put takes in one sample and returns when it is durable and can be found. The
// same bytes again change nothing but the metadata that is given. An error
// leaves nothing behind. The text of an error of r is not altered, so that a
// caller finds its own errors again.
func (s *Service) Put(ctx context.Context, who store.Actor, r io.Reader, o PutOptions) (Record, error) {
	if err := o.check(); err != nil {
		return Record{}, err
	}
	if err := acquire(ctx, s.places); err != nil {
		return Record{}, err
	}
	defer func() { <-s.places }()
	w, err := s.blobs.Create(string(who.CID))
	if err != nil {
		return Record{}, outward(err)
	}
	defer w.Abort()
	in := intake{service: s, blob: w, slicer: s.slicers.Get().(*index.Slicer), room: s.rooms.Get().(*room)}
	defer in.release()
	if err := in.read(ctx, r); err != nil {
		return Record{}, outward(err)
	}
	if o.Late != nil {
		if o, err = o.late(); err != nil {
			return Record{}, err
		}
	}
	rec, err := s.finish(who, &in, o)
	if err != nil {
		return Record{}, outward(err)
	}
	fresh, err := s.admit(ctx, who, w, &rec, o)
	if err != nil {
		return Record{}, outward(fmt.Errorf("store sample: %w", err))
	}
	if fresh {
		s.index.Offer(rec.CID, rec.indexFile(), in.slicer.Finish())
	}
	return rec, nil
}

// late replaces the options by those that stood after the bytes.
func (o PutOptions) late() (PutOptions, error) {
	next, err := o.Late()
	if err != nil {
		return PutOptions{}, err
	}
	return next, next.check()
}

func acquire(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to upload: %w", ctx.Err())
	}
}

// An intake is the one pass over the bytes of a sample: the slicer sees them and
// says where columns end, and there the blob's frames end too.
type intake struct {
	service *Service
	blob    *blob.Writer
	slicer  *index.Slicer
	room    *room
	size    int64
	head    int  // bytes in room.head
	large   bool // holds one of the places for large uploads
}

// A room is the memory of one upload.
type room struct {
	frame [frameSize]byte // bytes that are not in a frame yet
	head  [headSize]byte  // the first ones
}

func (in *intake) release() {
	in.service.rooms.Put(in.room)
	in.slicer.Finish() // what a failed upload left in it
	in.service.slicers.Put(in.slicer)
	if in.large {
		<-in.service.large
	}
}

func (in *intake) read(ctx context.Context, r io.Reader) error {
	buf := &in.room.frame
	filled, idle := 0, 0
	fed := 0 // bytes of buf that the slicer has seen: the frame under way
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read upload: %w", err)
		}
		n, err := r.Read(buf[filled:])
		if n < 0 || n > len(buf)-filled {
			return errors.New("read upload: reader returned an impossible count")
		}
		if aerr := in.account(ctx, buf[filled:filled+n]); aerr != nil {
			return aerr
		}
		filled += n
		for fed < filled {
			k, cut := in.slicer.Next(buf[fed:filled])
			if fed += k; cut || fed == len(buf) {
				if err := in.blob.Frame(buf[:fed]); err != nil {
					return err
				}
				filled, fed = copy(buf[:], buf[fed:filled]), 0
			}
		}
		switch {
		case err == io.EOF && filled > 0:
			return in.blob.Frame(buf[:filled])
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("read upload: %w", err)
		case n > 0:
			idle = 0
		default:
			if idle++; idle == 100 {
				return fmt.Errorf("read upload: %w", io.ErrNoProgress)
			}
		}
	}
}

// account counts bytes, holds them to the limits and keeps the first ones.
func (in *intake) account(ctx context.Context, b []byte) error {
	in.size += int64(len(b))
	if limit := in.service.limits.MaxSize; in.size > limit {
		return mews.Errorf(mews.ErrTooLarge, "sample is larger than %d bytes", limit)
	}
	if in.size > largeSize && !in.large {
		if err := acquire(ctx, in.service.large); err != nil {
			return err
		}
		in.large = true
	}
	in.head += copy(in.room.head[in.head:], b)
	return nil
}

// finish seals the blob with a copy of the record, and checks what the uploader
// expects. Nothing is visible yet.
func (s *Service) finish(who store.Actor, in *intake, o PutOptions) (Record, error) {
	if in.size == 0 {
		return Record{}, mews.Errorf(mews.ErrInvalid, "empty file")
	}
	rec := Record{
		CID: who.CID, Size: in.size, Type: Detect(in.room.head[:in.head], in.size), Uploaded: s.now().UTC(),
		Client: who.Client, Label: Unknown,
	}
	rec.FirstSeen = rec.Uploaded
	if err := rec.take(o); err != nil {
		return Record{}, err
	}
	sealed := meta(rec, o)
	if len(sealed) > blob.MaxMeta {
		return Record{}, mews.Errorf(mews.ErrInvalid, "file name, comment, tags and record together are longer than %d bytes", blob.MaxMeta)
	}
	info, err := in.blob.Finish(sealed)
	if err != nil {
		return Record{}, err
	}
	rec.identify(info)
	if o.SHA256 != "" && o.SHA256 != rec.SHA256 {
		return Record{}, mews.Errorf(mews.ErrInvalid, "sha256 mismatch: computed %s", rec.SHA256)
	}
	return rec, nil
}

// identify takes over what only the blob knows.
func (r *Record) identify(info blob.Info) {
	r.CID, r.Size = store.CID(info.CID), info.Size
	r.SHA256, r.MD5, r.SHA1 = hex.EncodeToString(info.SHA256[:]), hex.EncodeToString(info.MD5[:]), hex.EncodeToString(info.SHA1[:])
}

// A sealedMeta is the copy of a record in its blob, from which records can be
// recovered. It holds what the blob does not know itself.
type sealedMeta struct {
	Version      int      `json:"v"`
	Type         string   `json:"type"`
	FirstSeen    int64    `json:"first_seen"`
	Uploaded     int64    `json:"uploaded"`
	Client       string   `json:"client"`
	Label        string   `json:"label"`
	Family       string   `json:"family"`
	Tags         []string `json:"tags"`
	FileName     []byte   `json:"file_name"`
	Comment      []byte   `json:"comment"`
	Confidential bool     `json:"confidential"`
	Holder       string   `json:"holder,omitempty"`
	Sealed       []byte   `json:"sealed,omitempty"`
}

// Versions of a sealedMeta. One with a holder has its own: a program that knows
// nothing of holders must not take such a blob for a sample of the corpus.
const (
	corpusMeta = 1
	heldMeta   = 2
)

func meta(r Record, o PutOptions) []byte {
	m := sealedMeta{
		Version: corpusMeta, Type: r.Type, FirstSeen: r.FirstSeen.UnixMicro(), Uploaded: r.Uploaded.UnixMicro(),
		Client: r.Client, Label: r.Label, Family: r.Family, Tags: r.Tags,
		FileName: []byte(r.FileName), Comment: []byte(r.Comment), Confidential: r.Confidential,
	}
	if o.Hold != "" {
		m.Version, m.Holder, m.Sealed = heldMeta, o.Hold, o.Sealed
	}
	b, _ := json.Marshal(m) // only strings and numbers
	return b
}

// admit makes blob and row appear together: while the name is locked nobody can
// delete one of them. fresh says that the sample is new to the index.
func (s *Service) admit(ctx context.Context, who store.Actor, w *blob.Writer, rec *Record, o PutOptions) (fresh bool, err error) {
	name := rec.blobName()
	defer s.locks.lock(s.blobs.FileID(name))()
	if _, err := w.Commit(); err != nil {
		return false, err
	}
	given := *rec
	err = s.db.Write(ctx, func(tx *store.Tx) (err error) {
		*rec = given
		if fresh, err = s.enter(tx, rec, o); err != nil {
			return err
		}
		if o.OnStored != nil {
			if err := o.OnStored(tx, *rec); err != nil {
				return err
			}
		}
		if o.Hold != "" {
			return nil
		}
		return tx.Audit(audit(who, "sample.upload", "", rec.SHA256))
	})
	if err != nil {
		s.undo(name, err)
	}
	return fresh, err
}

// enter makes or changes the row of a sample. fresh says that it is new to the
// index.
func (s *Service) enter(tx *store.Tx, rec *Record, o PutOptions) (fresh bool, err error) {
	state, err := o.state(tx)
	if err != nil {
		return false, err
	}
	ok, err := s.insert(tx, rec, state)
	if err != nil {
		return false, err
	}
	if fresh = ok && visible(state); !ok {
		if fresh, err = s.again(tx, rec, state, o); err != nil {
			return false, err
		}
	}
	if o.Hold != "" {
		err = insertHold(tx, rec.CID, rec.blobName().SHA256, o.Hold)
	}
	return fresh, err
}

// state is what an upload asks for.
func (o *PutOptions) state(tx *store.Tx) (int, error) {
	if o.Hold == "" {
		return stored, nil
	}
	if o.Searchable == nil {
		return held, nil
	}
	on, err := o.Searchable(tx)
	_, state := switched(on)
	return state, err
}

// insert makes the row of a new sample, and queues it for the index if searches
// are to see it. It does nothing, and ok is false, when there is a row.
func (s *Service) insert(tx *store.Tx, rec *Record, state int) (ok bool, err error) {
	if ok, err = insert(tx, rec, state); err != nil || !ok || !visible(state) {
		return ok, err
	}
	return true, s.index.Enqueue(tx, rec.CID, rec.indexFile())
}

// again takes in a sample that has a row. fresh says that it is new to the
// index: nobody saw the old one, or its deletion was not finished.
func (s *Service) again(tx *store.Tx, rec *Record, state int, o PutOptions) (fresh bool, err error) {
	old, before, ok, err := find(tx, rec.CID, rec.blobName().SHA256)
	switch {
	case err != nil:
		return false, err
	case !ok:
		return false, errDamagedRow // the row that was in the way does not answer to its name
	case before == deleting:
		return visible(state), s.reenter(tx, old, rec, state)
	case state == stored:
		return s.intoCorpus(tx, rec, old, before, o)
	}
	*rec = old
	if before == held && state == shown {
		return true, s.reenter(tx, old, rec, shown)
	}
	return false, nil
}

// intoCorpus takes in a sample that is stored already, perhaps for a holder.
func (s *Service) intoCorpus(tx *store.Tx, rec *Record, old Record, before int, o PutOptions) (fresh bool, err error) {
	if before != stored {
		old.Uploaded, old.Client = rec.Uploaded, rec.Client
	}
	if err := old.take(o); err != nil {
		return false, err
	}
	*rec = old
	if before == stored {
		s.records.forgetAfter(tx, old)
		return false, update(tx, old)
	}
	if before == shown {
		if err := s.leaveIndex(tx, old.CID, old.Seq); err != nil {
			return false, err
		}
	}
	return true, s.reenter(tx, old, rec, stored)
}

// reenter puts rec in the place of a row that no index knows. It gets a new
// number: whatever was said of the old one (that it is dead in a segment, that it
// has no facts) stays true.
func (s *Service) reenter(tx *store.Tx, old Record, rec *Record, state int) error {
	if err := remove(tx, old); err != nil {
		return err
	}
	_, err := s.insert(tx, rec, state)
	return err
}

// undo takes back a blob whose row was refused. When it is not certain that no
// row stands for the blob, it stays, and Recover decides.
func (s *Service) undo(name blob.Name, cause error) {
	if errors.Is(cause, store.ErrFailed) {
		return
	}
	var known bool
	err := s.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		_, _, known, err = find(tx, store.CID(name.CID), name.SHA256)
		return err
	})
	if err == nil && !known {
		err = s.blobs.Delete(name)
	}
	if err != nil {
		s.log.Warn("blob of a refused upload stays until the next start", "cause", err)
	}
}

// blobName finds the sample's bytes.
func (r *Record) blobName() blob.Name {
	sum, _ := ParseSHA256(r.SHA256)
	return blob.Name{CID: string(r.CID), SHA256: sum}
}
