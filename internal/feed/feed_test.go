package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
)

func TestUnreadable(t *testing.T) {
	for _, c := range []struct {
		format     Format
		text, want string
	}{
		{Auto, "", "the file is empty"},
		{Auto, "\ufeff \n", "the file is empty"},
		{Auto, "\xff\xfea\x00", "the text is UTF-16; save it as UTF-8"},
		{"nope", "x", `unknown format "nope"`},
		{Auto, "# only comments\n", "the table has no rows"},
		{Auto, `{"a":1}`, "the JSON is neither a STIX bundle"},
		{Auto, `[{"a":1}]`, "a list of JSON"},
		{Auto, `{"type":"bundle","objects":[`, "STIX: the file ends too early"},
		{Auto, `{"type":"bundle","objects":[{}`, "STIX: the file ends too early"},
		{Auto, `{"type":"bundle","objects":[]`, "STIX: the file ends too early"},
		{Auto, `{"type":"bundle","objects":[]}x`, "STIX: there is text after the bundle"},
		{Auto, `{"type":"bundle"}`, `STIX: there is no "objects"`},
		{Auto, `{"type":"bundle","objects":{}}`, `STIX: "objects" is no list`},
		{STIX, `[]`, "STIX: a bundle is"},
		{STIX, `{"objects":[` + strings.Repeat("{},", maxObjects) + `{}]}`, "more than 250000 objects"},
		{STIX, `{"objects":["` + strings.Repeat("x", 3*maxRow) + `"]}`, "a row is larger than 1 MiB"},
		{MISP, `{}`, "MISP: there is no event"},
		{MISP, `7`, "MISP: 7 stands where an event is expected"},
		{MISP, `{"Event":{"info":`, "MISP: the file ends too early"},
		{MISP, strings.Repeat("[", 100), "MISP: lists in lists"},
		{MISP, `{"Event":{"info":"` + strings.Repeat("x", 2*maxEvent) + `"}}`, "a row is larger than 32 MiB"},
		{URLhaus, "a,indicator\n1,2\n", `the table has no column "url_status"`},
		{CSV, `indicator` + "\n" + `"` + strings.Repeat("x", 2*maxRow), "a row is larger than 1 MiB"},
		{NDJSON, `{"x":"` + strings.Repeat("x", 2*maxRow), "line 1: a row is larger than 1 MiB"},
	} {
		_, err := readAll(c.text, c.format)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.60s: %v, want %s", c.format, c.text, err, c.want)
		}
	}
}

// TestReaderFails: what the reader says is what the caller hears.
func TestReaderFails(t *testing.T) {
	broken := errors.New("the wire was cut")
	for format, head := range map[Format]string{
		CSV: "indicator\na.example\n", STIX: `{"objects":[{"type":"x"},`, MISP: `{"response":[`, NDJSON: "{}\n", URLhaus: "# x\n",
	} {
		var last error
		for _, err := range Read(io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken)), format) {
			last = err
		}
		if !errors.Is(last, broken) {
			t.Errorf("%s: %v", format, last)
		}
	}
}

// TestStops: who wants no more rows gets none.
func TestStops(t *testing.T) {
	for _, text := range []string{
		"a.example\nb.example\n", "{\"indicator\":\"a.example\"}\n{\"indicator\":\"b.example\"}\n",
		`{"Event":{"Attribute":[{"type":"domain","value":"a.example"},{"type":"domain","value":"b.example"}]}}`,
		`{"objects":[{"type":"indicator","pattern":"[domain-name:value IN ('a.example','b.example')]"}]}`,
	} {
		n := 0
		for range Read(strings.NewReader(text), Auto) {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%s: %d rows", text, n)
		}
	}
}

