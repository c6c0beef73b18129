// Package yara is the only room that speaks to the worker program mews-yara,
// which compiles, plans and scans inside its sandbox. Rules and samples are
// hostile; nothing in this process parses either, and nothing the worker says
// is believed unchecked. See docs/format/worker.md for the frames on the pipe.
package yara

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mewshq/mews/internal/query"
)

// ErrUnavailable says that no worker can be had: the program is missing, does
// not start, or lacks a wall that the configuration demands.
var ErrUnavailable = errors.New("yara worker unavailable")

// Values of Options.Sandbox.
const (
	SandboxRequire    = "require"     // a missing wall refuses every call
	SandboxBestEffort = "best-effort" // a missing wall is logged
)

// Options configure an Engine. Zero values take the default.
type Options struct {
	Path       string // of the program mews-yara; empty: none
	Sandbox    string // default SandboxRequire
	Log        *slog.Logger
	MaxWorkers int           // scanning processes at a time; default 2
	Compile    time.Duration // for one source; default 10 s
	File       time.Duration // for one file; default 10 s
	MaxFile    int64         // bytes; larger files are skipped; default 100 MiB
}

// grace is what the worker gets on top of a limit before it is killed. The
// engine's own timeouts are known to come late.
const grace = time.Second

// matchCap is how many hits of one pattern the engine records in a file.
const matchCap = 1_000_000

// An Engine starts workers. Close ends those that it keeps.
type Engine struct {
	o          Options
	log        *slog.Logger
	command    func() *exec.Cmd // makes the process; tests put a stand-in here
	compiling  chan struct{}    // slots
	scanning   chan struct{}
	bench      *bench
	nursery    nursery
	forking    bool          // workers are forks of a zygote where that works
	waiting    atomic.Int32  // scans that want one of those slots
	greeting   time.Duration // from start to HELLO
	plainStart atomic.Bool   // the kernel refused new namespaces
	warned     atomic.Bool
}

// New makes an engine. It starts nothing; a program that is missing shows when
// the first call gives ErrUnavailable.
func New(o Options) *Engine {
	if o.Sandbox == "" {
		o.Sandbox = SandboxRequire
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxWorkers <= 0 {
		o.MaxWorkers = 2
	}
	if o.Compile <= 0 {
		o.Compile = 10 * time.Second
	}
	if o.File <= 0 {
		o.File = 10 * time.Second
	}
	if o.MaxFile <= 0 {
		o.MaxFile = 100 << 20
	}
	e := &Engine{
		o: o, log: o.Log, compiling: make(chan struct{}, 2), scanning: make(chan struct{}, o.MaxWorkers),
		bench: &bench{seats: benchSeats, keep: benchTime}, greeting: 10 * time.Second, forking: true,
	}
	e.command = func() *exec.Cmd {
		cmd := exec.Command(o.Path)
		cmd.Env = []string{}
		return cmd
	}
	return e
}

// Close ends what the engine keeps to make workers, and those that wait for a
// scan. It is called after the pools have been closed.
func (e *Engine) Close() error {
	e.bench.close()
	e.nursery.close()
	return nil
}

// A Wall is one part of the sandbox. Detail says why it does not stand, or how
// far it goes.
type Wall struct {
	Name   string `json:"name"`
	Up     bool   `json:"up"`
	Detail string `json:"detail"`
}

// A Status tells what a fresh worker says of itself.
type Status struct {
	Worker, Engine, PlanVersion string
	Modules                     []string
	Walls                       []Wall
}

// Status starts a worker, reads its greeting and ends it. The error wraps
// ErrUnavailable when hunts cannot run.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	if err := take(ctx, e.compiling); err != nil {
		return Status{}, err
	}
	defer release(e.compiling)
	p, err := e.start(ctx)
	if err != nil {
		return Status{}, err
	}
	defer p.close()
	h := p.hello
	return Status{Worker: h.Worker, Engine: h.Engine, PlanVersion: h.Plan, Modules: h.Modules, Walls: h.Walls}, nil
}

// admit applies the sandbox policy to a greeting.
func (e *Engine) admit(h helloMessage) error {
	if h.Protocol != protocol {
		return fmt.Errorf("%w: it speaks protocol %d, not %d", ErrUnavailable, h.Protocol, protocol)
	}
	var down []string
	for _, name := range []string{"rlimits", "landlock", "no_new_privs", "seccomp"} {
		if why := missing(name, h.Walls); why != "" {
			down = append(down, why)
		}
	}
	if len(down) == 0 {
		return nil
	}
	if e.o.Sandbox != SandboxBestEffort {
		return fmt.Errorf("%w: its sandbox is incomplete (%s); hunt.sandbox: best-effort runs it nevertheless",
			ErrUnavailable, strings.Join(down, "; "))
	}
	if !e.warned.Swap(true) {
		e.log.Warn("yara worker runs with an incomplete sandbox", "missing", strings.Join(down, "; "))
	}
	return nil
}

func missing(name string, walls []Wall) string {
	for _, w := range walls {
		if w.Name == name {
			if w.Up {
				return ""
			}
			return name + ": " + clean(w.Detail)
		}
	}
	return name + ": not reported"
}

// A Problem is an error or a warning at a place in the rule text. Line and
// Column count from 1; 0 means unknown.
type Problem struct {
	Code    string `json:"code"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// A CompileError is the refusal of a rule text by the compiler.
type CompileError struct {
	Reason   string // compile, module, include or limit
	Problems []Problem
}

func (e *CompileError) Error() string {
	var parts []string
	for _, p := range e.Problems {
		switch {
		case p.Line > 0:
			parts = append(parts, fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.Message))
		default:
			parts = append(parts, p.Message)
		}
	}
	if len(parts) == 0 {
		return "the rules do not compile"
	}
	return strings.Join(parts, "; ")
}

// A Ruleset is what the worker says of a source that compiled.
type Ruleset struct {
	Hash         [32]byte // SHA-256 of the source
	Engine       string
	PlanVersion  string
	FactsVersion string // of the facts that the plans ask for
	Rules        []Rule
	Plan         query.Node // superset of the files on which a public rule can be true
	Warnings     []Problem
}

// A Rule is one rule of a set, private ones included.
type Rule struct {
	Name     string
	Tags     []string
	Private  bool
	Global   bool
	Patterns int
	Plan     query.Node
	Weak     []Weak
	Why      *Problem // what keeps the plan from being better; nil: not said
}

// Weak names a pattern that filters nothing, and why.
type Weak struct {
	Pattern string `json:"pattern"`
	Why     string `json:"why"`
}

func take(ctx context.Context, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func release(slots chan struct{}) { <-slots }
