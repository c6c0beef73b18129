package httpapi

import (
	"context"
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
)

type recordsUpdate struct {
	Body mews.SampleUpdate `body:"json"`
}

func (a *API) ownOperations() []operation {
	const path = "/mews/entities/samples/v1"
	return append(a.requestOperations(),
		op(route{
			"mews.samples.get", "GET", path, mews.ScopeSampleStoreRead, classRead,
			"All that is known about samples.",
		}, a.getRecords),
		op(route{
			"mews.samples.update", "PATCH", path, mews.ScopeSampleStoreWrite, classMutate,
			"Change label, family, tags and first_seen of samples.",
		}, a.updateRecords),
	)
}

func (a *API) getRecords(ctx context.Context, who store.Actor, req *hashesQuery) (reply[mews.SampleRecord], error) {
	sums, err := hashes("ids", req.IDs)
	if err != nil {
		return reply[mews.SampleRecord]{}, err
	}
	found, err := a.deps.Samples.Many(ctx, who.CID, sums)
	if err != nil {
		return reply[mews.SampleRecord]{}, err
	}
	var out reply[mews.SampleRecord]
	for _, sum := range sums {
		if rec, ok := found[sum]; ok {
			out.Resources = append(out.Resources, wireRecord(rec))
		} else {
			out.Errors = append(out.Errors, noSample(sum))
		}
	}
	if len(out.Resources) == 0 {
		return out, sample.NotFound(sums[0])
	}
	return out, nil
}

func noSample(sum string) mews.APIError {
	e := sample.NotFound(sum)
	return mews.APIError{Code: mews.StatusOf(e), Message: e.Message, ID: e.ID}
}

// updateRecords changes the samples that exist, all in one transaction.
func (a *API) updateRecords(ctx context.Context, who store.Actor, req *recordsUpdate) (reply[string], error) {
	u := req.Body
	sums, err := hashes("ids", u.IDs)
	if err != nil {
		return reply[string]{}, err
	}
	change := sample.Change{Label: u.Label, Family: u.Family, AddTags: u.AddTags, RemoveTags: u.RemoveTags}
	if u.Label == nil && u.Family == nil && u.FirstSeen == nil && len(u.AddTags)+len(u.RemoveTags) == 0 {
		return reply[string]{}, mews.Errorf(mews.ErrInvalid, "nothing to change: give label, family, add_tags, remove_tags or first_seen")
	}
	if u.FirstSeen != nil {
		at, err := parseDay("first_seen", *u.FirstSeen)
		if err != nil {
			return reply[string]{}, err
		}
		change.FirstSeen = &at
	}
	found, err := a.deps.Samples.Many(ctx, who.CID, sums)
	if err != nil {
		return reply[string]{}, err
	}
	var out reply[string]
	for _, sum := range sums {
		if _, ok := found[sum]; ok {
			out.Resources = append(out.Resources, sum)
		} else {
			out.Errors = append(out.Errors, noSample(sum))
		}
	}
	if len(out.Resources) == 0 {
		return out, sample.NotFound(sums[0])
	}
	n, err := a.deps.Samples.Update(ctx, who, out.Resources, change)
	out.Meta.Writes = &mews.Writes{ResourcesAffected: n}
	return out, err
}

// wireRecord gives the whole record. A file name that is no UTF-8 is evidence
// all the same, so its bytes stand beside the readable form.
func wireRecord(r sample.Record) mews.SampleRecord {
	out := mews.SampleRecord{
		SampleMeta: r.Meta(), Tags: r.Tags, FileName: r.FileName, Comment: r.Comment, Confidential: r.Confidential,
		FirstSeenAt: r.FirstSeen.UTC().Truncate(time.Second), UploadedAt: r.Uploaded.UTC(),
	}
	if !utf8.ValidString(r.FileName) {
		out.FileName = strings.ToValidUTF8(r.FileName, "\uFFFD")
		out.FileNameB64 = base64.StdEncoding.EncodeToString([]byte(r.FileName))
	}
	return out
}
