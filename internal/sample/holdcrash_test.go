package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
	"github.com/mewshq/mews/internal/vfs/vfstest"
)

// Records that hold samples, as another room would keep them: one row for each,
// which says whether it is purged. A purged record never holds anything again.
const recordsTable = `CREATE TABLE IF NOT EXISTS record (id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, purged INTEGER NOT NULL)`

var errPurged = errors.New("record is purged")

func recordID(content int, name string) string { return fmt.Sprintf("%s_%d", name, content) }

// addRecord makes a record, or refuses when it was purged.
func addRecord(tx *store.Tx, id, sha string) error {
	var purged bool
	if err := tx.QueryRow(`SELECT COALESCE(MAX(purged), 0) FROM record WHERE id = ?`, id).Scan(&purged); err != nil {
		return err
	}
	if purged {
		return errPurged
	}
	_, err := tx.Exec(`INSERT INTO record (id, sha256, purged) VALUES (?, ?, 0) ON CONFLICT DO NOTHING`, id, sha)
	return err
}

// openHolders opens a corpus that has records beside it.
func openHolders(mem *vfs.Mem) (*world, error) {
	ctx := context.Background()
	db, err := store.Open(ctx, storetest.Options(mem))
	if err != nil {
		return nil, fmt.Errorf("database does not open: %w", err)
	}
	err = db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec(recordsTable); return err })
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	w, err := openWorld(ctx, mem, db, Limits{}, func(w *world) {
		w.OnAdopt(func(tx *store.Tx, rec Record, sealed []byte) error {
			err := addRecord(tx, string(sealed), rec.SHA256)
			if errors.Is(err, errPurged) {
				return fmt.Errorf("%w: %w", ErrUnwanted, err)
			}
			return err
		})
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("corpus does not open: %w", err), db.Close())
	}
	return w, nil
}

// A claim is what stands for the bytes of one content.
type claim struct {
	corpus  bool
	records map[string]bool // that hold it, by id
}

func (c claim) any() bool { return c.corpus || len(c.records) > 0 }

func (c claim) equal(d claim) bool { return c.corpus == d.corpus && maps.Equal(c.records, d.records) }

func (c claim) clone() claim { return claim{c.corpus, maps.Clone(c.records)} }

// A holdersModel is what clients were told. The content under way may be as
// before or as after.
type holdersModel struct {
	mu     sync.Mutex
	claims []claim
	purged map[string]bool
	now    int // content under way; -1 is none
	after  claim
	keys   [][]byte // wrapped keys of bytes that were acknowledged to be destroyed
	key    [][]byte // of what is stored, by content
}

func newHoldersModel() *holdersModel {
	m := &holdersModel{now: -1, purged: map[string]bool{}, key: make([][]byte, len(contents))}
	for range contents {
		m.claims = append(m.claims, claim{records: map[string]bool{}})
	}
	return m
}

func (m *holdersModel) begin(i int, after claim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now, m.after = i, after
}

// end acknowledges what was under way.
func (m *holdersModel) end(w *world) {
	i := m.now
	key := wrappedKey(w.fs, w.blobs.FileID(blobtest.Name(string(cid), contents[i]))) // calls the hook, which locks
	m.mu.Lock()
	defer m.mu.Unlock()
	m.claims[i], m.now = m.after, -1
	if !m.claims[i].any() && m.key[i] != nil {
		m.keys = append(m.keys, m.key[i])
	}
	m.key[i] = key
}

func (m *holdersModel) none() { m.begin(-1, claim{}) }

// wrappedKey reads the sealed key of a container; see docs/format/blob.md.
func wrappedKey(fsys vfs.FS, id string) []byte {
	f, err := fsys.Open(path.Join("blobs", id[:2], id+".blob"))
	if err != nil {
		return nil
	}
	defer f.Close()
	b := make([]byte, 60)
	if _, err := f.ReadAt(b, 36); err != nil {
		return nil
	}
	return b
}

