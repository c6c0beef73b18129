package httpapi

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews"
)

type queryProbe struct {
	IDs   mews.List `query:"ids,required"`
	Name  string    `query:"name"`
	Limit int       `query:"limit"`
	Flag  *bool     `query:"flag"`
}

func probe(raw string) (queryProbe, int, error) {
	var got queryProbe
	values, err := parseQuery(raw)
	if err != nil {
		return got, 0, err
	}
	unknown, err := bindQuery(values, paramsOf(reflect.TypeFor[queryProbe]()), reflect.ValueOf(&got).Elem())
	return got, unknown, err
}

func TestQueryBinds(t *testing.T) {
	got, unknown, err := probe("ids=a%2C+b,,a&ids=c&name=x%2By+z&limit=7&flag=False&nope=1&nope=2&later=")
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := queryProbe{IDs: mews.List{"a", "b", "c"}, Name: "x+y z", Limit: 7, Flag: &no}
	if d := cmp.Diff(want, got); d != "" || unknown != 2 {
		t.Errorf("%s, %d unknown", d, unknown)
	}
	if got, _, err = probe("ids=a&limit=&flag="); err != nil || got.Limit != 0 || got.Flag != nil {
		t.Errorf("an empty value is not absent: %+v %v", got, err)
	}
}

func TestQueryRefuses(t *testing.T) {
	for raw, want := range map[string]string{
		"":                                 "ids: required",
		"ids=":                             "ids: required",
		"ids=,%20,":                        "ids: required",
		"ids=a&limit=1&limit=9":            "duplicate parameter: limit",
		"ids=a;limit=1":                    "malformed query",
		"ids=%zz":                          "malformed query",
		"ids=a&limit=1.0":                  "limit: expected an integer",
		"ids=a&limit=%2B1":                 "limit: expected an integer",
		"ids=a&limit=99999999999999999999": "limit: expected an integer",
		"ids=a&flag=yes":                   "flag: expected true or false",
		"ids=a" + strings.Repeat("&b", maxQueryKeys): "query parameters",
	} {
		if _, _, err := probe(raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", raw, err, want)
		}
	}
	if _, _, err := probe("ids=a" + strings.Repeat("&b", maxQueryKeys-1)); err != nil {
		t.Errorf("%d keys: %v", maxQueryKeys, err)
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"ids=a,b&limit=3", "ids=%41&flag=TRUE", "a;b", "ids=&ids=x&name=%ff", "%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, _, err := probe(raw)
		if err != nil {
			return
		}
		values, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatalf("%q: accepted, and malformed: %v", raw, err)
		}
		for _, id := range got.IDs {
			if strings.TrimSpace(id) != id || id == "" || strings.Contains(id, ",") {
				t.Fatalf("%q: id %q is not clean", raw, id)
			}
		}
		if len(values["name"]) > 1 || len(values["limit"]) > 1 || len(values["flag"]) > 1 {
			t.Fatalf("%q: a repeated single parameter was accepted", raw)
		}
	})
}
