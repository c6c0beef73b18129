package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// ask gets the records that the server has of these files on this host.
func (imp *avImporter) ask(ctx context.Context, s mews.QuarantineService, files []movedFile) (known func(movedFile) bool, err error) {
	if len(files) == 0 {
		return func(movedFile) bool { return false }, nil
	}
	hashes := make([]string, len(files))
	for i, m := range files {
		hashes[i] = "'" + m.sha256 + "'"
	}
	filter := "sha256:[" + strings.Join(hashes, ",") + "]+"
	if imp.base.AID != "" {
		filter += "aid:" + fqlString(imp.base.AID)
	} else {
		filter += "hostname:" + fqlString(imp.base.Hostname)
	}
	var ids []string
	for id, err := range s.All(ctx, mews.RecordQuery{Filter: filter}) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	records := map[string][]mews.QuarantineDetail{}
	if len(ids) > 0 {
		env, err := s.Details(ctx, ids...)
		if err != nil {
			return nil, err
		}
		for _, r := range env.Resources {
			records[r.SHA256] = append(records[r.SHA256], r)
		}
	}
	return func(m movedFile) bool { return slices.ContainsFunc(records[m.sha256], imp.tells(m)) }, nil
}

// tells whether a record holds all that a report of the file would say.
func (imp *avImporter) tells(m movedFile) func(mews.QuarantineDetail) bool {
	report := throughJSON(imp.report(m))
	return func(r mews.QuarantineDetail) bool {
		updated, err := time.Parse(time.RFC3339Nano, r.DateUpdated)
		return err == nil && !m.Time.After(updated) && (r.HasBytes || r.State == mews.StatePurged) &&
			slices.ContainsFunc(r.Paths, func(p mews.QuarantinePath) bool { return p.Path == report.Paths[0].Path }) &&
			!slices.ContainsFunc(report.DetectIDs, func(id string) bool { return !slices.Contains(r.DetectIDs, id) }) &&
			(!report.Agent || r.Agent)
	}
}

// throughJSON gives texts as they arrive: JSON holds no bytes that are no UTF-8.
func throughJSON(r mews.QuarantineReport) (arrived mews.QuarantineReport) {
	b, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(b, &arrived)
	}
	if err != nil {
		return r
	}
	return arrived
}

func (imp *avImporter) report(m movedFile) mews.QuarantineReport {
	r := imp.base
	r.SHA256 = m.sha256
	r.Username = cmp.Or(r.Username, m.Owner)
	r.DateCreated = rfc3339(m.Time)
	r.Paths = atPath(m.Path)
	r.Comment = "imported from " + imp.source
	for _, signature := range m.Signatures {
		b := mews.QuarantineBehavior{BehaviorID: signature}
		if m.MD5 != "" {
			b.IOCType, b.IOCValue = "hash_md5", m.MD5
		}
		r.Behaviors = append(r.Behaviors, b)
		r.DetectIDs = append(r.DetectIDs, imp.source+":"+signature)
	}
	return r
}

// fqlString quotes a text for FQL.
func fqlString(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