// run plays random operations until one fails.
func (m *holdersModel) run(w *world, rng *rand.Rand, steps int) error {
	ctx := context.Background()
	for range steps {
		i := rng.IntN(len(contents))
		id := recordID(i, []string{"a", "b"}[rng.IntN(2)])
		var err error
		switch op := rng.IntN(12); {
		case op < 5:
			err = m.put(ctx, w, i, id, rng.IntN(2) == 0)
		case op < 6:
			after := m.claims[i].clone()
			after.corpus = true
			m.begin(i, after)
			_, err = w.Put(ctx, me, bytes.NewReader(contents[i]), PutOptions{})
		case op < 9:
			err = m.purge(ctx, w, i, id)
		case op < 10:
			after := m.claims[i].clone()
			after.corpus = false
			m.begin(i, after)
			err = w.Delete(ctx, me, shaOf(contents[i]))
			if errors.Is(err, mews.ErrNotFound) || errors.Is(err, mews.ErrConflict) {
				m.none()
				continue
			}
		case op < 11:
			m.none()
			_, err = w.ShowHeld(ctx, cid, []Switch{on, off}[rng.IntN(2)])
		default:
			m.none()
			err = w.engine.Flush(ctx)
		}
		if err != nil {
			return err
		}
		if m.now >= 0 {
			m.end(w)
		}
	}
	return nil
}

func (m *holdersModel) put(ctx context.Context, w *world, i int, id string, seen bool) error {
	after := m.claims[i].clone()
	if !m.purged[id] {
		after.records[id] = true
	}
	m.begin(i, after)
	_, err := w.Put(ctx, me, bytes.NewReader(contents[i]), PutOptions{
		Hold: id, Sealed: []byte(id), Searchable: func(*store.Tx) (bool, error) { return seen, nil },
		OnStored: func(tx *store.Tx, rec Record) error { return addRecord(tx, id, rec.SHA256) },
	})
	if m.purged[id] && errors.Is(err, errPurged) {
		m.none()
		return nil
	}
	return err
}

// purge takes a record's hold away for good, and destroys what nobody holds.
func (m *holdersModel) purge(ctx context.Context, w *world, i int, id string) error {
	if !m.claims[i].records[id] {
		m.none()
		return nil
	}
	after := m.claims[i].clone()
	delete(after.records, id)
	m.begin(i, after)
	m.purged[id] = true // whatever comes of it, it is not put again
	err := w.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`UPDATE record SET purged = 1 WHERE id = ?`, id); err != nil {
			return err
		}
		_, err := w.Unhold(tx, cid, shaOf(contents[i]), id)
		return err
	})
	if err != nil {
		return err
	}
	return w.FinishDeletes(ctx, cid, []string{shaOf(contents[i])})
}

// crash loses power and checks what is left of it.
func (m *holdersModel) crash(mem *vfs.Mem, rng *rand.Rand, pct int) error {
	m.mu.Lock()
	left := mem.CrashClone(rng, pct)
	want := holdersModel{now: m.now, after: m.after.clone(), keys: slices.Clone(m.keys)}
	for _, c := range m.claims {
		want.claims = append(want.claims, c.clone())
	}
	m.mu.Unlock()
	return want.check(left)
}

func (m *holdersModel) check(mem *vfs.Mem) (err error) {
	if err := noKeys(mem, "blobs", m.keys); err != nil {
		return err
	}
	w, err := openHolders(mem)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.engine.Close(), w.db.Close()) }()
	seen, err := w.found(context.Background(), cid)
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	known := 0
	for i, body := range contents {
		got, shown, err := w.claimOf(body)
		if err != nil {
			return fmt.Errorf("content %d: %w", i, err)
		}
		if !got.equal(m.claims[i]) && (i != m.now || !got.equal(m.after)) {
			return fmt.Errorf("content %d: %v stands for it, acknowledged were %v (under way %d: %v)", i, got, m.claims[i], m.now, m.after)
		}
		if shown != slices.Contains(seen, shaOf(body)) || got.corpus && !shown {
			return fmt.Errorf("content %d: %v, and searches say the contrary (%v)", i, got, shown)
		}
		if err := sameBytes(w, body, got.any()); err != nil {
			return fmt.Errorf("content %d: %w", i, err)
		}
		if shown {
			known++
		}
	}
	if len(seen) != known {
		return fmt.Errorf("searches see %d samples of %d", len(seen), known)
	}
	return noKeys(mem, "blobs", m.keys)
}

