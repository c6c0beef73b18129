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

// blobName finds the sample's bytes.
func (r *Record) blobName() blob.Name {
	sum, _ := ParseSHA256(r.SHA256)
	return blob.Name{CID: string(r.CID), SHA256: sum}
}
