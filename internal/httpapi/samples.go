package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/hunt"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
)

const samplesPath = "/samples/entities/samples/v3"

type sampleGet struct {
	IDs       mews.List `query:"ids,required" doc:"One sha256."`
	Protected bool      `query:"password_protected" doc:"Answer a zip encrypted with the password infected."`
}

func (a *API) sampleOperations() []operation {
	put := raw[uploadFields, mews.UploadedSample](route{
		"UploadSampleV3", "POST", samplesPath, mews.ScopeSampleStoreWrite, classUpload,
		"Store a sample: a form with the file part sample, or the raw bytes with the fields in the query.",
	}, a.upload)
	put.long = true
	return []operation{
		load(route{
			"GetSampleV3", "GET", samplesPath, mews.ScopeSampleStoreRead, classLoad,
			"Download a sample, raw or in an encrypted zip.",
		}, mediaBytes, a.getSample),
		put,
		op(route{
			"DeleteSampleV3", "DELETE", samplesPath, mews.ScopeSampleStoreWrite, classMutate,
			"Destroy a sample's bytes and key.",
		}, a.deleteSample),
	}
}

func (a *API) getSample(ctx context.Context, who store.Actor, req *sampleGet, out *sink) error {
	sum, err := oneHash("ids", req.IDs)
	if err != nil {
		return err
	}
	r, rec, err := a.deps.Samples.Download(ctx, who, sum)
	if err != nil {
		return err
	}
	if !req.Protected {
		out.OpenSample(rec.SHA256, rec.Size)
		return stream(out, r)
	}
	out.Open(mediaZip, rec.SHA256+".zip", -1)
	z := sample.NewZip(out, hunt.ArchivePassword)
	err = z.Add(rec.SHA256, rec.Size, r.Plain())
	return errors.Join(err, r.Close(), closeUnless(err, z))
}

// closeUnless ends a container only when its content is whole.
func closeUnless(err error, c io.Closer) error {
	if err != nil {
		return nil
	}
	return c.Close()
}

// stream copies a whole sample; the source's last word is its hash.
func stream(out io.Writer, r interface {
	Plain() io.Reader
	Close() error
},
) error {
	_, err := io.Copy(out, r.Plain())
	return errors.Join(err, r.Close())
}

func (a *API) deleteSample(ctx context.Context, who store.Actor, req *hashesQuery) (reply[string], error) {
	sums, err := hashes("ids", req.IDs)
	if err != nil {
		return reply[string]{}, err
	}
	return a.each(sums, func(sum string) error { return a.deps.Samples.Delete(ctx, who, sum) })
}

// each does one thing per id and answers per id: the ids done are resources,
// the others are errors; when none was done, the first error is the answer.
func (a *API) each(ids []string, do func(id string) error) (reply[string], error) {
	var out reply[string]
	var first error
	for _, id := range ids {
		err := do(id)
		if err == nil {
			out.Resources = append(out.Resources, id)
			continue
		}
		r := classify(err)
		if r.status >= http.StatusInternalServerError || r.status == statusClientGone {
			return out, err
		}
		if first == nil {
			first = err
		}
		out.Errors = append(out.Errors, mews.APIError{Code: r.status, Message: r.message, ID: id})
	}
	if len(out.Resources) == 0 {
		return out, first
	}
	out.Meta.Writes = &mews.Writes{ResourcesAffected: len(out.Resources)}
	return out, nil
}
