package index

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/mewshq/mews/internal/query"
	"golang.org/x/sys/unix"
)

// mixedData is 8 MiB of the kinds of content that real corpora mix.
func mixedData() []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var out []byte
	for len(out) < 8<<20 {
		out = append(out, content(rng, rng.IntN(5), 2000+rng.IntN(60000))...)
	}
	return out[:8<<20]
}

// realFiles returns up to limit bytes of the programs of this machine.
func realFiles(b testing.TB, limit int) [][]byte {
	names, err := filepath.Glob("/usr/bin/*")
	if err != nil || len(names) == 0 {
		b.Skip("no /usr/bin")
	}
	libs, _ := filepath.Glob("/usr/lib/x86_64-linux-gnu/*.so*")
	seen := map[[32]byte]bool{}
	var out [][]byte
	total := 0
	for _, name := range append(names, libs...) {
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() || info.Size() > 32<<20 {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil || seen[sha256.Sum256(data)] {
			continue
		}
		seen[sha256.Sum256(data)] = true
		out = append(out, data)
		if total += len(data); total >= limit {
			break
		}
	}
	return out
}

func benchSlicer(b *testing.B, files [][]byte) {
	total := 0
	for _, f := range files {
		total += len(f)
	}
	s := NewSlicer(DefaultParams())
	b.ReportAllocs()
	start, n := cpuSeconds(b), 0
	for b.Loop() {
		for _, f := range files {
			slice(s, f, 256<<10)
		}
		n++
	}
	b.ReportMetric(float64(total)*float64(n)/1e6/(cpuSeconds(b)-start), "MB/cpu-s")
}

// cpuSeconds returns the processor time spent so far. The wall clock says
// little on a shared machine.
func cpuSeconds(b *testing.B) float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func BenchmarkSlicerMixed(b *testing.B) { benchSlicer(b, [][]byte{mixedData()}) }
func BenchmarkSlicerReal(b *testing.B)  { benchSlicer(b, realFiles(b, 100<<20)) }

// BenchmarkSegmentReal reports the size of a segment of real programs, and the
// share of the corpus that absent literals leave to verify.
func BenchmarkSegmentReal(b *testing.B) {
	files := realFiles(b, 200<<20)
	p := DefaultParams()
	var raw []byte
	total := 0
	for _, f := range files {
		total += len(f)
	}
	b.SetBytes(int64(total))
	for b.Loop() {
		raw = segmentBytes(b, p, files)
	}
	s := open(b, raw)
	b.ReportMetric(100*float64(len(raw))/float64(total), "%size")
	b.ReportMetric(float64(total)/float64(s.Columns()), "B/column")
	for _, n := range []int{4, 6, 8, 12} {
		b.ReportMetric(100*absentShare(b, s, files, n, total), map[int]string{4: "%absent4", 6: "%absent6", 8: "%absent8", 12: "%absent12"}[n])
	}
}

// absentShare searches literals spliced from two files and absent from all.
func absentShare(b testing.TB, s *Segment, files [][]byte, n, total int) float64 {
	rng := rand.New(rand.NewPCG(3, uint64(n)))
	bytesLeft, done := int64(0), 0
	for done < 60 {
		x, y := files[rng.IntN(len(files))], files[rng.IntN(len(files))]
		if len(x) < 64 || len(y) < 64 {
			continue
		}
		i, j := rng.IntN(len(x)-n), rng.IntN(len(y)-n)
		lit := append(bytes.Clone(x[i:i+n/2]), y[j:j+n/2]...)
		if bytes.Count(lit, []byte{0}) > n/4 {
			continue
		}
		found := false
		for _, f := range files {
			if bytes.Contains(f, lit) {
				found = true
				break
			}
		}
		if found {
			continue
		}
		done++
		hits, err := s.Search(context.Background(), Compile(query.Literal{Bytes: lit}), nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		for _, h := range hits {
			for _, p := range h.Cols()[0] {
				bytesLeft += p.Len
			}
		}
	}
	return float64(bytesLeft) / float64(done) / float64(total)
}

func BenchmarkSearch(b *testing.B) {
	files := realFiles(b, 100<<20)
	s := open(b, segmentBytes(b, DefaultParams(), files))
	lit := query.Literal{Bytes: files[0][len(files[0])/2:][:16]}
	var st Stats
	for b.Loop() {
		if _, err := s.Search(context.Background(), Compile(lit), nil, &st); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(st.Rows)/float64(b.N), "rows/op")
}

// BenchmarkMerge merges four segments, every third file of which is dead.
func BenchmarkMerge(b *testing.B) {
	files := realFiles(b, 100<<20)
	var in []*Segment
	total := int64(0)
	for i := range 4 {
		s := open(b, segmentBytes(b, DefaultParams(), files[i*len(files)/4:(i+1)*len(files)/4]))
		in, total = append(in, s), total+s.Size()
	}
	b.SetBytes(total)
	b.ReportAllocs()
	for b.Loop() {
		if err := Merge(io.Discard, in, func(_, file int) bool { return file%3 != 0 }, newTestBox(b)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadRow gives what the cost model calls readCost and byteCost: a row
// of a segment in the page cache.
func BenchmarkReadRow(b *testing.B) {
	for _, bytes := range []int{64, 512, 4096} {
		b.Run(fmt.Sprint(bytes), func(b *testing.B) {
			const rows = 4096
			path := filepath.Join(b.TempDir(), "rows")
			if err := os.WriteFile(path, make([]byte, rows*bytes), 0o600); err != nil {
				b.Fatal(err)
			}
			f, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			live, row := fullBitmap(8*bytes), make([]byte, bytes)
			for i := range b.N {
				if _, err := f.ReadAt(row, int64(i*7919%rows*bytes)); err != nil {
					b.Fatal(err)
				}
				live.andBytes(row)
			}
		})
	}
}
