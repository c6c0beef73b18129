package cli

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/reach"
)

// reachLines are the command lines that carry operations out: the one for each
// operation of api/clients.yaml that has a command there. FILE is a file, RULES a
// YARA rule, LINES a file of events and REPORT one of a scanner.
func reachLines() map[string]string {
	const host, hash = "00000000000000000000000000000001", "0000000000000000000000000000000000000000000000000000000000000001"
	return map[string]string{
		"oauth2AccessToken": "token", "oauth2RevokeToken": "quotas",
		"ActionUpdateCount": "quarantine preview", "GetAggregateFiles": "quarantine agg --field hostname", "GetQuarantineFiles": "quarantine list",
		"QueryQuarantineFiles": "quarantine list", "UpdateQuarantinedDetectsByIds": "quarantine release " + host + "_" + hash + " --yes",
		"UpdateQfByQuery": "quarantine release --filter hostname:'ws-1' --yes", "mews.quarantine.get": "quarantine show " + host + "_" + hash,
		"mews.quarantine.settings.get": "quarantine searchable", "mews.quarantine.settings.update": "quarantine searchable on",
		"mews.ingest.quarantine": "quarantine add FILE --host ws-1",

		"GetMalQueryQuotasV1": "quotas", "PostMalQueryFuzzySearchV1": "search ascii text --fuzzy", "PostMalQueryExactSearchV1": "search ascii text",
		"PostMalQueryHuntV1": "hunt RULES", "mews.hunt.estimate": "hunt RULES --dry-run", "mews.requests.get": "request " + searchID,
		"mews.requests.cancel": "cancel " + huntID, "mews.requests.outcomes": "request " + huntID + " --outcomes",
		"GetMalQueryDownloadV1":                      "download " + hash + " --raw",
		"PostMalQueryEntitiesSamplesMultidownloadV1": "download " + hash + " " + strings.Replace(hash, "1", "2", 1) + " --zip",
		"GetMalQueryEntitiesSamplesFetchV1":          "download " + hash + " " + strings.Replace(hash, "1", "2", 1) + " --zip",
		"GetSampleV3":                                "sample get " + hash, "UploadSampleV3": "sample add FILE", "DeleteSampleV3": "sample rm " + hash + " --yes",
		"mews.samples.get": "sample info " + hash, "mews.samples.update": "sample label " + hash + " --label clean",

		"DevicesCount": "ioc count a.example", "mews.sightings.combined": "ioc devices a.example",
		"ProcessesRanOn": "ioc processes a.example --device " + host + " --ids", "entities.processes": "process show pid:" + host + ":1",
		"indicator_combined_v1": "ioc list", "indicator_create_v1": "ioc add a.example",
		"indicator_update_v1": "ioc update evil.example --severity low --yes", "indicator_delete_v1": "ioc delete evil.example --yes",
		"action_get_v1": "ioc types", "ioc_type_query_v1": "ioc types", "platform_query_v1": "ioc types", "severity_query_v1": "ioc types",

		"QueryDevicesByFilter": "host list --sort hostname|asc --limit 5", "QueryDevicesByFilterScroll": "host list --all", "PostDeviceDetailsV2": "host show " + host,
		"combinedQueryVulnerabilities": "vuln list", "getVulnerabilities": "vuln show " + host + "_" + host,
		"mews.ingest.vulnerabilities": "vuln import REPORT --hostname ws-1",
		"mews.detections.combined":    "detection list", "mews.fql.explain": "fql explain hostname:'a'", "mews.ingest.events": "ingest files LINES",
		"QueryIntelIndicatorEntities": "intel list", "GetIntelIndicatorEntities": "intel show domain_a.example", "mews.ingest.indicators": "intel import FEED --source s",
		"mews.dev.faults.list": "dev faults list", "mews.dev.faults.add": "dev faults add --status 503", "mews.dev.faults.remove": "dev faults clear id",
		"mews.dev.requests.list": "dev requests", "mews.dev.requests.clear": "dev requests --clear", "mews.dev.reset": "dev reset",
		"mews.dev.snapshots.list": "dev snapshot list", "mews.dev.snapshots.save": "dev snapshot save a", "mews.dev.snapshots.delete": "dev snapshot delete a",
		"mews.dev.snapshots.restore": "dev snapshot restore a",
		"mews.agent.actions":         "agent actions --aid " + host, "mews.agent.acknowledge": "agent ack " + host,
	}
}

// TestEveryOperationHasACommand runs the command that api/clients.yaml names for
// each operation, and sees that it asks the server for that operation.
func TestEveryOperationHasACommand(t *testing.T) {
	reaches, err := reach.Read("../../api/clients.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := reachFiles(t)
	lines := reachLines()
	ids := map[string]string{}
	for _, op := range mews.Operations() {
		ids[op.Method+" "+op.Path] = op.ID
	}
	for _, id := range slices.Sorted(maps.Keys(reaches)) {
		word := reaches[id].CLI
		line, written := lines[id]
		if !reach.Is(word) {
			if word == "" || written {
				t.Errorf("%s: api/clients.yaml says %q, but there is the line %q", id, word, line)
			}
			continue
		}
		t.Run(id, func(t *testing.T) {
			if !written || line != word && !strings.HasPrefix(line, word+" ") {
				t.Fatalf("api/clients.yaml says %q, the line is %q", word, line)
			}
			var mu sync.Mutex
			asked := map[string]bool{}
			f := newFake(t)
			f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
				mu.Lock()
				defer mu.Unlock()
				asked[ids[r.Method+" "+r.URL.Path]] = true
				unknown := strings.HasPrefix(r.URL.Path, "/mews/dev/") // to the fake
				if unknown {
					f.answer(w, mews.Meta{})
				}
				return unknown
			}
			t.Chdir(t.TempDir())
			out, errOut, _ := f.mews(run{env: map[string]string{"XDG_STATE_HOME": t.TempDir()}}, strings.Fields(files.Replace(line))...)
			if !asked[id] {
				t.Errorf("mews %s asks for %v\n%s%s", line, slices.Sorted(maps.Keys(asked)), out, errOut)
			}
		})
	}
	for id := range lines {
		if _, told := reaches[id]; !told {
			t.Errorf("a line for %s, which api/clients.yaml does not have", id)
		}
	}
}

// reachFiles writes the files that the lines name.
func reachFiles(t *testing.T) *strings.Replacer {
	t.Helper()
	dir := t.TempDir()
	var named []string
	for name, content := range map[string]string{
		"FILE": "content", "RULES": "rule a { condition: true }", "LINES": `{"event_simpleName":"DnsRequest"}` + "\n",
		"REPORT": `{"SchemaVersion":2,"ArtifactName":"ws-1","Results":[]}`,
		"FEED":   "type,indicator\ndomain,a.example\n",
	} {
		path := filepath.Join(dir, strings.ToLower(name))
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		named = append(named, name, path)
	}
	return strings.NewReplacer(named...)
}
