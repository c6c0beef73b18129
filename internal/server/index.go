package server

import (
	"context"
	"crypto/rand"
	"math"
	"net/http"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/httpapi"
)

// adminHandler is what the admin socket serves.
func (n *node) adminHandler() http.Handler {
	return httpapi.NewAdmin(httpapi.AdminDeps{
		Auth: n.auth, Log: n.log, Now: time.Now, Rand: rand.Reader, CID: n.cid,
		IndexStatus:  n.indexStatus,
		IndexCheck:   n.indexCheck,
		IndexRebuild: n.index.Rebuild,
		Sightings:    n.sightings,
		VerifyAudit:  n.db.VerifyAudit,
	})
}

func (n *node) indexStatus(ctx context.Context) (any, error) {
	st, err := n.index.Status(ctx)
	if err != nil {
		return nil, err
	}
	wire := mews.IndexStatus{
		Files: st.Files, Segments: st.Segments, Columns: st.Columns, IndexBytes: st.IndexBytes, CorpusBytes: st.CorpusBytes,
		TailFiles: st.TailFiles, TailBytes: st.TailBytes, QueueLag: st.QueueLag.Seconds(),
		Stale: st.Stale, Damaged: st.Damaged, SetAside: st.SetAside,
	}
	known, err := n.facts.Status(ctx)
	if err != nil {
		return nil, err
	}
	wire.FactsUnknown, wire.FactsFailed = known.Unknown, known.Failed
	if st.CorpusBytes > 0 {
		wire.IndexShare = math.Round(1e4*float64(st.IndexBytes)/float64(st.CorpusBytes)) / 1e4
	}
	if st.LastError != nil {
		wire.LastError = st.LastError.Error()
	}
	return wire, nil
}

func (n *node) indexCheck(ctx context.Context) (any, error) {
	r, err := n.index.Check(ctx)
	if err != nil {
		return nil, err
	}
	wire := mews.IndexReport{Segments: r.Segments, Files: r.Files, Bytes: r.Bytes, Problems: []mews.IndexProblem{}}
	for _, p := range r.Problems {
		wire.Problems = append(wire.Problems, mews.IndexProblem{CID: string(p.CID), Segment: p.Segment, Problem: p.Text})
	}
	return wire, nil
}
