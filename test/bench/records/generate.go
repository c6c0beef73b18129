package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/mewshq/mews"
)

// A record is one generated quarantine record, small enough that a million of
// them lie in memory: numbers stand for texts that a pool holds.
type record struct {
	no                   int32
	host, user           int32
	sha                  int32 // of a known file; -1: a file that this record alone has
	created              int64 // microseconds
	first, last          int64
	severity, confidence int8 // -1: not known
	country              int8 // -1: not known
	adversary            int8 // -1: not known
	module               bool
	paths                []place
	behaviors            []behavior
	state                string
}

type place struct{ folder, name int32 }

type behavior struct{ id, kind, value int32 }

// A world is what records are drawn from, and the records that were drawn. The
// same seed gives the same records, and a smaller number of them the first ones.
type world struct {
	seed    uint64
	rng     *rand.Rand
	hosts   []string
	users   []string
	names   []string
	seen    map[[2]int32]bool // host and known file: one record each
	records []record
	ids     []string // by record number; made once
	byID    map[string]int32
}

// Sizes of the pools. Popularity is skewed: the first host, user, name or file
// is met far more often than the last.
const (
	hostPool  = 20_000
	userPool  = 6_000
	namePool  = 30_000
	filePool  = 2_000
	valuePool = 50_000
)

// The dates of records lie in the two years before this instant, more of them
// late, on weekdays and in working hours.
var until = time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)

const days = 730

