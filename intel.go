package mews

// Confidences of an IntelIndicator.
const (
	ConfidenceHigh       = "high"
	ConfidenceMedium     = "medium"
	ConfidenceLow        = "low"
	ConfidenceUnverified = "unverified"
)

// An IntelIndicator is what feeds say of one indicator, as upstream answers it.
// ID is "<type>_<indicator>"; types are upstream's: hash_sha256, domain,
// ip_address, url and so on. Marker begins with the ten digits of LastUpdated
// and grows with every change, so that readers go on from the last one they
// have seen. Dates are Unix seconds.
type IntelIndicator struct {
	ID                  string          `json:"id"`
	Indicator           string          `json:"indicator"`
	Type                string          `json:"type"`
	Marker              string          `json:"_marker"`
	Deleted             bool            `json:"deleted"` // no feed says it any more
	PublishedDate       int64           `json:"published_date"`
	LastUpdated         int64           `json:"last_updated"`
	MaliciousConfidence string          `json:"malicious_confidence"`
	Actors              []string        `json:"actors"`
	Reports             []string        `json:"reports"`
	MalwareFamilies     []string        `json:"malware_families"`
	KillChains          []string        `json:"kill_chains"`
	DomainTypes         []string        `json:"domain_types"`
	IPAddressTypes      []string        `json:"ip_address_types"`
	Targets             []string        `json:"targets"`
	ThreatTypes         []string        `json:"threat_types"`
	Vulnerabilities     []string        `json:"vulnerabilities"`
	Labels              []IntelLabel    `json:"labels"`
	Relations           []IntelRelation `json:"relations"`
}

// An IntelLabel is a word that feeds put on an indicator, and for how long it
// is known to hold.
type IntelLabel struct {
	Name        string `json:"name"`
	CreatedOn   int64  `json:"created_on"`
	LastValidOn int64  `json:"last_valid_on"`
}

// An IntelRelation names an indicator that belongs to another one, such as the
// other hashes of a file. There need not be a record of it.
type IntelRelation struct {
	ID            string `json:"id"`
	Indicator     string `json:"indicator"`
	Type          string `json:"type"`
	CreatedDate   int64  `json:"created_date"`
	LastValidDate int64  `json:"last_valid_date"`
}

// An IntelQuery selects intelligence indicators. Q is a text that stands
// anywhere in them. Without a Sort they come by marker.
type IntelQuery struct {
	RecordQuery
	IncludeDeleted bool
	OmitRelations  bool // leave Relations empty
}

// IntelCounts tells what became of the rows of an import.
type IntelCounts struct {
	Rows      int `json:"rows"`
	Added     int `json:"added"`     // new here, or back after they were deleted
	Updated   int `json:"updated"`   // what all feeds together say of them has changed
	Unchanged int `json:"unchanged"` // known as they are; they keep their markers
	Deleted   int `json:"deleted"`   // no feed says them any more
	Skipped   int `json:"skipped"`   // rows of a kind that says nothing here
	Failed    int `json:"failed"`    // rows that are wrong; listed in errors, up to 100
}
