package host

import (
	"slices"
	"sync"
	"testing"

	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

func TestNumbers(t *testing.T) {
	w := newWorld(t)
	asked := []string{aid(7), aid(8), aid(7), aid(9)}
	got, err := w.Numbers(ctx, cid, asked)
	must(t, err)
	if !slices.Equal(got, []uint32{1, 2, 1, 3}) {
		t.Errorf("numbers %d", got)
	}
	theirs, err := w.Numbers(ctx, other, []string{aid(9)})
	must(t, err)
	if theirs[0] != 1 {
		t.Errorf("another customer's first host has the number %d", theirs[0])
	}
	w.Service, err = New(Deps{DB: w.db, Keys: blobtest.Keys()}) // nothing in the cache
	must(t, err)
	again, err := w.Numbers(ctx, cid, append(asked, aid(10)))
	must(t, err)
	if !slices.Equal(again, append(got, 4)) {
		t.Errorf("after a restart %d", again)
	}
	ids, err := w.AIDs(ctx, cid, []uint32{3, 1, 3})
	must(t, err)
	if !slices.Equal(ids, []string{aid(9), aid(7), aid(9)}) {
		t.Errorf("ids %q", ids)
	}
	for _, c := range []store.CID{cid, other} {
		if _, err := w.AIDs(ctx, c, []uint32{1, 5}); err == nil {
			t.Errorf("%s: a number that nobody has got stands for a host", c)
		}
	}
	if n, ok, err := w.Number(ctx, cid, aid(9)); n != 3 || !ok || err != nil {
		t.Errorf("number %d, %t (%v)", n, ok, err)
	}
	if _, ok, err := w.Number(ctx, cid, aid(11)); ok || err != nil {
		t.Errorf("a host without a number has one (%v)", err)
	}
	if _, err := w.Numbers(ctx, cid, []string{"../etc"}); err == nil {
		t.Error("what is no id gets a number")
	}
	if n, err := w.Count(ctx, cid); n != 0 || err != nil {
		t.Errorf("%d hosts have reported (%v)", n, err)
	}
}

// TestNumbersAtOnce: calls that number the same hosts agree.
func TestNumbersAtOnce(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for n := range 3 * maxRow {
		ids = append(ids, aid(n))
	}
	all := make([][]uint32, 4)
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			got, err := w.Numbers(ctx, cid, ids)
			if err != nil {
				t.Error(err)
			}
			all[i] = got
		})
	}
	group.Wait()
	for _, got := range all[1:] {
		if !slices.Equal(got, all[0]) {
			t.Fatal("two calls disagree")
		}
	}
	if sorted := slices.Sorted(slices.Values(all[0])); sorted[0] != 1 || sorted[len(ids)-1] != uint32(len(ids)) || len(slices.Compact(sorted)) != len(ids) {
		t.Error("numbers are not 1, 2, 3...")
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache[int](10)
	for n := range 25 {
		c.put(cid, aid(n), n)
		if v, ok := c.get(cid, aid(n)); !ok || v != n || len(c.hosts) > 10 {
			t.Fatalf("after %d: %d, %t, %d entries", n, v, ok, len(c.hosts))
		}
	}
	if _, ok := c.get(other, aid(24)); ok {
		t.Error("one customer's host is known of another")
	}
}

// TestID pins the ids that are derived: they are on disk and in clients' hands.
func TestID(t *testing.T) {
	w := newWorld(t)
	for _, tc := range []struct {
		cid  store.CID
		host telemetry.Host
		want string // empty: none
	}{
		{cid, telemetry.Host{AID: aid(5), Hostname: "web"}, aid(5)},
		{cid, telemetry.Host{AID: "ABCDEF0123456789abcdef0123456789"}, "abcdef0123456789abcdef0123456789"},
		{cid, telemetry.Host{Hostname: "Web-01"}, "5dc100717155e5d0febf53f6e5967112"},
		{cid, telemetry.Host{Hostname: "wEB-01"}, "5dc100717155e5d0febf53f6e5967112"},
		{other, telemetry.Host{Hostname: "Web-01"}, "f58fd75fe54d1b7d8c8044be23fdf45e"},
		{cid, telemetry.Host{}, ""},
		{cid, telemetry.Host{AID: "short", Hostname: "web"}, ""},
		{cid, telemetry.Host{AID: "g" + aid(5)[1:]}, ""},
	} {
		if got, ok := w.ID(tc.cid, tc.host); got != tc.want && ok || ok != (tc.want != "") {
			t.Errorf("%+v is %s, %t; want %s", tc.host, got, ok, tc.want)
		}
	}
}
