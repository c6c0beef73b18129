package hunt

import (
	"errors"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
)

// What only quarantined files hold is unknown to searches, archives and
// MalQuery's downloads, and costs nothing; once it is made searchable it is a
// sample like any other, and unknown again afterwards.
func TestHeldSamples(t *testing.T) {
	w := newWorld(t, "", Limits{})
	w.run()
	held := w.put("quarantined needle", sample.PutOptions{Hold: "record"})
	known := w.put("corpus needle", sample.PutOptions{})
	for _, seen := range []bool{false, true, false} {
		_, err := w.samples.ShowHeld(t.Context(), cid, func(*store.Tx) (bool, error) { return seen, nil })
		w.must(err)
		for _, flush := range []bool{false, true} {
			if flush {
				w.must(w.engine.Flush(t.Context()))
			}
			got := shas(w.exact(nil, ascii("needle")))
			if got[held.SHA256] != seen || !got[known.SHA256] {
				t.Errorf("seen %v: exact search finds %v", seen, got)
			}
			fuzzy, err := w.Fuzzy(t.Context(), me, mews.SearchRequest{Patterns: []mews.Pattern{ascii("needle")}})
			w.must(err)
			if got := len(fuzzy.Samples); got != map[bool]int{false: 1, true: 2}[seen] {
				t.Errorf("seen %v: fuzzy search finds %d", seen, got)
			}
		}
		before, err := w.Quotas(t.Context(), me)
		w.must(err)
		r, _, err := w.Download(t.Context(), me, held.SHA256)
		if seen {
			w.must(err)
			w.must(r.Close())
			continue
		}
		if !errors.Is(err, mews.ErrNotFound) || !strings.Contains(err.Error(), held.SHA256) {
			t.Errorf("download: %v", err)
		}
		if _, err := w.MultiDownload(t.Context(), me, []string{held.SHA256}); !errors.Is(err, mews.ErrNotFound) {
			t.Errorf("archive: %v", err)
		}
		if after, err := w.Quotas(t.Context(), me); err != nil || after.DownloadCount != before.DownloadCount {
			t.Errorf("it cost %d downloads, %v", after.DownloadCount-before.DownloadCount, err)
		}
	}
}
