package scanreport

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// sarif is what a SARIF log says before it can be put together: results name
// rules, which may come after them.
type sarif struct {
	runs    int
	rules   map[string]sarifRule
	results []sarifResult
	scanned bool // a run has a list of results
}

type sarifText struct {
	Text string `json:"text"`
}

// A sarifRule tells of a vulnerability, of one package or of all.
type sarifRule struct {
	ID         string    `json:"id"`
	Short      sarifText `json:"shortDescription"`
	Full       sarifText `json:"fullDescription"`
	Help       sarifText `json:"help"`
	HelpURI    string    `json:"helpUri"`
	Properties struct {
		Score string   `json:"security-severity"`
		Tags  []string `json:"tags"`
	} `json:"properties"`
}

type sarifResult struct {
	at        string
	RuleID    string    `json:"ruleId"`
	Level     string    `json:"level"`
	Kind      string    `json:"kind"`
	Message   sarifText `json:"message"`
	Locations []struct {
		Message  sarifText `json:"message"`
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
		} `json:"physicalLocation"`
	} `json:"locations"`
	Suppressions []struct {
		Status        string `json:"status"`
		Justification string `json:"justification"`
	} `json:"suppressions"`
}

func (p *parser) sarifMembers() map[string]member {
	if p.sarif == nil {
		p.sarif = &sarif{rules: map[string]sarifRule{}}
	}
	return map[string]member{"runs": func() error { return p.in.List(p.sarifRun) }}
}

func (p *parser) sarifRun(int) error {
	if p.sarif.runs++; p.sarif.runs > 1 {
		return errors.New("the log holds several runs; send each as a report of its own")
	}
	return p.in.Object(func(name string) error {
		switch name {
		case "tool":
			return p.in.Object(func(name string) error {
				if name != "driver" {
					return p.in.Skip()
				}
				return p.in.Object(p.sarifDriver)
			})
		case "results":
			p.sarif.scanned = true
			return p.in.List(p.sarifResult)
		case "invocations":
			return p.in.List(func(int) error {
				var call struct {
					End string `json:"endTimeUtc"`
				}
				err := p.in.Value(&call)
				p.report.Time = when(call.End)
				return err
			})
		case "properties":
			var own struct {
				Image string `json:"imageName"`
			}
			err := p.in.Value(&own)
			p.report.Artifact = orWord(own.Image, p.report.Artifact)
			return err
		case "originalUriBaseIds":
			bases := map[string]struct {
				URI string `json:"uri"`
			}{}
			err := p.in.Value(&bases)
			p.report.Artifact = orWord(p.report.Artifact, bases["ROOTPATH"].URI)
			return err
		case "automationDetails":
			var own struct {
				ID string `json:"id"`
			}
			err := p.in.Value(&own)
			p.report.Artifact = orWord(p.report.Artifact, own.ID)
			return err
		}
		return p.in.Skip()
	})
}

func (p *parser) sarifDriver(name string) error {
	switch name {
	case "name":
		err := p.in.Value(&p.report.Scanner)
		p.report.Scanner = strings.ToLower(strings.TrimSpace(p.report.Scanner))
		return err
	case "version":
		return p.in.Value(&p.report.Version)
	case "rules":
		return p.in.List(func(n int) error {
			var r sarifRule
			ok, err := p.entry(fmt.Sprintf("rules[%d]", n-1), &r)
			if ok {
				r.Full.Text = clip(r.Full.Text, maxDescription)
				r.Help.Text = clip(r.Help.Text, maxDescription)
				p.sarif.rules[r.ID] = r
			}
			return errors.Join(err, p.bound(len(p.sarif.rules)))
		})
	}
	return p.in.Skip()
}

func (p *parser) sarifResult(n int) error {
	r := sarifResult{}
	at := fmt.Sprintf("results[%d]", n-1)
	if ok, err := p.entry(at, &r); err != nil || !ok {
		return err
	}
	r.at, r.Message.Text, r.Locations = at, clip(r.Message.Text, maxDescription), r.Locations[:min(len(r.Locations), 1)]
	p.sarif.results = append(p.sarif.results, r)
	return p.bound(len(p.sarif.results))
}

