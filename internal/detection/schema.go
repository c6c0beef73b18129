package detection

import (
	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
)

const maxLimit = 5000

// schema declares what filters and sorts may name, and where it stands in the
// table of migration 13.
func schema(d Deps) collection.Schema {
	return collection.Schema{
		Name: "detection", Table: "detection", Key: "seq", ID: "id", Fields: fields(),
		DefaultSort: "last_seen|desc", DefaultLimit: 100, MaxLimit: maxLimit,
		Window: d.Window, UnknownField: d.UnknownField,
	}
}

func fields() []collection.Field {
	return []collection.Field{
		{Name: "id", Column: "id", Lower: true, Indexed: true, Doc: "the detection: host and IOC, <device_id>_<indicator_id>"},
		{Name: "indicator_id", Column: "indicator", Lower: true, Indexed: true, Doc: "the IOC"},
		{
			Name: "type", Column: "type", Doc: "the IOC's type",
			Values: []string{mews.TypeSHA256, mews.TypeMD5, mews.TypeDomain, mews.TypeIPv4, mews.TypeIPv6},
		},
		{Name: "value", Column: "value", Lower: true, Indexed: true, Doc: "the IOC's hash, domain or address"},
		{
			Name: "action", Column: "action", Doc: "the IOC's action when it was last met",
			Values: []string{mews.IndicatorDetect, mews.IndicatorPrevent, mews.IndicatorPreventSilent},
		},
		{
			Name: "severity", Column: "severity", Doc: "the IOC's severity when it was last met",
			Values: []string{mews.SeverityInformational, mews.SeverityLow, mews.SeverityMedium, mews.SeverityHigh, mews.SeverityCritical},
		},
		{Name: "device_id", Aliases: []string{"aid"}, Column: "aid", Lower: true, Doc: "the host"},
		{Name: "count", Type: collection.Integer, Column: "count", Doc: "how often the host has met it"},
		{Name: "first_seen", Type: collection.Time, Column: "first_seen", Sortable: true, Doc: "when the host met it first"},
		{Name: "last_seen", Type: collection.Time, Column: "last_seen", Sortable: true, Doc: "when the host met it last"},
		{Name: "created_timestamp", Type: collection.Time, Column: "created", Sortable: true, Doc: "when the server learned of it"},
		{Name: "modified_timestamp", Type: collection.Time, Column: "modified", Doc: "when the server last learned of it"},
	}
}
