package mews

// States of a quarantined file. Filters also read "deleted" as StatePurged.
const (
	StateQuarantined = "quarantined"
	StateReleased    = "released"
	StatePurged      = "purged" // its bytes are destroyed; nothing changes it any more
)

// Actions on a quarantined file.
const (
	ActionRelease   = "release"
	ActionUnrelease = "unrelease"
	ActionDelete    = "delete"
)

// A QuarantinedFile is one file that a host has put in quarantine, as upstream
// answers it. ID is "<aid>_<sha256>", dates are RFC 3339 in UTC.
type QuarantinedFile struct {
	ID                           string           `json:"id"`
	AID                          string           `json:"aid"`
	CID                          string           `json:"cid"`
	SHA256                       string           `json:"sha256"`
	State                        string           `json:"state"`
	Hostname                     string           `json:"hostname"`
	Username                     string           `json:"username"`
	DateCreated                  string           `json:"date_created"`
	DateUpdated                  string           `json:"date_updated"`
	Paths                        []QuarantinePath `json:"paths"`
	DetectIDs                    []string         `json:"detect_ids"`
	AlertIDs                     []string         `json:"alert_ids"`
	Extracted                    bool             `json:"extracted"`
	PrimaryModule                bool             `json:"primary_module"`
	IsOnRemovableDisk            bool             `json:"is_on_removable_disk"`
	ReleasePathForRemovableMedia string           `json:"release_path_for_removable_media"`
	SandboxReportID              string           `json:"sandbox_report_id"`
	SandboxReportState           string           `json:"sandbox_report_state"`
}

// A QuarantinePath is one place from which the file was taken. State follows
// the record's; while a host that pulls its actions has not answered it is
// "release_pending", "unrelease_pending" or "delete_pending", and "error" when
// the host failed (Reason is the host's number, 0 for none).
type QuarantinePath struct {
	Filename string `json:"filename"`
	Path     string `json:"path"`
	State    string `json:"state"`
	Reason   int32  `json:"reason"`
}

// A QuarantineUpdate applies an action to records by IDs (UpdateQuarantinedDetectsByIds).
type QuarantineUpdate struct {
	Action  string `json:"action"`
	Comment string `json:"comment,omitempty"`
	IDs     List   `json:"ids"`
}

// A QuarantineQueryUpdate applies an action to all records that Filter and Q
// select (UpdateQfByQuery). One of the two must say something; "*" is all.
type QuarantineQueryUpdate struct {
	Action  string  `json:"action"`
	Comment string  `json:"comment,omitempty"`
	Filter  Filters `json:"filter,omitempty"`
	Q       string  `json:"q,omitempty"`
}

// A RecordQuery selects and orders records of a collection.
type RecordQuery struct {
	Filter string // FQL; "" and "*" select all
	Q      string // phrase prefix
	Sort   string // "field|asc", "field.desc"; several with commas
	Limit  int    // 0: the route's default
	Offset int
	After  string // token of the page before; goes on where it ended
}

// A QuarantineReport tells of a file that a host has put in quarantine. SHA256
// may be empty when the file's bytes come along. Without AID one is derived
// from Hostname. DateCreated is when the host took the file (RFC 3339; default:
// now): a report that is not younger than the record's last change repeats what
// is known and changes nothing.
type QuarantineReport struct {
	AID         string           `json:"aid,omitempty"`
	SHA256      string           `json:"sha256,omitempty"`
	Hostname    string           `json:"hostname,omitempty"`
	Username    string           `json:"username,omitempty"`
	DateCreated string           `json:"date_created,omitempty"`
	Paths       []QuarantinePath `json:"paths,omitempty"` // State and Reason are ignored; Filename defaults to the last part of Path
	DetectIDs   List             `json:"detect_ids,omitempty"`
	AlertIDs    List             `json:"alert_ids,omitempty"`
	Comment     string           `json:"comment,omitempty"`
	// Agent says that a program on the host pulls and acknowledges its actions.
	Agent bool `json:"agent,omitempty"`

	Extracted                    bool   `json:"extracted,omitempty"`
	PrimaryModule                bool   `json:"primary_module,omitempty"`
	IsOnRemovableDisk            bool   `json:"is_on_removable_disk,omitempty"`
	ReleasePathForRemovableMedia string `json:"release_path_for_removable_media,omitempty"`
	SandboxReportID              string `json:"sandbox_report_id,omitempty"`
	SandboxReportState           string `json:"sandbox_report_state,omitempty"`

	AdversaryID   string               `json:"adversary_id,omitempty"`
	Country       string               `json:"country,omitempty"` // filter field device.country
	Behaviors     []QuarantineBehavior `json:"behaviors,omitempty"`
	MaxSeverity   *int                 `json:"max_severity,omitempty"`   // 0..100
	MaxConfidence *int                 `json:"max_confidence,omitempty"` // 0..100
	FirstBehavior string               `json:"first_behavior,omitempty"` // RFC 3339
	LastBehavior  string               `json:"last_behavior,omitempty"`
}

