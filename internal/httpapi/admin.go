package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/auth"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
)

// AdminDeps are what the admin socket stands on. The index speaks through
// functions because this room may not know the engine.
type AdminDeps struct {
	Auth *auth.Service
	Log  *slog.Logger
	Now  func() time.Time
	Rand io.Reader
	// CID is the customer of clients made without one.
	CID store.CID
	// IndexStatus and IndexCheck give values that encode as JSON objects.
	IndexStatus func(context.Context) (any, error)
	IndexCheck  func(context.Context) (any, error)
	// IndexRebuild reports progress in its own unit, as often as it likes.
	IndexRebuild func(ctx context.Context, progress func(done, total int64)) error
	Sightings    *sighting.Service
	// VerifyAudit gives the rows read, and an error at the first bad one.
	VerifyAudit func(context.Context, ...store.Head) (rows int64, err error)
}

// An admin is the handler of the admin socket.
type admin struct {
	AdminDeps
	mux *http.ServeMux
}

// adminActor stands in the audit trail for whoever may open the socket.
const adminActor = "local-admin"

// NewAdmin builds the handler of the admin socket. It checks no token: the
// socket's file mode is the wall, so it must never listen on a network.
func NewAdmin(d AdminDeps) http.Handler {
	a := &admin{AdminDeps: d, mux: http.NewServeMux()}
	for pattern, fn := range map[string]adminFunc{
		"GET /admin/clients":              a.listClients,
		"POST /admin/clients":             a.createClient,
		"PATCH /admin/clients/{id}":       a.changeClient,
		"POST /admin/clients/{id}/rotate": a.rotateClient,
		"DELETE /admin/clients/{id}":      a.revokeClient,
		"GET /admin/index":                a.call(d.IndexStatus),
		"POST /admin/index/check":         a.call(d.IndexCheck),
		"GET /admin/sightings":            a.call(func(ctx context.Context) (any, error) { return d.Sightings.Status(ctx) }),
		"POST /admin/sightings/check":     a.call(func(ctx context.Context) (any, error) { return d.Sightings.Check(ctx) }),
		"POST /admin/audit/verify":        a.verifyAudit,
	} {
		a.mux.HandleFunc(pattern, a.wrap(fn))
	}
	a.mux.HandleFunc("POST /admin/index/rebuild", a.rebuild)
	a.mux.HandleFunc("POST /admin/profile", a.profile)
	a.mux.HandleFunc("/", a.wrap(func(*http.Request, store.Actor) ([]any, error) {
		return nil, mews.Errorf(mews.ErrNotFound, notImplemented)
	}))
	return a
}

func (a *admin) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// An adminFunc gives the resources of a reply.
type adminFunc func(*http.Request, store.Actor) ([]any, error)

func (a *admin) actor(trace string) store.Actor {
	return store.Actor{CID: a.CID, Client: adminActor, Scope: "admin", Operation: "admin", TraceID: trace}
}

func (a *admin) wrap(fn adminFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start, trace := a.Now(), newTraceID(a.Rand)
		list, err := fn(r, a.actor(trace))
		e := mews.Envelope[any]{
			Meta:   mews.Meta{QueryTime: a.Now().Sub(start).Seconds(), PoweredBy: poweredBy, TraceID: trace},
			Errors: []mews.APIError{}, Resources: list,
		}
		status := http.StatusOK
		if list == nil {
			e.Resources = []any{}
		}
		if err != nil {
			refused := classify(err)
			status = refused.status
			e.Errors = append(e.Errors, mews.APIError{Code: status, Message: a.tell(refused, err)})
			a.Log.Error("admin call failed", slog.String("trace_id", trace), slog.String("path", r.URL.Path), slog.String("error", err.Error()))
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Cs-Traceid", trace)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(e) // the peer is gone: nobody is left to tell
	}
}

// tell gives the administrator the cause that strangers do not get.
func (a *admin) tell(r *refusal, err error) string {
	if r.status == http.StatusInternalServerError {
		return err.Error()
	}
	return r.message
}

func (a *admin) call(fn func(context.Context) (any, error)) adminFunc {
	return func(r *http.Request, _ store.Actor) ([]any, error) {
		v, err := fn(r.Context())
		if err != nil {
			return nil, err
		}
		return []any{v}, nil
	}
}

func (a *admin) verifyAudit(r *http.Request, _ store.Actor) ([]any, error) {
	rows, err := a.VerifyAudit(r.Context())
	report := mews.AuditReport{Rows: rows, OK: err == nil}
	if err != nil {
		if ctxErr := r.Context().Err(); ctxErr != nil {
			return nil, ctxErr
		}
		report.Error = err.Error()
	}
	return []any{report}, nil
}

// rebuild streams progress as NDJSON and ends with one final line. A line may
// be dropped while the peer is slow; the final one is not.
func (a *admin) rebuild(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	control, out := http.NewResponseController(w), json.NewEncoder(w)
	var last mews.AdminEvent
	var shown time.Time
	send := func() {
		// A peer that is gone ends the request's context, and so the rebuild.
		_ = errors.Join(out.Encode(last), control.Flush())
	}
	err := a.IndexRebuild(r.Context(), func(done, total int64) {
		last.Done, last.Total = done, total
		if now := a.Now(); now.Sub(shown) >= 200*time.Millisecond {
			shown = now
			send()
		}
	})
	last.Final = true
	if err != nil {
		last.Error = err.Error()
		a.Log.Error("index rebuild failed", slog.String("error", err.Error()))
	}
	send()
}
