package mews

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestLookupOperation(t *testing.T) {
	for name, id := range map[string]string{
		"QueryDevicesByFilter":                           "QueryDevicesByFilter",
		"query_devices_by_filter":                        "QueryDevicesByFilter",
		"Hosts.QueryDevicesByFilter":                     "QueryDevicesByFilter",
		"hosts.query_devices_by_filter":                  "QueryDevicesByFilter",
		"GetDeviceDetails":                               "PostDeviceDetailsV2",
		"get_device_details":                             "PostDeviceDetailsV2",
		"queryVulnerabilities":                           "queryVulnerabilities",
		"query_vulnerabilities":                          "queryVulnerabilities",
		"SpotlightVulnerabilities.QueryVulnerabilities":  "queryVulnerabilities",
		"spotlight.QueryVulnerabilities":                 "queryVulnerabilities",
		"spotlight_vulnerabilities.queryVulnerabilities": "queryVulnerabilities",
		"indicator_create_v1":                            "indicator_create_v1",
		"indicator.create.v1":                            "indicator_create_v1",
		"entities_processes":                             "entities.processes",
		"Iocs.entities.processes":                        "entities.processes",
		"mews.samples.get":                               "mews.samples.get",
		"IOC.devices_count":                              "indicator_get_device_count_v1",
		"Iocs.devices_count":                             "DevicesCount",
	} {
		if o, err := LookupOperation(name); err != nil || o.ID != id {
			t.Errorf("%s is %s, %v; want %s", name, o.ID, err, id)
		}
	}
	for name, text := range map[string]string{
		// Another operation of the vendor's, with the same letters.
		"QueryVulnerabilities":    "SpotlightVulnerabilities.queryVulnerabilities",
		"QueryDeviceByFilter":     "Hosts.QueryDevicesByFilter",
		"Host.QueryDeviceByFilte": "Hosts.QueryDevicesByFilter",
		"devices_count":           "Iocs.devices_count or IOC.devices_count",
		"zzz":                     "Operations lists them all",
		"":                        "Operations lists them all",
	} {
		if _, err := LookupOperation(name); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v; want %q in it", name, err, text)
		}
	}
}

// TestOperations: every operation is found by each way of naming it, and only
// what is in the table can be asked for.
func TestOperations(t *testing.T) {
	list := Operations()
	list[0].ID = "changed"
	if Operations()[0].ID == "changed" {
		t.Error("the list is shared with its callers")
	}
	for _, o := range Operations() {
		for _, name := range append(o.names(), o.Qualified()) {
			got, err := LookupOperation(name)
			if err != nil && !strings.Contains(err.Error(), "more than one") || err == nil && got.ID != o.ID {
				t.Errorf("%s by %s: %s, %v", o.ID, name, got.ID, err)
			}
		}
		if _, err := LookupOperation(o.Qualified()); err != nil {
			t.Errorf("%s: %v", o.Qualified(), err)
		}
		if o.Collection == "" || o.Family == "" || o.Method == "" || !strings.HasPrefix(o.Path, "/") {
			t.Errorf("%s is not complete: %+v", o.ID, o)
		}
		if o.Own != (o.Collection == "Mews") {
			t.Errorf("%s: own %v in %s", o.ID, o.Own, o.Collection)
		}
		for _, p := range o.Parameters {
			if !slices.Contains([]string{InQuery, InBody, InForm, InFile}, p.In) || p.Name == "" || p.Type == "" {
				t.Errorf("%s: parameter %+v", o.ID, p)
			}
		}
	}
}
