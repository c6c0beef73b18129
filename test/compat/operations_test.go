package compat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/crowdstrike/gofalcon/falcon"
	"github.com/crowdstrike/gofalcon/falcon/client/hosts"
	"github.com/crowdstrike/gofalcon/falcon/client/intel"
	"github.com/crowdstrike/gofalcon/falcon/client/ioc"
	"github.com/crowdstrike/gofalcon/falcon/client/iocs"
	"github.com/crowdstrike/gofalcon/falcon/client/malquery"
	"github.com/crowdstrike/gofalcon/falcon/client/quarantine"
	"github.com/crowdstrike/gofalcon/falcon/client/sample_uploads"
	"github.com/crowdstrike/gofalcon/falcon/client/spotlight_vulnerabilities"
	"github.com/crowdstrike/gofalcon/falcon/models"
	"github.com/go-openapi/runtime"
)

// A fleet is a customer with something of everything, for one call of each
// operation. Its tests change different records.
type fleet struct {
	*customer
	records         []string // ids of quarantined files
	indicators      []string // ids
	vulnerabilities []string
	intel           []string
	search, archive string // requests that are done
}

// fleetScopes are all that the calls need.
const fleetScopes = "quarantined-files:read,quarantined-files:write,malquery:read,malquery:write,samplestore:read,samplestore:write,devices:read," +
	"ioc:read,ioc:write,iocs:read,iocs:write,spotlight-vulnerabilities:read,falconx-indicators:read,ingest:write"

const openFindings = "status:'open'"

var fleetSample = []byte("a fleet-marker that searches find")

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{customer: customerWith(t, fleetScopes)}
	for _, r := range twelve() {
		f.records = append(f.records, r.id())
	}
	f.report(t, twelve())
	f.send(t, "/ingest/v1/events", strings.NewReader(fmt.Sprintf(
		`{"event_simpleName":"ProcessRollup2","aid":%q,"ComputerName":"ws","timestamp":"1772366400000","TargetProcessId":"7","SHA256HashData":%q,"ImageFileName":"a.exe"}`,
		deviceID(0), sensedFile)), "application/x-ndjson")
	f.send(t, "/ingest/v1/vulnerabilities?aid="+deviceID(0), strings.NewReader(
		`{"SchemaVersion":2,"ArtifactName":"ws","ArtifactType":"filesystem","Results":[{"Target":"ws","Class":"os-pkgs","Type":"debian","Vulnerabilities":`+
			`[{"VulnerabilityID":"CVE-2024-0001","PkgName":"openssl","InstalledVersion":"1","FixedVersion":"2","Severity":"HIGH"}]}]}`), "application/json")
	f.send(t, "/ingest/v1/indicators?format=csv&source=fleet", strings.NewReader("type,indicator,malicious_confidence\ndomain,fed.example,high\n"), "text/csv")
	for _, value := range []string{"one.example", "two.example", "three.example"} {
		f.indicators = append(f.indicators, create(t, f.CrowdStrikeAPISpecification, toCreate("domain", value))[0].ID)
	}
	f.vulnerabilities = f.ids(t, "queryVulnerabilities")
	f.intel = f.ids(t, "QueryIntelIndicatorIds")
	f.upload(t)
	f.search = f.request(t, "PostMalQueryExactSearchV1")
	f.archive = f.request(t, "PostMalQueryEntitiesSamplesMultidownloadV1")
	return f
}

func (f *fleet) upload(t *testing.T) {
	t.Helper()
	if _, err := uploadOf(f.customer, "fleet.bin", fleetSample); err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
}

// reply is what every payload of gofalcon's models encodes as.
type reply struct {
	Meta struct {
		ReqID string `json:"reqid"`
	}
	Errors    []any
	Resources []any
}

func (f *fleet) call(t *testing.T, op string) reply {
	t.Helper()
	payload, err := calls()[op].ask(f)
	if err != nil {
		t.Fatalf("%s: %s", op, falcon.ErrorExplain(err))
	}
	text, err := json.Marshal(payload)
	var out reply
	if err = errors.Join(err, json.Unmarshal(text, &out)); err != nil || len(out.Errors) > 0 {
		t.Fatalf("%s answered %s (%v)", op, text, err)
	}
	return out
}

