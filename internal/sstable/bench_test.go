package sstable

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
)

// sightings makes n entries that look like those of a run: hashes seen on one
// to some hosts, with two times, a count and a mask.
func sightings(n int, seed uint64) []entry {
	rng := rand.New(rand.NewPCG(seed, 0))
	var list []entry
	for i := 0; len(list) < n; i++ {
		sum := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(i)))
		copy(sum[:], binary.BigEndian.AppendUint64(nil, uint64(i)<<32|uint64(binary.LittleEndian.Uint32(sum[:]))))
		host := uint32(0)
		for range 1 + rng.IntN(4) {
			host += 1 + uint32(rng.IntN(1000))
			key := append([]byte{'A', 1}, sum[:]...)
			value := binary.AppendUvarint(nil, 1_700_000_000_000_000+rng.Uint64N(1<<36))
			value = binary.AppendUvarint(value, rng.Uint64N(1<<30))
			list = append(list, entry{binary.BigEndian.AppendUint32(key, host), append(value, byte(1+rng.IntN(5)), 1)})
		}
	}
	return list
}

func benchTable(b *testing.B, o Options, list []entry) []byte {
	return build(b, o, list, func(key []byte) []byte { return key[:34] })
}

func BenchmarkWrite(b *testing.B) {
	list := sightings(200_000, 1)
	for name, codec := range map[string]Compression{"none": None, "s2": S2, "zstd": Zstd} {
		b.Run(name, func(b *testing.B) {
			var size int
			for b.Loop() {
				size = len(benchTable(b, Options{Compression: codec}, list))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/entry")
			b.ReportMetric(float64(size)/float64(len(list)), "B/entry")
		})
	}
}

func BenchmarkMerge(b *testing.B) {
	for name, codec := range map[string]Compression{"s2": S2, "zstd": Zstd} {
		b.Run(name, func(b *testing.B) {
			var in []*Reader
			n := 0
			for seed := range uint64(8) {
				list := sightings(50_000, seed)
				n += len(list)
				in = append(in, open(b, benchTable(b, Options{Compression: S2}, list), nil))
			}
			for b.Loop() {
				var its []*Iterator
				for _, r := range in {
					its = append(its, r.Scan(nil, nil))
				}
				var out bytes.Buffer
				w := NewWriter(&out, Options{Compression: codec})
				first := func(_ []byte, values [][]byte, dst []byte) ([]byte, bool, error) {
					return append(dst, values[0]...), true, nil
				}
				if err := Merge(w, first, func(key []byte) ([]byte, bool) { return key[:34], true }, its...); err != nil {
					b.Fatal(err)
				}
				if _, err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/entry")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	list := sightings(400_000, 1)
	table := benchTable(b, Options{Compression: Zstd}, list)
	for _, limit := range []int64{1 << 12, 256 << 20} {
		r := open(b, table, NewCache(limit))
		rng := rand.New(rand.NewPCG(7, 7))
		b.Run(fmt.Sprintf("prefix/cache=%d", limit), func(b *testing.B) {
			for b.Loop() {
				prefix := list[rng.IntN(len(list))].key[:34]
				it := r.Scan(prefix, append(bytes.Clone(prefix), 0xff, 0xff, 0xff, 0xff, 0xff))
				if !r.MayHold(prefix) || !it.Next() {
					b.Fatal("not found")
				}
			}
		})
		b.Run(fmt.Sprintf("absent/cache=%d", limit), func(b *testing.B) {
			for b.Loop() {
				prefix := bytes.Clone(list[rng.IntN(len(list))].key[:34])
				prefix[33] ^= 0xff
				r.MayHold(prefix)
			}
		})
	}
	b.Run("scan", func(b *testing.B) {
		r := open(b, table, nil)
		for b.Loop() {
			n := 0
			for it := r.Scan(nil, nil); it.Next(); n++ {
			}
			if n != len(list) {
				b.Fatal(n)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/entry")
	})
}
