package httpapi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// someData keeps names in place of data; the real one stands above this room.
type someData struct {
	names []string
	done  []string // what was asked, and by whom
}

func (d *someData) note(who store.Actor, format string, args ...any) error {
	d.done = append(d.done, fmt.Sprintf(format, args...)+" by "+who.Operation)
	return nil
}

func (d *someData) Reset(_ context.Context, who store.Actor) error { return d.note(who, "reset") }

func (d *someData) Restore(_ context.Context, who store.Actor, name string) error {
	if !slices.Contains(d.names, name) {
		return mews.Errorf(mews.ErrNotFound, "no snapshot is called %s", name).WithID(name)
	}
	return d.note(who, "restore %s", name)
}

func (d *someData) SaveSnapshot(_ context.Context, who store.Actor, name string) (mews.Snapshot, error) {
	d.names = append(d.names, name)
	return mews.Snapshot{Name: name, Files: 3}, d.note(who, "save %s", name)
}

func (d *someData) Snapshots(context.Context) (list []mews.Snapshot, err error) {
	for _, name := range d.names {
		list = append(list, mews.Snapshot{Name: name})
	}
	return list, nil
}

func (d *someData) DeleteSnapshot(_ context.Context, who store.Actor, name string) error {
	if !slices.Contains(d.names, name) {
		return mews.Errorf(mews.ErrNotFound, "no snapshot is called %s", name).WithID(name)
	}
	d.names = slices.DeleteFunc(d.names, func(n string) bool { return n == name })
	return d.note(who, "delete %s", name)
}

func TestDataRoutes(t *testing.T) {
	h := newHarness(t, devMode)
	data := h.api.deps.Dev.Data.(*someData)
	for _, c := range []struct {
		method, path, body string
		status             int
		part               string
	}{
		{"GET", "snapshots", "", 200, `"resources":[]`},
		{"POST", "snapshots", `{"name":"one"}`, 200, `"name":"one"`},
		{"POST", "snapshots", `{"nam":"one"}`, 400, "nam"},
		{"POST", "snapshots", `{"name":"two"}`, 200, `"files":3`},
		{"GET", "snapshots", "", 200, `"two"`},
		{"POST", "restore", `{"name":"one"}`, 200, `"resources":[]`},
		{"POST", "restore", `{"name":"three"}`, 404, "three"},
		{"DELETE", "snapshots", "", 400, "ids"},
		{"DELETE", "snapshots?ids=two,three", "", 200, `"no such snapshot","id":"three"`},
		{"DELETE", "snapshots?ids=two", "", 404, "no such snapshot"},
		{"POST", "reset", "", 200, `"errors":[]`},
	} {
		a := h.do(t, c.method, "/mews/dev/v1/"+c.path, h.asDev(t), c.body)
		checkEnvelope(t, a.status, a.header, a.body)
		if a.status != c.status || !strings.Contains(string(a.body), c.part) {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, a.status, a.body)
		}
	}
	want := []string{
		"save one by mews.dev.snapshots.save", "save two by mews.dev.snapshots.save", "restore one by mews.dev.snapshots.restore",
		"delete two by mews.dev.snapshots.delete", "reset by mews.dev.reset",
	}
	if !slices.Equal(data.done, want) {
		t.Errorf("done: %q, want %q", data.done, want)
	}
}

// snapshot saves one.
func (w *walk) snapshot(name string) string {
	w.t.Helper()
	if a := w.do(w.t, "POST", "/mews/dev/v1/snapshots", bearing(w.token), `{"name":"`+name+`"}`); a.status != 200 {
		w.t.Fatalf("save %s: %d %s", name, a.status, a.body)
	}
	return name
}
