package mews

// States of a MalQuery request on the wire.
const (
	StatusInProgress = "inprogress"
	StatusFailed     = "failed"
	StatusDone       = "done"
)

// Kinds of a MalQuery request on the wire.
const (
	ReqTypeSearch   = "search"
	ReqTypeHunt     = "hunt"
	ReqTypeDownload = "download"
)

// Labels of a sample. LabelPUA is read as LabelUnwanted, which is how the
// class is written in replies; the stats field keeps the name pua_count.
const (
	LabelClean    = "clean"
	LabelMalware  = "malware"
	LabelUnwanted = "unwanted"
	LabelUnknown  = "unknown"
	LabelPUA      = "pua"
)

// A Pattern is one run of bytes to look for. Type is hex (Value in hexadecimal,
// spaces allowed), ascii (the bytes of Value) or wide (Value in UTF-16LE).
// Several patterns must all occur in a file.
type Pattern struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// SearchOptions narrow a search and choose what it returns.
type SearchOptions struct {
	// FilterFiletypes keeps only samples of these types, compared without case.
	FilterFiletypes List `json:"filter_filetypes,omitempty"`
	// FilterMeta names the fields to return (a projection, not a filter): sha256,
	// md5, type, size, first_seen, label, family. Empty returns all of them.
	FilterMeta List `json:"filter_meta,omitempty"`
	// Limit is the largest number of results; 0 stands for the default, and a
	// limit above the maximum is lowered to it.
	Limit int `json:"limit,omitempty"`
	// MinDate and MaxDate bound first_seen, both days included: YYYY/MM/DD,
	// YYYY-MM-DD or RFC 3339.
	MinDate string `json:"min_date,omitempty"`
	MaxDate string `json:"max_date,omitempty"`
	// MinSize and MaxSize bound the file size, both included: bytes, or a number
	// with KB, MB or GB (base 1024).
	MinSize Text `json:"min_size,omitempty"`
	MaxSize Text `json:"max_size,omitempty"`
	// AllowFullScan (an extension of mews) lets a hunt without a usable index
	// plan read every file, where the server permits it.
	AllowFullScan bool `json:"allow_full_scan,omitempty"`
	// MaxCandidates, MaxBytes (as MinSize) and MaxSeconds (extensions of mews) cap
	// what a search or hunt may look at. Candidates beyond a cap, or beyond one of
	// the server's, are counted as skipped. 0 and "" stand for the server's caps.
	MaxCandidates int64 `json:"max_candidates,omitempty"`
	MaxBytes      Text  `json:"max_bytes,omitempty"`
	MaxSeconds    int64 `json:"max_seconds,omitempty"`
}

// A SearchRequest is the body of fuzzy-search and exact-search.
type SearchRequest struct {
	Options  *SearchOptions `json:"options,omitempty"`
	Patterns []Pattern      `json:"patterns"`
}

// A HuntRequest is the body of hunt and of hunt-estimate.
type HuntRequest struct {
	Options  *SearchOptions `json:"options,omitempty"`
	YARARule string         `json:"yara_rule"`
}

// A MultiDownloadRequest asks for an archive of these SHA-256 hashes.
type MultiDownloadRequest struct {
	Samples List `json:"samples"`
}

// SampleMeta is the metadata of one sample. A field is empty when it is unknown
// or was projected away. FileSize is bytes, FirstSeen is YYYY/MM/DD.
type SampleMeta struct {
	SHA256    string `json:"sha256"`
	SHA1      string `json:"sha1,omitempty"`
	MD5       string `json:"md5,omitempty"`
	FileSize  int64  `json:"filesize,omitempty"`
	FileType  string `json:"filetype,omitempty"`
	FirstSeen string `json:"first_seen,omitempty"`
	Label     string `json:"label,omitempty"`
	Family    string `json:"family,omitempty"`
}

// A RequestResult is one file that a finished request found.
type RequestResult struct {
	SampleMeta
	LabelConfidence string       `json:"label_confidence,omitempty"`
	Samples         []SampleMeta `json:"samples"` // upstream always sends it; empty here
	Pattern         string       `json:"pattern,omitempty"`
	PatternType     string       `json:"pattern_type,omitempty"`
	YARARule        string       `json:"yara_rule,omitempty"`
	YARARules       []string     `json:"yara_rules,omitempty"`
	Tags            []string     `json:"tags,omitempty"`
	IgnoreReason    string       `json:"ignore_reason,omitempty"`
}

// Stats count results by label.
type Stats struct {
	CleanCount   int `json:"clean_count"`
	MalwareCount int `json:"malware_count"`
	PUACount     int `json:"pua_count"`
	UnknownCount int `json:"unknown_count"`
	TotalCount   int `json:"total_count"`
}

// Count adds one result of this label, and one to the total.
func (s *Stats) Count(label string) {
	s.TotalCount++
	switch label {
	case LabelClean:
		s.CleanCount++
	case LabelMalware:
		s.MalwareCount++
	case LabelUnwanted, LabelPUA:
		s.PUACount++
	default:
		s.UnknownCount++
	}
}

// Quotas are a customer's monthly allowances and what is used of them.
type Quotas struct {
	HuntCount      int         `json:"hunt_count"`
	HuntLimit      int         `json:"hunt_limit"`
	DownloadCount  int         `json:"download_count"`
	DownloadLimit  int         `json:"download_limit"`
	MonitorCount   int         `json:"monitor_count"`
	MonitorLimit   int         `json:"monitor_limit"`
	DaysLeft       int         `json:"days_left"`
	RefreshTime    string      `json:"refresh_time"` // first of the next month, RFC 3339
	HuntCounts     []UserCount `json:"hunt_counts"`
	DownloadCounts []UserCount `json:"download_counts"`
}

// A UserCount is one API client's share of a quota.
type UserCount struct {
	UserID  string `json:"userid"`
	Counter int    `json:"counter"`
}