// claimOf reads who stands for a content, and whether searches should see it.
// Records and holds must say the same.
func (w *world) claimOf(body []byte) (c claim, shown bool, err error) {
	ctx, sha := context.Background(), shaOf(body)
	c.records = map[string]bool{}
	err = w.db.Read(ctx, func(tx *store.Tx) error {
		_, state, ok, err := find(tx, cid, blobtest.Name("", body).SHA256)
		if err != nil {
			return err
		}
		c.corpus, shown = ok && state == stored, ok && visible(state)
		holds, err := texts(tx, `SELECT holder FROM sample_hold WHERE hex(sha256) = ?`, strings.ToUpper(sha))
		if err != nil {
			return err
		}
		records, err := texts(tx, `SELECT id FROM record WHERE purged = 0 AND sha256 = ?`, sha)
		for _, id := range records {
			c.records[id] = true
		}
		if slices.Sort(holds); err == nil && !slices.Equal(holds, slices.Sorted(slices.Values(records))) {
			err = fmt.Errorf("holds %v of records %v", holds, records)
		}
		if ok && state == deleting {
			err = errors.Join(err, errors.New("a deletion is not finished"))
		}
		return err
	})
	return c, shown, err
}

func texts(tx *store.Tx, query string, args ...any) (out []string, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// noKeys checks that no file below dir holds one of the keys.
func noKeys(fsys vfs.FS, dir string, keys [][]byte) error {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return nil // a file, or not there yet
	}
	for _, name := range names {
		name = path.Join(dir, name)
		if err := noKeys(fsys, name, keys); err != nil {
			return err
		}
		f, err := fsys.Open(name)
		if err != nil {
			continue // a folder
		}
		size, _ := f.Size()
		b := make([]byte, size)
		if _, err = f.ReadAt(b, 0); errors.Is(err, io.EOF) {
			err = nil // it is empty
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		for _, key := range keys {
			if bytes.Contains(b, key) {
				return fmt.Errorf("%s still has the key of bytes that were destroyed", name)
			}
		}
	}
	return nil
}

// Power is lost while records come, hold, are purged, and samples go in and out
// of the corpus: record, sample and hold appear together or not at all, bytes
// stay while somebody has a claim on them, and what was purged never comes back.
func TestCrashOfHolders(t *testing.T) {
	crashSeeds(t, *pointsFlag/4, func(t *testing.T, seed uint64, most int) int {
		mem := vfs.NewMem()
		w, err := openHolders(mem)
		must(t, err)
		defer func() { must(t, w.db.Close()) }()
		m := newHoldersModel()
		tried := crashRun(t, mem, seed, most, func(rng *rand.Rand) error { return m.run(w, rng, 25) },
			func(rng *rand.Rand, pct int) error { return m.crash(mem, rng, pct) })
		return tried
	})
}

// Whichever call fails, no success is claimed that a crash would take back.
func TestFailingCallsOfHolders(t *testing.T) {
	step := 11
	if testing.Short() || storetest.Race {
		step = 83
	}
	vfstest.FailCalls(t, *seedFlag, step, keptPercent, func(mem *vfs.Mem) (vfstest.Scenario, error) {
		w, err := openHolders(mem)
		m := newHoldersModel()
		return vfstest.Scenario{
			Run:   func(rng *rand.Rand) error { return m.run(w, rng, 15) },
			Crash: func(rng *rand.Rand, percent int) error { return m.crash(mem, rng, percent) },
			Close: func() error { return w.db.Close() },
		}, err
	})
}
