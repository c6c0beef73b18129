package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mewshq/mews/internal/auth"
	"github.com/mewshq/mews/internal/detection"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/hunt"
	"github.com/mewshq/mews/internal/intel"
	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/quarantine"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/vuln"
)

// Bounds of a request. The server gives MaxHeaderBytes and the timeouts to
// net/http; the smaller bounds are answered here, in the envelope.
const (
	MaxHeaderBytes    = 256 << 10 // above this net/http answers for itself
	ReadHeaderTimeout = 5 * time.Second
	IdleTimeout       = 60 * time.Second

	maxHeaders = 128 << 10
	maxURL     = 100 << 10
)

// Deps are what the API stands on.
type Deps struct {
	Auth       *auth.Service
	Samples    *sample.Service
	Hunts      *hunt.Service
	Quarantine *quarantine.Service
	Hosts      *host.Service
	IOCs       *ioc.Service
	Sightings  *sighting.Service
	Detections *detection.Service
	// Vulnerabilities are fed by reports of scanners.
	Vulnerabilities *vuln.Service
	Intel           *intel.Service
	Log             *slog.Logger
	Metrics         prometheus.Registerer
	Now             func() time.Time // wall clock
	Rand            io.Reader        // of trace ids
	// Region is the X-Cs-Region word; empty stands for DefaultRegion.
	Region string
	// RefuseUnknown: counting the devices of an observable that was never seen and
	// is no IOC either answers 404 instead of 0.
	RefuseUnknown bool
	// TrustedProxies may say for whom they speak (X-Forwarded-For).
	TrustedProxies []netip.Prefix
	// MaxInFlight and MaxUploads bound concurrent requests; 0 stands for 256
	// and 64.
	MaxInFlight, MaxUploads int
	// BodyGrace is how long a body may come at any pace; 0 stands for 10 s.
	BodyGrace time.Duration
	// MaxUpload is the largest sample in bytes; 0 stands for 256 MiB.
	MaxUpload int64
	// Dev is what dev mode stands on; nil: there is no such mode.
	Dev *Dev
}

// An API is the handler of the public listener.
type API struct {
	deps    Deps
	log     *slog.Logger
	now     func() time.Time
	region  string
	metrics *metrics
	routes  map[string]map[string]*operation // path, method
	// patterns are the facade's paths that hold a {name}.
	patterns []string
	exchange *exchange
	flight   chan struct{}
	uploads  chan struct{}
}

// New builds the handler. It refuses a region word of the vendor's.
func New(d Deps) (*API, error) {
	if d.Region == "" {
		d.Region = DefaultRegion
	}
	if err := ValidateRegion(d.Region); err != nil {
		return nil, err
	}
	d.MaxInFlight, d.MaxUploads = orInt(d.MaxInFlight, 256), orInt(d.MaxUploads, 64)
	if d.MaxUpload == 0 {
		d.MaxUpload = 256 << 20
	}
	if d.BodyGrace == 0 {
		d.BodyGrace = bodyGrace
	}
	m, err := newMetrics(d.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	a := &API{
		deps: d, log: d.Log, now: d.Now, region: d.Region, metrics: m,
		routes: map[string]map[string]*operation{}, exchange: newExchange(d.Auth),
		flight:  make(chan struct{}, d.MaxInFlight),
		uploads: make(chan struct{}, d.MaxUploads),
	}
	for _, row := range a.operations() {
		if !row.dev || d.Dev != nil {
			a.add(row)
		}
	}
	return a, nil
}

func orInt(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

func (a *API) add(row operation) {
	if a.routes[row.path] == nil {
		a.routes[row.path] = map[string]*operation{}
		if row.facade && strings.Contains(row.path, "{") {
			a.patterns = append(a.patterns, row.path)
		}
	}
	a.routes[row.path][row.method] = &row
}

// operations is the table: exactly one row per operation.
func (a *API) operations() []operation {
	var rows []operation
	rows = append(rows, a.oauthOperations()...)
	rows = append(rows, a.malqueryOperations()...)
	rows = append(rows, a.sampleOperations()...)
	rows = append(rows, a.quarantineOperations()...)
	rows = append(rows, a.hostOperations()...)
	rows = append(rows, a.iocOperations()...)
	rows = append(rows, a.indicatorOperations()...)
	rows = append(rows, a.ingestOperations()...)
	rows = append(rows, a.eventOperations()...)
	rows = append(rows, a.elasticOperations()...)
	rows = append(rows, a.sightingOperations()...)
	rows = append(rows, a.agentOperations()...)
	rows = append(rows, a.detectionOperations()...)
	rows = append(rows, a.vulnerabilityOperations()...)
	rows = append(rows, a.intelOperations()...)
	rows = append(rows, a.fqlOperations()...)
	rows = append(rows, a.ownOperations()...)
	rows = append(rows, a.devOperations()...)
	return rows
}

// ServeHTTP answers every request that net/http let through, in the envelope.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{
		api: a, w: w, r: r, control: http.NewResponseController(w),
		start: a.now(), traceID: newTraceID(a.deps.Rand),
	}
	c.remote, c.behindProxy = peer(r, a.deps.TrustedProxies)
	if a.deps.Dev != nil {
		c.watch()
	}
	c.log = a.log.With(slog.String("trace_id", c.traceID))
	a.metrics.inFlight.Inc()
	defer c.end()
	defer c.recover()
	// A deadline of the connection's last answer must not cut this one's.
	_ = c.control.SetWriteDeadline(time.Time{})
	c.limitBody()
	defer c.limitBody()
	c.rate = a.deps.Auth.Idle()
	c.setHeaders()
	if err := c.serve(); err != nil {
		c.fail(err)
	}
	c.tap.abort()
}

