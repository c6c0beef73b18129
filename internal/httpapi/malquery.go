package httpapi

import (
	"context"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/hunt"
	"github.com/mewshq/mews/internal/store"
)

type (
	noParams   struct{}
	searchBody struct {
		Body mews.SearchRequest `body:"json"`
	}
	huntBody struct {
		Body mews.HuntRequest `body:"json" max:"8388608"` // 1 MiB of source, even as \u escapes
	}
	archiveBody struct {
		Body mews.MultiDownloadRequest `body:"json"`
	}

	hashesQuery struct {
		IDs mews.List `query:"ids,required" doc:"Up to 5000 sha256."`
	}
	hashQuery struct {
		IDs mews.List `query:"ids,required" doc:"One sha256."`
	}
	requestID struct {
		IDs mews.List `query:"ids,required" doc:"One request id."`
	}
	requestWait struct {
		IDs   mews.List `query:"ids,required" doc:"One request id."`
		Wait  int       `query:"wait" doc:"Seconds to wait for the end of the request, at most 10."`
		Brief bool      `query:"brief" doc:"Leave out what was found while the request still runs."`
	}
	archiveID struct {
		IDs mews.List `query:"ids,required" doc:"The id of one finished multidownload request."`
	}
)

func (a *API) malqueryOperations() []operation {
	const read, write = mews.ScopeMalQueryRead, mews.ScopeMalQueryWrite
	return []operation{
		op(route{
			"GetMalQueryQuotasV1", "GET", "/malquery/aggregates/quotas/v1", read, classRead,
			"The month's allowances and what is used of them; all of it stands in meta.",
		}, a.quotas),
		op(route{
			"PostMalQueryFuzzySearchV1", "POST", "/malquery/combined/fuzzy-search/v1", write, classSearch,
			"Search the index at once; the answer may hold files without the patterns.",
		}, a.fuzzy),
		op(route{
			"PostMalQueryExactSearchV1", "POST", "/malquery/queries/exact-search/v1", write, classJob,
			"Search the bytes, as a request that is polled.",
		}, a.exact),
		op(route{
			"PostMalQueryHuntV1", "POST", "/malquery/queries/hunt/v1", write, classJob,
			"Run a YARA rule over the corpus, as a request that is polled.",
		}, a.hunt),
		op(route{
			"PostMalQueryEntitiesSamplesMultidownloadV1", "POST", "/malquery/entities/samples-multidownload/v1", write, classJob,
			"Schedule an archive of samples.",
		}, a.multiDownload),
		op(route{
			"GetMalQueryRequestV1", "GET", "/malquery/entities/requests/v1", read, classRead,
			"The state of a request and, when it is done, what it found.",
		}, a.request),
		op(route{
			"GetMalQueryMetadataV1", "GET", "/malquery/entities/metadata/v1", read, classRead,
			"Metadata of samples.",
		}, a.metadata),
		load(route{
			"GetMalQueryDownloadV1", "GET", "/malquery/entities/download-files/v1", read, classLoad,
			"Download one sample, raw.",
		}, mediaBytes, a.malqueryDownload),
		load(route{
			"GetMalQueryEntitiesSamplesFetchV1", "GET", "/malquery/entities/samples-fetch/v1", read, classLoad,
			"Download the archive of a multidownload request.",
		}, mediaZip, a.samplesFetch),
	}
}

// quotas answers in meta alone, as upstream does.
func (a *API) quotas(ctx context.Context, who store.Actor, _ *noParams) (reply[struct{}], error) {
	q, err := a.deps.Hunts.Quotas(ctx, who)
	return reply[struct{}]{Meta: mews.Meta{Quotas: &q}, MetaOnly: true}, err
}

func (a *API) fuzzy(ctx context.Context, who store.Actor, req *searchBody) (reply[mews.SampleMeta], error) {
	found, err := a.deps.Hunts.Fuzzy(ctx, who, req.Body)
	return reply[mews.SampleMeta]{
		Meta:      mews.Meta{Status: mews.StatusDone, Stats: &found.Stats, Partial: len(found.Errors) > 0},
		Errors:    found.Errors,
		Resources: found.Samples,
	}, err
}

func (a *API) exact(ctx context.Context, who store.Actor, req *searchBody) (reply[struct{}], error) {
	return created(a.deps.Hunts.Exact(ctx, who, req.Body))
}

func (a *API) hunt(ctx context.Context, who store.Actor, req *huntBody) (reply[struct{}], error) {
	return created(a.deps.Hunts.Hunt(ctx, who, req.Body))
}

func (a *API) multiDownload(ctx context.Context, who store.Actor, req *archiveBody) (reply[struct{}], error) {
	sums, err := hashes("samples", req.Body.Samples)
	if err != nil {
		return reply[struct{}]{}, err
	}
	return created(a.deps.Hunts.MultiDownload(ctx, who, sums))
}

// created is the answer to a request that became a job: its id, and no results.
func created(c hunt.Created, err error) (reply[struct{}], error) {
	return reply[struct{}]{
		Meta:   mews.Meta{ReqID: c.ID, Status: c.Status, Estimate: c.Estimate},
		Errors: c.Errors,
	}, err
}

// metadata answers 200 even when no hash is known: upstream declares no 404.
func (a *API) metadata(ctx context.Context, who store.Actor, req *hashesQuery) (reply[mews.SampleMeta], error) {
	out := reply[mews.SampleMeta]{Meta: mews.Meta{Status: mews.StatusDone}}
	sums, err := hashes("ids", req.IDs)
	if err != nil {
		return out, err
	}
	found, err := a.deps.Samples.Many(ctx, who.CID, sums)
	if err != nil {
		return out, err
	}
	for _, sum := range sums {
		if rec, ok := found[sum]; ok {
			out.Resources = append(out.Resources, rec.Meta())
		} else {
			out.Errors = append(out.Errors, noSample(sum))
		}
	}
	return out, nil
}

func (a *API) malqueryDownload(ctx context.Context, who store.Actor, req *hashQuery, out *sink) error {
	sum, err := oneHash("ids", req.IDs)
	if err != nil {
		return err
	}
	r, rec, err := a.deps.Hunts.Download(ctx, who, sum)
	if err != nil {
		return err
	}
	out.OpenSample(rec.SHA256, rec.Size)
	return stream(out, r)
}

// samplesFetch sends the zip. gofalcon has no reader for application/zip and
// takes the same bytes as octet-stream.
func (a *API) samplesFetch(ctx context.Context, who store.Actor, req *archiveID, out *sink) error {
	id, err := oneID(req.IDs)
	if err != nil {
		return err
	}
	media := mediaZip
	if strings.HasPrefix(out.call.r.Header.Get("CrowdStrike-SDK"), "crowdstrike-gofalcon") {
		media = mediaBytes
	}
	out.Open(media, fileName(id)+".zip", -1)
	return a.deps.Hunts.Archive(ctx, who, id, out)
}

// fileName keeps of a request id what may stand in a header.
func fileName(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'f' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, id)
}
