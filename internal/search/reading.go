package search

import (
	"context"
	"errors"
	"io"
	"slices"
	"sort"

	"github.com/mewshq/mews/internal/blob"
)

const (
	// wholeSize is the size up to which a file's plain bytes are kept together,
	// so that a scanner gets them without a second look at the blob.
	wholeSize = 1 << 20
	// singleSize is the size up to which the columns of a file are not asked
	// for: it has one frame or hardly more, and reading that is all there is to do.
	singleSize = 128 << 10
)

// A Reading is a candidate whose stored bytes were looked at. Every byte that it
// gives has been authenticated, with its place in the file, by the seal of its
// frame.
type Reading struct {
	c     *Candidate
	ctx   context.Context
	blob  *blob.Reader // nil until the first byte is needed
	err   error        // of a method that cannot return one
	holds bool
	read  int64 // plain bytes decoded
	head  []byte

	frames []blob.Frame
	whole  []byte     // of a small file: room for all of it
	have   []bool     // frames that are in whole
	cache  frameCache // of a large one

	wants []want
	hunts []hunt
}

// begin makes r, which may have served another candidate, ready for this one.
func (r *Reading) begin(ctx context.Context, c *Candidate) {
	*r = Reading{
		c: c, ctx: ctx, head: c.head,
		frames: r.frames[:0], whole: r.whole[:0], have: r.have[:0], wants: r.wants[:0], hunts: r.hunts[:0],
		cache: frameCache{limit: c.eng.limits.FrameCache},
	}
	r.want()
}

// Holds tells whether the plan holds for the bytes.
func (r *Reading) Holds() bool { return r.holds }

// Read is the number of plain bytes decoded so far.
func (r *Reading) Read() int64 { return r.read }

// Small tells whether Bytes can be had.
func (r *Reading) Small() bool { return r.c.file.Size <= wholeSize }

// Kept is the memory, in bytes, that the reading holds until Close.
func (r *Reading) Kept() int64 {
	if r.Small() {
		return r.c.file.Size
	}
	return r.cache.used
}

// Bytes gives the whole of a small file. It is valid until Close.
func (r *Reading) Bytes() ([]byte, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	for i := range r.frames {
		if _, err := r.frame(i); err != nil {
			return nil, err
		}
	}
	return r.whole, nil
}

// Plain reads the whole file, of any size, from its start.
func (r *Reading) Plain() io.Reader { return &plain{r: r} }

// Close ends the reading; no bytes it gave are valid any more.
func (r *Reading) Close() error {
	if r.c == nil {
		return nil
	}
	for _, plain := range r.cache.frames {
		r.c.eng.frames.Put(&plain)
	}
	var err error
	if r.blob != nil {
		err = r.blob.Close()
	}
	pool := &r.c.eng.readings
	r.c, r.ctx, r.blob, r.cache = nil, nil, nil, frameCache{}
	pool.Put(r)
	return err
}

func (r *Reading) open() (err error) {
	if r.blob != nil {
		return nil
	}
	if r.blob, err = r.c.Open(); err != nil {
		return err
	}
	r.frames = r.blob.AppendFrames(r.frames[:0])
	if r.blob.Size() != r.c.file.Size {
		return errors.Join(blob.ErrCorrupt, errors.New("size is not the recorded one"))
	}
	if r.Small() {
		r.whole = slices.Grow(r.whole[:0], int(r.c.file.Size))[:r.c.file.Size]
		r.have = slices.Grow(r.have[:0], len(r.frames))[:len(r.frames)]
		clear(r.have)
	}
	return nil
}

// single tells whether the file is so small that all of it is looked at.
func (r *Reading) single() bool { return r.c.file.Size <= singleSize }

// frame decodes a frame, once for a small file. The bytes are valid until Close,
// for a large file until as many others have been asked for as the cache holds.
func (r *Reading) frame(i int) ([]byte, error) {
	if r.Small() {
		f := r.frames[i]
		room := r.whole[f.Offset : f.Offset+int64(f.Length) : f.Offset+int64(f.Length)]
		if r.have[i] {
			return room, nil
		}
		if _, err := r.blob.ReadFrame(i, room[:0]); err != nil {
			return nil, err
		}
		r.have[i] = true
		r.read += int64(f.Length)
		return room, nil
	}
	if plain, ok := r.cache.get(i); ok {
		return plain, nil
	}
	var room []byte
	if old, ok := r.c.eng.frames.Get().(*[]byte); ok {
		room = (*old)[:0]
	}
	plain, err := r.blob.ReadFrame(i, room)
	if err != nil {
		return nil, err
	}
	r.read += int64(len(plain))
	r.cache.put(i, plain)
	return plain, nil
}

// frameAt is the frame that holds the byte at off, or the number of frames.
func (r *Reading) frameAt(off int64) int {
	return sort.Search(len(r.frames), func(i int) bool {
		return r.frames[i].Offset+int64(r.frames[i].Length) > off
	})
}

// bytesBefore gives up to n bytes that end at off.
func (r *Reading) bytesBefore(off int64, n int) ([]byte, error) {
	var out []byte
	for n > len(out) && off > 0 {
		i := r.frameAt(off - 1)
		plain, err := r.frame(i)
		if err != nil {
			return nil, err
		}
		plain = plain[:off-r.frames[i].Offset]
		out = lastBytes(plain, out, n)
		off = r.frames[i].Offset
	}
	return out, nil
}

// firstBytes gives the first bytes of the file, at most n.
func (r *Reading) firstBytes(n int) ([]byte, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	return r.bytesBefore(min(int64(n), r.c.file.Size), n)
}

// plain reads a file frame by frame.
type plain struct {
	r    *Reading
	next int
	room []byte // for frames that nothing else keeps
	rest []byte
}

func (p *plain) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if err := errors.Join(p.r.ctx.Err(), p.r.open()); err != nil {
			return 0, err
		}
		if p.next == len(p.r.frames) {
			return 0, io.EOF
		}
		if err := p.fill(); err != nil {
			return 0, err
		}
		p.next++
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *plain) fill() (err error) {
	if p.r.Small() {
		p.rest, err = p.r.frame(p.next)
		return err
	}
	if kept, ok := p.r.cache.get(p.next); ok {
		p.rest = kept
		return nil
	}
	if p.room, err = p.r.blob.ReadFrame(p.next, p.room[:0]); err != nil {
		return err
	}
	p.rest = p.room
	p.r.read += int64(len(p.rest))
	return nil
}

// A frameCache keeps decoded frames, the latest used ones, up to a number of
// bytes.
type frameCache struct {
	limit, used int64
	frames      map[int][]byte
	order       []int // least recently used first
}

func (c *frameCache) get(i int) ([]byte, bool) {
	plain, ok := c.frames[i]
	if ok {
		c.touch(i)
	}
	return plain, ok
}

func (c *frameCache) touch(i int) {
	if at := slices.Index(c.order, i); at >= 0 {
		c.order = slices.Delete(c.order, at, at+1)
	}
	c.order = append(c.order, i)
}

func (c *frameCache) put(i int, plain []byte) {
	if c.frames == nil {
		c.frames = map[int][]byte{}
	}
	c.frames[i] = plain
	c.used += int64(len(plain))
	c.touch(i)
	for c.used > c.limit && len(c.order) > 1 {
		old := c.order[0]
		c.order = c.order[1:]
		c.used -= int64(len(c.frames[old]))
		delete(c.frames, old)
	}
}