func (f *fleet) ids(t *testing.T, op string) (ids []string) {
	t.Helper()
	for _, r := range f.call(t, op).Resources {
		ids = append(ids, r.(string))
	}
	return ids
}

func (f *fleet) request(t *testing.T, op string) string {
	t.Helper()
	id := f.call(t, op).Meta.ReqID
	await(t, f.CrowdStrikeAPISpecification, id)
	return id
}

// A call asks an operation by gofalcon's method of that name. Its answer must
// have resources, unless it is a file (which gofalcon drops), a job or a count.
type call struct {
	method string
	empty  bool
	ask    func(*fleet) (any, error)
}

func fleetPatterns() []*models.MalquerySearchParameter {
	return []*models.MalquerySearchParameter{pattern("ascii", "fleet-marker")}
}

// payload gives an answer's payload.
func payload[P any, R interface{ GetPayload() P }](ok R, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return ok.GetPayload(), nil
}

// uploadOf uploads a file as a form.
func uploadOf(c *customer, name string, content []byte) (any, error) {
	p := sample_uploads.NewUploadSampleV3Params()
	p.FileName, p.Sample = name, runtime.NamedReader(name, io.NopCloser(bytes.NewReader(content)))
	return payload(c.SampleUploads.UploadSampleV3(p))
}

