package sdk

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An exchange is one request as it went over the wire, and its status: 0 when
// there was no answer.
type exchange struct {
	call   string // method and path
	header http.Header
	status int
}

// A fault takes the place of the server for one request.
type fault func(r *http.Request, next http.RoundTripper) (*http.Response, error)

// A wire is the transport of the clients under test: it keeps a list of what
// they sent, and breaks what it is told to break.
type wire struct {
	next http.RoundTripper

	mu     sync.Mutex
	list   []exchange
	faults map[string][]fault // by call, used up from the front
}

func newWire() *wire {
	return &wire{next: &http.Transport{DisableKeepAlives: true}, faults: map[string][]fault{}}
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	call := r.Method + " " + r.URL.Path
	w.mu.Lock()
	var broken fault
	if list := w.faults[call]; len(list) > 0 {
		broken, w.faults[call] = list[0], list[1:]
	}
	at := len(w.list)
	w.list = append(w.list, exchange{call: call, header: r.Header.Clone()})
	w.mu.Unlock()

	var resp *http.Response
	var err error
	if broken != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		resp, err = broken(r, w.next)
	} else {
		resp, err = w.next.RoundTrip(r)
	}
	if err == nil {
		w.mu.Lock()
		w.list[at].status = resp.StatusCode
		w.mu.Unlock()
	}
	return resp, err
}

// breakNext lets faults strike the next requests of a call, one each.
func (w *wire) breakNext(call string, list ...fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults[call] = append(w.faults[call], list...)
}

// sent lists the statuses that a call got.
func (w *wire) sent(call string) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []int
	for _, e := range w.list {
		if e.call == call {
			out = append(out, e.status)
		}
	}
	return out
}

func (w *wire) all() []exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.list)
}

// status answers with an error envelope, and headers in pairs.
func status(code int, headers ...string) fault {
	return func(r *http.Request, _ http.RoundTripper) (*http.Response, error) {
		body := `{"meta":{"trace_id":"injected"},"errors":[{"code":` + strconv.Itoa(code) + `,"message":"injected"}],"resources":[]}`
		h := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{
			StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r, ContentLength: int64(len(body)),
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		}, nil
	}
}

// cut lets the server answer and ends its answer after n bytes.
func cut(n int64) fault {
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(resp.Body, n), broken{}), resp.Body}
		return resp, nil
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// silent never answers.
func silent(r *http.Request, _ http.RoundTripper) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// filler is n bytes that do not repeat in short steps.
func filler(seed string, n int) []byte {
	var out bytes.Buffer
	for i := 0; out.Len() < n; i++ {
		out.WriteString(seed + strconv.Itoa(i*i))
	}
	return out.Bytes()[:n]
}
