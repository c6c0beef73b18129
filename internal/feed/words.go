package feed

import (
	"strconv"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// confidenceOf is the word for a confidence from 0 to 100, on the scale of STIX.
func confidenceOf(percent int) string {
	switch {
	case percent >= 70:
		return mews.ConfidenceHigh
	case percent >= 30:
		return mews.ConfidenceMedium
	case percent >= 1:
		return mews.ConfidenceLow
	}
	return mews.ConfidenceUnverified
}

// killChains maps the phases of other kill chains (MITRE ATT&CK among them) to
// upstream's.
var killChains = map[string]string{
	"reconnaissance": "reconnaissance",
	"weaponization":  "weaponization", "resource-development": "weaponization",
	"delivery": "delivery", "initial-access": "delivery",
	"exploitation": "exploitation", "execution": "exploitation", "privilege-escalation": "exploitation",
	"installation": "installation", "persistence": "installation", "defense-evasion": "installation",
	"c2": "c2", "command-and-control": "c2",
	"actiononobjectives": "actionOnObjectives", "actions-on-objectives": "actionOnObjectives", "actions-on-objective": "actionOnObjectives",
	"credential-access": "actionOnObjectives", "discovery": "actionOnObjectives", "lateral-movement": "actionOnObjectives",
	"collection": "actionOnObjectives", "exfiltration": "actionOnObjectives", "impact": "actionOnObjectives",
}

// killChain is upstream's word for a phase, or the phase where there is none.
func killChain(phase string) string {
	phase = strings.TrimSpace(phase)
	key := strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(phase))
	if word, ok := killChains[key]; ok {
		return word
	}
	return phase
}

// seconds reads a time as feeds write it: RFC 3339, a date, with or without an
// hour (UTC), or Unix seconds. ok: it is one.
func seconds(text string) (at int64, ok bool) {
	text = strings.TrimSuffix(strings.TrimSpace(text), " UTC")
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", time.DateOnly, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			at = t.Unix()
			return at, at > 0 && at <= lastSecond
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 && n <= lastSecond && len(text) >= 8 {
		return n, true
	}
	return 0, false
}

// since is seconds, or 0 where nobody knows.
func since(text string) int64 {
	at, _ := seconds(text)
	return at
}

// labelsOf makes labels that hold from first to last.
func labelsOf(names []string, first, last int64) []mews.IntelLabel {
	var out []mews.IntelLabel
	for _, name := range names {
		out = append(out, mews.IntelLabel{Name: name, CreatedOn: first, LastValidOn: last})
	}
	return out
}

// relate has indicators name each other. More of them than belong together in
// any file are not related.
func relate(list []mews.IntelIndicator, last int64) {
	const most = 20
	if len(list) < 2 || len(list) > most {
		return
	}
	for n := range list {
		for m := range list {
			if n != m {
				list[n].Relations = append(list[n].Relations, mews.IntelRelation{
					Type: list[m].Type, Indicator: list[m].Indicator, CreatedDate: list[n].PublishedDate, LastValidDate: last,
				})
			}
		}
	}
}
