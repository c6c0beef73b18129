package collection_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// parse reads a number of a filter.
func parse[T int64 | float64](text string) (out T) {
	must(json.Unmarshal([]byte(text), &out))
	return out
}

// pool holds values from which records and filters are made, so that they meet.
// No two letters of it are equal in lower case only under one of the rules that
// engines differ in.
var pool = map[string][]any{
	"state":      {"quarantined", "released", "purged"},
	"hostname":   {"", "WEB01", "web01", "web-02.corp", "Bob's PC", "ÉCOLE", "école\\2", "50%_off*", "a!b%c_d", "中文 文件"},
	"code":       {nil, "", "Alpha", "alpha", "ALPHA beta", "be%ta_", "z"},
	"note":       {"", "A note, of words", "words of a Note!", "x—y „z“", "a\u00a0b", "per%cent under_score"},
	"sha256":     {"", "ab01cd", "ab02ef", "00ff"},
	"severity":   {nil, int64(-3), int64(0), int64(50), int64(70), int64(9_000_000_000_000_000_000)},
	"score":      {nil, -1.5, 0.0, 0.1, 12345.5},
	"active":     {nil, true, false},
	"created":    {nil, instant("2026-05-16T23:59:59.999999Z"), instant("2026-05-17T00:00:00Z"), instant("2026-05-17T12:00:00Z"), instant("2025-12-31T10:11:12Z"), instant("2026-10-01T00:00:00Z")},
	"seen":       {nil, instant("2026-05-17T12:00:00Z"), instant("1969-07-20T20:17:40Z")},
	"ip":         {nil, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("192.168.1.77"), netip.MustParseAddr("2001:db8::1")},
	"paths.path": {"", `C:\Users\Bob\Temp\evil one.exe`, `c:\users\bob\temp\EVIL-ONE.exe`, "/tmp/x", "/tmp/x/y", "users bob", "中文/文件.exe", "b—c"},
	"paths.name": {nil, "", "evil one.exe", "X", "x"},
	"paths.size": {nil, int64(1), int64(2), int64(70)},
}

func instant(text string) int64 {
	from, _, err := parseTime(text)
	must(err)
	return from.UnixMicro()
}

// randomRecord draws what stands in each field.
func randomRecord(rng *rand.Rand, seq int64) plain {
	p := plain{seq: seq, id: fmt.Sprintf("id%04d", seq), values: map[string][]any{}}
	p.values["id"] = []any{p.id}
	paths := []int{0, 1, 1, 2, 3}[rng.IntN(5)]
	for field, values := range pool {
		n := 1
		if strings.HasPrefix(field, "paths.") {
			n = paths
		}
		for range n {
			p.values[field] = append(p.values[field], values[rng.IntN(len(values))])
		}
	}
	return p
}

// present drops what counts as missing.
func (p plain) present() plain {
	out := plain{p.seq, p.id, map[string][]any{}}
	for field, values := range p.values {
		for _, v := range values {
			if v != nil && v != "" {
				out.values[field] = append(out.values[field], v)
			}
		}
	}
	return out
}

// texts are a field's strings.
func (p plain) texts(field string) (out []string) {
	for _, v := range p.values[field] {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// put writes the record as a service would.
func (p plain) put(tx *store.Tx, c *collection.Collection, cid store.CID) error {
	one := func(field string) any {
		switch v := p.values[field][0].(type) {
		case netip.Addr:
			b := v.As16()
			return b[:]
		case bool:
			return number(v)
		default:
			return v
		}
	}
	host := p.texts("hostname")[0]
	low, high := ends(p.texts("paths.path"))
	_, err := tx.Exec(`INSERT INTO thing (seq, cid, id, state, host, host_folded, code, note, hash, severity, score, active, created, seen, addr, path_low, path_high)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.seq, string(cid), p.id, one("state"), host, strings.ToLower(host), one("code"), one("note"), one("sha256"),
		one("severity"), one("score"), one("active"), one("created"), one("seen"), one("ip"), low, high)
	if err != nil {
		return err
	}
	for i, path := range p.texts("paths.path") {
		name, size := p.values["paths.name"][i], p.values["paths.size"][i]
		var folded any
		if s, ok := name.(string); ok {
			folded = strings.ToLower(s)
		}
		_, err := tx.Exec(`INSERT INTO thing_path (record, place, cid, path, path_folded, name, name_folded, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			p.seq, i, string(cid), path, strings.ToLower(path), name, folded, size)
		if err != nil {
			return err
		}
	}
	words := c.Words(map[string][]string{"hostname": {host}, "sha256": p.texts("sha256"), "paths.path": p.texts("paths.path")})
	_, err = tx.Exec(`INSERT INTO thing_words (record, cid, words) VALUES (?, ?, ?)`, p.seq, string(cid), words)
	return err
}

// drawFilter draws the text of a filter that is in order.
func drawFilter(t *rapid.T, depth int) string {
	if depth == 0 {
		return drawTerm(t)
	}
	switch rapid.IntRange(0, 5).Draw(t, "node") {
	case 0:
		return drawFilter(t, depth-1) + "+" + drawFilter(t, depth-1)
	case 1:
		return "(" + drawFilter(t, depth-1) + "," + drawFilter(t, depth-1) + ")"
	case 2:
		return "!(" + drawFilter(t, depth-1) + ")"
	}
	return drawTerm(t)
}

func drawTerm(t *rapid.T) string {
	field := rapid.SampledFrom([]string{
		"id", "state", "status", "hostname", "device.hostname", "code", "note", "sha256", "severity", "score", "active", "created", "seen", "ip",
		"paths.path", "paths.path", "paths.name", "paths.size",
	}).Draw(t, "field")
	text := sampleOf(field) == any("")
	ops := []string{"", "", "!"}
	switch {
	case text:
		ops = append(ops, ">", ">=", "<", "<=", "~", "!~", "*", "!*", "list", "!list")
	case field == "active":
	default:
		ops = append(ops, ">", ">=", "<", "<=", "list")
	}
	op := rapid.SampledFrom(ops).Draw(t, "op")
	if rapid.IntRange(0, 9).Draw(t, "null") == 0 && strings.Trim(op, "!") == "" {
		return field + ":" + op + "null"
	}
	if list, ok := strings.CutSuffix(op, "list"); ok {
		values := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return drawValue(t, field, "list") }), 1, 3).Draw(t, "values")
		return field + ":" + list + "[" + strings.Join(values, ",") + "]"
	}
	return field + ":" + op + drawValue(t, field, op)
}

