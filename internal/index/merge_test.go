package index

import (
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// TestStreamsAppendKeptBits joins the kept bits of several rows, one bit at a
// time beside the real thing.
func TestStreamsAppendKeptBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []bool
		dst, at := make([]uint64, 16), 0
		for range rapid.IntRange(1, 5).Draw(t, "streams") {
			words := rapid.IntRange(1, 3).Draw(t, "words")
			st := &mergeStream{rowStream: rowStream{class: &rows{pitch: int64(8 * words)}}}
			for range words {
				keep, row := drawMask(t), rapid.Uint64().Draw(t, "row")
				st.keepWord(keep)
				st.loaded = binary.LittleEndian.AppendUint64(st.loaded, row)
				for i := range 64 {
					if keep>>i&1 != 0 {
						want = append(want, row>>i&1 != 0)
					}
				}
			}
			at = st.append(dst, at, 0)
		}
		if at != len(want) {
			t.Fatalf("%d bits, want %d", at, len(want))
		}
		for i := range 64 * len(dst) {
			if got := dst[i/64]>>(i%64)&1 != 0; got != (i < len(want) && want[i]) {
				t.Fatalf("bit %d of %d is %v", i, len(want), got)
			}
		}
	})
}

// drawMask draws runs of low bits more often than chance would.
func drawMask(t *rapid.T) uint64 {
	if rapid.Bool().Draw(t, "low") {
		return 1<<rapid.IntRange(0, 64).Draw(t, "bits") - 1
	}
	return rapid.Uint64().Draw(t, "mask")
}

// TestMergeMemory: what a merge allocates does not grow with the rows it copies,
// only with its tables.
func TestMergeMemory(t *testing.T) {
	p := DefaultParams()
	p.Classes = p.Classes[:1]
	p.Classes[0].Limit = 1 // a column for each file
	var in []*Segment
	size := int64(0)
	for range 4 {
		files := make([][]byte, 700)
		for i := range files {
			files[i] = fmt.Appendf(nil, "%d file %d", len(in), i)
		}
		s := open(t, segmentBytes(t, p, files))
		in, size = append(in, s), size+s.Size()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := Merge(io.Discard, in, func(seg, file int) bool { return file%7 != seg }, newTestBox(t)); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := int64(after.TotalAlloc - before.TotalAlloc); used > 4*mergeBuffer || size < 2*used {
		t.Errorf("to merge %d bytes, %d were allocated", size, used)
	}
}
