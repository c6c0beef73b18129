package httpapi

import (
	"net/url"
	"strings"

	"github.com/mewshq/mews"
)

// An ask is one request of an operation: what is put behind its path, and its
// body, which is JSON unless a media type is given.
type ask struct {
	query, body, media string
}

// A proof tells how one operation is asked, rightly and wrongly. TestWalk fails
// for an operation of the table that has none.
type proof struct {
	right func(w *walk) ask // makes what it needs; asked once
	wrong []ask             // each is refused with 400
	none  []ask             // each names only what does not exist: 404
	// large is how many bytes of a body are one too many, where the operation reads
	// its body itself; the table knows the limits of the others.
	large int64
	// metaOnly: the answer has no resources, as upstream's has none.
	metaOnly bool
	// denied is refused with 403, where the operation checks its caller itself.
	denied []ask
	// bare: the answer of success is no envelope.
	bare bool
}

// always is an ask that needs nothing.
func always(a ask) func(*walk) ask { return func(*walk) ask { return a } }

// Ids that are well formed and nobody's.
var (
	noHash   = strings.Repeat("0", 64)
	noDevice = strings.Repeat("0", 32)
	noJob    = "00000000-0000-4000-8000-000000000000"
)

const patternsBody = `{"patterns":[{"type":"ascii","value":"walk-marker"}]}`

// badQueries are asks of a list that it refuses.
var badQueries = []ask{{query: "?filter=nope:'x'"}, {query: "?filter=("}, {query: "?limit=0"}, {query: "?limit=x"}, {query: "?offset=-1"}, {query: "?sort=nope"}}

var badAggregates = []ask{{body: `{}`}, {body: `{"type":"nope","field":"type"}`}, {body: `{"type":"terms","field":"type","filter":"("}`}, {body: `7`}}

var badBodies = []ask{{body: `{`}, {body: `7`}, {body: `{"unknown":1}`}}

// observed names something that hosts of the walk have met.
const observed = "?type=domain&value=walk.example"

var badObservables = []ask{{}, {query: "?type=domain"}, {query: "?type=nope&value=x"}, {query: "?type=md5&value=x"}}