func TestBounds(t *testing.T) {
	many := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("w%d", i))
		}
		return list
	}
	labels := labelsOf(many(maxList+1), 0, 0)
	var relations []mews.IntelRelation
	for _, w := range many(maxList + 1) {
		relations = append(relations, mews.IntelRelation{Type: "username", Indicator: w})
	}
	for want, i := range map[string]mews.IntelIndicator{
		"actors: 201 words; at most 200":          {Actors: many(maxList + 1)},
		"targets: \"ww":                           {Targets: []string{strings.Repeat("w", maxWord+1)}},
		"labels: 201; at most 200":                {Labels: labels},
		"relations: 201; at most 200":             {Relations: relations},
		"relations: type: \"x\" is none of":       {Relations: []mews.IntelRelation{{Type: "x", Indicator: "y"}}},
		"labels: created_on: -1 is no time":       {Labels: []mews.IntelLabel{{Name: "x", CreatedOn: -1}}},
		"relations: last_valid_date: 10000000000": {Relations: []mews.IntelRelation{{Type: "username", Indicator: "y", LastValidDate: 10_000_000_000}}},
		"indicator: it has no value":              {Type: "url", Indicator: " "},
		"indicator: \"" + strings.Repeat("u", 64) + "...\" is longer than 2048 bytes": {Type: "username", Indicator: strings.Repeat("u", 2049)},
		"holds a control character": {Type: "mutex_name", Indicator: "a\x00b"},
		"is not UTF-8":              {Type: "mutex_name", Indicator: "a\xffb"},
		"email_address: expected":   {Type: "email_address", Indicator: "a"},
		"expected an address":       {Type: "ip_address_block", Indicator: "198.51.100.7"},
		"url: expected":             {Type: "url", Indicator: "http:///x"},
		"domain: expected":          {Type: "domain", Indicator: "a..b"},
	} {
		if i.Indicator == "" {
			i.Type, i.Indicator = "domain", "a.example"
		}
		if err := Normalize(&i); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+.200v: %v, want %s", i, err, want)
		}
	}
}

// genIndicator draws an indicator that is right, in any spelling.
func genIndicator() *rapid.Generator[mews.IntelIndicator] {
	return rapid.Custom(func(t *rapid.T) mews.IntelIndicator {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "A", "b ", "Ä", "ä", "c d", "", "x;y"}), 0, 6)
		at := rapid.Int64Range(0, 2_000_000_000)
		i := mews.IntelIndicator{
			ID: "x", Marker: "y", LastUpdated: 7,
			Type: "domain", Indicator: rapid.SampledFrom([]string{"a.example", "B.Example.", "c[.]example"}).Draw(t, "value"),
			PublishedDate: at.Draw(t, "published"), Deleted: rapid.Bool().Draw(t, "deleted"),
			MaliciousConfidence: rapid.SampledFrom([]string{"", "HIGH", "medium", "low", "unverified"}).Draw(t, "confidence"),
		}
		for _, l := range Lists(&i) {
			*l.Words = words.Draw(t, l.Name)
		}
		for _, w := range words.Draw(t, "labels") {
			i.Labels = append(i.Labels, mews.IntelLabel{Name: w, CreatedOn: at.Draw(t, "created"), LastValidOn: at.Draw(t, "valid")})
		}
		for _, w := range rapid.SliceOfN(rapid.SampledFrom([]string{"u", "v", "w"}), 0, 4).Draw(t, "relations") {
			i.Relations = append(i.Relations, mews.IntelRelation{Type: "username", Indicator: w, CreatedDate: at.Draw(t, "created"), LastValidDate: at.Draw(t, "valid")})
		}
		return i
	})
}

// TestNormal: the normal form stays as it is, and goes through a line of NDJSON.
func TestNormal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := genIndicator().Draw(t, "indicator")
		if err := Normalize(&i); err != nil {
			t.Fatal(err)
		}
		again := clone(i)
		if err := Normalize(&again); err != nil || !reflect.DeepEqual(again, i) {
			t.Fatalf("%+v became %+v, %v", i, again, err)
		}
		line, err := Line(Row{Indicator: i, Origin: "o"})
		if err != nil {
			t.Fatal(err)
		}
		list, err := readAll(string(line), NDJSON)
		if err != nil || len(list) != 1 || list[0].Origin != "o" || !reflect.DeepEqual(list[0].Indicator, i) {
			t.Fatalf("%s became %+v, %v", line, list, err)
		}
	})
}

