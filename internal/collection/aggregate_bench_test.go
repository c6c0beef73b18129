package collection_test

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

var (
	benchRecords = flag.Int("records", 50_000, "records of the benchmark")
	benchFolder  = flag.String("folder", "", "keeps the benchmark's database for the next run")
)

// BenchmarkAggregate is every type over records of the shape of quarantined
// files: hosts 10,000, users 5,000, files that occur once, dates over a year,
// one path or two. Run it with -records 1000000 -folder DIR -benchtime 5x.
func BenchmarkAggregate(b *testing.B) {
	db := benchDB(b)
	c, err := collection.New(benchSchema(), collection.SQLite, collection.Options{TokenKey: []byte(storetest.Key), Now: clock})
	if err != nil {
		b.Fatal(err)
	}
	sub := func(kind, field string, below ...collection.Aggregation) collection.Aggregation {
		return collection.Aggregation{Type: kind, Field: field, Interval: "month", Sub: below}
	}
	list := map[string]collection.Aggregation{
		"terms state":            sub("terms", "state"),
		"terms hostname":         sub("terms", "hostname"),
		"terms sha256":           sub("terms", "sha256"),
		"terms severity":         sub("terms", "max_severity"),
		"terms path":             sub("terms", "paths.path"),
		"terms filename":         sub("terms", "paths.filename"),
		"histogram day":          {Type: "date_histogram", Field: "date_created", Interval: "day", TimeZone: "Europe/Berlin"},
		"histogram hour":         {Type: "date_histogram", Field: "date_created", Interval: "hour"},
		"date_range":             {Type: "date_range", Field: "date_created", DateRanges: []collection.DateRange{{To: "now-30d"}, {From: "now-30d"}}},
		"range":                  {Type: "range", Field: "max_severity", Ranges: []collection.NumberRange{{To: ptr(70.0)}, {From: ptr(70.0)}}},
		"cardinality hostname":   sub("cardinality", "hostname"),
		"cardinality sha256":     sub("cardinality", "sha256"),
		"cardinality filename":   sub("cardinality", "paths.filename"),
		"max date":               sub("max", "date_created"),
		"avg severity":           sub("avg", "max_severity"),
		"percentiles severity":   sub("percentiles", "max_severity"),
		"percentiles date":       sub("percentiles", "date_created"),
		"state-month-severity":   sub("terms", "state", sub("date_histogram", "date_created", sub("avg", "max_severity"))),
		"host-user-state-max":    sub("terms", "hostname", sub("terms", "username", sub("terms", "state", sub("max", "date_created")))),
		"state-month-host-max":   sub("terms", "state", sub("date_histogram", "date_created", sub("terms", "hostname", sub("max", "max_severity")))),
		"month-state-filename":   sub("date_histogram", "date_created", sub("terms", "state", sub("terms", "paths.filename"))),
		"filename-state":         sub("terms", "paths.filename", sub("terms", "state")),
		"state-cardinality host": sub("terms", "state", sub("cardinality", "hostname")),
	}
	for _, filter := range []string{"", "state:!'purged'", "hostname:'host-00007'"} {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			a := list[name]
			a.Filter = filter
			b.Run(fmt.Sprintf("%s/%s", name, filter), func(b *testing.B) {
				before := cpu()
				for b.Loop() {
					if _, err := aggregate(b, db, c, a); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64((cpu()-before).Milliseconds())/float64(b.N), "cpu-ms/op")
			})
		}
	}
}