// A QuarantineBehavior is one observation that led to the quarantine.
type QuarantineBehavior struct {
	BehaviorID   string `json:"behavior_id,omitempty"`
	IOCType      string `json:"ioc_type,omitempty"`
	IOCValue     string `json:"ioc_value,omitempty"`
	TreeRootHash string `json:"tree_root_hash,omitempty"`
}

// A QuarantineDetail is all that mews knows about a record (own route
// /mews/entities/quarantined-files/v1). The embedded record is upstream's.
type QuarantineDetail struct {
	QuarantinedFile
	Agent         bool                 `json:"agent"`
	HasBytes      bool                 `json:"has_bytes"` // GetSampleV3 gives the file
	AdversaryID   string               `json:"adversary_id,omitempty"`
	Country       string               `json:"country,omitempty"`
	Behaviors     []QuarantineBehavior `json:"behaviors,omitempty"`
	MaxSeverity   *int                 `json:"max_severity,omitempty"`
	MaxConfidence *int                 `json:"max_confidence,omitempty"`
	FirstBehavior string               `json:"first_behavior,omitempty"`
	LastBehavior  string               `json:"last_behavior,omitempty"`
	History       []QuarantineEvent    `json:"history"`
	Actions       []HostAction         `json:"actions"`
}

// A QuarantineEvent is one step in a record's life: added, again (reported
// anew), release, unrelease, delete, acknowledged or failed.
type QuarantineEvent struct {
	Time    string `json:"time"`
	Client  string `json:"client"`
	Event   string `json:"event"`
	Comment string `json:"comment,omitempty"`
}

// States of a HostAction.
const (
	ActionPending      = "pending"
	ActionAcknowledged = "acknowledged"
	ActionFailed       = "failed"
	ActionWithdrawn    = "withdrawn" // a later action came before the host had fetched this one
)

// A HostAction is what a host is asked to do with a file that it holds. A host
// carries actions out in the order it gets them, remembers their ids, and
// acknowledges each; until then it gets them again.
type HostAction struct {
	ID           string           `json:"id"`
	AID          string           `json:"aid"`
	QuarantineID string           `json:"quarantine_id"`
	SHA256       string           `json:"sha256"`
	Action       string           `json:"action"`
	State        string           `json:"state"`
	Comment      string           `json:"comment,omitempty"`
	DateCreated  string           `json:"date_created"`
	DateUpdated  string           `json:"date_updated"`
	Reason       string           `json:"reason,omitempty"` // why it failed
	Paths        []QuarantinePath `json:"paths"`
}

// An ActionAck tells how a host action went. Outcome is "acknowledged" or
// "failed"; Reason and ReasonCode say why it failed. The first answer counts;
// a repeated one changes nothing.
type ActionAck struct {
	ID         string `json:"id"`
	Outcome    string `json:"outcome"`
	Reason     string `json:"reason,omitempty"`
	ReasonCode int32  `json:"reason_code,omitempty"`
}

// QuarantineSettings are a customer's choices. Searchable lets MalQuery find
// quarantined files; Pending counts the files that have not followed yet.
type QuarantineSettings struct {
	Searchable bool  `json:"searchable"`
	Pending    int64 `json:"pending"`
}