// drawValue draws an operand that fits the field and the operator.
func drawValue(t *rapid.T, field, op string) string {
	values := pool[field]
	if field == "id" {
		values = []any{"id0001", "ID0002", "id00"}
	}
	if c := canonical(field); c != field {
		values = pool[c]
	}
	nets := []string{"10.0.0.0/8", "10.0.*.*", "10.*.0.1", "*.*.*.77", "2001:db8::/32", "0.0.0.0/0"}
	if strings.Trim(op, "!") == "" {
		nets = append(nets, "*")
	}
	switch v := rapid.SampledFrom(values).Draw(t, "value").(type) {
	case nil:
		return drawValue(t, field, op)
	case int64:
		if times[field] {
			return quote(rapid.SampledFrom([]string{
				"2026-05-17", "2026-05-17T00:00:00Z", "2026-05-16T23:59:59.999999Z", "2026-05-17T14:00:00+02:00", "now-1d/d", "now-30m", "1969-07-20",
			}).Draw(t, "time"))
		}
		return strconv.FormatInt(v+int64(rapid.IntRange(-1, 1).Draw(t, "by")), 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return rapid.SampledFrom([]string{"true", "false", "'true'", "'False'"}).Draw(t, "bool")
	case netip.Addr:
		if strings.ContainsAny(op, "<>") {
			return quote(v.String())
		}
		return quote(rapid.SampledFrom(append(nets, v.String())).Draw(t, "net"))
	case string:
		return quote(drawText(t, field, op, v))
	}
	panic("no such type")
}

// drawText bends a text: its case, a part of it, a star in it.
func drawText(t *rapid.T, field, op, text string) string {
	if strings.HasSuffix(op, "~") {
		words := plainWords(text)
		if len(words) == 0 {
			return "x"
		}
		return strings.ToUpper(words[len(words)-1]) + rapid.SampledFrom([]string{"", " " + words[0], "-" + string([]rune(words[0])[:1])}).Draw(t, "more")
	}
	runes := []rune(text)
	if ascii(text) || folded[canonical(field)] {
		switch rapid.IntRange(0, 3).Draw(t, "case") {
		case 0:
			runes = []rune(strings.ToUpper(text))
		case 1:
			runes = []rune(strings.ToLower(text))
		}
	}
	if field == "state" && rapid.IntRange(0, 5).Draw(t, "synonym") == 0 {
		return "Deleted"
	}
	for range rapid.IntRange(0, 3).Draw(t, "stars") {
		i := rapid.IntRange(0, len(runes)).Draw(t, "at")
		j := min(i+rapid.IntRange(0, 4).Draw(t, "len"), len(runes))
		runes = []rune(string(runes[:i]) + "*" + string(runes[j:]))
	}
	return string(runes)
}

func ascii(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0 }

func quote(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }

func drawPhrase(t *rapid.T) string {
	if rapid.Bool().Draw(t, "no phrase") {
		return ""
	}
	text := rapid.SampledFrom([]string{
		"users bob", "users b", "bob temp evil", "Evil", "web", "web 0", "web-02", "C:\\Users", "corp", "re", "released", "purged now", "ab0", "ab01cd",
		"x", "文件", "2026", "2026-05", "2026-05-1", "2026 05 17t00", "2026-05-17T00:00:0", "20261", "2026-1", "2026-13", "05-17", "exe", "école 2", "a",
	}).Draw(t, "phrase")
	return rapid.SampledFrom([]string{"", "", "hostname:", "paths.path:", "state:", "created:", "sha256:", "nothing:"}).Draw(t, "in") + text
}

// drawSort draws a sort as a client writes it and as the oracle reads it.
func drawSort(t *rapid.T) (string, []key) {
	var parts []string
	var keys []key
	for range rapid.IntRange(0, 3).Draw(t, "keys") {
		k := key{rapid.SampledFrom([]string{"hostname", "state", "code", "severity", "score", "active", "created", "ip", "paths.path"}).Draw(t, "by"), false}
		form := rapid.SampledFrom([]string{"", "|asc", ".asc", "|desc", ".desc", "|DESC"}).Draw(t, "form")
		k.desc = strings.HasSuffix(strings.ToLower(form), "desc")
		parts, keys = append(parts, k.field+form), append(keys, k)
	}
	if len(keys) == 0 {
		return "", []key{{"created", true}}
	}
	return strings.Join(parts, ","), keys
}
