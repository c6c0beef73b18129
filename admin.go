package mews

import "time"

// The wire types of the admin socket. It is no part of the Falcon API: only
// the server's own account reaches it.

// An AdminClient is an API client as its administrator sees it.
type AdminClient struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	CID     string    `json:"cid"`
	Scopes  []string  `json:"scopes"`
	Created time.Time `json:"created"`
	Revoked time.Time `json:"revoked,omitzero"`
	// RequestsPerMinute is the client's own rate; 0: only its customer's counts.
	RequestsPerMinute int `json:"requests_per_minute"`
	// Secret is set in the replies of create and rotate, and never again.
	Secret string `json:"secret,omitempty"`
}

// An AdminClientSpec asks for a new API client. An empty CID stands for the
// server's first customer.
type AdminClientSpec struct {
	Name   string   `json:"name"`
	CID    string   `json:"cid,omitempty"`
	Scopes []string `json:"scopes"`
	// RequestsPerMinute is a rate of the client's own; 0: it has none.
	RequestsPerMinute int `json:"requests_per_minute,omitempty"`
}

// An AdminClientChange changes an API client. What is nil stays.
type AdminClientChange struct {
	// RequestsPerMinute is a rate of the client's own, below its customer's; 0
	// takes it away.
	RequestsPerMinute *int `json:"requests_per_minute,omitempty"`
}

// An AdminEvent is one line of a long admin call: progress lines first, then
// exactly one line with Final set.
type AdminEvent struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Final bool   `json:"final,omitempty"`
	Error string `json:"error,omitempty"`
}

// An AuditReport is the outcome of an audit verification.
type AuditReport struct {
	Rows  int64  `json:"rows"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// An IndexStatus tells how the search index stands. Sizes are bytes.
type IndexStatus struct {
	Files       int     `json:"files"` // in segments, deleted ones left out
	Segments    int     `json:"segments"`
	Columns     int     `json:"columns"`
	IndexBytes  int64   `json:"index_bytes"`
	CorpusBytes int64   `json:"corpus_bytes"` // plain bytes of those files
	IndexShare  float64 `json:"index_share"`  // IndexBytes / CorpusBytes
	TailFiles   int     `json:"tail_files"`   // not indexed yet: every search reads them
	TailBytes   int64   `json:"tail_bytes"`
	QueueLag    float64 `json:"queue_lag_seconds"`
	Stale       int     `json:"stale_segments"` // being emptied by a rebuild or a repair
	Damaged     int64   `json:"damaged_regions"`
	SetAside    int64   `json:"segments_set_aside"`
	// FactsUnknown counts files of which it is not known yet what the scanner's
	// modules say; hunts that ask for that read them. FactsFailed are those of
	// them that could not be described.
	FactsUnknown int    `json:"facts_unknown"`
	FactsFailed  int    `json:"facts_failed"`
	LastError    string `json:"last_error,omitempty"`
}

// An IndexReport is the outcome of an index check.
type IndexReport struct {
	Segments int            `json:"segments"`
	Files    int            `json:"files"`
	Bytes    int64          `json:"bytes"`
	Problems []IndexProblem `json:"problems"`
}

// A SightingStatus tells how the runs of sightings of all customers stand. Sizes
// are bytes.
type SightingStatus struct {
	Runs    int   `json:"runs"`
	Entries int64 `json:"entries"`
	Bytes   int64 `json:"bytes"`
	Behind  int   `json:"behind"` // runs that wait to be merged; calls wait when they are many
	Damaged int   `json:"damaged_runs"`
	Cached  int64 `json:"cache_bytes"`
}

// A SightingReport is the outcome of a check of all runs.
type SightingReport struct {
	Runs     int               `json:"runs"`
	Entries  int64             `json:"entries"`
	Bytes    int64             `json:"bytes"`
	Problems []SightingProblem `json:"problems"`
}

// A SightingProblem is a run that cannot be read. Questions of its customer are
// refused until its file is restored from a backup.
type SightingProblem struct {
	CID     string `json:"cid"`
	File    string `json:"file"`
	Problem string `json:"problem"`
}

// An IndexProblem is something wrong with one segment. Searches are right in
// spite of it, and it is being repaired.
type IndexProblem struct {
	CID     string `json:"cid"`
	Segment uint64 `json:"segment"`
	Problem string `json:"problem"`
}
