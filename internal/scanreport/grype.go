package scanreport

import (
	"encoding/json"
	"fmt"
	"strings"
)

// grype is what a Grype report says about what was scanned.
type grype struct {
	directory bool
	system    string
}

// A grypeMatch is a vulnerability of a package.
type grypeMatch struct {
	Vulnerability grypeVulnerability   `json:"vulnerability"`
	Related       []grypeVulnerability `json:"relatedVulnerabilities"`
	Artifact      struct {
		Name      string `json:"name"`
		Version   string `json:"version"`
		Type      string `json:"type"`
		Locations []struct {
			Path string `json:"path"`
		} `json:"locations"`
	} `json:"artifact"`
	Rules []struct {
		Reason       string `json:"reason"`
		VEXStatus    string `json:"vex-status"`
		VEXReasoning string `json:"vex-justification"`
	} `json:"appliedIgnoreRules"`
}

type grypeVulnerability struct {
	ID          string   `json:"id"`
	DataSource  string   `json:"dataSource"`
	Severity    string   `json:"severity"`
	URLs        []string `json:"urls"`
	Description string   `json:"description"`
	CVSS        []struct {
		Version string `json:"version"`
		Vector  string `json:"vector"`
		Metrics struct {
			Base           float64 `json:"baseScore"`
			Exploitability float64 `json:"exploitabilityScore"`
			Impact         float64 `json:"impactScore"`
		} `json:"metrics"`
	} `json:"cvss"`
	EPSS []struct {
		EPSS float64 `json:"epss"`
	} `json:"epss"`
	CWEs []struct {
		CWE string `json:"cwe"`
	} `json:"cwes"`
	KnownExploited []struct {
		DueDate string `json:"dueDate"`
	} `json:"knownExploited"`
	Fix struct {
		Versions []string `json:"versions"`
		State    string   `json:"state"`
	} `json:"fix"`
}

func (p *parser) grypeMembers() map[string]member {
	if p.report.Scanner == "" {
		p.report.Scanner = "grype"
	}
	return map[string]member{
		"matches": func() error {
			p.seen = true
			return p.in.List(func(n int) error { return p.grypeMatch(fmt.Sprintf("matches[%d]", n-1), false) })
		},
		"ignoredMatches": func() error {
			return p.in.List(func(n int) error { return p.grypeMatch(fmt.Sprintf("ignoredMatches[%d]", n-1), true) })
		},
		"source":     p.grypeSource,
		"distro":     p.grypeDistro,
		"descriptor": p.grypeDescriptor,
	}
}

func (p *parser) grypeMatch(at string, ignored bool) error {
	var m grypeMatch
	if ok, err := p.entry(at, &m); err != nil || !ok {
		return err
	}
	ids := []string{m.Vulnerability.ID}
	about := m.Vulnerability.about()
	for _, r := range m.Related {
		ids = append(ids, r.ID)
		about.learn(r.about())
	}
	f := Finding{
		ID: cveOf(ids...), Name: m.Vulnerability.ID, Type: m.Artifact.Type, Package: m.Artifact.Name, Version: m.Artifact.Version,
		Severity: m.Vulnerability.Severity,
	}
	if len(m.Artifact.Locations) > 0 {
		f.Path = m.Artifact.Locations[0].Path
	}
	switch m.Vulnerability.Fix.State {
	case "fixed":
		f.Fixed = strings.Join(m.Vulnerability.Fix.Versions, ", ")
	case "not-fixed", "wont-fix":
		f.Unfixed = true
	}
	if ignored {
		f.Suppressed = "ignored"
		for _, r := range m.Rules {
			if why := orWord(r.Reason, orWord(r.VEXReasoning, r.VEXStatus)); why != "" {
				f.Suppressed = why
				break
			}
		}
	}
	return p.add(at, f, about)
}

func (v *grypeVulnerability) about() About {
	a := About{Description: v.Description, Link: v.DataSource, References: v.URLs}
	best := ""
	for _, c := range v.CVSS {
		if c.Metrics.Base > 0 && c.Version > best && c.Version < "4" || a.Score == 0 {
			best = c.Version
			a.Score, a.Vector, a.Exploitability, a.Impact = c.Metrics.Base, c.Vector, c.Metrics.Exploitability, c.Metrics.Impact
		}
	}
	for _, e := range v.EPSS {
		a.EPSS = max(a.EPSS, e.EPSS)
	}
	for _, w := range v.CWEs {
		a.Weaknesses = append(a.Weaknesses, w.CWE)
	}
	for _, k := range v.KnownExploited {
		a.Exploited = true
		a.Due = orWord(a.Due, k.DueDate)
	}
	return a
}

// grypeSource reads what was scanned. Its target is a path, or an object that
// describes an image.
func (p *parser) grypeSource() error {
	var source struct {
		Type   string          `json:"type"`
		Target json.RawMessage `json:"target"`
	}
	if err := p.in.Value(&source); err != nil {
		return err
	}
	var image struct {
		UserInput string `json:"userInput"`
		ImageID   string `json:"imageID"`
	}
	if json.Unmarshal(source.Target, &p.report.Artifact) != nil && json.Unmarshal(source.Target, &image) == nil {
		p.report.Artifact = orWord(image.UserInput, image.ImageID)
	}
	p.grype.directory = source.Type == "directory"
	return nil
}

func (p *parser) grypeDistro() error {
	var distro struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	err := p.in.Value(&distro)
	p.grype.system = strings.TrimSpace(distro.Name + " " + distro.Version)
	return err
}

func (p *parser) grypeDescriptor() error {
	var tool struct {
		Name      string `json:"name"`
		Version   string `json:"version"`
		Timestamp string `json:"timestamp"`
	}
	err := p.in.Value(&tool)
	p.report.Version, p.report.Time = tool.Version, when(tool.Timestamp)
	p.report.Scanner = strings.ToLower(orWord(tool.Name, "grype"))
	return err
}

func (p *parser) finishGrype() error {
	if !p.seen {
		return fmt.Errorf("there is no list %q", "matches")
	}
	if p.grype.directory {
		p.report.System = p.grype.system
	}
	return nil
}