// calls has an entry for each operation that gofalcon can send.
func calls() map[string]call {
	return map[string]call{
		"ActionUpdateCount": {"Quarantine.ActionUpdateCount", false, func(f *fleet) (any, error) {
			return payload(f.Quarantine.ActionUpdateCount(quarantine.NewActionUpdateCountParams().WithFilter("state:'quarantined'")))
		}},
		"GetAggregateFiles": {"Quarantine.GetAggregateFiles", false, func(f *fleet) (any, error) {
			return payload(f.Quarantine.GetAggregateFiles(quarantine.NewGetAggregateFilesParams().WithBody(&models.MsaAggregateQueryRequest{Type: ptr("terms"), Field: ptr("state"), Name: ptr("n")})))
		}},
		"GetQuarantineFiles": {"Quarantine.GetQuarantineFiles", false, func(f *fleet) (any, error) {
			return payload(f.Quarantine.GetQuarantineFiles(quarantine.NewGetQuarantineFilesParams().WithBody(&models.MsaIdsRequest{Ids: f.records})))
		}},
		"QueryQuarantineFiles": {"Quarantine.QueryQuarantineFiles", false, func(f *fleet) (any, error) {
			return payload(f.Quarantine.QueryQuarantineFiles(quarantine.NewQueryQuarantineFilesParams().WithFilter(ptr("state:'quarantined'"))))
		}},
		"UpdateQuarantinedDetectsByIds": {"Quarantine.UpdateQuarantinedDetectsByIds", true, func(f *fleet) (any, error) {
			return payload(f.Quarantine.UpdateQuarantinedDetectsByIds(quarantine.NewUpdateQuarantinedDetectsByIdsParams().WithBody(&models.DomainEntitiesPatchRequest{Action: "release", Ids: f.records[:1]})))
		}},
		"UpdateQfByQuery": {"Quarantine.UpdateQfByQuery", true, func(f *fleet) (any, error) {
			return payload(f.Quarantine.UpdateQfByQuery(quarantine.NewUpdateQfByQueryParams().WithBody(&models.DomainQueriesPatchRequest{Action: "release", Filter: "id:'" + f.records[1] + "'"})))
		}},
		"GetMalQueryQuotasV1": {"Malquery.GetMalQueryQuotasV1", true, func(f *fleet) (any, error) {
			return payload(f.Malquery.GetMalQueryQuotasV1(malquery.NewGetMalQueryQuotasV1Params()))
		}},
		"PostMalQueryFuzzySearchV1": {"Malquery.PostMalQueryFuzzySearchV1", false, func(f *fleet) (any, error) {
			return payload(f.Malquery.PostMalQueryFuzzySearchV1(malquery.NewPostMalQueryFuzzySearchV1Params().WithBody(&models.MalqueryFuzzySearchParametersV1{Patterns: fleetPatterns()})))
		}},
		"PostMalQueryExactSearchV1": {"Malquery.PostMalQueryExactSearchV1", true, func(f *fleet) (any, error) {
			return payload(f.Malquery.PostMalQueryExactSearchV1(malquery.NewPostMalQueryExactSearchV1Params().WithBody(&models.MalqueryExternalExactSearchParametersV1{Patterns: fleetPatterns()})))
		}},
		"PostMalQueryHuntV1": {"Malquery.PostMalQueryHuntV1", true, func(f *fleet) (any, error) {
			return payload(f.Malquery.PostMalQueryHuntV1(malquery.NewPostMalQueryHuntV1Params().WithBody(&models.MalqueryExternalHuntParametersV1{YaraRule: ptr(`rule fleet { strings: $a = "fleet-marker" condition: $a }`)})))
		}},
		"PostMalQueryEntitiesSamplesMultidownloadV1": {"Malquery.PostMalQueryEntitiesSamplesMultidownloadV1", true, func(f *fleet) (any, error) {
			return payload(f.Malquery.PostMalQueryEntitiesSamplesMultidownloadV1(malquery.NewPostMalQueryEntitiesSamplesMultidownloadV1Params().WithBody(&models.MalqueryMultiDownloadRequestV1{Samples: []string{shaOf(fleetSample)}})))
		}},
		"GetMalQueryRequestV1": {"Malquery.GetMalQueryRequestV1", false, func(f *fleet) (any, error) {
			return payload(f.Malquery.GetMalQueryRequestV1(malquery.NewGetMalQueryRequestV1Params().WithIds([]string{f.search})))
		}},
		"GetMalQueryMetadataV1": {"Malquery.GetMalQueryMetadataV1", false, func(f *fleet) (any, error) {
			return payload(f.Malquery.GetMalQueryMetadataV1(malquery.NewGetMalQueryMetadataV1Params().WithIds([]string{shaOf(fleetSample)})))
		}},
		"GetMalQueryDownloadV1": {"Malquery.GetMalQueryDownloadV1", true, func(f *fleet) (any, error) {
			_, err := f.Malquery.GetMalQueryDownloadV1(malquery.NewGetMalQueryDownloadV1Params().WithIds([]string{shaOf(fleetSample)}))
			return struct{}{}, err
		}},
		"GetMalQueryEntitiesSamplesFetchV1": {"Malquery.GetMalQueryEntitiesSamplesFetchV1", true, func(f *fleet) (any, error) {
			_, err := f.Malquery.GetMalQueryEntitiesSamplesFetchV1(malquery.NewGetMalQueryEntitiesSamplesFetchV1Params().WithIds(f.archive))
			return struct{}{}, err
		}},
		"DevicesCount": {"Iocs.DevicesCount", false, func(f *fleet) (any, error) {
			return payload(f.Iocs.DevicesCount(iocs.NewDevicesCountParams().WithType("sha256").WithValue(sensedFile)))
		}},
		"DevicesRanOn": {"Iocs.DevicesRanOn", false, func(f *fleet) (any, error) {
			return payload(f.Iocs.DevicesRanOn(iocs.NewDevicesRanOnParams().WithType("sha256").WithValue(sensedFile)))
		}},
		"ProcessesRanOn": {"Iocs.ProcessesRanOn", false, func(f *fleet) (any, error) {
			return payload(f.Iocs.ProcessesRanOn(iocs.NewProcessesRanOnParams().WithType("sha256").WithValue(sensedFile).WithDeviceID(deviceID(0))))
		}},
		"entities.processes": {"Iocs.EntitiesProcesses", false, func(f *fleet) (any, error) {
			return payload(f.Iocs.EntitiesProcesses(iocs.NewEntitiesProcessesParams().WithIds([]string{"pid:" + deviceID(0) + ":7"})))
		}},
		"indicator_get_device_count_v1": {"Ioc.IndicatorGetDeviceCountV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.IndicatorGetDeviceCountV1(ioc.NewIndicatorGetDeviceCountV1Params().WithType("sha256").WithValue(sensedFile)))
		}},
		"indicator_get_devices_ran_on_v1": {"Ioc.IndicatorGetDevicesRanOnV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.IndicatorGetDevicesRanOnV1(ioc.NewIndicatorGetDevicesRanOnV1Params().WithType("sha256").WithValue(sensedFile)))
		}},
		"indicator_get_processes_ran_on_v1": {"Ioc.IndicatorGetProcessesRanOnV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.IndicatorGetProcessesRanOnV1(ioc.NewIndicatorGetProcessesRanOnV1Params().WithType("sha256").WithValue(sensedFile).WithDeviceID(deviceID(0))))
		}},
		"indicator_aggregate_v1": {"Ioc.IndicatorAggregateV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.IndicatorAggregateV1(ioc.NewIndicatorAggregateV1Params().WithBody(&models.MsaAggregateQueryRequest{Type: ptr("terms"), Field: ptr("type"), Name: ptr("n")})))
		}},
		"indicator_combined_v1": {"Ioc.IndicatorCombinedV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.IndicatorCombinedV1(ioc.NewIndicatorCombinedV1Params().WithFilter(ptr("type:'domain'"))))
		}},
		"indicator_search_v1": {"Ioc.IndicatorSearchV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.IndicatorSearchV1(ioc.NewIndicatorSearchV1Params().WithFilter(ptr("type:'domain'"))))
		}},
		"indicator_get_v1": {"Ioc.IndicatorGetV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.IndicatorGetV1(ioc.NewIndicatorGetV1Params().WithIds(f.indicators[:1])))
		}},
		"indicator_create_v1": {"Ioc.IndicatorCreateV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.IndicatorCreateV1(ioc.NewIndicatorCreateV1Params().WithBody(&models.APIIndicatorCreateReqsV1{Indicators: []*models.APIIndicatorCreateReqV1{toCreate("domain", "made.example")}})))
		}},
		"indicator_update_v1": {"Ioc.IndicatorUpdateV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.IndicatorUpdateV1(ioc.NewIndicatorUpdateV1Params().WithBody(&models.APIIndicatorUpdateReqsV1{Indicators: []*models.APIIndicatorUpdateReqV1{{ID: f.indicators[1], Severity: ptr("low")}}})))
		}},
		"indicator_delete_v1": {"Ioc.IndicatorDeleteV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.IndicatorDeleteV1(ioc.NewIndicatorDeleteV1Params().WithIds(f.indicators[2:])))
		}},
		"action_get_v1": {"Ioc.ActionGetV1", false, func(f *fleet) (any, error) {
			return payload(f.Ioc.ActionGetV1(ioc.NewActionGetV1Params().WithIds([]string{"detect"})))
		}},
		"action_query_v1":   {"Ioc.ActionQueryV1", false, func(f *fleet) (any, error) { return payload(f.Ioc.ActionQueryV1(ioc.NewActionQueryV1Params())) }},
		"ioc_type_query_v1": {"Ioc.IocTypeQueryV1", false, func(f *fleet) (any, error) { return payload(f.Ioc.IocTypeQueryV1(ioc.NewIocTypeQueryV1Params())) }},
		"platform_query_v1": {"Ioc.PlatformQueryV1", false, func(f *fleet) (any, error) { return payload(f.Ioc.PlatformQueryV1(ioc.NewPlatformQueryV1Params())) }},
		"severity_query_v1": {"Ioc.SeverityQueryV1", false, func(f *fleet) (any, error) { return payload(f.Ioc.SeverityQueryV1(ioc.NewSeverityQueryV1Params())) }},
		"UploadSampleV3":    {"SampleUploads.UploadSampleV3", false, func(f *fleet) (any, error) { return uploadOf(f.customer, "again.bin", []byte("a file of the fleet")) }},
		"QueryDevicesByFilter": {"Hosts.QueryDevicesByFilter", false, func(f *fleet) (any, error) {
			return payload(f.Hosts.QueryDevicesByFilter(hosts.NewQueryDevicesByFilterParams()))
		}},
		"QueryDevicesByFilterScroll": {"Hosts.QueryDevicesByFilterScroll", false, func(f *fleet) (any, error) {
			return payload(f.Hosts.QueryDevicesByFilterScroll(hosts.NewQueryDevicesByFilterScrollParams()))
		}},
		"PostDeviceDetailsV2": {"Hosts.PostDeviceDetailsV2", false, func(f *fleet) (any, error) {
			return payload(f.Hosts.PostDeviceDetailsV2(hosts.NewPostDeviceDetailsV2Params().WithBody(&models.MsaIdsRequest{Ids: []string{deviceID(0)}})))
		}},
		"GetDeviceDetailsV2": {"Hosts.GetDeviceDetailsV2", false, func(f *fleet) (any, error) {
			return payload(f.Hosts.GetDeviceDetailsV2(hosts.NewGetDeviceDetailsV2Params().WithIds([]string{deviceID(0)})))
		}},
		"queryVulnerabilities": {"SpotlightVulnerabilities.QueryVulnerabilities", false, func(f *fleet) (any, error) {
			return payload(f.SpotlightVulnerabilities.QueryVulnerabilities(spotlight_vulnerabilities.NewQueryVulnerabilitiesParams().WithFilter(openFindings)))
		}},
		"combinedQueryVulnerabilities": {"SpotlightVulnerabilities.CombinedQueryVulnerabilities", false, func(f *fleet) (any, error) {
			return payload(f.SpotlightVulnerabilities.CombinedQueryVulnerabilities(spotlight_vulnerabilities.NewCombinedQueryVulnerabilitiesParams().WithFilter(openFindings).WithFacet([]string{"cve"})))
		}},
		"getVulnerabilities": {"SpotlightVulnerabilities.GetVulnerabilities", false, func(f *fleet) (any, error) {
			return payload(f.SpotlightVulnerabilities.GetVulnerabilities(spotlight_vulnerabilities.NewGetVulnerabilitiesParams().WithIds(f.vulnerabilities)))
		}},
		"QueryIntelIndicatorEntities": {"Intel.QueryIntelIndicatorEntities", false, func(f *fleet) (any, error) {
			return payload(f.Intel.QueryIntelIndicatorEntities(intel.NewQueryIntelIndicatorEntitiesParams().WithFilter(ptr("type:'domain'"))))
		}},
		"QueryIntelIndicatorIds": {"Intel.QueryIntelIndicatorIds", false, func(f *fleet) (any, error) {
			return payload(f.Intel.QueryIntelIndicatorIds(intel.NewQueryIntelIndicatorIdsParams()))
		}},
		"GetIntelIndicatorEntities": {"Intel.GetIntelIndicatorEntities", false, func(f *fleet) (any, error) {
			return payload(f.Intel.GetIntelIndicatorEntities(intel.NewGetIntelIndicatorEntitiesParams().WithBody(&models.MsaIdsRequest{Ids: f.intel})))
		}},
	}
}

// TestEveryOperation calls each operation by gofalcon. Which ones it can send, and
// why it cannot send the others, stands in api/clients.yaml and so in the docs.
func TestEveryOperation(t *testing.T) {
	f := newFleet(t)
	told := tolds(t)
	all := calls()
	for _, op := range slices.Sorted(maps.Keys(all)) {
		t.Run(op, func(t *testing.T) {
			if told[op] != all[op].method {
				t.Errorf("api/clients.yaml says %q, this test %q", told[op], all[op].method)
			}
			if r := f.call(t, op); !all[op].empty && len(r.Resources) == 0 {
				t.Error("no resources")
			}
		})
	}
	for op, word := range told {
		if _, called := all[op]; !called && !strings.HasPrefix(word, "no: ") && !strings.HasPrefix(op, "oauth2") {
			t.Errorf("%s: api/clients.yaml says %q, but no test calls it", op, word)
		}
	}
}

// told reads what api/clients.yaml says of gofalcon.
func tolds(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../api/clients.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\S+):\n(?:  .*\n)*?  gofalcon: "?(.*?)"?$`).FindAllStringSubmatch(string(text), -1) {
		out[m[1]] = m[2]
	}
	return out
}
