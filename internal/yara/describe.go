package yara

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mewshq/mews/internal/query"
)

// A Fact is what the engine's modules say of a file, as a rule would compare it
// with ==; docs/format/worker.md names the fields.
type Fact struct{ Name, Value string }

// A Description is what became of one file. With a Reason its facts are not
// known; with Err, a *ReadError, it could not be read.
type Description struct {
	Facts  []Fact
	Reason string
	Err    error
}

// maxFacts is how many facts a file may have.
const maxFacts = 512

// Starts lists how the files begin that a module may accept. Any other file has
// no facts. A test holds the list against the engine.
func Starts() [][]byte {
	return [][]byte{
		[]byte("MZ"), []byte("\x7fELF"), []byte("dex\n"), []byte("L\x00\x00\x00"),
		[]byte("\xfe\xed\xfa\xce"), []byte("\xce\xfa\xed\xfe"), []byte("\xfe\xed\xfa\xcf"), []byte("\xcf\xfa\xed\xfe"),
		[]byte("\xca\xfe\xba\xbe"), []byte("\xbe\xba\xfe\xca"), []byte("\xca\xfe\xba\xbf"), []byte("\xbf\xba\xfe\xca"),
	}
}

// A Describer has files described by a worker of its own, which starts when
// there is work and is replaced when it is worn. It is for one goroutine.
type Describer struct {
	e       *Engine
	w       *process
	version string
	nextID  int64
}

// Describer makes a describer. It starts nothing.
func (e *Engine) Describer() *Describer { return &Describer{e: e} }

type describeMessage struct {
	Limits limitsMessage `json:"limits"`
}

type factsMessage struct {
	ID     int64       `json:"id"`
	Reason string      `json:"reason"`
	CPU    int64       `json:"cpu_ms"`
	Facts  [][2]string `json:"facts"`
}

// Version names the facts that this describer makes: facts of two versions
// cannot be compared. The worker of a program that was replaced is another
// version, and no describer goes from one to the next.
func (d *Describer) Version(ctx context.Context) (string, error) {
	if err := d.start(ctx); err != nil {
		return "", err
	}
	return d.version, nil
}

func (d *Describer) start(ctx context.Context) error {
	if d.w != nil && !d.w.worn() {
		return nil
	}
	d.Close()
	w, err := d.e.start(ctx)
	if err != nil {
		return err
	}
	switch {
	case !isVersion(w.hello.Facts):
		err = fmt.Errorf("%w: it does not describe files", ErrUnavailable)
	case d.version != "" && w.hello.Facts != d.version:
		err = fmt.Errorf("%w: it was replaced by one of another version", ErrUnavailable)
	default:
		err = w.wish(describeMessage{Limits: d.e.limits()}, d.e.o.Compile+grace)
	}
	if err != nil {
		w.close()
		return err
	}
	d.w, d.version = w, w.hello.Facts
	return nil
}

// wish tells a fresh worker that it is to describe files.
func (p *process) wish(m describeMessage, limit time.Duration) error {
	payload, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := p.write(append(appendHead(nil, frameDescribe, len(payload)), payload...), limit); err != nil {
		return p.explain(err)
	}
	return nil
}

func isVersion(s string) bool { return len(s) == 16 && isWords(s) }

// Describe has files described, in their order. An error is one of all of them.
func (d *Describer) Describe(ctx context.Context, files []File) ([]Description, error) {
	t := &talk{e: d.e, files: files, results: make([]Result, len(files)), facts: make([]Description, len(files)), base: d.nextID}
	d.nextID += int64(len(files))
	for i := range files {
		if files[i].Size > d.e.o.MaxFile {
			t.results[i].Verdict = Verdict{Outcome: Skipped, Reason: "too large"}
		}
	}
	for !t.complete() {
		if err := d.start(ctx); err != nil {
			return nil, err
		}
		end := t.run(ctx, d.w, 0, len(files))
		if end == nil {
			continue
		}
		d.Close()
		v, err := verdictOf(ctx, end)
		if err != nil || len(t.queue) == 0 {
			return nil, end
		}
		t.results[t.queue[0]].Verdict = v
	}
	for i, r := range t.results {
		if r.Outcome != Match {
			t.facts[i] = Description{Reason: r.Reason, Err: r.Err}
		}
	}
	return t.facts, nil
}

// Close ends the worker. The describer can be used again.
func (d *Describer) Close() {
	if d.w != nil {
		d.w.close()
		d.w = nil
	}
}

// described takes a FACTS for the file with this id. A description is a match
// without rules.
func (t *talk) described(i int, kind byte, payload []byte) (Verdict, error) {
	if kind != frameFacts {
		return Verdict{}, protocolErrorf("frame of type %d instead of FACTS", kind)
	}
	m, err := unpack[factsMessage](payload)
	if err != nil {
		return Verdict{}, err
	}
	if m.ID != t.base+int64(i) || m.CPU < 0 || len(m.Facts) > maxFacts || m.Reason != "" && len(m.Facts) > 0 {
		return Verdict{}, protocolErrorf("FACTS are for another file, or over their bounds")
	}
	cpu := time.Duration(m.CPU) * time.Millisecond
	if m.Reason != "" {
		return Verdict{Outcome: Error, Reason: clean(m.Reason), CPU: cpu}, nil
	}
	var d Description
	for _, f := range m.Facts {
		if !query.IsFact(f[0], f[1]) {
			return Verdict{}, protocolErrorf("FACTS with a fact that no plan asks for")
		}
		d.Facts = append(d.Facts, Fact{Name: f[0], Value: f[1]})
	}
	t.facts[i] = d
	return Verdict{Outcome: Match, CPU: cpu}, nil
}