// cpu is the processor time of the process: other work on the machine, which
// makes the wall clock say anything, is not in it.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchSchema() collection.Schema {
	return collection.Schema{
		Name: "file", Table: "quarantine", Key: "seq", ID: "id",
		Fields: []collection.Field{
			{Name: "sha256", Column: "sha256", Lower: true, Indexed: true, Aggregate: true},
			{Name: "state", Column: "state", Values: []string{"quarantined", "released", "purged"}, Sortable: true, Aggregate: true},
			{Name: "hostname", Column: "hostname", Folded: "hostname_folded", Indexed: true, Sortable: true, Aggregate: true},
			{Name: "username", Column: "username", Folded: "username_folded", Indexed: true, Sortable: true, Aggregate: true},
			{Name: "date_created", Type: collection.Time, Column: "created", Sortable: true, Aggregate: true},
			{Name: "max_severity", Type: collection.Integer, Column: "max_severity", Aggregate: true},
			{Name: "paths.path", Child: "quarantine_path", Column: "path", Folded: "path_folded", Indexed: true, Aggregate: true},
			{Name: "paths.filename", Child: "quarantine_path", Column: "filename", Folded: "filename_folded", Indexed: true, Aggregate: true},
		},
		DefaultSort: "date_created|desc", DefaultLimit: 10, MaxLimit: 50,
	}
}

func benchDB(b *testing.B) *store.DB {
	b.Helper()
	folder := *benchFolder
	if folder == "" {
		folder = b.TempDir()
	}
	path := filepath.Join(folder, fmt.Sprintf("aggregate-%d.db", *benchRecords))
	_, err := os.Stat(path)
	db, openErr := store.Open(ctx, store.Options{Path: path, AuditKey: []byte(storetest.Key)})
	if openErr != nil {
		b.Fatal(openErr)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err == nil {
		return db
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for done := 0; done < *benchRecords; {
		n := min(10_000, *benchRecords-done)
		if err := db.Write(context.Background(), func(tx *store.Tx) error { return benchInsert(tx, rng, done, n) }); err != nil {
			b.Fatal(err)
		}
		done += n
	}
	return db
}

func benchInsert(tx *store.Tx, rng *rand.Rand, first, n int) error {
	states := []string{"quarantined", "quarantined", "quarantined", "released", "purged"}
	if first == 0 {
		if _, err := tx.Exec(`INSERT INTO quarantine_change (seq, cid, time, client, event, comment) VALUES (1, ?, 0, '', 'added', '')`, mine); err != nil {
			return err
		}
	}
	for i := first; i < first+n; i++ {
		h, user := rng.IntN(10_000), fmt.Sprintf("user%04d", rng.IntN(5000))
		host := fmt.Sprintf("HOST-%05d", h)
		state := states[rng.IntN(len(states))]
		created := clock().AddDate(-1, 0, 0).UnixMicro() + rng.Int64N(365*86400*1e6)
		var severity any
		if rng.IntN(10) > 0 {
			severity = rng.IntN(101)
		}
		path := func() string { return fmt.Sprintf(`C:\Users\%s\Downloads\file%05d.exe`, user, rng.IntN(20_000)) }
		_, err := tx.Exec(`INSERT INTO quarantine (seq, cid, aid, sha256, state, path_state, change, held, created, updated, reported,
			hostname, hostname_folded, username, username_folded, path_low, path_high, extracted, primary_module, removable,
			removable_path, sandbox_id, sandbox_state, adversary, country, country_folded, max_severity, max_confidence, first_behavior, last_behavior)
			VALUES (?,?,?,?,?,?,1,1,?,?,?,?,?,?,?,?,?,0,0,0,'','','','','US','us',?,?,?,?)`,
			i+1, mine, fmt.Sprintf("%032x", h), fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, i))), state, state, created, created, created,
			host, strings.ToLower(host), user, user, "c:", "c:", severity, severity, created, created)
		if err != nil {
			return err
		}
		for place := range 1 + rng.IntN(2) {
			p := path()
			name := p[strings.LastIndexByte(p, '\\')+1:]
			if _, err := tx.Exec(`INSERT INTO quarantine_path VALUES (?,?,?,?,?,?,?)`, i+1, place, mine, p, strings.ToLower(p), name, name); err != nil {
				return err
			}
		}
	}
	return nil
}