var (
	countries   = []string{"US", "DE", "GB", "FR", "IN", "BR", "JP", "NL", "PL", "ES", "IT", "CA", "AU", "SE", "CH"}
	adversaries = []string{"quiet otter", "brass heron", "paper wolf", "salt mantis", "north lynx"}
	iocTypes    = []string{"sha256", "domain", "filename", "ipv4"}
	sites       = []string{"fra", "nyc", "lon", "blr", "sao"}
	roles       = []string{"ws", "lt", "srv", "kiosk", "dc"}
	folders     = []string{
		`C:\Users\%s\Downloads\`, `C:\Users\%s\AppData\Local\Temp\`, `C:\Users\%s\Desktop\`, `C:\Users\%s\Documents\Invoices\`,
		`C:\ProgramData\%s\`, `D:\Shares\%s\Incoming\`, `/home/%s/Downloads/`, `/tmp/%s/`, `/var/tmp/%s-cache/`, `/Users/%s/Library/Caches/`,
	}
	stems = []string{
		"invoice", "setup", "update", "report", "crack", "keygen", "driver", "viewer", "holiday", "payment", "scan", "order", "resume", "player", "patch",
	}
	endings = []string{".exe", ".dll", ".js", ".docm", ".iso", ".scr", ".ps1", ".jar", ".elf", ".pkg"}
	given   = []string{"anna", "bob", "carla", "dmitri", "elif", "farid", "grace", "hiro", "ines", "jonas", "kim", "lena", "marco", "nadia", "omar", "petra"}
)

func newWorld(seed uint64) *world {
	w := &world{seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), seen: map[[2]int32]bool{}, byID: map[string]int32{}}
	for n := range hostPool {
		w.hosts = append(w.hosts, fmt.Sprintf("%s-%s-%05d", sites[n%len(sites)], roles[n/7%len(roles)], n))
	}
	for n := range userPool {
		name := fmt.Sprintf("%s.%04d", given[n%len(given)], n)
		if n%9 == 0 {
			name = `CORP\svc-` + name
		}
		w.users = append(w.users, name)
	}
	for n := range namePool {
		w.names = append(w.names, fmt.Sprintf("%s %d%s", stems[n%len(stems)], n/len(stems), endings[n/3%len(endings)]))
	}
	return w
}

// grow draws records until there are n.
func (w *world) grow(n int) {
	popular := func(pool int) *rand.Zipf { return rand.NewZipf(w.rng, 1.15, 5, uint64(pool-1)) }
	host, user, name, file, value := popular(hostPool), popular(userPool), popular(namePool), popular(filePool), popular(valuePool)
	country := rand.NewZipf(w.rng, 1.5, 2, uint64(len(countries)-1))
	for len(w.records) < n {
		r := record{no: int32(len(w.records)), host: int32(host.Uint64()), user: int32(user.Uint64()), sha: -1, state: mews.StateQuarantined}
		if w.rng.IntN(10) < 4 {
			if f := int32(file.Uint64()); !w.seen[[2]int32{r.host, f}] {
				r.sha = f
				w.seen[[2]int32{r.host, f}] = true
			}
		}
		w.when(&r)
		w.grade(&r)
		r.country = -1
		if w.rng.IntN(20) > 0 {
			r.country = int8(country.Uint64())
		}
		if r.adversary = -1; w.rng.IntN(25) == 0 {
			r.adversary = int8(w.rng.IntN(len(adversaries)))
		}
		if w.rng.IntN(33) == 0 {
			r.user = -1
		}
		r.module = w.rng.IntN(3) == 0
		for range 1 + w.rng.IntN(8)/6 + w.rng.IntN(40)/39 {
			r.paths = append(r.paths, place{int32(w.rng.IntN(len(folders))), int32(name.Uint64())})
		}
		for range 1 + w.rng.IntN(6)/4 {
			r.behaviors = append(r.behaviors, behavior{int32(w.rng.IntN(200)), int32(w.rng.IntN(len(iocTypes))), int32(value.Uint64())})
		}
		w.byID[w.makeID(&r)] = r.no
		w.records = append(w.records, r)
	}
}

// when draws the dates. No two records share an instant, so that every order is
// known.
func (w *world) when(r *record) {
	age := w.rng.Float64()
	age = age * age * days // days before the end
	if w.rng.IntN(4) > 0 { // three of four in working hours
		day := int(age)
		for wd := until.AddDate(0, 0, -day-1).Weekday(); wd == time.Saturday || wd == time.Sunday; wd = until.AddDate(0, 0, -day-1).Weekday() {
			day++
		}
		age = float64(day) + 1 - (8+10*w.rng.Float64())/24
	}
	const million = 1_000_000
	at := until.Add(-time.Duration(age * 24 * float64(time.Hour))).Truncate(time.Second).UnixMicro()
	r.created = at - at%(2*million) + int64(r.no)%(2*million)
	r.last = r.created - int64(w.rng.IntN(60*million))
	r.first = r.last - int64(w.rng.IntN(48*3600))*million
}

// grade draws severity and confidence; a tenth of the records have none.
func (w *world) grade(r *record) {
	r.severity, r.confidence = -1, -1
	if w.rng.IntN(10) == 0 {
		return
	}
	r.severity = int8(min(100, max(0, int(45+22*w.rng.NormFloat64()))))
	r.confidence = int8(100 - w.rng.IntN(40))
}

func (w *world) aid(host int32) string {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint32([]byte("host"), uint32(host)))
	return hex.EncodeToString(sum[:16])
}

func (w *world) sha256(r *record) string {
	text := binary.LittleEndian.AppendUint64([]byte("file"), w.seed)
	if r.sha >= 0 {
		text = binary.LittleEndian.AppendUint32(append(text, 'k'), uint32(r.sha))
	} else {
		text = binary.LittleEndian.AppendUint32(text, uint32(r.no))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (w *world) makeID(r *record) string {
	id := w.aid(r.host) + "_" + w.sha256(r)
	w.ids = append(w.ids, id)
	return id
}

func (w *world) username(r *record) string {
	if r.user < 0 {
		return ""
	}
	return w.users[r.user]
}

func (w *world) filename(p place) string { return w.names[p.name] }

func (w *world) path(r *record, p place) string {
	user := w.username(r)
	if _, tail, ok := cutLast(user, '\\'); ok {
		user = tail
	}
	return fmt.Sprintf(folders[p.folder], user) + w.filename(p)
}

func cutLast(s string, sep byte) (head, tail string, ok bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func (w *world) iocValue(b behavior) string { return fmt.Sprintf("value-%05d.example", b.value) }

func (w *world) detectID(r *record) string { return fmt.Sprintf("ldt:%s:%d", w.aid(r.host), r.no) }

// report is the record as a host tells it.
func (w *world) report(r *record) mews.QuarantineReport {
	stamp := func(at int64) string { return time.UnixMicro(at).UTC().Format(time.RFC3339Nano) }
	out := mews.QuarantineReport{
		AID: w.aid(r.host), SHA256: w.sha256(r), Hostname: w.hosts[r.host], Username: w.username(r), DateCreated: stamp(r.created),
		DetectIDs: mews.List{w.detectID(r)}, PrimaryModule: r.module, FirstBehavior: stamp(r.first), LastBehavior: stamp(r.last),
	}
	for _, p := range r.paths {
		out.Paths = append(out.Paths, mews.QuarantinePath{Path: w.path(r, p)})
	}
	for _, b := range r.behaviors {
		out.Behaviors = append(out.Behaviors, mews.QuarantineBehavior{
			BehaviorID: fmt.Sprint(10_000 + b.id), IOCType: iocTypes[b.kind], IOCValue: w.iocValue(b), TreeRootHash: fmt.Sprintf("%064x", b.value),
		})
	}
	if r.severity >= 0 {
		severity, confidence := int(r.severity), int(r.confidence)
		out.MaxSeverity, out.MaxConfidence = &severity, &confidence
	}
	if r.country >= 0 {
		out.Country = countries[r.country]
	}
	if r.adversary >= 0 {
		out.AdversaryID = adversaries[r.adversary]
	}
	return out
}
