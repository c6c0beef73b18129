package index

// unfilled marks a column without filters: it is always a candidate.
const unfilled = -1

// A Slicer cuts one file after another into columns and fills their filters
// while the bytes stream by. It is not safe for concurrent use.
type Slicer struct {
	params Params
	shapes []shape
	fill   filler

	doc    *Doc
	class  int    // of the open column
	off    int64  // where the open column starts in the file
	length int    // bytes of it so far, with those the column before holds too
	check  int    // length at which the long filter may be full
	set    int    // bits set in it when it was looked at last, or more
	probe  []byte // its first bytes, until the class is settled
	tail   []byte // the last bytes of the file so far, up to Overlap
	split  []byte // scratch for grams that span two calls
}

// A column is one part of a file with its filters.
type column struct {
	class  int
	off    int64
	length int
	bits   []uint64 // filters of the class's shape; nil for an unfilled column
	set    int      // bits set in the long filter
}

// A Doc holds the filters and the first bytes of one file, ready for a Builder.
type Doc struct {
	size    int64
	head    [headLen]byte
	columns []column
}

// Bytes returns the memory the Doc holds.
func (d *Doc) Bytes() int {
	n := 128
	for _, c := range d.columns {
		n += 64 + 8*len(c.bits)
	}
	return n
}

// Size returns the length of the file.
func (d *Doc) Size() int64 { return d.size }

// NewSlicer returns a slicer for p, which must come from DefaultParams or from
// a segment.
func NewSlicer(p Params) *Slicer {
	shapes := p.shapes()
	return &Slicer{
		params: p, shapes: shapes, fill: newFiller(shapes), doc: new(Doc),
		probe: make([]byte, 0, p.Probe), tail: make([]byte, 0, p.Overlap),
		split: make([]byte, 0, 2*gramSpan),
	}
}

// Next takes the next n bytes of the file from p; n is positive unless p is
// empty. When cut is set a column ends after them: that is where a blob frame
// should end as well. Cuts depend on the bytes of the file only, not on how
// they are handed over.
func (s *Slicer) Next(p []byte) (n int, cut bool) {
	if len(p) == 0 {
		return 0, false
	}
	if s.length == 0 {
		s.openColumn(s.tail)
	}
	for n < len(p) && !cut {
		k := min(len(p)-n, s.nextStop()-s.length)
		s.add(p[:n+k], n)
		n += k
		cut = s.settle()
	}
	s.remember(p[:n])
	if cut {
		s.closeColumn()
	}
	return n, cut
}

// Finish ends the file and returns its Doc; the slicer is ready for the next.
func (s *Slicer) Finish() *Doc {
	if s.length > 0 {
		s.closeColumn()
	}
	doc := s.doc
	s.doc, s.tail = new(Doc), s.tail[:0]
	return doc
}

// openColumn begins a column with the last bytes of the one before.
func (s *Slicer) openColumn(lead []byte) {
	s.off, s.length = s.doc.size-int64(len(lead)), 0
	s.probe, s.split = s.probe[:0], s.split[:0]
	if s.doc.size >= s.params.MaxFilled {
		s.class, s.length, s.check = unfilled, len(lead), s.params.MaxColumn
		return
	}
	s.class, s.set = 0, 0
	s.fill.reset(&s.shapes[0])
	s.check = s.quiet(s.shapes[0].limit)
	s.feed(lead, 0)
	s.split = keepLast(s.split, lead, gramSpan-1)
	s.probe = append(s.probe, lead...)
	s.length = len(lead)
}

// nextStop returns the column length at which settle has something to decide.
func (s *Slicer) nextStop() int {
	if s.class == 0 && s.length < s.params.Probe && len(s.shapes) > 1 {
		return min(s.check, s.params.Probe)
	}
	return s.check
}

// add takes p[from:] into the open column; p[:from] was taken before.
func (s *Slicer) add(p []byte, from int) {
	if from == 0 {
		copy(s.doc.head[min(s.doc.size, headLen):], p)
	}
	if s.class != unfilled {
		if room := s.params.Probe - len(s.probe); room > 0 {
			s.probe = append(s.probe, p[from:from+min(room, len(p)-from)]...)
		}
		s.feed(p, from)
	}
	s.length += len(p) - from
	s.doc.size += int64(len(p) - from)
}

// feed adds the grams that end in p[from:]. The bytes of p[:from] belong to the
// column; s.split holds the last bytes before p.
func (s *Slicer) feed(p []byte, from int) {
	if from < gramSpan-1 {
		s.fill.add(append(s.split, p[:min(len(p), gramSpan-1)]...))
	}
	s.fill.add(p[max(0, from-gramSpan+1):])
}

// settle decides the class and the end of the open column.
func (s *Slicer) settle() (cut bool) {
	if s.class == unfilled {
		return s.length >= s.params.MaxColumn
	}
	if s.class == 0 && s.length == s.params.Probe {
		s.chooseClass()
	}
	if s.length < s.check {
		return false
	}
	limit := s.shapes[s.class].limit
	if s.set += s.fill.added; s.set >= limit {
		s.set = s.fill.count(long)
	}
	s.fill.added = 0
	if s.set >= limit || s.length >= s.params.MaxColumn {
		return true
	}
	s.check = s.length + s.quiet(limit-s.set)
	return false
}

// quiet returns how many bytes, in whole steps, can pass before more than room
// bits could be set: a byte ends at most three grams of the long filter. The
// cut is then the same as if every step were counted.
func (s *Slicer) quiet(room int) int {
	steps := max(1, (room+3*s.params.Step-1)/(3*s.params.Step))
	next := steps * s.params.Step
	return min(next, s.params.MaxColumn-s.length)
}

// chooseClass moves a column of high entropy to its class: its first bytes are
// filled again, into filters of that class's sizes.
func (s *Slicer) chooseClass() {
	set := s.fill.count(short)
	best := 0
	for i := 1; i < len(s.shapes); i++ {
		if set >= s.shapes[i].enter && s.shapes[i].enter > s.shapes[best].enter {
			best = i
		}
	}
	if best == 0 {
		return
	}
	s.class = best
	s.fill.reshape(&s.shapes[best], s.probe)
	s.check = s.length
}

// remember keeps the last bytes of the file for the next call and column.
func (s *Slicer) remember(p []byte) {
	s.tail = keepLast(s.tail, p, s.params.Overlap)
	s.split = keepLast(s.split, p, gramSpan-1)
}

// keepLast returns the last n bytes of old+p in old's storage.
func keepLast(old, p []byte, n int) []byte {
	if len(p) >= n {
		return append(old[:0], p[len(p)-n:]...)
	}
	if drop := len(old) + len(p) - n; drop > 0 {
		old = old[:copy(old, old[drop:])]
	}
	return append(old, p...)
}

func (s *Slicer) closeColumn() {
	c := column{class: s.class, off: s.off, length: s.length}
	if s.class != unfilled {
		c.bits = s.fill.pack()
		c.set = popcount(s.shapes[s.class].filter(c.bits, long))
	}
	s.doc.columns = append(s.doc.columns, c)
	s.length = 0
}
