package ioc

import (
	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
)

const table = "ioc"

// modernSchema is the view of the /iocs/ family.
func modernSchema(d Deps) collection.Schema {
	return collection.Schema{
		Name: "indicator", Table: table, Key: "seq", ID: "id",
		Fields: append(ownFields(), childFields()...), Hidden: "deleted",
		Scan: "ioc_scan", ScanColumns: scanned(),
		DefaultSort: "created_on|desc", DefaultLimit: 100, MaxLimit: maxBatch,
		Window: d.Window, UnknownField: d.UnknownField,
	}
}

// legacySchema is the view of the /indicators/ family: the same fields, and ids
// that say type and value.
func legacySchema(d Deps) collection.Schema {
	s := modernSchema(d)
	s.Name, s.ID, s.MaxLimit = "IOC", "name", 500
	return s
}

// scanned are the columns of the index ioc_scan beside customer and key.
func scanned() []string {
	return []string{
		"deleted", "type", "action", "severity_number", "severity", "applied_globally", "expired", "expires", "created", "modified",
		"source", "created_by", "modified_by",
	}
}

// ownFields have one value, in the noun's table.
func ownFields() []collection.Field {
	return []collection.Field{
		{Name: "id", Column: "id", Lower: true, Indexed: true, Doc: "64 hex digits"},
		{Name: "type", Column: "type", Values: types(), Sortable: true, Aggregate: true, Doc: "what kind of thing it is"},
		{Name: "value", Column: "value", Lower: true, Indexed: true, Sortable: true, Aggregate: true, Doc: "hash, domain or address"},
		{Name: "action", Column: "action", Values: actions(), Sortable: true, Aggregate: true, Doc: "what is to happen; no_action once it has expired"},
		{Name: "mobile_action", Column: "mobile_action", Values: mobileActions(), Aggregate: true, Doc: "the same on android and ios"},
		{Name: "severity", Column: "severity", Values: severities(), Aggregate: true, Doc: "how bad it is"},
		{
			Name: "severity_number", Type: collection.Integer, Column: "severity_number", Sortable: true, Aggregate: true,
			Doc: "the severity as a number: 10, 30, 50, 70 or 90",
		},
		{Name: "applied_globally", Type: collection.Boolean, Column: "applied_globally", Sortable: true, Aggregate: true, Doc: "it is for all hosts"},
		{
			Name: "expiration", Aliases: []string{"expiration_timestamp"}, Type: collection.Time, Column: "expires",
			Sortable: true, Aggregate: true, Doc: "when it ends",
		},
		{Name: "expired", Type: collection.Boolean, Column: "expired", Sortable: true, Aggregate: true, Doc: "it has ended"},
		{
			Name: "created_on", Aliases: []string{"created_timestamp"}, Type: collection.Time, Column: "created",
			Sortable: true, Aggregate: true, Doc: "when it was made, or came back",
		},
		{Name: "created_by", Column: "created_by", Sortable: true, Aggregate: true, Doc: "the API client that made it"},
		{
			Name: "modified_on", Aliases: []string{"modified_timestamp"}, Type: collection.Time, Column: "modified",
			Sortable: true, Aggregate: true, Doc: "when it changed last",
		},
		{Name: "modified_by", Column: "modified_by", Sortable: true, Aggregate: true, Doc: "the API client that changed it last"},
		{Name: "source", Column: "source", Sortable: true, Aggregate: true, Doc: "where it comes from"},
		{Name: "description", Type: collection.Text, Column: "description", Doc: "what it says about itself"},
		{Name: "deleted", Type: collection.Boolean, Column: "deleted", Aggregate: true, Doc: "it was deleted; only filters that name this field find those"},
		{Name: "deleted_by", Column: "deleted_by", Aggregate: true, Doc: "the API client that deleted it"},
		{Name: "deleted_on", Aliases: []string{"deleted_timestamp"}, Type: collection.Time, Column: "deleted_on", Aggregate: true, Doc: "when it was deleted"},
		{Name: "batch_id", Column: "batch", Aggregate: true, Doc: "shared by what one call created"},
		{Name: "metadata.av_hits", Type: collection.Integer, Column: "av_hits", Sortable: true, Aggregate: true, Doc: "scanners that know the file"},
		{Name: "metadata.signed", Type: collection.Boolean, Column: "signed", Aggregate: true, Doc: "the file is signed"},
		metadata("filename", true), metadata("original_filename", true), metadata("company_name", true), metadata("product_name", true),
		metadata("product_version", true), metadata("file_description", false), metadata("file_version", false),
	}
}

// metadata is a text about the file. Upstream sorts some of them by a name that
// ends in raw.
func metadata(column string, sortable bool) collection.Field {
	return collection.Field{
		Name: "metadata." + column, Aliases: []string{"metadata." + column + ".raw"}, Column: column,
		Sortable: sortable, Aggregate: true, Doc: "of the file",
	}
}

// childFields can have several values, each a row of a child table.
func childFields() []collection.Field {
	return []collection.Field{
		{Name: "platforms", Child: "ioc_platform", Column: "platform", Values: platforms(), Aggregate: true, Doc: "where it counts"},
		{Name: "tags", Child: "ioc_tag", Column: "tag", Indexed: true, Aggregate: true, Doc: "its labels"},
		{Name: "host_groups", Child: "ioc_group", Column: "host_group", Lower: true, Indexed: true, Aggregate: true, Doc: "the hosts it is for, when not for all"},
	}
}

// The words of the API, in the order in which it lists them.

func types() []string {
	return []string{mews.TypeSHA256, mews.TypeMD5, mews.TypeDomain, mews.TypeIPv4, mews.TypeIPv6}
}

func actions() []string {
	return []string{
		mews.IndicatorNoAction, mews.IndicatorAllow, mews.IndicatorDetect, mews.IndicatorPrevent, mews.IndicatorPreventSilent,
	}
}

func mobileActions() []string { return actions()[:4] }

func severities() []string {
	return []string{
		mews.SeverityInformational, mews.SeverityLow, mews.SeverityMedium, mews.SeverityHigh, mews.SeverityCritical,
	}
}

func platforms() []string { return append(desktops(), mews.PlatformAndroid, mews.PlatformIOS) }

// desktops are the platforms of an indicator that does not name any: of a legacy
// one.
func desktops() []string {
	return []string{mews.PlatformWindows, mews.PlatformMac, mews.PlatformLinux}
}
