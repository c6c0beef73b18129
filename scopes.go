package mews

// The scopes that operations ask for. A write scope does not imply its read
// scope.
const (
	ScopeMalQueryRead     = "malquery:read"
	ScopeMalQueryWrite    = "malquery:write"
	ScopeSampleStoreRead  = "samplestore:read"
	ScopeSampleStoreWrite = "samplestore:write"
)
