package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// questions is the mix: every class of operator on every kind of field, each
// where few records match and where many do, and every other way to ask. It is
// the same at every size, but for the values that are taken from records.
func questions(t *truth) (all []query) {
	for _, f := range filters(t) {
		all = append(all, page(f.class, mews.RecordQuery{Filter: f.text}, f.keep))
	}
	all = append(all, phrases(t)...)
	all = append(all, pages(t)...)
	all = append(all, aggregates(t)...)
	us := t.is("device.country", "US")
	return append(all, actionCounts("*", nil), actionCounts("device.country:'US'", us), actionCounts("max_severity:>=90", above(90)))
}

// A filter is an FQL text and what it means.
type filter struct {
	class string
	text  string
	keep  func(*record) bool
}

// is and its relatives say in Go what the operators of FQL mean.
func (t *truth) is(field string, values ...string) func(*record) bool {
	return t.any(field, func(v string) bool {
		return slices.ContainsFunc(values, func(w string) bool { return strings.EqualFold(v, w) })
	})
}

func (t *truth) any(field string, holds func(string) bool) func(*record) bool {
	of := t.texts(field)
	return func(r *record) bool { return slices.ContainsFunc(of(r), holds) }
}

func (t *truth) contains(field, part string) func(*record) bool {
	return t.any(field, func(v string) bool { return strings.Contains(strings.ToLower(v), part) })
}

func not(keep func(*record) bool) func(*record) bool {
	return func(r *record) bool { return !keep(r) }
}

func both(a, b func(*record) bool) func(*record) bool {
	return func(r *record) bool { return a(r) && b(r) }
}

func either(a, b func(*record) bool) func(*record) bool {
	return func(r *record) bool { return a(r) || b(r) }
}

func above(n int8) func(*record) bool { return func(r *record) bool { return r.severity >= n } }

func since(at time.Time) func(*record) bool {
	return func(r *record) bool { return r.created >= at.UnixMicro() }
}

// words is the meaning of ~: all words are in the value.
func (t *truth) words(field string, words ...string) func(*record) bool {
	return t.any(field, func(v string) bool {
		have := tokens(v)
		return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(have, w) })
	})
}

func tokens(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
}

func quote(v string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v) + "'" }

