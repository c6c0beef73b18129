package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

var holders = []string{"a", "b", "c"}

// holdModel is who holds what, in plain: contents by number, holders by name.
type holdModel struct {
	t      *rapid.T
	w      *world
	corpus map[int]bool
	holds  map[int]map[string]bool
	shown  map[int]bool // of contents that are held only
	on     bool         // the switch
}

// Whatever is uploaded, held, let go, deleted and shown in any order: the bytes
// are there while somebody has a claim on them, searches see what they should,
// and in the end nothing is left of what nobody claims.
func TestWhoHoldsWhat(t *testing.T) {
	if storetest.Race {
		t.Skip("one goroutine has no races")
	}
	rapid.Check(t, func(t *rapid.T) {
		w, _, err := start(vfs.NewMem())
		if err != nil {
			t.Fatal(err)
		}
		m := &holdModel{t: t, w: w, corpus: map[int]bool{}, holds: map[int]map[string]bool{}, shown: map[int]bool{}}
		for i := range contents {
			m.holds[i] = map[string]bool{}
		}
		t.Repeat(map[string]func(*rapid.T){
			"upload": m.upload, "put": m.put, "refuse": m.refuse, "hold": m.hold, "unhold": m.unhold,
			"unhold many": m.unholdMany, "delete": m.delete, "turn": m.turn, "work": m.work, "": m.check,
		})
		m.end()
		if err := errors.Join(w.engine.Close(), w.db.Close()); err != nil {
			t.Fatal(err)
		}
	})
}

func (m *holdModel) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *holdModel) there(i int) bool { return m.corpus[i] || len(m.holds[i]) > 0 }

func (m *holdModel) seen(i int) bool { return m.corpus[i] || len(m.holds[i]) > 0 && m.shown[i] }

func one(t *rapid.T) int { return rapid.IntRange(0, len(contents)-1).Draw(t, "content") }

func whom(t *rapid.T) string { return rapid.SampledFrom(holders).Draw(t, "holder") }

func (m *holdModel) upload(t *rapid.T) {
	i := one(t)
	_, err := m.w.Put(context.Background(), me, bytes.NewReader(contents[i]), PutOptions{})
	m.must(err)
	m.corpus[i] = true
}

func (m *holdModel) put(t *rapid.T) {
	i, h := one(t), whom(t)
	_, err := m.w.Put(context.Background(), me, bytes.NewReader(contents[i]), PutOptions{
		Hold: h, Searchable: func(*store.Tx) (bool, error) { return m.on, nil },
	})
	m.must(err)
	m.shown[i] = m.on || len(m.holds[i]) > 0 && m.shown[i]
	m.holds[i][h] = true
}

func (m *holdModel) refuse(t *rapid.T) {
	no := errors.New("no")
	_, err := m.w.Put(context.Background(), me, bytes.NewReader(contents[one(t)]), PutOptions{
		Hold: whom(t), OnStored: func(*store.Tx, Record) error { return no },
	})
	if !errors.Is(err, no) {
		t.Fatal(err)
	}
}

func (m *holdModel) hold(t *rapid.T) {
	i, h := one(t), whom(t)
	var ok bool
	m.must(m.w.db.Write(context.Background(), func(tx *store.Tx) (err error) {
		ok, err = m.w.Hold(tx, cid, shaOf(contents[i]), h)
		return err
	}))
	if ok != m.there(i) {
		t.Fatalf("hold of %d: %v", i, ok)
	}
	if ok {
		m.holds[i][h] = true
	}
}

func (m *holdModel) unhold(t *rapid.T) { m.letGo([]int{one(t)}, []string{whom(t)}) }

func (m *holdModel) unholdMany(t *rapid.T) {
	var is []int
	var hs []string
	for range rapid.IntRange(0, 6).Draw(t, "n") {
		is, hs = append(is, one(t)), append(hs, whom(t))
	}
	m.letGo(is, hs)
}

