package httpapi

import (
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

const (
	actionsPath = "/agent/v1/actions"
	ackPath     = "/agent/v1/actions/ack"
)

// TestHostActions walks an action from the update to the host's answer with a
// token that may do nothing else.
func TestHostActions(t *testing.T) {
	h := newHarness(t)
	token, agent := h.token(t), h.token(t, mews.ScopeAgent)
	file := h.reported(t, token, `{"hostname":"h","agent":true,"paths":[{"path":"/a"}]}`, "held")
	actions := func(query string) []mews.HostAction {
		t.Helper()
		a := h.get(t, agent, actionsPath+"?aid="+file.AID+query)
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return decode[mews.HostAction](t, a).Resources
	}
	pathState := func() (string, int32) {
		p := decode[mews.QuarantinedFile](t, h.post(t, token, recordsGet, `{"ids":"`+file.ID+`"}`)).Resources[0].Paths[0]
		return p.State, p.Reason
	}
	if got := actions(""); len(got) != 0 {
		t.Errorf("before anybody asked: %+v", got)
	}
	h.patch(t, token, recordsPath, `{"action":"release","comment":"fine","ids":"`+file.ID+`"}`)
	first := actions("&limit=1")
	if len(first) != 1 || first[0].Action != "release" || first[0].QuarantineID != file.ID || first[0].Comment != "fine" || first[0].Paths[0].Path != "/a" {
		t.Fatalf("%+v", first)
	}
	if state, _ := pathState(); state != "release_pending" {
		t.Errorf("path %s", state)
	}
	if again := actions(""); len(again) != 1 || again[0].ID != first[0].ID {
		t.Errorf("not acknowledged, but gone: %+v", again)
	}
	ack := func(body string, changed int) {
		t.Helper()
		a := h.post(t, agent, ackPath, body)
		env := decode[any](t, a)
		if a.status != 200 || env.Meta.Writes.ResourcesAffected != changed || strings.Contains(string(a.body), `"resources":`) {
			t.Errorf("%s: %d %s, want %d", body, a.status, a.body, changed)
		}
	}
	ack(`{"id":"`+first[0].ID+`","outcome":"failed","reason":"no such file","reason_code":2}`, 1)
	ack(`[{"id":"`+first[0].ID+`","outcome":"acknowledged"}]`, 0)
	if state, reason := pathState(); state != "error" || reason != 2 {
		t.Errorf("path %s %d", state, reason)
	}
	a := h.post(t, agent, ackPath, `[{"id":"`+first[0].ID+`","outcome":"acknowledged"},{"id":"`+strings.Repeat("0", 32)+`","outcome":"failed"}]`)
	if env := decode[any](t, a); a.status != 200 || len(env.Errors) != 1 || env.Errors[0].Code != 404 || env.Errors[0].ID != strings.Repeat("0", 32) {
		t.Errorf("one of two known: %d %s", a.status, a.body)
	}
	if got := actions(""); len(got) != 0 {
		t.Errorf("after the answer: %+v", got)
	}
}

func TestAgentRefusals(t *testing.T) {
	h := newHarness(t)
	agent := h.token(t, mews.ScopeAgent)
	for query, want := range map[string]string{
		"":                                "aid: required",
		"?aid=":                           "aid: required",
		"?aid=x":                          "aid: expected 32 hex digits",
		"?aid=" + strings.Repeat("0", 33): "aid: expected 32 hex digits",
		"?aid=" + strings.Repeat("0", 32) + "&limit=0":    "limit must be 1..1000",
		"?aid=" + strings.Repeat("0", 32) + "&limit=1001": "limit must be 1..1000",
		"?aid=" + strings.Repeat("0", 32) + "&limit=x":    "limit: expected an integer",
	} {
		if a := h.get(t, agent, actionsPath+query); a.status != 400 || !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s, want %q", query, a.status, a.body, want)
		}
	}
	for body, want := range map[string]string{
		``:                            "JSON error",
		`[]`:                          "at least one",
		`{}`:                          "outcome",
		`{"id":"x","outcome":"done"}`: "acknowledged or failed",
		`{"id":"x","outcome":"failed","state":"x"}`:                                                     `unknown field \"state\"`,
		`{"id":"x","outcome":"failed","reason_code":3000000000}`:                                        "reason_code: expected an integer",
		`[` + strings.Repeat(`{"id":"x","outcome":"failed"},`, 1000) + `{"id":"x","outcome":"failed"}]`: "1000",
	} {
		if a := h.post(t, agent, ackPath, body); a.status != 400 || !strings.Contains(string(a.body), want) {
			t.Errorf("%.80s: %d %s, want %q", body, a.status, a.body, want)
		}
	}
	if a := h.post(t, agent, ackPath, `{"id":"x","outcome":"failed"}`); a.status != 404 {
		t.Errorf("an unknown action: %d %s", a.status, a.body)
	}
}
