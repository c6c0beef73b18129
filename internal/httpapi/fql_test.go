package httpapi

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

const explainPath = "/mews/queries/fql-explain/v1"

func TestExplainFilter(t *testing.T) {
	h := newHarness(t)
	token := h.token(t, mews.ScopeQuarantineRead)
	filter := "device.hostname:'web*'+(state:'deleted',!username:null)"
	a := h.get(t, token, explainPath+"?collection=quarantine&filter="+url.QueryEscape(filter))
	e := decode[mews.FilterExplanation](t, a).Resources[0]
	tree := []string{"all of", "  device.hostname like 'web*'", "  any of", "    state is 'deleted'", "    not username is missing"}
	if e.Collection != "quarantine" || e.Filter != filter || !slices.Equal(e.Tree, tree) {
		t.Errorf("%+v", e)
	}
	for _, name := range []string{"hostname", "state", "paths.path", "max_severity"} {
		if !slices.ContainsFunc(e.Fields, func(f mews.FilterField) bool { return f.Name == name && f.Type != "" && f.Doc != "" }) {
			t.Errorf("no field %s among %+v", name, e.Fields)
		}
	}
	for _, query := range []string{"", "?filter=", "?filter=*"} {
		if got := decode[mews.FilterExplanation](t, h.get(t, token, explainPath+query)).Resources[0]; !slices.Equal(got.Tree, []string{"everything"}) {
			t.Errorf("%q: %q", query, got.Tree)
		}
	}
}

func TestExplainEveryCollection(t *testing.T) {
	h := newHarness(t)
	token := h.token(t, mews.ScopeDevicesRead)
	for collection, field := range map[string]string{"detections": "indicator_id", "hosts": "platform_name", "indicators": "expiration", "intel": "_marker", "quarantine": "state"} {
		e := decode[mews.FilterExplanation](t, h.get(t, token, explainPath+"?collection="+collection)).Resources[0]
		if e.Collection != collection || !slices.ContainsFunc(e.Fields, func(f mews.FilterField) bool { return f.Name == field }) {
			t.Errorf("%s: %+v", collection, e)
		}
	}
}

func TestExplainRefuses(t *testing.T) {
	h := newHarness(t)
	token := h.token(t, mews.ScopeQuarantineRead)
	for query, want := range map[string]string{
		"filter=" + url.QueryEscape("state:'a' hostname:'b'"): "FQL error at 11: expected + (and) or , (or)",
		"filter=nosuch:1":               "FQL error at 1: unknown field",
		"filter=state:'a'&collection=x": `unknown collection "x"; there are detections, hosts, indicators, intel, quarantine`,
	} {
		a := h.get(t, token, explainPath+"?"+query)
		if a.status != 400 || !strings.Contains(decode[mews.FilterExplanation](t, a).Errors[0].Message, want) {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}
