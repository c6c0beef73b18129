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
	ScopeIOCsRead         = "iocs:read" // the legacy family, sightings, processes
	ScopeIOCsWrite        = "iocs:write"
	ScopeIOCRead          = "ioc:read" // the /iocs/ family
	ScopeIOCWrite         = "ioc:write"
	ScopeDevicesRead      = "devices:read"
	ScopeSpotlightRead    = "spotlight-vulnerabilities:read"
	ScopeIntelRead        = "falconx-indicators:read" // what feeds say of indicators
	ScopeIngest           = "ingest:write"            // records and events of hosts
	ScopeAgent            = "agent:actions"           // fetch and acknowledge host actions
	ScopeDev              = "admin:dev"               // faults, snapshots and reset of a server in dev mode
)