// serve walks a call through the checks to its operation. The order is that
// of cost: sizes, load, route, caller, body.
func (c *call) serve() error {
	if err := checkSizes(c.r); err != nil {
		return err
	}
	select {
	case c.api.flight <- struct{}{}:
		defer func() { <-c.api.flight }()
	default:
		return &refusal{status: http.StatusServiceUnavailable, message: "too many requests in flight", retryAt: c.api.now().Add(time.Second)}
	}
	op, err := c.api.find(c.r)
	ctx := store.WithTrace(c.r.Context(), c.traceID)
	if err != nil {
		return cmp.Or(c.strike(ctx), err)
	}
	c.op = op
	if err := c.admit(ctx); err != nil {
		return err
	}
	if !op.long {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callLimit)
		defer cancel()
	}
	return op.run(ctx, c)
}

// checkSizes bounds the URL and the headers.
func checkSizes(r *http.Request) error {
	if len(r.RequestURI) > maxURL {
		return &refusal{status: http.StatusRequestURITooLong, message: fmt.Sprintf("the URL is longer than %d bytes", maxURL), headers: map[string]string{"Connection": "close"}}
	}
	total := 0
	for name, values := range r.Header {
		for _, v := range values {
			total += len(name) + len(v) + 4 // ": " and CRLF
		}
	}
	if total > maxHeaders {
		return &refusal{status: http.StatusRequestHeaderFieldsTooLarge, message: fmt.Sprintf("the headers are larger than %d bytes", maxHeaders), headers: map[string]string{"Connection": "close"}}
	}
	return nil
}

// recover turns a panic into a 500: one bad request must not end the process.
func (c *call) recover() {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	c.api.metrics.panics.Inc()
	c.log.Error("handler panicked", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
	if c.status != 0 {
		panic(http.ErrAbortHandler)
	}
	c.fail(fmt.Errorf("panic"))
}

// end writes the request's one log line and its figures.
func (c *call) end() {
	name := "unknown"
	if c.op != nil {
		name = c.op.id
	}
	took := c.api.now().Sub(c.start)
	c.api.metrics.inFlight.Dec()
	c.api.metrics.done(name, c.status, took)
	c.log.LogAttrs(c.r.Context(), slog.LevelInfo, "request",
		slog.String("operation", name), slog.Int("status", c.status),
		slog.Duration("took", took), slog.String("remote", c.remote),
		slog.String("cid", string(c.who.CID)), slog.String("client", c.who.Client))
	c.tap.note(c, took)
}
