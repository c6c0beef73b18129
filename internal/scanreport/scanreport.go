// Package scanreport reads what vulnerability scanners write: the JSON of Trivy
// and of Grype, and vulnerabilities in CycloneDX and SARIF. Text in, structs
// out: it knows no host and no server. A document is read as a stream, an entry
// at a time; an entry that cannot be read is told of and keeps no other from
// being read.
package scanreport

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/jsonstream"
)

// A Format is a kind of report.
type Format string

// The formats. Auto goes by the members of the document.
const (
	Auto      Format = "auto"
	Trivy     Format = "trivy"
	Grype     Format = "grype"
	CycloneDX Format = "cyclonedx"
	SARIF     Format = "sarif"
)

// Formats lists the formats, as users may name them.
func Formats() []string {
	return []string{string(Auto), string(Trivy), string(Grype), string(CycloneDX), string(SARIF)}
}

// A Report is what one run of a scanner found.
type Report struct {
	Format   Format
	Scanner  string // the tool's name in lower case
	Version  string // the tool's
	Artifact string // what was scanned, as the tool names it: a path, an image
	Time     time.Time
	// System is the operating system of what was scanned, where that is a machine's
	// own file system; "" else.
	System   string
	Findings []Finding
	Other    int // entries that are no vulnerabilities of packages

	Problems []Problem // entries that could not be read, the first of them
	Failed   int       // how many there are
}

// A Finding is a vulnerability of an installed package.
type Finding struct {
	ID      string // the CVE, where there is one, else the scanner's own
	Name    string // the scanner's own id
	Target  string // within the artifact: a lock file; "" for packages of the system
	Type    string // of the package: deb, npm, jar
	Package string
	Version string
	Path    string
	Fixed   string // the versions that repair it, with commas
	// Unfixed says that there is no repair, as far as the scanner knows; where it
	// says nothing, and Fixed is empty, nobody knows.
	Unfixed  bool
	Severity string // a word of Severities
	// Suppressed is why the scanner was told to leave it out; "" where it was not.
	Suppressed string
	// About is shared by the findings of the same vulnerability.
	About *About
}

// About tells of a vulnerability as such.
type About struct {
	Title          string    `json:"title,omitempty"`
	Description    string    `json:"description,omitempty"`
	Link           string    `json:"link,omitempty"`
	References     []string  `json:"references,omitempty"`
	Weaknesses     []string  `json:"weaknesses,omitempty"` // CWE-79
	Published      time.Time `json:"published,omitzero"`
	Score          float64   `json:"score,omitempty"` // CVSS base score, the newest version there is; 0: none
	Vector         string    `json:"vector,omitempty"`
	Exploitability float64   `json:"exploitability,omitempty"`
	Impact         float64   `json:"impact,omitempty"`
	EPSS           float64   `json:"epss,omitempty"`      // probability of exploitation; 0: unknown
	Exploited      bool      `json:"exploited,omitempty"` // in CISA's catalog
	Due            string    `json:"due,omitempty"`       // there
}

// Severities are the words of Finding.Severity, the worst first.
func Severities() []string { return []string{"critical", "high", "medium", "low", "none", "unknown"} }

// A Problem is an entry that cannot be read, and why.
type Problem struct{ At, Text string }

// Bounds of a report.
const (
	MaxFindings   = 100_000
	maxEntry      = 1 << 20 // bytes that are held of a document at a time
	maxProblems   = 100     // that are kept
	maxComponents = 200_000 // of an SBOM
)

// Read reads a report to the end of the text. An error means that the document
// is no such report, or not whole: nothing can be concluded from it.
func Read(r io.Reader, format Format) (*Report, error) {
	p := &parser{in: jsonstream.New(r, maxEntry), report: &Report{Format: format}, about: map[string]*About{}}
	if format == Auto || format == "" {
		p.report.Format = ""
	} else if p.members() == nil {
		return nil, fmt.Errorf("unknown format %q; use %s", clip(string(format), 40), strings.Join(Formats(), ", "))
	}
	if err := p.in.Object(p.member); err != nil {
		return nil, p.explain(err)
	}
	if err := p.in.End(); err != nil {
		return nil, p.explain(err)
	}
	if err := p.finish(); err != nil {
		return nil, p.explain(err)
	}
	return p.report, nil
}

// A parser reads one document.
type parser struct {
	in     *jsonstream.Reader
	report *Report
	about  map[string]*About
	seen   bool // the list of findings stood in the document

	cyclone *cyclone
	sarif   *sarif
	trivy   *trivy
	grype   grype
	depth   int // of lists of components
}

// A member reads the value of a member of the document.
type member func() error

// members are those of the document that the format reads; nil: there is no such
// format.
func (p *parser) members() map[string]member {
	switch p.report.Format {
	case Trivy:
		return p.trivyMembers()
	case Grype:
		return p.grypeMembers()
	case CycloneDX:
		return p.cycloneMembers()
	case SARIF:
		return p.sarifMembers()
	}
	return nil
}

// telltales are members that only one of the formats has.
var telltales = map[string]Format{
	"SchemaVersion": Trivy, "ArtifactName": Trivy, "ArtifactType": Trivy, "Results": Trivy,
	"matches": Grype, "ignoredMatches": Grype, "descriptor": Grype, "distro": Grype, "source": Grype,
	"bomFormat": CycloneDX, "specVersion": CycloneDX, "serialNumber": CycloneDX, "components": CycloneDX, "vulnerabilities": CycloneDX,
	"metadata": CycloneDX, "runs": SARIF,
}

// member reads a member of the document, or passes over it.
func (p *parser) member(name string) error {
	if p.report.Format == "" {
		p.report.Format = telltales[name]
	}
	if read := p.members()[name]; read != nil {
		return read()
	}
	return p.in.Skip()
}

// finish checks the whole, and adds what needed all of it.
func (p *parser) finish() error {
	switch p.report.Format {
	case "":
		return errors.New("this is no report of Trivy or Grype, no CycloneDX and no SARIF (JSON)")
	case Trivy:
		return p.finishTrivy()
	case Grype:
		return p.finishGrype()
	case CycloneDX:
		return p.finishCyclone()
	}
	return p.finishSARIF()
}

func (p *parser) explain(err error) error {
	if p.report.Format == "" {
		return err
	}
	return fmt.Errorf("%s: %w", p.report.Format, err)
}

// entry reads a value that is wrong alone when it is wrong. False: it was.
func (p *parser) entry(at string, into any) (bool, error) {
	err := p.in.Value(into)
	if bad, ok := jsonstream.Mistyped(err); ok {
		text := "is no object"
		if bad.Field != "" {
			text = fmt.Sprintf("%s: a %s is of the wrong type", bad.Field, bad.Value)
		}
		p.fail(at, text)
		return false, nil
	}
	return err == nil, err
}

func (p *parser) fail(at, text string) {
	p.report.Failed++
	if len(p.report.Problems) < maxProblems {
		p.report.Problems = append(p.report.Problems, Problem{at, text})
	}
}

// add takes in a finding, of the entry at some place.
func (p *parser) add(at string, f Finding, about About) error {
	if err := f.normal(); err != nil {
		p.fail(at, err.Error())
		return nil
	}
	if len(p.report.Findings) == MaxFindings {
		return fmt.Errorf("more than %d findings; scan smaller parts, each with a scope of its own", MaxFindings)
	}
	f.About = p.about[f.ID]
	if f.About == nil {
		f.About = &About{}
		p.about[f.ID] = f.About
	}
	f.About.learn(about)
	p.report.Findings = append(p.report.Findings, f)
	return nil
}