func (m *holdModel) letGo(is []int, hs []string) {
	var all []Holding
	for k, i := range is {
		all = append(all, Holding{shaOf(contents[i]), hs[k]})
	}
	var gone, want []string
	m.must(m.w.db.Write(context.Background(), func(tx *store.Tx) (err error) {
		gone, err = m.w.UnholdAll(tx, cid, all)
		return err
	}))
	for k, i := range is {
		was := m.there(i)
		delete(m.holds[i], hs[k])
		if was && !m.there(i) {
			want = append(want, shaOf(contents[i]))
		}
	}
	slices.Sort(gone)
	slices.Sort(want)
	if !slices.Equal(gone, want) {
		m.t.Fatalf("gone are %v, want %v", gone, want)
	}
}

func (m *holdModel) delete(t *rapid.T) {
	i := one(t)
	err := m.w.Delete(context.Background(), me, shaOf(contents[i]))
	switch {
	case len(m.holds[i]) > 0:
		if !errors.Is(err, mews.ErrConflict) {
			t.Fatalf("delete of what is held: %v", err)
		}
	case !m.corpus[i]: // perhaps it is on its way out
		if err != nil && !errors.Is(err, mews.ErrNotFound) {
			t.Fatal(err)
		}
	default:
		m.must(err)
		m.corpus[i] = false
	}
}

// turn turns the switch, and perhaps lets what is held follow.
func (m *holdModel) turn(t *rapid.T) {
	m.on = rapid.Bool().Draw(t, "on")
	if !rapid.Bool().Draw(t, "follow") {
		return
	}
	_, err := m.w.ShowHeld(context.Background(), cid, func(*store.Tx) (bool, error) { return m.on, nil })
	m.must(err)
	for i := range contents {
		if !m.corpus[i] && len(m.holds[i]) > 0 {
			m.shown[i] = m.on
		}
	}
}

// work is what happens in the background at any time.
func (m *holdModel) work(t *rapid.T) {
	ctx := context.Background()
	switch rapid.IntRange(0, 3).Draw(t, "what") {
	case 0:
		m.must(m.w.engine.Flush(ctx))
	case 1:
		m.must(m.w.FinishDeletes(ctx, cid, nil))
	case 2:
		m.must(m.w.Recover(ctx))
	case 3:
		m.must(m.w.engine.Rebuild(ctx, nil))
	}
}

func (m *holdModel) check(t *rapid.T) {
	ctx := context.Background()
	found, err := m.w.found(ctx, cid)
	m.must(err)
	var shas []string
	for _, body := range contents {
		shas = append(shas, shaOf(body))
	}
	var there map[string]bool
	m.must(m.w.db.Read(ctx, func(tx *store.Tx) (err error) { there, err = m.w.Held(tx, cid, shas); return err }))
	listed, err := m.w.Many(ctx, cid, shas)
	m.must(err)
	want := 0
	for i, sha := range shas {
		if m.seen(i) {
			want++
		}
		if _, ok := listed[sha]; ok != m.seen(i) || there[sha] != m.there(i) || slices.Contains(found, sha) != m.seen(i) {
			t.Fatalf("content %d, there %v, seen %v: listed %v, held %v, found %v", i, m.there(i), m.seen(i), ok, there[sha], found)
		}
	}
	if len(found) != want {
		t.Fatalf("searches see %d, want %d", len(found), want)
	}
}

// end destroys what is to be destroyed and looks at the bytes themselves.
func (m *holdModel) end() {
	m.must(m.w.FinishDeletes(context.Background(), cid, nil))
	for i, body := range contents {
		if err := sameBytes(m.w, body, m.there(i)); err != nil {
			m.t.Fatalf("content %d, there %v: %v", i, m.there(i), err)
		}
		r, _, err := m.w.Download(context.Background(), me, shaOf(body))
		if err == nil {
			m.must(r.Close())
		}
		if (err == nil) != m.there(i) {
			m.t.Fatalf("content %d, there %v: download: %v", i, m.there(i), err)
		}
	}
	var holds int
	m.must(m.w.db.Read(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM sample_hold`).Scan(&holds)
	}))
	for i := range contents {
		holds -= len(m.holds[i])
	}
	if holds != 0 {
		m.t.Fatal(fmt.Errorf("%d holds too many", holds))
	}
}
