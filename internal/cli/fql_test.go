package cli

import (
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/fql"
)

// explain answers with the real tree and the fields of a small collection.
func (f *fake) explain(w http.ResponseWriter, collection, filter string) {
	tree, err := fql.Parse(filter)
	if err != nil {
		f.refuse(w, 400, err.Error())
		return
	}
	f.answer(w, mews.Meta{}, mews.FilterExplanation{
		Collection: collection, Filter: filter, Tree: fql.Lines(tree),
		Fields: []mews.FilterField{
			{Name: "hostname", Aliases: mews.List{"device.hostname"}, Type: "string", Sortable: true, Aggregate: true, InQ: true, Doc: "Name of the host."},
			{Name: "state", Aliases: mews.List{"status"}, Type: "string", Values: mews.List{"quarantined", "released"}, Sortable: true, Aggregate: true},
		},
	})
}

// Wherever a mistake is in whatever filter, the mark stands in an excerpt of
// one line that a terminal shows whole.
func TestExcerpt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		filter := rapid.StringOf(rapid.RuneFrom([]rune("a'\"\\ж日\n\x1b\u202e\u0301"))).Draw(t, "filter")
		at := rapid.IntRange(0, len(filter)).Draw(t, "at")
		line, width := excerpt(filter, at)
		if strings.ContainsFunc(line, unsafeRune) || len([]rune(line)) > 6*(charsBefore+charsAfter)+2 {
			t.Fatalf("%q at %d is shown as %q", filter, at, line)
		}
		if width < 0 || width > 6*charsBefore+1 {
			t.Fatalf("%q at %d is marked in column %d", filter, at, width)
		}
	})
	if line, width := excerpt("日本:x", len("日本:")); line != "日本:x" || width != 5 {
		t.Errorf("%q, %d", line, width)
	}
}

// What is no mistake in the filter gets no mark.
func TestPointAt(t *testing.T) {
	for _, err := range []error{
		mews.Errorf(mews.ErrInvalid, "unknown collection"),
		mews.Errorf(mews.ErrInvalid, "FQL error at 0: x"),
		mews.Errorf(mews.ErrInvalid, "FQL error at 99: x"),
		mews.Errorf(mews.ErrNotFound, "FQL error at 1: x"),
	} {
		if got := pointAt("a:1", err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
	if got := pointAt("a:1", mews.Errorf(mews.ErrInvalid, "filter: FQL error at 4: x")).Error(); got != "filter: FQL error at 4: x\n  a:1\n     ^" {
		t.Errorf("%q", got)
	}
}
