package vuln

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// A row is what has to be known of a vulnerability to compare it with a report.
type row struct {
	seq     int64
	status  string
	content []byte
}

// take makes a report count, in one transaction.
func (s *Service) take(ctx context.Context, who store.Actor, in *intake) (scan mews.VulnerabilityScan, err error) {
	err = s.db.WriteLarge(ctx, func(tx *store.Tx) error {
		scan = mews.VulnerabilityScan{
			AID: in.aid, Hostname: in.hostname, Format: in.format, Scanner: in.scanner, Scope: in.name, Time: stamp(in.at.UnixMicro()),
			Findings: len(in.findings), Other: in.report.Other, Failed: in.report.Failed,
		}
		t := &taking{tx: tx, who: who, in: in, scan: &scan, now: s.now().UnixMicro(), stale: s.stale(in.at)}
		scope, err := t.takeScope()
		if err != nil || scan.Outdated {
			return err
		}
		if err := t.settle(scope); err != nil {
			return err
		}
		if err := s.hosts.Report(tx, who.CID, []host.Report{in.sighting()}); err != nil {
			return err
		}
		return t.audit()
	})
	return scan, err
}

// sighting is what the scan says of the host: that it was there.
func (in *intake) sighting() host.Report {
	r := host.Report{AID: in.aid, Hostname: in.hostname, First: in.at.UnixMicro(), Last: in.at.UnixMicro()}
	if in.report.System != "" {
		facts := telemetry.Facts{OSVersion: in.report.System, Platform: "Linux"}
		if strings.HasPrefix(strings.ToLower(in.report.System), "windows") {
			facts.Platform = "Windows"
		}
		r.Facts = &facts
	}
	return r
}

// A taking is a report within its transaction.
type taking struct {
	tx   *store.Tx
	who  store.Actor
	in   *intake
	scan *mews.VulnerabilityScan
	now  int64
	// stale: the scan was made so long ago that what it found has expired since.
	stale bool
}

// takeScope finds or makes the scope and writes down its scan, unless a later one
// was taken in.
func (t *taking) takeScope() (seq int64, err error) {
	in, cid := t.in, string(t.who.CID)
	var scanned int64
	var digest []byte
	err = t.tx.QueryRow(`SELECT seq, scanned, digest FROM vuln_scope WHERE cid = ? AND aid = ? AND format = ? AND scanner = ? AND name = ?`,
		cid, in.aid, in.format, in.scanner, in.name).Scan(&seq, &scanned, &digest)
	at := in.at.UnixMicro()
	switch {
	case errors.Is(err, sql.ErrNoRows):
		res, err := t.tx.Exec(`INSERT INTO vuln_scope (cid, aid, format, scanner, name, version, scanned, digest, expired) VALUES (?,?,?,?,?,?,?,?,0)`,
			cid, in.aid, in.format, in.scanner, in.name, in.report.Version, at, in.digest[:])
		if err != nil {
			return 0, fmt.Errorf("insert scope: %w", err)
		}
		return res.LastInsertId()
	case err != nil:
		return 0, fmt.Errorf("find scope: %w", err)
	}
	t.scan.Repeated = bytes.Equal(digest, in.digest[:])
	if t.scan.Outdated = at < scanned; t.scan.Outdated {
		t.scan.Time = stamp(at)
		return seq, nil
	}
	_, err = t.tx.Exec(`UPDATE vuln_scope SET version = ?, scanned = ?, digest = ?, expired = 0 WHERE seq = ? AND cid = ?`,
		in.report.Version, at, in.digest[:], seq, cid)
	if err != nil {
		return 0, fmt.Errorf("update scope: %w", err)
	}
	return seq, nil
}

