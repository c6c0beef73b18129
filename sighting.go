package mews

// Types of indicators and of observables.
const (
	TypeSHA256 = "sha256"
	TypeMD5    = "md5"
	TypeDomain = "domain"
	TypeIPv4   = "ipv4"
	TypeIPv6   = "ipv6"
)

// An Observable is something that hosts can meet: a file by its hash, a domain,
// an address. Its id is "<type>:<value>".
type Observable struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// ID is "<type>:<value>".
func (o Observable) ID() string { return o.Type + ":" + o.Value }

// A DeviceCount tells on how many hosts an observable was seen.
type DeviceCount struct {
	ID            string `json:"id"`
	Type          string `json:"type"`
	Value         string `json:"value"`
	DeviceCount   int32  `json:"device_count"`
	LimitExceeded bool   `json:"limit_exceeded,omitempty"`
}

// A SightingQuery asks for hosts or processes that have met an observable.
type SightingQuery struct {
	Observable
	DeviceID string // needed for processes; for sightings, of this host only
	Limit    int    // 0: 100; at most 5,000
	Offset   int
}

// A Sighting tells when, how often and how one host has met an observable. Times
// are RFC 3339.
type Sighting struct {
	Observable
	DeviceID string   `json:"device_id"`
	First    string   `json:"first_seen"`
	Last     string   `json:"last_seen"`
	Count    int64    `json:"count"` // events
	Kinds    []string `json:"kinds"` // exec, image_load, file_write, net, dns
}

// A ProcessDetail describes one process on one host. ProcessID is
// "<device_id>:<number>" and ProcessIDLocal that number; raw times are Windows
// FILETIME in decimal digits, the others RFC 3339. A process that runs has no
// stop.
type ProcessDetail struct {
	DeviceID          string `json:"device_id"`
	CommandLine       string `json:"command_line"`
	ProcessID         string `json:"process_id"`
	ProcessIDLocal    string `json:"process_id_local"`
	FileName          string `json:"file_name"`
	StartTimestamp    string `json:"start_timestamp"`
	StartTimestampRaw string `json:"start_timestamp_raw"`
	StopTimestamp     string `json:"stop_timestamp"`
	StopTimestampRaw  string `json:"stop_timestamp_raw"`
}

// Reasons of a SightingHint.
const (
	HintNeverSeen   = "never_seen"   // hosts report, none has met it
	HintNoTelemetry = "no_telemetry" // no host has reported anything yet
	HintOutOfWindow = "window"       // seen before, but longer ago than sightings are kept
	HintOtherDevice = "other_device" // seen, but not on the device asked for
	HintNoProcess   = "no_process"   // seen on the device, but no process was named
)

// A SightingHint says why an answer about sightings is empty.
type SightingHint struct {
	Reason    string `json:"reason"`
	Message   string `json:"message"`        // the reason in words, and what to do
	Indicator bool   `json:"indicator"`      // a custom IOC of this type and value is registered
	Hosts     int    `json:"hosts"`          // that have ever reported
	From      string `json:"from,omitempty"` // the oldest sighting that is kept, RFC 3339
	To        string `json:"to,omitempty"`   // the newest
}

// IngestCounts tells what became of the lines of an ingest call.
type IngestCounts struct {
	Lines     int  `json:"lines"`              // that were not empty
	Events    int  `json:"events"`             // lines that were understood and counted
	Ignored   int  `json:"ignored"`            // well-formed, but of a kind that carries nothing to see
	Failed    int  `json:"failed"`             // listed in errors, up to 100
	Sightings int  `json:"sightings"`          // observables in the events
	Hosts     int  `json:"hosts"`              // different hosts in the events
	Matches   int  `json:"matches"`            // sightings of active IOCs
	Repeated  bool `json:"repeated,omitempty"` // the call had been counted before; nothing was counted again
}
