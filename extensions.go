package mews

// HuntCounts tell what became of a hunt's candidates. The five outcomes add up
// to Candidates when the hunt is done.
type HuntCounts struct {
	Candidates   int64            `json:"candidates"`
	Match        int64            `json:"match"`
	NoMatch      int64            `json:"no_match"`
	Skipped      int64            `json:"skipped"`
	Error        int64            `json:"error"`
	Uncertain    int64            `json:"uncertain"`
	Reasons      map[string]int64 `json:"reasons,omitempty"`
	BytesScanned int64            `json:"bytes_scanned"`
	FullScan     bool             `json:"full_scan,omitempty"`
}

// Progress tells how far a running request is. Total is 0 until it is known.
type Progress struct {
	Done  int64 `json:"done"`  // candidates decided
	Total int64 `json:"total"` // candidates in all
	Bytes int64 `json:"bytes"` // sample bytes read so far
	Found int64 `json:"found"` // matches so far
}

// A HuntEstimate tells what a hunt would cost before it runs.
type HuntEstimate struct {
	Files          int64         `json:"files"`
	Candidates     int64         `json:"candidates"`
	CandidateBytes int64         `json:"candidate_bytes"`
	CorpusBytes    int64         `json:"corpus_bytes"`
	CorpusShare    float64       `json:"corpus_share"` // CandidateBytes / CorpusBytes
	CPUSeconds     float64       `json:"cpu_seconds"`
	FullScan       bool          `json:"full_scan"` // no usable index plan
	Weak           []WeakPattern `json:"weak,omitempty"`
	Warnings       []RuleProblem `json:"warnings,omitempty"`
	// Rules tells of each rule what the index can do for it. Only the reply to an
	// estimate holds it.
	Rules []RulePlan `json:"rules,omitempty"`
}

// Qualities of a RulePlan.
const (
	PlanStrong   = "strong"   // little is left to read
	PlanWeak     = "weak"     // only short strings: some percent of the bytes are read
	PlanMetadata = "metadata" // size, type or first bytes narrow it, no string does
	PlanNone     = "none"     // every file is read
)

// A RulePlan tells how well the index serves one rule. Why says what stands in
// the way of a better plan, where that is known.
type RulePlan struct {
	Name    string       `json:"name"`
	Private bool         `json:"private,omitempty"`
	Quality string       `json:"quality"`
	Why     *RuleProblem `json:"why,omitempty"`
}

// A WeakPattern is a part of a rule that the index cannot use, and why.
type WeakPattern struct {
	Rule    string `json:"rule"`
	Pattern string `json:"pattern,omitempty"`
	Why     string `json:"why"`
}

// A RuleProblem is a message of the rule compiler; Line and Column count from 1.
type RuleProblem struct {
	Code    string `json:"code,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// Outcomes of a candidate file.
const (
	OutcomeMatch     = "match"
	OutcomeNoMatch   = "no_match"
	OutcomeSkipped   = "skipped"
	OutcomeError     = "error"
	OutcomeUncertain = "uncertain"
)

// A RequestOutcome tells why a candidate of a request is not a plain answer
// (skipped, error, uncertain) or, for a match, which rules matched.
type RequestOutcome struct {
	SHA256  string   `json:"sha256"`
	Outcome string   `json:"outcome"`
	Reason  string   `json:"reason,omitempty"`
	Rules   []string `json:"rules,omitempty"`
}