// proofs has an entry for each operation of the table that is no facade's.
var proofs = map[string]proof{
	"oauth2AccessToken": {
		right: func(w *walk) ask {
			return ask{body: form("client_id", w.id, "client_secret", w.secret), media: formType}
		},
		wrong:  []ask{{media: formType}, {body: form("client_id", "x"), media: formType}, {body: "%zz", media: formType}},
		denied: []ask{{body: form("client_id", "x", "client_secret", "y"), media: formType}},
		large:  maxForm + 1, bare: true,
	},
	"oauth2RevokeToken": {
		right: always(ask{body: form("token", "None"), media: formType}),
		wrong: []ask{{media: formType}},
		large: maxForm + 1,
	},

	"GetMalQueryQuotasV1": {right: always(ask{}), metaOnly: true},
	"PostMalQueryFuzzySearchV1": {
		right: always(ask{body: patternsBody}),
		wrong: []ask{{body: `{}`}, {body: `{"patterns":[{"type":"string","value":"abcdef"}]}`}, {body: `{"patterns":[{"type":"ascii","value":"a"}]}`}},
	},
	"PostMalQueryExactSearchV1": {
		right: always(ask{body: patternsBody}),
		wrong: []ask{{body: `{}`}, {body: `{"patterns":[{"type":"hex","value":"abc"}]}`}},
	},
	"PostMalQueryHuntV1": {
		right: always(ask{body: `{"yara_rule":"rule walk { strings: $a = \"walk-marker\" condition: $a }"}`}),
		wrong: []ask{{body: `{}`}, {body: `{"yara_rule":"rule walk {"}`}},
	},
	"PostMalQueryEntitiesSamplesMultidownloadV1": {
		right: func(w *walk) ask { return ask{body: `{"samples":["` + w.stored("archived") + `"]}`} },
		wrong: []ask{{body: `{}`}, {body: `{"samples":["12345678"]}`}},
		none:  []ask{{body: `{"samples":["` + noHash + `"]}`}},
	},
	"GetMalQueryRequestV1": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.search()} },
		wrong: []ask{{}, {query: "?ids=12345678"}, {query: "?ids=" + noJob}, {query: "?ids=" + noJob + ",b"}},
	},
	"GetMalQueryMetadataV1": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.stored("described")} },
		wrong: []ask{{}, {query: "?ids=12345678"}},
	},
	"GetMalQueryDownloadV1": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.stored("downloaded")} },
		wrong: []ask{{}, {query: "?ids=12345678"}, {query: "?ids=" + noHash + "," + sum("x")}},
		none:  []ask{{query: "?ids=" + noHash}},
	},
	"GetMalQueryEntitiesSamplesFetchV1": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.archive()} },
		wrong: []ask{{}},
		none:  []ask{{query: "?ids=" + noJob}, {query: "?ids=12345678"}},
	},
	"GetSampleV3": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.stored("fetched")} },
		wrong: []ask{{}, {query: "?ids=12345678"}, {query: "?ids=" + noHash + "&password_protected=maybe"}},
		none:  []ask{{query: "?ids=" + noHash}},
	},
	"UploadSampleV3": {
		right: always(ask{query: "?file_name=walk.bin", body: "walk upload", media: mediaBytes}),
		wrong: []ask{{body: "no name", media: mediaBytes}, {query: "?file_name=a", media: mediaBytes}},
		large: walkUpload + 1,
	},
	"DeleteSampleV3": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.stored("deleted")} },
		wrong: []ask{{}, {query: "?ids=12345678"}},
		none:  []ask{{query: "?ids=" + noHash}},
	},

	"ActionUpdateCount": {right: always(ask{query: "?filter="}), wrong: []ask{{query: "?filter=nope:'x'"}, {query: "?filter=("}}},
	"GetAggregateFiles": {
		right: func(w *walk) ask {
			w.quarantined("aggregated")
			return ask{body: `[{"type":"terms","field":"state"},{"type":"avg","field":"max_severity"}]`}
		},
		wrong: badAggregates,
	},
	"GetQuarantineFiles": {
		right: func(w *walk) ask { return ask{body: `{"ids":["` + w.quarantined("got") + `"]}`} },
		wrong: []ask{{body: `{}`}, {body: `{"ids":[]}`}, {body: `{"ids":[1]}`}},
		none:  []ask{{body: `{"ids":["x"]}`}},
	},
	"UpdateQuarantinedDetectsByIds": {
		right: func(w *walk) ask {
			return ask{body: `{"action":"release","ids":["` + w.quarantined("released") + `"]}`}
		},
		wrong:    []ask{{body: `{}`}, {body: `{"action":"burn","ids":["x"]}`}, {body: `{"action":"release"}`}, {body: `{"action":"release","ids":["x"],"id":1}`}},
		none:     []ask{{body: `{"action":"release","ids":["x"]}`}},
		metaOnly: true,
	},
	"QueryQuarantineFiles": {
		right: func(w *walk) ask { w.quarantined("queried"); return ask{query: "?filter=*&limit=1"} },
		wrong: badQueries,
	},
	"UpdateQfByQuery": {
		right: func(w *walk) ask {
			id := w.quarantined("by query")
			return ask{body: `{"action":"release","filter":"id:'` + id + `'"}`}
		},
		wrong:    []ask{{body: `{"action":"release"}`}, {body: `{"action":"burn","filter":"*"}`}, {body: `{"action":"release","filter":"("}`}},
		metaOnly: true,
	},
	"mews.quarantine.get": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.quarantined("detailed")} },
		wrong: []ask{{}},
		none:  []ask{{query: "?ids=x"}},
	},
	"mews.quarantine.settings.get":    {right: always(ask{})},
	"mews.quarantine.settings.update": {right: always(ask{body: `{"searchable":true}`}), wrong: badBodies},
	"mews.ingest.quarantine": {
		right: always(ask{body: `{"hostname":"walk","sha256":"` + sum("walk report") + `"}`}),
		wrong: []ask{{body: `{}`}, {body: `{"hostname":"walk"}`}, {body: `{`}, {body: "x", media: mediaBytes}},
	},

	"QueryDevicesByFilter":       {right: always(ask{query: "?limit=1"}), wrong: append(badQueries, ask{query: "?offset=9999&limit=100"})},
	"QueryDevicesByFilterScroll": {right: always(ask{query: "?limit=1&offset="}), wrong: []ask{{query: "?offset=x"}, {query: "?limit=0"}, {query: "?filter=("}}},
	"PostDeviceDetailsV2": {
		right: always(ask{body: `{"ids":["` + sensorID(1) + `"]}`}),
		wrong: []ask{{body: `{}`}, {body: `{"ids":[7]}`}},
		none:  []ask{{body: `{"ids":["` + noDevice + `"]}`}},
	},
	"GetDeviceDetailsV1": {right: always(ask{query: "?ids=" + sensorID(1)}), wrong: []ask{{}}, none: []ask{{query: "?ids=" + noDevice}}},
	"GetDeviceDetailsV2": {right: always(ask{query: "?ids=" + sensorID(1)}), wrong: []ask{{}}, none: []ask{{query: "?ids=" + noDevice}}},

	"GetIOC": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.legacy("got.example")} },
		wrong: []ask{{}, {query: "?type=domain"}},
		none:  []ask{{query: "?type=domain&value=none.example"}},
	},
	"CreateIOC": {
		right: always(ask{body: `{"type":"domain","value":"created.example","policy":"detect"}`}),
		wrong: []ask{{body: `{}`}, {body: `{"type":"domain","value":"created.example","policy":"detect"}`}, {body: `{"type":"md5","value":"x","policy":"detect"}`}},
	},
	"UpdateIOC": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.legacy("updated.example"), body: `{"policy":"none"}`} },
		wrong: []ask{{body: `{"policy":"none"}`}, {query: "?ids=domain:x.example", body: `{"polly":"none"}`}},
		none:  []ask{{query: "?ids=domain:none.example", body: `{"policy":"none"}`}},
	},
	"DeleteIOC": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.legacy("deleted.example")} },
		wrong: []ask{{}},
		none:  []ask{{query: "?ids=domain:none.example"}},
	},
	"QueryIOCs": {
		right: func(w *walk) ask {
			return ask{query: "?values=" + strings.TrimPrefix(w.legacy("queried.example"), "domain:")}
		},
		wrong: []ask{{query: "?limit=0"}, {query: "?limit=501"}, {query: "?include_deleted=maybe"}, {query: "?from.expiration_timestamp=yesterday"}},
	},
	"indicator_aggregate_v1": {
		right: func(w *walk) ask {
			w.indicator("aggregated.example")
			return ask{body: `{"type":"terms","field":"type"}`}
		},
		wrong: badAggregates,
	},
	"indicator_combined_v1": {
		right: func(w *walk) ask { w.indicator("combined.example"); return ask{query: "?limit=1"} },
		wrong: append(badQueries, ask{query: "?after=x"}, ask{query: "?limit=2001"}),
	},
	"indicator_search_v1": {
		right: func(w *walk) ask { w.indicator("searched.example"); return ask{query: "?limit=1"} },
		wrong: append(badQueries, ask{query: "?after=x"}, ask{query: "?offset=1&after=x"}),
	},
	"indicator_get_v1": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.indicator("read.example")} },
		wrong: []ask{{}},
		none:  []ask{{query: "?ids=" + noHash}},
	},
	"indicator_create_v1": {
		right: always(ask{body: indicators(indicator("domain", "made.example"))}),
		wrong: []ask{{body: `{}`}, {body: indicators(indicator("domain", "made.example"))}, {body: indicators(indicator("md5", "x"))}, {body: indicators(indicator("domain", "b.example", "action", `"LOUD"`))}},
	},
	"indicator_update_v1": {
		right: func(w *walk) ask {
			return ask{body: `{"indicators":[{"id":"` + w.indicator("changed.example") + `","severity":"low"}]}`}
		},
		wrong: []ask{{body: `{}`}, {body: `{"indicators":[{"type":"ipv4"}]}`}, {body: `{"bulk_update":{"filter":"("}}`}},
		none:  []ask{{body: `{"indicators":[{"id":"` + noHash + `","severity":"low"}]}`}},
	},
	"indicator_delete_v1": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.indicator("gone.example")} },
		wrong: []ask{{}, {query: "?filter=nope:'x'"}},
		none:  []ask{{query: "?ids=" + noHash}},
	},
	"action_get_v1":     {right: always(ask{query: "?ids=detect"}), none: []ask{{query: "?ids=nope"}}},
	"action_query_v1":   {right: always(ask{}), wrong: []ask{{query: "?limit=0"}}},
	"ioc_type_query_v1": {right: always(ask{}), wrong: []ask{{query: "?limit=0"}}},
	"platform_query_v1": {right: always(ask{}), wrong: []ask{{query: "?limit=0"}}},
	"severity_query_v1": {right: always(ask{}), wrong: []ask{{query: "?limit=0"}}},

	"DevicesCount":                      {right: always(ask{query: observed}), wrong: badObservables},
	"DevicesRanOn":                      {right: always(ask{query: observed}), wrong: append(badObservables, ask{query: observed + "&limit=0"})},
	"ProcessesRanOn":                    {right: always(ask{query: observed + "&device_id=" + sensorID(1)}), wrong: append(badObservables, ask{query: observed})},
	"indicator_get_device_count_v1":     {right: always(ask{query: observed}), wrong: badObservables},
	"indicator_get_devices_ran_on_v1":   {right: always(ask{query: observed}), wrong: append(badObservables, ask{query: observed + "&offset=x"})},
	"indicator_get_processes_ran_on_v1": {right: always(ask{query: observed + "&device_id=" + sensorID(1)}), wrong: append(badObservables, ask{query: observed})},
	"mews.sightings.combined":           {right: always(ask{query: observed}), wrong: badObservables},
	"entities.processes": {
		right: always(ask{query: "?ids=pid:" + sensorID(1) + ":7"}),
		wrong: []ask{{}},
		none:  []ask{{query: "?ids=pid:" + noDevice + ":7"}, {query: "?ids=7"}},
	},
	"mews.ingest.events": {
		right: always(ask{body: started(1, 9, "late.exe"), media: mediaLines}),
		wrong: []ask{{query: "?format=nope", body: "{}", media: mediaLines}, {media: mediaLines}},
		large: mews.MaxIngestEncoded + 1,
	},
	"mews.detections.combined": {right: always(ask{query: "?limit=1"}), wrong: append(badQueries, ask{query: "?after=x"})},

	"queryVulnerabilities": {
		right: func(w *walk) ask { w.vulnerable("queried"); return ask{query: "?limit=1&filter=" + statusOpen} },
		wrong: append(badVulnerabilityQueries, ask{query: "?limit=401&filter=" + statusOpen}),
	},
	"combinedQueryVulnerabilities": {
		right: func(w *walk) ask {
			w.vulnerable("combined")
			return ask{query: "?facet=cve&facet=host_info,remediation&limit=1&filter=" + statusOpen}
		},
		wrong: append(badVulnerabilityQueries, ask{query: "?limit=5001&filter=" + statusOpen}, ask{query: "?facet=x&filter=" + statusOpen}),
	},
	"getVulnerabilities": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.vulnerable("read")} },
		wrong: []ask{{}},
		none:  []ask{{query: "?ids=x"}, {query: "?ids=" + noDevice + "_" + noDevice}},
	},
	"mews.ingest.vulnerabilities": {
		right: always(ask{query: "?hostname=walk", body: trivyReport("walk", "CVE-2024-0001", "CVE-2024-0002")}),
		wrong: []ask{
			{body: trivyReport("walk")},
			{query: "?hostname=walk", body: "{}"},
			{query: "?hostname=walk", body: `{"SchemaVersion":2,`},
			{query: "?hostname=walk&format=nope", body: trivyReport("walk")},
			{query: "?hostname=walk&format=grype", body: trivyReport("walk")},
			{query: "?aid=walk", body: trivyReport("walk")},
			{query: "?hostname=*", body: trivyReport("walk")},
		},
		large: maxReportEncoded + 1,
	},

	"QueryIntelIndicatorEntities": {
		right: func(w *walk) ask { w.intel("queried.example"); return ask{query: "?limit=1&include_relations=False"} },
		wrong: append(badQueries, ask{query: "?limit=10001"}, ask{query: "?after=x"}, ask{query: "?include_deleted=perhaps"}),
	},
	"QueryIntelIndicatorIds": {
		right: func(w *walk) ask { w.intel("named.example"); return ask{query: "?limit=1"} },
		wrong: badQueries,
	},
	"GetIntelIndicatorEntities": {
		right: func(w *walk) ask { return ask{body: `{"ids":["` + w.intel("got.example") + `"]}`} },
		wrong: []ask{{body: `{}`}, {body: `{"ids":[]}`}, {body: `{"ids":[1]}`}},
		none:  []ask{{body: `{"ids":["domain_nobody.example"]}`}, {body: `{"ids":["x"]}`}},
	},
	"mews.ingest.indicators": {
		right: always(ask{query: "?source=walk&format=csv", body: "a.example\n", media: mediaCSV}),
		wrong: []ask{
			{body: "a.example\n", media: mediaCSV},
			{query: "?source=walk", media: mediaCSV},
			{query: "?source=walk&format=nope", body: "a.example\n", media: mediaCSV},
			{query: "?source=walk&complete=perhaps", body: "a.example\n", media: mediaCSV},
			{query: "?source=walk", body: `{"type":"bundle","objects":[`, media: mediaJSON},
		},
		large: maxFeedEncoded + 1,
	},

	"mews.agent.actions": {right: always(ask{query: "?aid=" + sensorID(1)}), wrong: []ask{{}, {query: "?aid=x"}}},
	"mews.agent.acknowledge": {
		right:    func(w *walk) ask { return ask{body: `{"id":"` + w.hostAction() + `","outcome":"acknowledged"}`} },
		wrong:    []ask{{body: `{}`}, {body: `{"id":"x","outcome":"perhaps"}`}},
		none:     []ask{{body: `{"id":"` + noDevice + `","outcome":"acknowledged"}`}},
		metaOnly: true,
	},
	"mews.fql.explain": {
		right: always(ask{query: "?filter=" + url.QueryEscape("hostname:'a'+state:!'purged'")}),
		wrong: []ask{{query: "?filter=("}, {query: "?collection=nope"}},
	},
	"mews.dev.faults.list":    {right: always(ask{})},
	"mews.dev.faults.add":     {right: always(ask{body: `{"path":"/never","effect":{"status":503}}`}), wrong: append(badBodies, ask{body: `{"path":"/never"}`})},
	"mews.dev.faults.remove":  {right: always(ask{query: "?all=true"}), wrong: []ask{{}}, none: []ask{{query: "?ids=fault-99"}}},
	"mews.dev.requests.list":  {right: always(ask{}), wrong: []ask{{query: "?limit=0"}, {query: "?after=x"}}},
	"mews.dev.requests.clear": {right: always(ask{})},
	"mews.dev.reset":          {right: always(ask{})},
	"mews.dev.snapshots.list": {right: always(ask{})},
	"mews.dev.snapshots.save": {right: always(ask{body: `{"name":"saved"}`}), wrong: badBodies},
	"mews.dev.snapshots.delete": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.snapshot("deleted")} },
		wrong: []ask{{}}, none: []ask{{query: "?ids=none"}},
	},
	"mews.dev.snapshots.restore": {
		right: func(w *walk) ask { return ask{body: `{"name":"` + w.snapshot("restored") + `"}`} },
		wrong: badBodies, none: []ask{{body: `{"name":"none"}`}},
	},
	"mews.requests.get":    {right: func(w *walk) ask { return ask{query: "?ids=" + w.search()} }, wrong: []ask{{}, {query: "?ids=" + noJob}}},
	"mews.requests.cancel": {right: func(w *walk) ask { return ask{query: "?ids=" + w.search()} }, wrong: []ask{{}}, none: []ask{{query: "?ids=" + noJob}}},
	"mews.hunt.estimate": {
		right: always(ask{body: `{"yara_rule":"rule walk { strings: $a = \"walk-marker\" condition: $a }"}`}),
		wrong: []ask{{body: `{}`}},
	},
	"mews.requests.outcomes": {right: func(w *walk) ask { return ask{query: "?ids=" + w.search()} }, wrong: []ask{{}}, none: []ask{{query: "?ids=" + noJob}}},
	"mews.samples.get": {
		right: func(w *walk) ask { return ask{query: "?ids=" + w.stored("recorded")} },
		wrong: []ask{{}, {query: "?ids=12345678"}},
		none:  []ask{{query: "?ids=" + noHash}},
	},
	"mews.samples.update": {
		right: func(w *walk) ask { return ask{body: `{"ids":["` + w.stored("labelled") + `"],"label":"clean"}`} },
		wrong: []ask{{body: `{"ids":["` + noHash + `"]}`}, {body: `{"ids":["12345678"],"label":"clean"}`}, {body: `{"ids":["` + noHash + `"],"lable":"clean"}`}},
		none:  []ask{{body: `{"ids":["` + noHash + `"],"label":"clean"}`}},
	},
}
