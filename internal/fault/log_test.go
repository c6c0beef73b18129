package fault

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
)

// TestLog compares the ring with a slice.
func TestLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 5).Draw(t, "size")
		l, last := NewLog(size), int64(0)
		var model []mews.DevRequest
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				e := mews.DevRequest{
					Operation: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "operation"),
					Status:    rapid.SampledFrom([]int{0, 200, 503}).Draw(t, "status"),
				}
				l.Add(e)
				last++
				e.Sequence = last
				if model = append(model, e); len(model) > size {
					model = model[1:]
				}
			},
			"clear": func(t *rapid.T) {
				if n := l.Clear(); n != len(model) {
					t.Fatalf("cleared %d of %d", n, len(model))
				}
				model = nil
			},
			"find": func(t *rapid.T) {
				q := Query{
					Request: Request{Operation: rapid.SampledFrom([]string{"", "a", "B", "*"}).Draw(t, "pattern")},
					Status:  rapid.SampledFrom([]int{0, 200}).Draw(t, "status"),
					After:   rapid.Int64Range(0, last).Draw(t, "after"),
					Limit:   rapid.IntRange(0, 3).Draw(t, "limit"),
				}
				want := slices.DeleteFunc(slices.Clone(model), func(e mews.DevRequest) bool {
					return e.Sequence <= q.After || q.Status != 0 && e.Status != q.Status || !matches(q.Operation, e.Operation)
				})
				if q.Limit > 0 {
					want = want[max(0, len(want)-q.Limit):]
				}
				if got := l.Find(q); !slices.Equal(got, want) {
					t.Fatalf("%+v: got %+v, want %+v", q, got, want)
				}
			},
		})
	})
}
