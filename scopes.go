package mews

// The scopes that operations ask for. A write scope does not imply its read
// scope.
const (
	ScopeMalQueryRead     = "malquery:read"
	ScopeMalQueryWrite    = "malquery:write"
	ScopeSampleStoreRead  = "samplestore:read"
	ScopeSampleStoreWrite = "samplestore:write"
	ScopeQuarantineRead   = "quarantined-files:read"
	ScopeQuarantineWrite  = "quarantined-files:write"
	ScopeIngest           = "ingest:write"  // records and events of hosts
	ScopeAgent            = "agent:actions" // fetch and acknowledge host actions
)
