package ioc

import (
	"time"

	"github.com/mewshq/mews"
)

// stamp is a time as answers tell it.
func stamp(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano) }

// stampOr is stamp, or "" for no time.
func stampOr(micros *int64) string {
	if micros == nil {
		return ""
	}
	return stamp(*micros)
}

// wire is the record as the /iocs/ family shows it.
func (r *record) wire(now int64) mews.Indicator {
	out := mews.Indicator{
		ID: r.id, Type: r.typ, Value: r.value, Action: r.shown(now), MobileAction: r.mobile, Severity: r.severity,
		Platforms: orEmpty(r.platforms), AppliedGlobally: r.global, HostGroups: orEmpty(r.groups), Tags: orEmpty(r.tags),
		Expiration: stampOr(r.expires), Expired: r.expired(now), Deleted: r.deleted != nil,
		CreatedOn: stamp(r.created), CreatedBy: r.createdBy, ModifiedOn: stamp(r.modified), ModifiedBy: r.modifiedBy,
		Source: r.source, Description: r.text,
	}
	if r.meta != (mews.IndicatorMetadata{}) {
		out.Metadata = &r.meta
	}
	return out
}

// legacy is the record as the /indicators/ family shows it.
func (r *record) legacy(now int64) mews.LegacyIOC {
	return mews.LegacyIOC{
		Type: r.typ, Value: r.value, Policy: policyOf(r.shown(now)), ShareLevel: mews.ShareLevelRed,
		ExpirationDays: r.days, ExpirationTimestamp: stampOr(r.expires),
		Source: r.source, Description: r.text, BatchID: r.batch,
		CreatedBy: r.createdBy, CreatedTimestamp: stamp(r.created), ModifiedBy: r.modifiedBy, ModifiedTimestamp: stamp(r.modified),
		DeletedBy: r.deletedBy, DeletedTimestamp: stampOr(r.deleted),
	}
}

// policyOf is an action in the words of the older family.
func policyOf(action string) string {
	if watches(action) {
		return mews.PolicyDetect
	}
	return mews.PolicyNone
}

// orEmpty makes a list that JSON writes as one.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