// settle compares the report with what is known of its scope.
func (t *taking) settle(scope int64) error {
	known, err := t.known(scope)
	if err != nil {
		return err
	}
	abouts, err := t.takeAbouts()
	if err != nil {
		return err
	}
	var fresh []*finding
	for i := range t.in.findings {
		f := &t.in.findings[i]
		r, there := known[f.id]
		if !there {
			fresh = append(fresh, f)
			continue
		}
		delete(known, f.id)
		if err := t.meet(r, f, abouts[f.cve]); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(fresh, insertRows) {
		if err := t.insert(scope, some, abouts); err != nil {
			return err
		}
	}
	t.scan.Opened = len(fresh)
	if t.in.report.Failed > 0 {
		return nil // what could not be read may have been one of them
	}
	return t.close(known)
}

func (t *taking) known(scope int64) (map[string]row, error) {
	known := map[string]row{}
	err := t.tx.Each(func(rows *sql.Rows) error {
		var id string
		var r row
		err := rows.Scan(&r.seq, &id, &r.status, &r.content)
		known[id] = r
		return err
	}, `SELECT seq, id, status, content FROM vulnerability WHERE scope = ? AND +cid = ?`, scope, string(t.who.CID))
	if err != nil {
		return nil, fmt.Errorf("load vulnerabilities: %w", err)
	}
	return known, nil
}

// meet brings a vulnerability that is known and was found again up to date. One
// that had expired was never repaired: it is open as before.
func (t *taking) meet(r row, f *finding, about int64) error {
	content, err := f.content()
	if err != nil {
		return err
	}
	sum, status := digest(content), r.status
	switch {
	case r.status == mews.VulnerabilityClosed:
		status = mews.VulnerabilityReopen
		t.scan.Reopened++
	case r.status == mews.VulnerabilityExpired && !t.stale:
		status = mews.VulnerabilityOpen
		t.scan.Reopened++
	case bytes.Equal(sum, r.content):
		t.scan.Unchanged++
		return nil
	default:
		t.scan.Changed++
	}
	args := append(content, about, sum, status, t.now, r.seq, string(t.who.CID))
	_, err = t.tx.Exec(`UPDATE vulnerability SET (`+contentColumns+`, about, content, status, updated, closed) = (`+
		store.Marks(len(content)+4)+`, NULL) WHERE seq = ? AND cid = ?`, args...)
	if err != nil {
		return fmt.Errorf("update vulnerability: %w", err)
	}
	return nil
}

// insertRows is how many rows one statement writes: so many that its text is
// still one that the database keeps prepared.
const insertRows = 16

func (t *taking) insert(scope int64, some []*finding, abouts map[string]int64) error {
	var args []any
	for _, f := range some {
		content, err := f.content()
		if err != nil {
			return err
		}
		args = append(args, string(t.who.CID), f.id, t.in.aid, scope, abouts[f.cve])
		args = append(append(args, content...), digest(content), mews.VulnerabilityOpen, t.now, t.now)
	}
	row := "(" + store.Marks(len(args)/len(some)) + "),"
	_, err := t.tx.Exec(`INSERT INTO vulnerability (cid, id, aid, scope, about, `+contentColumns+`, content, status, created, updated) VALUES `+
		strings.TrimSuffix(strings.Repeat(row, len(some)), ","), args...)
	if err != nil {
		return fmt.Errorf("insert vulnerabilities: %w", err)
	}
	return nil
}

// closeRows is how many rows one statement closes.
const closeRows = 1000

// close ends what the report does not name any more. What had expired has ended,
// too: now somebody has looked.
func (t *taking) close(gone map[string]row) error {
	var seqs []int64
	for _, r := range gone {
		if r.status != mews.VulnerabilityClosed {
			seqs = append(seqs, r.seq)
		}
	}
	slices.Sort(seqs)
	for some := range slices.Chunk(seqs, closeRows) {
		_, err := t.tx.Exec(`UPDATE vulnerability SET status = ?, closed = ?, updated = ? WHERE cid = ? AND seq IN `+store.Listed,
			mews.VulnerabilityClosed, t.now, t.now, string(t.who.CID), store.List(some))
		if err != nil {
			return fmt.Errorf("close vulnerabilities: %w", err)
		}
	}
	t.scan.Closed = len(seqs)
	return nil
}

// takeAbouts writes what the report tells of vulnerabilities as such, and gives
// the rows by CVE.
func (t *taking) takeAbouts() (map[string]int64, error) {
	texts := map[string]string{}
	var ids []string
	for i := range t.in.findings {
		f := &t.in.findings[i]
		if _, again := texts[f.cve]; again {
			continue
		}
		b, err := json.Marshal(f.about)
		if err != nil {
			return nil, err
		}
		texts[f.cve], ids = string(b), append(ids, f.cve)
	}
	slices.Sort(ids) // neighbours of the index together
	seqs := make(map[string]int64, len(ids))
	for some := range slices.Chunk(ids, closeRows) {
		if err := t.takeSomeAbouts(some, texts, seqs); err != nil {
			return nil, fmt.Errorf("write what is told of vulnerabilities: %w", err)
		}
	}
	return seqs, nil
}

func (t *taking) takeSomeAbouts(ids []string, texts map[string]string, seqs map[string]int64) error {
	cid, in := string(t.who.CID), t.in
	var stale []string
	err := t.tx.Each(func(rows *sql.Rows) error {
		var seq int64
		var id, text string
		err := rows.Scan(&seq, &id, &text)
		if seqs[id] = seq; text != texts[id] {
			stale = append(stale, id)
		}
		return err
	}, `SELECT seq, cve, about FROM vuln_about WHERE cid = ? AND format = ? AND scanner = ? AND cve IN `+store.Listed,
		cid, in.format, in.scanner, store.List(ids))
	if err != nil {
		return err
	}
	for _, id := range stale {
		if _, err := t.tx.Exec(`UPDATE vuln_about SET about = ? WHERE seq = ? AND cid = ?`, texts[id], seqs[id], cid); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if _, there := seqs[id]; there {
			continue
		}
		res, err := t.tx.Exec(`INSERT INTO vuln_about (cid, format, scanner, cve, about) VALUES (?,?,?,?,?)`, cid, in.format, in.scanner, id, texts[id])
		if err != nil {
			return err
		}
		if seqs[id], err = res.LastInsertId(); err != nil {
			return err
		}
	}
	return nil
}

// audit writes what the report changed into the trail.
func (t *taking) audit() error {
	s := t.scan
	if s.Repeated && s.Opened+s.Reopened+s.Changed+s.Closed == 0 {
		return nil
	}
	return t.tx.Audit(store.AuditEntry{
		Actor: t.who, Action: "vulnerability.import", Objects: []string{s.AID}, Outcome: "success",
		Reason: fmt.Sprintf("%s of %s: %d opened, %d reopened, %d changed, %d closed", s.Scanner, s.Scope, s.Opened, s.Reopened, s.Changed, s.Closed),
	})
}

// stamp is a time as answers tell it: whole seconds, as upstream has them.
func stamp(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339) }
