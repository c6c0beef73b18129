package mews

// Actions of an indicator: what is to happen where it is met. An action that
// detects or prevents makes sightings count as detections; the server itself
// blocks nothing.
const (
	IndicatorNoAction      = "no_action"
	IndicatorAllow         = "allow"
	IndicatorDetect        = "detect"
	IndicatorPrevent       = "prevent"
	IndicatorPreventSilent = "prevent_no_ui"
)

// Severities of an indicator.
const (
	SeverityInformational = "informational"
	SeverityLow           = "low"
	SeverityMedium        = "medium"
	SeverityHigh          = "high"
	SeverityCritical      = "critical"
)

// Platforms of an indicator.
const (
	PlatformWindows = "windows"
	PlatformMac     = "mac"
	PlatformLinux   = "linux"
	PlatformAndroid = "android"
	PlatformIOS     = "ios"
)

// An Indicator is a custom IOC as the /iocs/ family shows it. ID is 64 hex
// digits and the same as long as customer, type and value are. Times are
// RFC 3339 in UTC. One that has expired stays, but reads no_action and is not
// matched any more.
type Indicator struct {
	ID              string             `json:"id"`
	Type            string             `json:"type"`
	Value           string             `json:"value"` // in normal form
	Action          string             `json:"action"`
	MobileAction    string             `json:"mobile_action,omitempty"`
	Severity        string             `json:"severity,omitempty"`
	Platforms       []string           `json:"platforms"`
	AppliedGlobally bool               `json:"applied_globally"`
	HostGroups      []string           `json:"host_groups"`
	Tags            []string           `json:"tags"`
	Expiration      string             `json:"expiration,omitempty"` // "": never
	Expired         bool               `json:"expired"`
	Deleted         bool               `json:"deleted"`
	CreatedOn       string             `json:"created_on"`
	CreatedBy       string             `json:"created_by"`
	ModifiedOn      string             `json:"modified_on"`
	ModifiedBy      string             `json:"modified_by"`
	Source          string             `json:"source,omitempty"`
	Description     string             `json:"description,omitempty"`
	Metadata        *IndicatorMetadata `json:"metadata,omitempty"`
	FromParent      bool               `json:"from_parent"`
	ParentCIDName   string             `json:"parent_cid_name,omitempty"`
}

// IndicatorMetadata describes the file that an indicator names.
type IndicatorMetadata struct {
	Filename         string `json:"filename,omitempty"`
	OriginalFilename string `json:"original_filename,omitempty"`
	CompanyName      string `json:"company_name,omitempty"`
	FileDescription  string `json:"file_description,omitempty"`
	FileVersion      string `json:"file_version,omitempty"`
	ProductName      string `json:"product_name,omitempty"`
	ProductVersion   string `json:"product_version,omitempty"`
	AVHits           int64  `json:"av_hits,omitempty"`
	Signed           bool   `json:"signed,omitempty"`
}

// An IndicatorCreate is an indicator to be made. Type, Value, AppliedGlobally
// and Platforms are required: AppliedGlobally true, or false with at least one
// of HostGroups (32 hex digits each). An empty Action is no_action; Severity is
// required to detect and to prevent. Expiration is RFC 3339 and in the future,
// or empty. Words may be in any case.
type IndicatorCreate struct {
	Type            string             `json:"type"`
	Value           string             `json:"value"`
	Action          string             `json:"action,omitempty"`
	MobileAction    string             `json:"mobile_action,omitempty"`
	Severity        string             `json:"severity,omitempty"`
	Platforms       List               `json:"platforms,omitempty"`
	AppliedGlobally *bool              `json:"applied_globally,omitempty"`
	HostGroups      List               `json:"host_groups,omitempty"`
	Tags            List               `json:"tags,omitempty"`
	Expiration      string             `json:"expiration,omitempty"`
	Source          string             `json:"source,omitempty"` // at most 256 characters
	Description     string             `json:"description,omitempty"`
	Metadata        *IndicatorMetadata `json:"metadata,omitempty"`
}

// IndicatorCreates is one call to create indicators: all of them, or none.
type IndicatorCreates struct {
	Comment    string            `json:"comment,omitempty"` // for the audit trail
	Indicators []IndicatorCreate `json:"indicators"`
	// DryRun checks everything, answers what would be, and changes nothing: an
	// extension of mews, the parameter dry_run.
	DryRun bool `json:"-"`
}

// An IndicatorChange says what of an indicator becomes different: nil, and an
// empty word or list where there is no pointer, leaves things as they are. An
// empty Severity, Source or Description removes it.
type IndicatorChange struct {
	Action          string             `json:"action,omitempty"`
	MobileAction    string             `json:"mobile_action,omitempty"`
	Severity        *string            `json:"severity,omitempty"`
	Platforms       List               `json:"platforms,omitempty"`
	AppliedGlobally *bool              `json:"applied_globally,omitempty"`
	HostGroups      List               `json:"host_groups,omitempty"`
	Tags            *List              `json:"tags,omitempty"`
	Expiration      *string            `json:"expiration,omitempty"` // "": never
	Source          *string            `json:"source,omitempty"`
	Description     *string            `json:"description,omitempty"`
	Metadata        *IndicatorMetadata `json:"metadata,omitempty"`
}

