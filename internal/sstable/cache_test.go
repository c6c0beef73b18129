package sstable

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// Many goroutines read many tables through one cache that has no room for them:
// each gets its own table's answers, and the bound holds all the time.
func TestCacheIsShared(t *testing.T) {
	const tables, limit = 4, 32 << 10
	c := NewCache(limit)
	var readers []*Reader
	for n := range tables {
		var list []entry
		for i := range 2000 {
			list = append(list, entry{fmt.Appendf(nil, "key/%05d", i), fmt.Appendf(nil, "table %d, entry %d", n, i)})
		}
		codec := []Compression{None, S2, Zstd}[n%3]
		readers = append(readers, open(t, build(t, Options{BlockSize: 1 << 10, Compression: codec}, list, nil), c))
	}
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			for range 500 {
				n, i := rng.IntN(tables), rng.IntN(2000)
				value, ok, err := readers[n].Get(fmt.Appendf(nil, "key/%05d", i))
				if want := fmt.Sprintf("table %d, entry %d", n, i); err != nil || !ok || string(value) != want {
					t.Errorf("%q, %v, %v; want %q", value, ok, err, want)
					return
				}
				if held := c.Bytes(); held > limit {
					t.Errorf("the cache holds %d bytes, its limit is %d", held, limit)
					return
				}
			}
		})
	}
	group.Wait()
	if c.Bytes() < limit/2 {
		t.Errorf("the cache holds %d bytes and could hold %d", c.Bytes(), limit)
	}
}

// A cache saves reads of the file.
func TestCacheSavesReads(t *testing.T) {
	table, list := reference(t, S2)
	in := &failingReader{r: bytes.NewReader(table), after: 1 << 30}
	r, err := Open(in, int64(len(table)), NewCache(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	reads := func() int {
		before := in.after
		for _, e := range list {
			if _, ok, err := r.Get(e.key); !ok || err != nil {
				t.Fatal(err)
			}
		}
		return before - in.after
	}
	if first, second := reads(), reads(); first == 0 || second != 0 {
		t.Errorf("reading everything twice took %d and %d reads", first, second)
	}
}
