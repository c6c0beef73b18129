package hunt

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/yara"
)

// A question is what a job is to answer: its payload. It is sealed, because
// patterns and rules are what a thief of the disk, or the host's antivirus,
// would look for.
type question struct {
	Options  *mews.SearchOptions `json:"options,omitempty"`
	Patterns []mews.Pattern      `json:"patterns,omitempty"`
	Rule     string              `json:"rule,omitempty"`
	Samples  []string            `json:"samples,omitempty"`
	Rules    *planned            `json:"rules,omitempty"`
	Plan     json.RawMessage     `json:"plan,omitempty"`
	MaxSeq   uint64              `json:"max_seq,omitempty"` // files newer than this came too late
	Total    int64               `json:"total,omitempty"`   // candidates when the request was made
	FullScan bool                `json:"full_scan,omitempty"`
}

// planned is what the compiler said of the rule; a scanning worker must say the
// same.
type planned struct {
	Hash   string     `json:"hash"`
	Engine string     `json:"engine"`
	Plan   string     `json:"plan"`
	Facts  string     `json:"facts,omitempty"` // version of those that the plan asks for
	Names  []ruleName `json:"rules"`
}

type ruleName struct {
	Name    string   `json:"name"`
	Tags    []string `json:"tags,omitempty"`
	Private bool     `json:"private,omitempty"`
}

func plannedOf(rs *yara.Ruleset) *planned {
	p := &planned{Hash: hex.EncodeToString(rs.Hash[:]), Engine: rs.Engine, Plan: rs.PlanVersion, Facts: rs.FactsVersion}
	for _, r := range rs.Rules {
		p.Names = append(p.Names, ruleName{Name: r.Name, Tags: r.Tags, Private: r.Private})
	}
	return p
}

// ruleset is what the pool compares its workers with.
func (p *planned) ruleset() (*yara.Ruleset, error) {
	rs := &yara.Ruleset{Engine: p.Engine, PlanVersion: p.Plan}
	if n, err := hex.Decode(rs.Hash[:], []byte(p.Hash)); err != nil || n != len(rs.Hash) {
		return nil, fmt.Errorf("stored rule hash is damaged")
	}
	for _, r := range p.Names {
		rs.Rules = append(rs.Rules, yara.Rule{Name: r.Name, Tags: r.Tags, Private: r.Private})
	}
	return rs, nil
}

// seal makes the payload. It opens only for this customer and kind of job.
func (s *Service) seal(cid store.CID, kind string, q question) ([]byte, error) {
	plain, err := json.Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return s.box.Seal(nil, nil, plain, sealedFor(cid, kind)), nil
}

func (s *Service) unseal(cid store.CID, kind string, payload []byte) (question, error) {
	plain, err := s.box.Open(nil, nil, payload, sealedFor(cid, kind))
	if err != nil {
		return question{}, fmt.Errorf("stored request does not authenticate")
	}
	var q question
	if err := json.Unmarshal(plain, &q); err != nil {
		return question{}, fmt.Errorf("decode stored request: %w", err)
	}
	return q, nil
}

func sealedFor(cid store.CID, kind string) []byte {
	return []byte("hunt\x00" + string(cid) + "\x00" + kind)
}

func (q question) tree() (query.Node, error) {
	n, err := query.Decode(q.Plan)
	return n, wrap("stored plan", err)
}