// An IndicatorUpdate changes the indicator of an ID. Type and Value never
// change; where they are given they must be the indicator's.
type IndicatorUpdate struct {
	ID    string `json:"id"`
	Type  string `json:"type,omitempty"`
	Value string `json:"value,omitempty"`
	IndicatorChange
}

// An IndicatorBulkUpdate changes every indicator that Filter selects; "*" is
// all of them.
type IndicatorBulkUpdate struct {
	Filter     string `json:"filter,omitempty"`
	FromParent bool   `json:"from_parent,omitempty"`
	IndicatorChange
}

// IndicatorUpdates is one call to change indicators: all of them, or none.
type IndicatorUpdates struct {
	Comment    string               `json:"comment,omitempty"`
	BulkUpdate *IndicatorBulkUpdate `json:"bulk_update,omitempty"`
	Indicators []IndicatorUpdate    `json:"indicators,omitempty"`
	DryRun     bool                 `json:"-"` // as in IndicatorCreates
}

// An IndicatorAction tells for which platforms and severities an action may be
// chosen.
type IndicatorAction struct {
	ID              string              `json:"id"`
	PlatformsByType map[string][]string `json:"platforms_by_type"`
	Severities      []string            `json:"severities"`
}

// Policies of a legacy IOC, and its one share level.
const (
	PolicyDetect = "detect"
	PolicyNone   = "none"

	ShareLevelRed = "red"
)

// A LegacyIOC is a custom IOC as the /indicators/ family shows it: another view
// of what [Indicator] is. Times are RFC 3339 in UTC.
type LegacyIOC struct {
	Type                string `json:"type"`
	Value               string `json:"value"`
	Policy              string `json:"policy"`
	ShareLevel          string `json:"share_level"`
	ExpirationDays      int32  `json:"expiration_days,omitempty"`
	ExpirationTimestamp string `json:"expiration_timestamp,omitempty"`
	Source              string `json:"source,omitempty"`
	Description         string `json:"description,omitempty"`
	BatchID             string `json:"batch_id,omitempty"` // shared by what one call created
	CreatedBy           string `json:"created_by"`
	CreatedTimestamp    string `json:"created_timestamp"`
	ModifiedBy          string `json:"modified_by"`
	ModifiedTimestamp   string `json:"modified_timestamp"`
	DeletedBy           string `json:"deleted_by,omitempty"`
	DeletedTimestamp    string `json:"deleted_timestamp,omitempty"`
}

// ID is "<type>:<value>".
func (i LegacyIOC) ID() string { return Observable{i.Type, i.Value}.ID() }

// A LegacyIOCCreate is a custom IOC to be made. Type, Value and Policy are
// required. It ends after ExpirationDays or at ExpirationTimestamp, which
// hashes do not take, or never.
type LegacyIOCCreate struct {
	Type                string `json:"type"`
	Value               string `json:"value"`
	Policy              string `json:"policy"`
	ShareLevel          string `json:"share_level,omitempty"`
	ExpirationDays      *int32 `json:"expiration_days,omitempty"`
	ExpirationTimestamp string `json:"expiration_timestamp,omitempty"`
	Source              string `json:"source,omitempty"` // at most 200 characters
	Description         string `json:"description,omitempty"`
}

// A LegacyIOCUpdate changes a custom IOC; what is nil or empty stays. Type and
// Value, where they are given, must be the IOC's.
type LegacyIOCUpdate struct {
	Type                string  `json:"type,omitempty"`
	Value               string  `json:"value,omitempty"`
	Policy              string  `json:"policy,omitempty"`
	ShareLevel          string  `json:"share_level,omitempty"`
	ExpirationDays      *int32  `json:"expiration_days,omitempty"`
	ExpirationTimestamp *string `json:"expiration_timestamp,omitempty"` // "": never
	Source              *string `json:"source,omitempty"`
	Description         *string `json:"description,omitempty"`
}

// A LegacyIOCQuery selects custom IOCs: words in one list are alternatives, and
// all that is given must hold. The two times bound the expiration; IOCs that
// never expire are selected only when neither is given.
type LegacyIOCQuery struct {
	Types, Values, Policies, Sources, ShareLevels List
	CreatedBy, DeletedBy                          List
	ExpiresFrom, ExpiresTo                        string // RFC 3339
	IncludeDeleted                                bool
	Sort                                          string
	Limit                                         int // 0: 100; at most 500
	Offset                                        int
}
