package mews

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MalQueryService searches the samples: by bytes (fuzzy from the index alone,
// exact after reading the files), by YARA rule, and by hash.
type MalQueryService struct{ c *Client }

// Quotas tells what is left of the month's hunts and downloads.
func (s MalQueryService) Quotas(ctx context.Context) (Quotas, error) {
	env, err := callJSON[struct{}](ctx, s.c, call{
		op: "get quotas", method: http.MethodGet, path: "/malquery/aggregates/quotas/v1", safe: true,
	})
	switch {
	case err != nil:
		return Quotas{}, err
	case env.Meta.Quotas == nil:
		return Quotas{}, Errorf(ErrInternal, "get quotas: the reply holds none")
	}
	return *env.Meta.Quotas, nil
}

// FuzzySearch answers at once from the index. It may name files that do not
// hold the patterns; it never misses one that does, within the limit.
func (s MalQueryService) FuzzySearch(ctx context.Context, r SearchRequest) (*Envelope[SampleMeta], error) {
	return callJSON[SampleMeta](ctx, s.c, call{
		op: "fuzzy search", method: http.MethodPost, path: "/malquery/combined/fuzzy-search/v1", safe: true, body: postJSON(r),
	})
}

// ExactSearch schedules a search that reads the candidate files. The reply's
// ReqID goes to Request or Wait. It counts as one hunt of the quota.
func (s MalQueryService) ExactSearch(ctx context.Context, r SearchRequest) (Meta, error) {
	return s.schedule(ctx, "exact search", "/malquery/queries/exact-search/v1", r)
}

// Hunt schedules a YARA hunt; see ExactSearch. A rule that does not compile is
// ErrInvalid with the compiler's words.
func (s MalQueryService) Hunt(ctx context.Context, r HuntRequest) (Meta, error) {
	return s.schedule(ctx, "hunt", "/malquery/queries/hunt/v1", r)
}

// MultiDownload schedules an archive of these samples; see Archive.
func (s MalQueryService) MultiDownload(ctx context.Context, sha256s ...string) (*Envelope[struct{}], error) {
	return callJSON[struct{}](ctx, s.c, call{
		op: "schedule archive", method: http.MethodPost, path: "/malquery/entities/samples-multidownload/v1",
		body: postJSON(MultiDownloadRequest{Samples: sha256s}),
	})
}

func (s MalQueryService) schedule(ctx context.Context, op, path string, r any) (Meta, error) {
	env, err := callJSON[struct{}](ctx, s.c, call{op: op, method: http.MethodPost, path: path, body: postJSON(r)})
	switch {
	case err != nil:
		return Meta{}, err
	case env.Meta.ReqID == "":
		return Meta{}, Errorf(ErrInternal, "%s: the reply holds no request id", op)
	}
	return env.Meta, nil
}

// Request gives the state of a request, and its results once it is done. A
// failed request is a reply too: Meta.Status and Errors tell. An unknown one is
// ErrNotFound, although the API knows no other status for it than 400.
func (s MalQueryService) Request(ctx context.Context, id string) (*Envelope[RequestResult], error) {
	return s.request(ctx, "/malquery/entities/requests/v1", url.Values{"ids": {id}})
}

// Partial is Request with what was found so far, also while the request runs.
func (s MalQueryService) Partial(ctx context.Context, id string) (*Envelope[RequestResult], error) {
	return s.request(ctx, "/mews/entities/requests/v1", url.Values{"ids": {id}})
}

func (s MalQueryService) request(ctx context.Context, path string, query url.Values) (*Envelope[RequestResult], error) {
	env, err := callJSON[RequestResult](ctx, s.c, call{op: "get request", method: http.MethodGet, path: path, query: query, safe: true})
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == ErrInvalid && e.ID != "" {
		e.Kind = ErrNotFound
	}
	return env, err
}

// patience is how long a server is asked to hold a call of Wait.
const patience = 2 * time.Second

// held is Request for one who waits: a server that can holds the call until the
// request has ended.
func (s MalQueryService) held(ctx context.Context, id string) (*Envelope[RequestResult], error) {
	wait := int(min(patience, s.c.timeout/2) / time.Second)
	env, err := s.request(ctx, "/mews/entities/requests/v1", url.Values{"ids": {id}, "brief": {"true"}, "wait": {strconv.Itoa(wait)}})
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == ErrNotFound && e.ID == "" {
		return s.Request(ctx, id) // another server, without that route
	}
	return env, err
}

// Wait waits for a request to be done. Each reply on the way goes to seen first,
// which may be nil. A failed request is an error, given beside its reply.
func (s MalQueryService) Wait(ctx context.Context, id string, seen func(*Envelope[RequestResult])) (*Envelope[RequestResult], error) {
	for pause := 100 * time.Millisecond; ; pause = min(pause*3/2, 2*time.Second) {
		asked := time.Now()
		env, err := s.held(ctx, id)
		if err != nil {
			return nil, err
		}
		if seen != nil {
			seen(env)
		}
		switch env.Meta.Status {
		case StatusDone:
			return env, nil
		case StatusFailed:
			if len(env.Errors) == 0 {
				return env, Errorf(ErrInternal, "request %s failed", id).WithID(id)
			}
			kind := KindOf(env.Errors[0].Code)
			if kind == nil {
				kind = ErrInternal
			}
			failed := errorOf(kind, env.Errors).WithID(id)
			failed.Message = "request failed: " + failed.Message
			failed.TraceID = env.Meta.TraceID
			return env, failed
		}
		if time.Since(asked) >= pause {
			continue // the server waited
		}
		if err := s.c.retry.sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// Metadata looks samples up by SHA-256. Unknown hashes are entries of Errors.
func (s MalQueryService) Metadata(ctx context.Context, sha256s ...string) (*Envelope[SampleMeta], error) {
	return inBatches(sha256s, maxHashes, func(ids []string) (*Envelope[SampleMeta], error) {
		return callJSON[SampleMeta](ctx, s.c, call{
			op: "get metadata", method: http.MethodGet, path: "/malquery/entities/metadata/v1", query: url.Values{"ids": ids}, safe: true,
		})
	})
}

// Download gives the raw bytes of one sample. It counts as one download of the
// quota. The bytes may be live malware: see Archive for the safer form.
func (s MalQueryService) Download(ctx context.Context, sha256 string) (*Download, error) {
	return s.c.download(ctx, "download "+sha256, "/malquery/entities/download-files/v1",
		url.Values{"ids": {sha256}}, strings.ToLower(sha256))
}

// Archive gives the zip of a finished MultiDownload, encrypted with the
// password "infected"; its members are named by SHA-256.
func (s MalQueryService) Archive(ctx context.Context, id string) (*Download, error) {
	return s.c.download(ctx, "fetch archive "+id, "/malquery/entities/samples-fetch/v1", url.Values{"ids": {id}}, "")
}

// Estimate tells what a hunt would cost, free of quota. It is an extension of
// mews, as are Cancel and Outcomes.
func (s MalQueryService) Estimate(ctx context.Context, r HuntRequest) (HuntEstimate, error) {
	env, err := callJSON[struct{}](ctx, s.c, call{
		op: "estimate hunt", method: http.MethodPost, path: "/mews/aggregates/hunt-estimate/v1", safe: true, body: postJSON(r),
	})
	switch {
	case err != nil:
		return HuntEstimate{}, err
	case env.Meta.Estimate != nil:
		return *env.Meta.Estimate, nil
	}
	return HuntEstimate{}, Errorf(ErrInternal, "estimate hunt: the reply holds no estimate")
}

// Cancel stops a request and tells whether it still ran. What it found so far
// stays readable.
func (s MalQueryService) Cancel(ctx context.Context, id string) (ran bool, err error) {
	env, err := callJSON[string](ctx, s.c, call{
		op: "cancel request", method: http.MethodDelete, path: "/mews/entities/requests/v1",
		query: url.Values{"ids": {id}}, safe: true,
	})
	return err == nil && len(env.Resources) > 0, err
}

// Outcomes tells, file by file, what became of a request's candidates.
func (s MalQueryService) Outcomes(ctx context.Context, id string) (*Envelope[RequestOutcome], error) {
	return callJSON[RequestOutcome](ctx, s.c, call{
		op: "get outcomes", method: http.MethodGet, path: "/mews/queries/request-outcomes/v1",
		query: url.Values{"ids": {id}}, safe: true,
	})
}

// maxHashes hashes fit a URL of 100 KiB with room to spare.
const maxHashes = 1000

// inBatches asks for ids in as many calls of size as they need, and joins the
// replies.
// A batch of which nothing is known (404) counts as that many errors, unless
// all batches are like that.
func inBatches[T any](ids []string, size int, ask func([]string) (*Envelope[T], error)) (*Envelope[T], error) {
	if len(ids) <= size {
		return ask(ids)
	}
	var all Envelope[T]
	var missing error
	for batch := range slices.Chunk(ids, size) {
		env, err := ask(batch)
		if StatusOf(err) == http.StatusNotFound {
			missing = err
			for _, id := range batch {
				all.Errors = append(all.Errors, APIError{Code: http.StatusNotFound, Message: "not found", ID: id})
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		all.Meta = env.Meta
		all.Errors = append(all.Errors, env.Errors...)
		all.Resources = append(all.Resources, env.Resources...)
	}
	if len(all.Resources) == 0 && missing != nil {
		return nil, missing
	}
	return &all, nil
}
