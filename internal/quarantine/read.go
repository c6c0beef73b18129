package quarantine

import (
	"context"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Get gives records in the order in which their ids are asked for, and the ids
// that the customer does not have.
func (s *Service) Get(ctx context.Context, who store.Actor, ids []string) (found []mews.QuarantinedFile, unknown []string, err error) {
	err = s.lookUp(ctx, who.CID, ids, maxIDs, &unknown, func(_ *store.Tx, records []record) error {
		for i := range records {
			found = append(found, records[i].wire())
		}
		return nil
	})
	return found, unknown, outward.Error("get quarantined files", err)
}

// maxDetails is how many records Details gives at a time: their histories can
// be long.
const maxDetails = 500

// Details gives all that is known of records: what Get gives, and behaviors,
// history and host actions.
func (s *Service) Details(ctx context.Context, who store.Actor, ids []string) (found []mews.QuarantineDetail, unknown []string, err error) {
	err = s.lookUp(ctx, who.CID, ids, maxDetails, &unknown, func(tx *store.Tx, records []record) (err error) {
		found, err = s.details(tx, who.CID, records)
		return err
	})
	return found, unknown, outward.Error("get quarantined files", err)
}

// lookUp hands over the records of ids, in their order, on one snapshot.
func (s *Service) lookUp(ctx context.Context, cid store.CID, ids []string, limit int, unknown *[]string,
	fn func(*store.Tx, []record) error,
) error {
	good, bad, err := collection.ReadIDs(ids, limit, parseRecordID)
	if err != nil {
		return err
	}
	return s.db.Read(ctx, func(tx *store.Tx) error {
		some, err := loadIDs(tx, cid, good...)
		if err != nil {
			return err
		}
		byID := make(map[string]record, len(some))
		for _, r := range some {
			byID[r.id()] = r
		}
		records := make([]record, 0, len(some))
		*unknown = bad
		for _, id := range good {
			if r, ok := byID[id]; ok {
				records = append(records, r)
			} else {
				*unknown = append(*unknown, id)
			}
		}
		return fn(tx, records)
	})
}

// details adds to records what upstream's answer does not hold.
func (s *Service) details(tx *store.Tx, cid store.CID, records []record) ([]mews.QuarantineDetail, error) {
	seqs, shas := make([]int64, len(records)), make([]string, len(records))
	for i, r := range records {
		seqs[i], shas[i] = r.seq, r.sha256
	}
	history, err := histories(tx, cid, seqs)
	if err != nil {
		return nil, err
	}
	actions, err := s.actionsOf(tx, cid, records)
	if err != nil {
		return nil, err
	}
	agents, err := agentsOf(tx, cid, records)
	if err != nil {
		return nil, err
	}
	held, err := s.samples.Held(tx, cid, shas)
	if err != nil {
		return nil, err
	}
	out := make([]mews.QuarantineDetail, len(records))
	for i, r := range records {
		out[i] = r.detail()
		out[i].Agent, out[i].HasBytes = agents[r.aid], held[r.sha256]
		out[i].History, out[i].Actions = history[r.seq], actions[r.seq]
		if out[i].Actions == nil {
			out[i].Actions = []mews.HostAction{}
		}
	}
	return out, nil
}

// stamp is a time as answers tell it.
func stamp(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano) }

// wire is the record as upstream answers it. Clients take the first path's file
// name without asking whether there is one, so a record without paths names the
// file by its hash.
func (r *record) wire() mews.QuarantinedFile {
	return mews.QuarantinedFile{
		ID: r.id(), AID: r.aid, CID: string(r.cid), SHA256: r.sha256, State: r.state,
		Hostname: r.hostname, Username: r.username, DateCreated: stamp(r.created), DateUpdated: stamp(r.updated),
		Paths: r.wirePaths(), DetectIDs: orEmpty(r.detects), AlertIDs: orEmpty(r.alerts),
		Extracted: r.extracted, PrimaryModule: r.primaryModule, IsOnRemovableDisk: r.removable,
		ReleasePathForRemovableMedia: r.removablePath, SandboxReportID: r.sandboxID, SandboxReportState: r.sandboxState,
	}
}

func (r *record) wirePaths() []mews.QuarantinePath {
	places := r.paths
	if len(places) == 0 {
		places = []place{{filename: r.sha256}}
	}
	out := make([]mews.QuarantinePath, len(places))
	for i, p := range places {
		out[i] = mews.QuarantinePath{Filename: p.filename, Path: p.path, State: r.pathState, Reason: r.pathReason}
	}
	return out
}

func (r *record) detail() mews.QuarantineDetail {
	d := mews.QuarantineDetail{
		QuarantinedFile: r.wire(), AdversaryID: r.adversary, Country: r.country,
		MaxSeverity: toInt(r.maxSeverity), MaxConfidence: toInt(r.maxConfidence),
	}
	for _, b := range r.behaviors {
		d.Behaviors = append(d.Behaviors, mews.QuarantineBehavior{
			BehaviorID: b.id, IOCType: b.iocType, IOCValue: b.iocValue, TreeRootHash: b.rootHash,
		})
	}
	for to, from := range map[*string]*int64{&d.FirstBehavior: r.firstBehavior, &d.LastBehavior: r.lastBehavior} {
		if from != nil {
			*to = stamp(*from)
		}
	}
	return d
}

func toInt(n *int64) *int {
	if n == nil {
		return nil
	}
	v := int(*n)
	return &v
}

// orEmpty makes a list that JSON writes as one.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