func filters(t *truth) (all []filter) {
	add := func(class, text string, keep func(*record) bool) { all = append(all, filter{class, text, keep}) }
	popular, rare := t.hosts[0], t.hosts[t.records[len(t.records)/2].host]
	some := &t.records[len(t.records)/3]
	sha, id := t.texts("sha256")(some)[0], t.ids[some.no]

	const eq = "filter: equal"
	for _, host := range []string{popular, rare, "no-such-host"} {
		add(eq, "hostname:"+quote(host), t.is("hostname", host))
	}
	for _, user := range []string{t.users[0], t.users[1500]} {
		add(eq, "username:"+quote(user), t.is("username", user))
	}
	add(eq, "sha256:"+quote(sha), t.is("sha256", sha))
	add(eq, "id:"+quote(id), func(r *record) bool { return r.no == some.no })
	add(eq, "device.device_id:"+quote(id[:32]), func(r *record) bool { return r.host == some.host })
	add(eq, "status:'quarantined'", nil)
	add(eq, "state:'released'", t.is("state", "released"))
	add(eq, "device.country:'US'", t.is("device.country", "US"))
	add(eq, "device.country:'CH'", t.is("device.country", "CH"))
	add(eq, "max_severity:50", func(r *record) bool { return r.severity == 50 })
	add(eq, "max_severity:99", func(r *record) bool { return r.severity == 99 })
	add(eq, "adversary_id:'brass heron'", t.is("adversary_id", "brass heron"))
	add(eq, "paths.filename:"+quote(t.names[0]), t.is("paths.filename", t.names[0]))
	add(eq, "paths.path:"+quote(t.path(some, some.paths[0])), t.is("paths.path", t.path(some, some.paths[0])))
	add(eq, "behaviors.ioc_type:'domain'", t.is("behaviors.ioc_type", "domain"))
	add(eq, "behaviors.ioc_value:"+quote(t.iocValue(some.behaviors[0])), t.is("behaviors.ioc_value", t.iocValue(some.behaviors[0])))
	add(eq, "detect_ids:"+quote(t.detectID(some)), func(r *record) bool { return r.no == some.no })
	add(eq, "date_created:'2025-05-13'", both(since(date(2025, 5, 13)), not(since(date(2025, 5, 14)))))

	const ne = "filter: not equal"
	add(ne, "hostname:!"+quote(popular), not(t.is("hostname", popular)))
	add(ne, "username:!"+quote(t.users[0]), not(t.is("username", t.users[0])))
	add(ne, "device.country:!'US'", not(t.is("device.country", "US")))
	add(ne, "state:!'quarantined'", not(t.is("state", "quarantined")))
	add(ne, "state:!'released'", not(t.is("state", "released")))
	add(ne, "max_severity:!50", not(func(r *record) bool { return r.severity == 50 }))
	add(ne, "behaviors.ioc_type:!'domain'", not(t.is("behaviors.ioc_type", "domain")))
	add(ne, "paths.filename:!"+quote(t.names[0]), not(t.is("paths.filename", t.names[0])))

	const in = "filter: list"
	add(in, "hostname:["+quote(popular)+","+quote(rare)+",'no-such-host']", t.is("hostname", popular, rare))
	add(in, "device.country:['US','DE','GB']", t.is("device.country", "US", "DE", "GB"))
	add(in, "device.country:!['US','DE','GB']", not(t.is("device.country", "US", "DE", "GB")))
	add(in, "state:['quarantined','released']", nil)
	add(in, "behaviors.ioc_type:['domain','ipv4']", t.is("behaviors.ioc_type", "domain", "ipv4"))
	var hundred []string // hashes that one record each has
	for i := range t.records {
		if r := &t.records[i]; r.sha < 0 && len(hundred) < 100 {
			hundred = append(hundred, t.ids[r.no][33:])
		}
	}
	add(in, "sha256:["+strings.Join(each(hundred, quote), ",")+"]", t.is("sha256", hundred...))

	const rng = "filter: range"
	add(rng, "max_severity:>=90", above(90))
	add(rng, "max_severity:>10", above(11))
	add(rng, "max_severity:>40+max_severity:<=45", both(above(41), not(above(46))))
	add(rng, "max_confidence:<62", func(r *record) bool { return r.confidence >= 0 && r.confidence < 62 })
	add(rng, "date_created:>='2025-06-29T00:00:00Z'", since(date(2025, 6, 29)))
	add(rng, "date_created:<'2025-06-29T00:00:00Z'", not(since(date(2025, 6, 29))))
	add(rng, "date_created:>='2025-01-01'+date_created:<'2025-02-01'", both(since(date(2025, 1, 1)), not(since(date(2025, 2, 1)))))
	add(rng, "first_behavior:<'2024-01-01T00:00:00Z'", func(r *record) bool { return r.first < date(2024, 1, 1).UnixMicro() })
	add(rng, "last_behavior:>'2025-06-30T12:00:00Z'", func(r *record) bool { return r.last > date(2025, 6, 30).Add(12*time.Hour).UnixMicro() })
	add(rng, "date_created:<'now-1d'", nil)

	const text = "filter: text ~"
	add(text, "hostname:~'ws fra'", t.words("hostname", "ws", "fra"))
	add(text, "hostname:~'00001'", t.words("hostname", "00001"))
	add(text, "username:~'anna'", t.words("username", "anna"))
	add(text, "paths.path:~'downloads invoice'", t.words("paths.path", "downloads", "invoice"))
	add(text, "paths.filename:~'keygen 40'", t.words("paths.filename", "keygen", "40"))
	add(text, "username:!~'anna'", not(t.words("username", "anna")))

	const wild = "filter: wildcard"
	add(wild, "hostname:'fra-*'", t.any("hostname", func(v string) bool { return strings.HasPrefix(v, "fra-") }))
	add(wild, "hostname:*'*-0000*'", t.contains("hostname", "-0000"))
	add(wild, "username:*'CORP*'", t.any("username", func(v string) bool { return strings.HasPrefix(v, "CORP") }))
	add(wild, "username:!*'*anna*'", not(t.contains("username", "anna")))
	add(wild, "sha256:'"+sha[:4]+"*'", t.any("sha256", func(v string) bool { return strings.HasPrefix(v, sha[:4]) }))
	add(wild, "paths.filename:*'*keygen*'", t.contains("paths.filename", "keygen"))
	add(wild, `paths.path:*'*\\downloads\\*'`, t.contains("paths.path", `\downloads\`))
	add(wild, "paths.path:*'/tmp/*/crack*'", t.any("paths.path", func(v string) bool {
		rest, ok := strings.CutPrefix(v, "/tmp/")
		return ok && strings.Contains(rest, "/crack")
	}))
	add(wild, "behaviors.ioc_value:'value-0000*'", t.contains("behaviors.ioc_value", "value-0000"))

	const null = "filter: missing, present"
	add(null, "username:null", not(t.any("username", func(string) bool { return true })))
	add(null, "username:!null", t.any("username", func(string) bool { return true }))
	add(null, "max_severity:null", not(above(0)))
	add(null, "adversary_id:*'*'", t.any("adversary_id", func(string) bool { return true }))
	add(null, "device.country:null", not(t.any("device.country", func(string) bool { return true })))
	add(null, "alert_ids:null", nil)

	const mixed = "filter: and, or, not"
	us, severe, anna := t.is("device.country", "US"), above(70), t.contains("username", "anna")
	add(mixed, "device.country:'US'+max_severity:>=70", both(us, severe))
	add(mixed, "device.country:'US',max_severity:>=70", either(us, severe))
	add(mixed, "!(device.country:'US',max_severity:>=70)", not(either(us, severe)))
	add(mixed, "(device.country:'CH',max_severity:>=95)+username:*'*anna*'", both(either(t.is("device.country", "CH"), above(95)), anna))
	add(mixed, "hostname:"+quote(popular)+"+behaviors.ioc_type:'domain'+paths.path:*'*downloads*'",
		both(both(t.is("hostname", popular), t.is("behaviors.ioc_type", "domain")), t.contains("paths.path", "downloads")))
	add(mixed, "date_created:>='2025-06-01'+(hostname:'fra-*',hostname:'nyc-*')+state:'quarantined'+max_severity:>50",
		both(both(since(date(2025, 6, 1)), above(51)), t.any("hostname", func(v string) bool { return strings.HasPrefix(v, "fra-") || strings.HasPrefix(v, "nyc-") })))
	return all
}

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// phrases ask by q: a phrase lies in one field, and its last word may go on.
func phrases(t *truth) (all []query) {
	in := func(words string, fields ...string) func(*record) bool {
		want := " " + words
		var tests []func(*record) bool
		for _, f := range fields {
			tests = append(tests, t.any(f, func(v string) bool { return strings.Contains(" "+strings.Join(tokens(v), " "), want) }))
		}
		return func(r *record) bool {
			return slices.ContainsFunc(tests, func(test func(*record) bool) bool { return test(r) })
		}
	}
	fields := []string{"sha256", "hostname", "username", "paths.path"}
	for _, p := range []struct {
		q    string
		keep func(*record) bool
	}{
		{"fra", in("fra", fields...)},
		{"fra ws 0000", in("fra ws 0000", fields...)},
		{"downloads inv", in("downloads inv", fields...)},
		{"keygen 40", in("keygen 40", fields...)},
		{"no such phrase", in("no such phrase", fields...)},
		{t.ids[t.records[7].no][33:45], in(t.ids[t.records[7].no][33:45], fields...)},
		{"username:anna", in("anna", "username")},
		{"quarant", nil},
		{"2025 06 3", func(r *record) bool {
			return strings.HasPrefix(time.UnixMicro(r.created).UTC().Format("2006-01-02"), "2025-06-3")
		}},
	} {
		all = append(all, page("q: phrase and prefix", mews.RecordQuery{Q: p.q}, p.keep))
	}
	us := t.is("device.country", "US")
	return append(all, page("q: phrase and prefix", mews.RecordQuery{Q: "fra ws", Filter: "device.country:'US'"}, both(us, in("fra ws", fields...))))
}

// pages ask for every order, and for pages near and far.
func pages(t *truth) (all []query) {
	half, few := "max_severity:>45", "max_severity:>=97"
	for _, field := range []string{"hostname", "username", "date_created", "paths.path", "state"} {
		for _, direction := range []string{"asc", "desc"} {
			sort := field + "|" + direction
			all = append(all,
				page("sort", mews.RecordQuery{Sort: sort}, nil),
				page("sort", mews.RecordQuery{Sort: sort, Filter: half}, above(46)),
				page("sort", mews.RecordQuery{Sort: sort, Filter: few}, above(97)))
		}
	}
	// These two change with the server's clock, or do not differ: only who is there is checked.
	for _, sort := range []string{"date_updated|desc", "paths.state|asc"} {
		q := page("sort", mews.RecordQuery{Sort: sort}, nil)
		q.check = func(t *truth, a answer) error {
			if a.page.Total != len(t.records) || len(a.ids) != a.page.Limit {
				return fmt.Errorf("%d ids of %d", len(a.ids), a.page.Total)
			}
			return nil
		}
		all = append(all, q)
	}
	near := min(9_900, len(t.records)-100)
	all = append(all,
		page("page: first, of 5,000", mews.RecordQuery{Limit: 5000}, nil),
		page("page: first, of 5,000", mews.RecordQuery{Limit: 5000, Filter: half}, above(46)),
		page("page: first, of 5,000", mews.RecordQuery{Limit: 5000, Sort: "hostname|asc"}, nil),
		page("page: last by offset", mews.RecordQuery{Offset: near}, nil),
		page("page: last by offset", mews.RecordQuery{Offset: near, Sort: "username|asc"}, nil),
		page("page: last by offset", mews.RecordQuery{Offset: min(2900, near), Filter: half, Sort: "hostname|desc"}, above(46)),
	)
	far := min(20, len(t.records)/5000-1)
	return append(all,
		further("", "", 5000, far, nil), further("", "hostname|asc", 5000, far, nil), further(half, "username|desc", 1000, far, above(46)),
		further(half, "paths.path|asc", 1000, far, above(46)))
}

func aggregates(t *truth) (all []query) {
	half, few, us := above(46), above(97), t.is("device.country", "US")
	restricted := []struct {
		filter string
		keep   func(*record) bool
	}{{"", nil}, {"max_severity:>45", half}, {"max_severity:>=97", few}, {"device.country:'US'", us}}
	each := func(class string, req mews.AggregateRequest) {
		for _, r := range restricted {
			req.Filter = r.filter
			all = append(all, aggregate(class, req, r.keep))
		}
	}
	for _, field := range []string{"hostname", "state", "username", "device.country", "paths.filename", "behaviors.ioc_type", "behaviors.ioc_value", "max_severity", "sha256"} {
		each("terms", mews.AggregateRequest{Type: mews.AggregateTerms, Field: field})
	}
	each("terms", mews.AggregateRequest{Type: mews.AggregateTerms, Field: "hostname", Include: "fra-.*", Size: 1000})
	for _, interval := range []string{"month", "day"} {
		each("date_histogram", mews.AggregateRequest{Type: mews.AggregateDateHistogram, Field: "date_created", Interval: interval})
	}
	each("date_histogram", mews.AggregateRequest{Type: mews.AggregateDateHistogram, Field: "first_behavior", Interval: "week", TimeZone: "Europe/Berlin"})
	each("date_range", mews.AggregateRequest{Type: mews.AggregateDateRange, Field: "date_created", DateRanges: []mews.DateRange{
		{From: "2024-01-01T00:00:00Z", To: "2025-01-01T00:00:00Z"}, {From: "2025-01-01T00:00:00Z", To: "2025-06-30T00:00:00Z"},
	}})
	span := func(from, to float64) mews.NumberRange { return mews.NumberRange{From: &from, To: &to} }
	each("range", mews.AggregateRequest{Type: mews.AggregateRange, Field: "max_severity", Ranges: []mews.NumberRange{span(0, 40), span(40, 70), span(70, 101)}})
	for _, field := range []string{"hostname", "sha256", "device.country", "paths.filename"} {
		each("cardinality", mews.AggregateRequest{Type: mews.AggregateCardinality, Field: field})
	}
	for _, kind := range []string{mews.AggregateMax, mews.AggregateMin, mews.AggregateAvg, mews.AggregateSum} {
		each("max, min, avg, sum", mews.AggregateRequest{Type: kind, Field: "max_severity"})
	}
	each("max, min, avg, sum", mews.AggregateRequest{Type: mews.AggregateMax, Field: "first_behavior"})
	each("percentiles", mews.AggregateRequest{Type: mews.AggregatePercentiles, Field: "max_severity"})
	each("percentiles", mews.AggregateRequest{Type: mews.AggregatePercentiles, Field: "date_created"})
	return append(all, nested(t)...)
}

// nested are aggregations in the buckets of others, to the depth of three.
func nested(t *truth) (all []query) {
	severity := mews.AggregateRequest{Type: mews.AggregateMax, Field: "max_severity"}
	users := mews.AggregateRequest{Type: mews.AggregateTerms, Field: "username", Size: 5, SubAggregates: []mews.AggregateRequest{severity}}
	months := mews.AggregateRequest{Type: mews.AggregateDateHistogram, Field: "date_created", Interval: "month", SubAggregates: []mews.AggregateRequest{severity}}
	kinds := mews.AggregateRequest{Type: mews.AggregateTerms, Field: "behaviors.ioc_type", SubAggregates: []mews.AggregateRequest{severity}}
	for _, r := range []struct {
		filter string
		keep   func(*record) bool
	}{{"", nil}, {"max_severity:>45", above(46)}, {"max_severity:>=97", above(97)}} {
		for _, sub := range []mews.AggregateRequest{users, months, kinds} {
			all = append(all, aggregate("sub-aggregates", mews.AggregateRequest{
				Type: mews.AggregateTerms, Field: "device.country", Filter: r.filter, SubAggregates: []mews.AggregateRequest{sub},
			}, r.keep))
		}
		all = append(all, aggregate("sub-aggregates", mews.AggregateRequest{
			Type: mews.AggregateTerms, Field: "hostname", Filter: r.filter, SubAggregates: []mews.AggregateRequest{severity},
		}, r.keep))
	}
	return all
}
