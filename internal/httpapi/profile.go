package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"runtime/pprof"
	"time"

	"github.com/mewshq/mews"
)

// maxProfile ends a profile whose caller has forgotten it.
const maxProfile = 10 * time.Minute

// profile records where the server's CPU time goes while the request's body is
// open, and answers with what `go tool pprof` reads. The body's bytes do not
// matter: the caller says by its end when to stop.
func (a *admin) profile(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	// A connection that takes no deadline ends with its peer.
	_ = control.SetReadDeadline(time.Now().Add(maxProfile))
	var out bytes.Buffer
	if err := pprof.StartCPUProfile(&out); err != nil {
		http.Error(w, mews.Errorf(mews.ErrConflict, "another profile is being taken").Error(), http.StatusConflict)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body) // however it ends, it is the end
	pprof.StopCPUProfile()
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(out.Bytes()) // the peer is gone: nobody is left to tell
}
