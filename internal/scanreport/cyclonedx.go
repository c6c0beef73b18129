package scanreport

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// cyclone is what a CycloneDX document says before it can be put together:
// vulnerabilities name components, which may come after them.
type cyclone struct {
	components map[string]component // by bom-ref
	found      []pending
	affects    int // components that found names
}

// A pending vulnerability waits for the components that it affects.
type pending struct {
	at      string
	finding Finding // without a package
	about   About
	affects []affected
	fixes   map[string]string // version, by the component's name
}

type affected struct{ ref, version string }

// A component is what may be vulnerable.
type component struct {
	Ref        string            `json:"bom-ref"`
	Type       string            `json:"type"`
	Group      string            `json:"group"`
	Name       string            `json:"name"`
	Version    string            `json:"version"`
	PURL       string            `json:"purl"`
	Properties []cycloneProperty `json:"properties"`
}

type cycloneProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type cycloneVulnerability struct {
	ID         string `json:"id"`
	References []struct {
		ID string `json:"id"`
	} `json:"references"`
	Source struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"source"`
	Ratings []struct {
		Source struct {
			Name string `json:"name"`
		} `json:"source"`
		Score    float64 `json:"score"`
		Severity string  `json:"severity"`
		Method   string  `json:"method"`
		Vector   string  `json:"vector"`
	} `json:"ratings"`
	CWEs           []int  `json:"cwes"`
	Description    string `json:"description"`
	Detail         string `json:"detail"`
	Recommendation string `json:"recommendation"`
	Advisories     []struct {
		URL string `json:"url"`
	} `json:"advisories"`
	Published string `json:"published"`
	Analysis  struct {
		State         string   `json:"state"`
		Justification string   `json:"justification"`
		Response      []string `json:"response"`
		Detail        string   `json:"detail"`
	} `json:"analysis"`
	Affects []struct {
		Ref      string `json:"ref"`
		Versions []struct {
			Version string `json:"version"`
			Status  string `json:"status"`
		} `json:"versions"`
	} `json:"affects"`
}

func (p *parser) cycloneMembers() map[string]member {
	if p.cyclone == nil {
		p.cyclone = &cyclone{components: map[string]component{}}
		p.report.Scanner = "cyclonedx"
	}
	return map[string]member{
		"metadata":   p.cycloneMetadata,
		"components": p.components,
		"vulnerabilities": func() error {
			p.seen = true
			return p.in.List(p.cycloneVulnerability)
		},
	}
}

func (p *parser) cycloneMetadata() error {
	var m struct {
		Timestamp string          `json:"timestamp"`
		Tools     json.RawMessage `json:"tools"`
		Component component       `json:"component"`
	}
	if err := p.in.Value(&m); err != nil {
		return err
	}
	p.report.Time = when(m.Timestamp)
	p.report.Artifact = orWord(m.Component.Name, m.Component.Ref)
	if m.Component.Ref != "" {
		p.cyclone.components[m.Component.Ref] = m.Component
	}
	if tool, ok := firstTool(m.Tools); ok {
		p.report.Scanner, p.report.Version = strings.ToLower(tool.Name), tool.Version
	}
	return nil
}

// firstTool reads the tools in their two forms: a list, as it was until 1.4, and
// an object with components.
func firstTool(raw json.RawMessage) (component, bool) {
	var list []component
	var tools struct {
		Components []component `json:"components"`
	}
	if json.Unmarshal(raw, &list) != nil && json.Unmarshal(raw, &tools) == nil {
		list = tools.Components
	}
	if len(list) == 0 || strings.TrimSpace(list[0].Name) == "" {
		return component{}, false
	}
	return list[0], true
}

// components reads a list of them, with those that stand within others.
func (p *parser) components() error {
	return p.in.List(func(int) error {
		var c component
		into := map[string]any{
			"bom-ref": &c.Ref, "type": &c.Type, "group": &c.Group, "name": &c.Name, "version": &c.Version, "purl": &c.PURL,
			"properties": &c.Properties,
		}
		err := p.in.Object(func(name string) error {
			if name == "components" {
				return p.nested(p.components)
			}
			if field := into[name]; field != nil {
				return p.in.Value(field)
			}
			return p.in.Skip()
		})
		if err != nil || c.Ref == "" {
			return err
		}
		if len(p.cyclone.components) == maxComponents {
			return fmt.Errorf("more than %d components", maxComponents)
		}
		c.Properties = pathsOnly(c.Properties)
		p.cyclone.components[c.Ref] = c
		return nil
	})
}

// nested reads a list within a component, however often that goes on.
func (p *parser) nested(read func() error) error {
	if p.depth++; p.depth > maxNested {
		return fmt.Errorf("components are nested deeper than %d", maxNested)
	}
	defer func() { p.depth-- }()
	return read()
}

// maxNested bounds components within components.
const maxNested = 100

// pathsOnly keeps the properties that path reads.
func pathsOnly(all []cycloneProperty) (kept []cycloneProperty) {
	for _, property := range all {
		if isPath(property.Name) {
			kept = append(kept, property)
		}
	}
	return kept
}

// isPath tells whether a property holds where a component was found; tools have
// names of their own.
func isPath(name string) bool {
	return strings.HasSuffix(name, ":FilePath") || strings.HasSuffix(name, ":location:0:path")
}

func (c component) path() string {
	for _, property := range c.Properties {
		if isPath(property.Name) {
			return property.Value
		}
	}
	return ""
}

func (p *parser) cycloneVulnerability(n int) error {
	at := fmt.Sprintf("vulnerabilities[%d]", n-1)
	v := cycloneVulnerability{}
	if ok, err := p.entry(at, &v); err != nil || !ok {
		return err
	}
	if len(v.Affects) == 0 {
		p.fail(at, fmt.Sprintf("%s affects no component", clip(v.ID, 64)))
		return nil
	}
	one := pending{at: at, finding: v.finding(), fixes: v.fixes()}
	one.about.learn(v.about())
	for _, a := range v.Affects {
		version := ""
		for _, candidate := range a.Versions {
			if version == "" && candidate.Status != "unaffected" {
				version = candidate.Version
			}
		}
		one.affects = append(one.affects, affected{a.Ref, version})
	}
	p.cyclone.found = append(p.cyclone.found, one)
	p.cyclone.affects += len(v.Affects)
	return p.bound(p.cyclone.affects)
}

func (p *parser) finishCyclone() error {
	if !p.seen {
		return errors.New(`there is no list "vulnerabilities": this is a bill of materials that nobody has scanned`)
	}
	for _, one := range p.cyclone.found {
		for _, a := range one.affects {
			c, ok := p.component(a.ref)
			if !ok {
				p.fail(one.at, fmt.Sprintf("affects %q, which is no component of the document", clip(a.ref, 200)))
				continue
			}
			f := one.finding
			f.Package, f.Type, f.Path, f.Version = c.fullName(), c.kind(), c.path(), orWord(a.version, c.Version)
			f.Fixed = orWord(one.fixes[c.Name], one.fixes[f.Package])
			if err := p.add(one.at, f, one.about); err != nil {
				return err
			}
		}
	}
	return nil
}

// component finds what a reference names: a bom-ref, or one within a document of
// its own name (urn:cdx:SERIAL/VERSION#REF).
func (p *parser) component(ref string) (component, bool) {
	c, ok := p.cyclone.components[ref]
	if _, inner, link := strings.Cut(ref, "#"); !ok && link && strings.HasPrefix(ref, "urn:cdx:") {
		c, ok = p.cyclone.components[inner]
	}
	return c, ok
}

// upgradeRE reads what Trivy recommends.
var upgradeRE = regexp.MustCompile(`(?i)^upgrade (\S+) to version (.+)$`)

// fixes are the versions to which components are to be upgraded.
func (v *cycloneVulnerability) fixes() map[string]string {
	found := map[string]string{}
	for line := range strings.SplitSeq(v.Recommendation, ";") {
		if m := upgradeRE.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			found[m[1]] = clip(m[2], maxWord)
		}
	}
	return found
}

// finding is what does not depend on the component.
func (v *cycloneVulnerability) finding() Finding {
	ids := []string{v.ID}
	for _, r := range v.References {
		ids = append(ids, r.ID)
	}
	f := Finding{
		ID: cveOf(ids...), Name: v.ID, Severity: v.severity(), Suppressed: v.suppressed(),
	}
	for _, response := range v.Analysis.Response {
		f.Unfixed = f.Unfixed || response == "can_not_fix" || response == "will_not_fix"
	}
	return f
}

// fullName is the name within its group.
func (c component) fullName() string {
	if c.Group == "" || c.Name == "" {
		return c.Name
	}
	return c.Group + "/" + c.Name
}

// kind is the type of the component's package URL, or its own.
func (c component) kind() string {
	if rest, ok := strings.CutPrefix(c.PURL, "pkg:"); ok {
		kind, _, _ := strings.Cut(rest, "/")
		return kind
	}
	return c.Type
}

// severity is the worst of the ratings that the source itself gave, or of all.
func (v *cycloneVulnerability) severity() string {
	worst, own := "unknown", "unknown"
	for _, r := range v.Ratings {
		s := severity(r.Severity)
		if rank(s) < rank(worst) {
			worst = s
		}
		if r.Source.Name == v.Source.Name && rank(s) < rank(own) {
			own = s
		}
	}
	if own != "unknown" {
		return own
	}
	return worst
}

// rank orders severities, the worst first.
func rank(word string) int {
	for i, w := range Severities() {
		if w == word {
			return i
		}
	}
	return len(Severities())
}

// suppressed is why somebody holds the vulnerability for harmless here.
func (v *cycloneVulnerability) suppressed() string {
	switch v.Analysis.State {
	case "not_affected", "false_positive", "resolved", "resolved_with_pedigree":
		return orWord(v.Analysis.Justification, v.Analysis.State)
	}
	return ""
}

func (v *cycloneVulnerability) about() About {
	a := About{Description: orWord(v.Description, v.Detail), Link: v.Source.URL, Published: when(v.Published)}
	for _, advisory := range v.Advisories {
		a.References = append(a.References, advisory.URL)
	}
	for _, n := range v.CWEs {
		a.Weaknesses = append(a.Weaknesses, fmt.Sprintf("CWE-%d", n))
	}
	best := ""
	for _, r := range v.Ratings {
		if r.Score > 0 && (a.Score == 0 || r.Method > best && strings.HasPrefix(r.Method, "CVSSv3")) {
			best = r.Method
			a.Score, a.Vector = r.Score, r.Vector
		}
	}
	return a
}