// TestMerge: whose word comes first does not count, and what is said twice is
// said.
func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all [3]mews.IntelIndicator
		for n := range all {
			all[n] = genIndicator().Draw(t, "indicator")
			all[n].Indicator = "a.example"
			if err := Normalize(&all[n]); err != nil {
				t.Fatal(err)
			}
		}
		merged := func(order ...int) mews.IntelIndicator {
			out := clone(all[order[0]])
			for _, n := range order[1:] {
				Merge(&out, all[n])
			}
			return out
		}
		want := merged(0, 1, 2)
		for _, order := range [][]int{{2, 1, 0}, {1, 0, 2, 0}, {0, 0, 1, 2, 2}} {
			if got := merged(order...); !reflect.DeepEqual(got, want) {
				t.Fatalf("%v gives\n%+v\nnot\n%+v", order, got, want)
			}
		}
		if err := Normalize(&want); err != nil || !reflect.DeepEqual(want, merged(0, 1, 2)) {
			t.Fatalf("merged is not normal: %v", err)
		}
	})
}

// FuzzRead: no text breaks a reader, and what is read is in normal form.
func FuzzRead(f *testing.F) {
	for n, s := range []string{
		"a.example\nhxxp://b[.]example/x\n", "type,indicator,tags\ndomain,a.example,x;y\n",
		"# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"confidence_level\"\n\"2026-01-01 00:00:00\", \"1\", \"a.example\", \"domain\", \"50\"\n",
		"# id,dateadded,url,url_status\n1,2026-01-01 00:00:00,http://a.example,online\n", "sha256_hash,md5_hash\n,0123456789abcdef0123456789abcdef\n",
		`{"indicator":"a.example","type":"domain","origin":"o"}` + "\n" + `{"whole":true,"origin":"o"}`,
		`{"type":"bundle","objects":[{"type":"indicator","id":"i","pattern":"[domain-name:value = 'a.example']"},{"type":"relationship","source_ref":"i","target_ref":"m"},{"type":"malware","id":"m","name":"M"}]}`,
		`{"response":[{"Event":{"uuid":"e","info":"x","Attribute":[{"uuid":"a","type":"domain|ip","value":"a.example|192.0.2.1","Tag":[{"name":"kill-chain:C2"}]}]}}]}`,
	} {
		f.Add(s, n)
	}
	formats := []Format{Auto, STIX, MISP, URLhaus, ThreatFox, MalwareBazaar, CSV, NDJSON}
	f.Fuzz(func(t *testing.T, text string, n int) {
		format := formats[(n%len(formats)+len(formats))%len(formats)]
		var lines bytes.Buffer
		rows := 0
		for row, err := range Read(strings.NewReader(text), format) {
			if err != nil {
				if err.Error() == "" || len(err.Error()) > 1000 {
					t.Errorf("%q", err)
				}
				break
			}
			if len(row.Problem) > 1000 || len(row.Skip) > 300 {
				t.Errorf("%+v", row)
			}
			if row.Problem != "" || row.Skip != "" {
				continue
			}
			again := clone(row.Indicator)
			if err := Normalize(&again); !row.Whole && (err != nil || !reflect.DeepEqual(again, row.Indicator)) {
				t.Fatalf("%+v is not normal: %+v, %v", row.Indicator, again, err)
			}
			line, err := Line(row)
			if err != nil {
				t.Fatal(err)
			}
			rows++
			lines.Write(line)
		}
		if rows == 0 {
			return
		}
		back, err := readAll(lines.String(), NDJSON)
		if err != nil || len(back) != rows {
			t.Fatalf("%d rows became %d: %v", rows, len(back), err)
		}
		for _, row := range back {
			if row.Problem != "" {
				t.Fatalf("%+v", row)
			}
		}
	})
}
