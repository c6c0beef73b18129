package scanreport

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// trivy is what a Trivy report says about itself.
type trivy struct {
	kind     string // of the artifact
	system   string
	other    int  // results that are not about packages
	packages bool // there are some about packages
}

// A trivyFinding is a vulnerability of a result.
type trivyFinding struct {
	VulnerabilityID  string
	VendorIDs        []string
	PkgName          string
	PkgPath          string
	InstalledVersion string
	FixedVersion     string
	Status           string
	Title            string
	Description      string
	PrimaryURL       string
	Severity         string
	SeveritySource   string
	CweIDs           []string
	References       []string
	PublishedDate    string
	CVSS             map[string]trivyCVSS
}

type trivyCVSS struct {
	V2Vector, V3Vector, V40Vector string
	V2Score, V3Score, V40Score    float64
}

// A trivyResult is what the findings of one target share. Its members may come
// in any order, so findings wait for the end of it.
type trivyResult struct {
	target, class, kind string
	found               []trivyFinding
	ids                 []string // places of found
	ignored             []trivyIgnored
}

// trivyIgnored is a finding that the user told Trivy to leave out.
type trivyIgnored struct {
	Type      string
	Status    string
	Statement string
	Finding   trivyFinding
}

func (p *parser) trivyMembers() map[string]member {
	p.report.Scanner = "trivy"
	if p.trivy == nil {
		p.trivy = &trivy{}
	}
	return map[string]member{
		"SchemaVersion": func() error { p.seen = true; return p.in.Skip() },
		"ArtifactName":  func() error { return p.in.Value(&p.report.Artifact) },
		"ArtifactType":  func() error { return p.in.Value(&p.trivy.kind) },
		"CreatedAt": func() error {
			var text string
			err := p.in.Value(&text)
			p.report.Time = when(text)
			return err
		},
		"Trivy": func() error {
			var tool struct{ Version string }
			err := p.in.Value(&tool)
			p.report.Version = tool.Version
			return err
		},
		"Metadata": p.trivyMetadata,
		"Results":  func() error { p.seen = true; return p.in.List(p.trivyResult) },
	}
}

func (p *parser) trivyMetadata() error {
	return p.in.Object(func(name string) error {
		if name != "OS" {
			return p.in.Skip()
		}
		var os struct{ Family, Name string }
		err := p.in.Value(&os)
		p.trivy.system = strings.TrimSpace(os.Family + " " + os.Name)
		return err
	})
}

func (p *parser) trivyResult(n int) error {
	r := &trivyResult{}
	at := func(what string, i int) string { return fmt.Sprintf("Results[%d].%s[%d]", n-1, what, i-1) }
	err := p.in.Object(func(name string) error {
		switch name {
		case "Target":
			return p.in.Value(&r.target)
		case "Class":
			return p.in.Value(&r.class)
		case "Type":
			return p.in.Value(&r.kind)
		case "Vulnerabilities":
			return p.in.List(func(i int) error {
				var f trivyFinding
				ok, err := p.entry(at(name, i), &f)
				if ok {
					r.found, r.ids = append(r.found, f), append(r.ids, at(name, i))
				}
				return errors.Join(err, p.bound(len(r.found)))
			})
		case "ExperimentalModifiedFindings":
			return p.in.List(func(i int) error {
				var f trivyIgnored
				ok, err := p.entry(at(name, i), &f)
				if ok && f.Type == "vulnerability" {
					r.ignored = append(r.ignored, f)
				}
				return errors.Join(err, p.bound(len(r.ignored)))
			})
		case "Misconfigurations", "Secrets", "Licenses":
			return p.in.List(func(int) error {
				p.report.Other++
				return p.in.Skip()
			})
		}
		return p.in.Skip()
	})
	if err != nil {
		return err
	}
	if r.class == "os-pkgs" || r.class == "lang-pkgs" || len(r.found)+len(r.ignored) > 0 {
		p.trivy.packages = true
	} else {
		p.trivy.other++
	}
	return p.trivyFindings(r, n)
}

// bound keeps what waits from growing without an end.
func (p *parser) bound(waiting int) error {
	if waiting > MaxFindings {
		return fmt.Errorf("more than %d findings; scan smaller parts, each with a scope of its own", MaxFindings)
	}
	return nil
}

func (p *parser) trivyFindings(r *trivyResult, n int) error {
	for i, f := range r.found {
		if err := p.add(r.ids[i], f.finding(r, ""), f.about()); err != nil {
			return err
		}
	}
	for i, f := range r.ignored {
		why := f.Statement
		if why == "" {
			why = f.Status
		}
		at := fmt.Sprintf("Results[%d].ExperimentalModifiedFindings[%d]", n-1, i)
		if err := p.add(at, f.Finding.finding(r, orWord(why, "ignored")), f.Finding.about()); err != nil {
			return err
		}
	}
	return nil
}

func (f *trivyFinding) finding(r *trivyResult, suppressed string) Finding {
	out := Finding{
		ID: cveOf(append([]string{f.VulnerabilityID}, f.VendorIDs...)...), Name: f.VulnerabilityID, Type: r.kind,
		Package: f.PkgName, Version: f.InstalledVersion, Path: f.PkgPath, Fixed: f.FixedVersion,
		Severity: f.Severity, Suppressed: suppressed,
	}
	// The target of the system's packages names the release, which an upgrade
	// changes; that of others is a lock file, or the kind of package.
	if r.class != "os-pkgs" {
		out.Target = r.target
	}
	switch f.Status {
	case "affected", "will_not_fix", "fix_deferred", "end_of_life":
		out.Unfixed = f.FixedVersion == ""
	}
	return out
}

func (f *trivyFinding) about() About {
	a := About{
		Title: f.Title, Description: f.Description, Link: f.PrimaryURL, References: f.References, Weaknesses: f.CweIDs,
		Published: when(f.PublishedDate),
	}
	// The source that rated the severity, then NVD, then any.
	sources := append([]string{f.SeveritySource, "nvd"}, slices.Sorted(maps.Keys(f.CVSS))...)
	for _, s := range sources {
		c, ok := f.CVSS[s]
		if !ok {
			continue
		}
		switch {
		case c.V40Score > 0 && c.V3Score == 0:
			a.Score, a.Vector = c.V40Score, c.V40Vector
		case c.V3Score > 0:
			a.Score, a.Vector = c.V3Score, c.V3Vector
		case c.V2Score > 0:
			a.Score, a.Vector = c.V2Score, c.V2Vector
		default:
			continue
		}
		break
	}
	return a
}

func (p *parser) finishTrivy() error {
	if !p.seen {
		return errors.New(`there is neither "SchemaVersion" nor "Results"`)
	}
	if p.trivy.other > 0 && !p.trivy.packages {
		return errors.New("the report tells nothing about packages; was it made without --scanners vuln?")
	}
	if p.trivy.kind == "filesystem" || p.trivy.kind == "vm" {
		p.report.System = p.trivy.system
	}
	return nil
}

// orWord is a text, or another where it is empty.
func orWord(text, otherwise string) string {
	if strings.TrimSpace(text) == "" {
		return otherwise
	}
	return text
}