func (p *parser) finishSARIF() error {
	if !p.sarif.scanned {
		return errors.New(`no run has a list "results"`)
	}
	p.report.Scanner = orWord(p.report.Scanner, "sarif")
	for i := range p.sarif.results {
		r := &p.sarif.results[i]
		rule := p.sarif.rules[r.RuleID]
		f, ok := r.finding(rule)
		if !ok {
			p.report.Other++
			continue
		}
		if err := p.add(r.at, f, rule.about(r.title(rule))); err != nil {
			return err
		}
	}
	return nil
}

var (
	// knownRE finds the id of a vulnerability in that of a rule, which may name the
	// package too.
	knownRE = regexp.MustCompile(`(?i)(CVE-[0-9]{4}-[0-9]{4,12}|GHSA(-[0-9a-z]{4}){3}|(DSA|DLA|USN|ELSA|RHSA|ALAS2?|RUSTSEC|PYSEC|GO|OSV)-[0-9][0-9a-z:.-]*)`)
	// reportsRE reads Grype's messages, locatedRE the message of Trivy's locations.
	reportsRE = regexp.MustCompile(`^The path (.+) reports (\S+) at version (\S+)`)
	locatedRE = regexp.MustCompile(`: (\S+)@(\S+)$`)
)

// finding reads a result. SARIF has no place for packages: scanners write them
// into their texts. False: the result is about something else.
func (r *sarifResult) finding(rule sarifRule) (Finding, bool) {
	id := knownRE.FindString(r.RuleID)
	if id == "" || r.Kind == "pass" || r.Kind == "notApplicable" {
		return Finding{}, false
	}
	words := labelled(rule.Help.Text)
	for name, value := range labelled(r.Message.Text) {
		words[name] = value
	}
	f := Finding{
		ID: cveOf(id), Name: id, Type: words["type"], Package: words["package"],
		Version: orWord(words["installed version"], words["version"]), Fixed: orWord(words["fixed version"], words["fix version"]),
		Severity: orWord(words["severity"], rule.severity(r.Level)),
	}
	if len(r.Locations) > 0 {
		f.Path = r.Locations[0].Physical.Artifact.URI
		if m := locatedRE.FindStringSubmatch(r.Locations[0].Message.Text); m != nil {
			f.Package, f.Version = orWord(f.Package, m[1]), orWord(f.Version, m[2])
		}
	}
	if m := reportsRE.FindStringSubmatch(r.Message.Text); m != nil {
		f.Path, f.Package, f.Version = m[1], orWord(f.Package, m[2]), orWord(f.Version, m[3])
	}
	f.Package = orWord(f.Package, f.Path) // of a tool that names files alone
	for _, s := range r.Suppressions {
		if s.Status == "" || s.Status == "accepted" {
			f.Suppressed = orWord(s.Justification, "suppressed")
		}
	}
	return f, true
}

// labelled reads lines like "Package: openssl".
func labelled(text string) map[string]string {
	words := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		name, value, ok := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, again := words[name]; ok && !again && len(name) < 40 {
			words[name] = strings.TrimSpace(value)
		}
	}
	return words
}

// severity is the word among the rule's tags, else what its score or the
// result's level stand for.
func (r sarifRule) severity(level string) string {
	for _, tag := range r.Properties.Tags {
		if s := severity(tag); s != "unknown" {
			return s
		}
	}
	switch score := r.score(); {
	case score >= 9:
		return "critical"
	case score >= 7:
		return "high"
	case score >= 4:
		return "medium"
	case score > 0:
		return "low"
	}
	return map[string]string{"error": "high", "warning": "medium", "note": "low"}[level]
}

func (r sarifRule) score() float64 {
	n, err := strconv.ParseFloat(r.Properties.Score, 64)
	if err != nil || n < 0 || n > 10 {
		return 0
	}
	return n
}

// title is the short description, unless that repeats the id.
func (r *sarifResult) title(rule sarifRule) string {
	if strings.Contains(rule.Short.Text, r.RuleID) {
		return ""
	}
	return rule.Short.Text
}

func (r sarifRule) about(title string) About {
	return About{Title: title, Description: r.Full.Text, Link: r.HelpURI, Score: r.score()}
}
