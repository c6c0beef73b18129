package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

// A stixObject is what is read of the objects of a bundle, whatever they are.
type stixObject struct {
	Type        string   `json:"type"`
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Created     string   `json:"created"`
	Modified    string   `json:"modified"`
	Labels      []string `json:"labels"`
	Revoked     bool     `json:"revoked"`
	Confidence  *int     `json:"confidence"`
	Pattern     string   `json:"pattern"`
	PatternType string   `json:"pattern_type"`
	ValidFrom   string   `json:"valid_from"`
	ValidUntil  string   `json:"valid_until"`
	Kinds       []string `json:"indicator_types"`
	Phases      []struct {
		Name string `json:"phase_name"`
	} `json:"kill_chain_phases"`
	Sectors []string `json:"sectors"`
	Source  string   `json:"source_ref"` // of a relationship
	Target  string   `json:"target_ref"`
	Refs    []string `json:"object_refs"` // of a report
}

// readSTIX reads a bundle. What its indicators mean stands in other objects, in
// front of them or behind, so the rows come after the last one.
func readSTIX(text *iocfile.Text, out sink) error {
	b := &bundle{nodes: map[string]node{}, edges: map[string][]string{}, reports: map[string][]string{}}
	if err := b.read(text); err != nil {
		return fmt.Errorf("STIX: %w", err)
	}
	for n := range b.indicators {
		s := &b.indicators[n]
		rows := b.rows(s)
		wrong := slices.ContainsFunc(rows, func(r Row) bool { return r.Problem != "" })
		if s.ID != "" && !wrong { // else nobody knows all that it says
			rows = append(rows, Row{At: s.at, Whole: true})
		}
		for _, row := range rows {
			row.Origin = s.ID
			if err := out(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// A bundle keeps the objects that indicators may need.
type bundle struct {
	count      int
	indicators []stixIndicator
	nodes      map[string]node
	edges      map[string][]string // from an object to those that it points at
	reports    map[string][]string // names of the reports that an object is in
}

type stixIndicator struct {
	at string
	stixObject
	problem string
}

// A node is an object that gives an indicator words.
type node struct {
	kind, name string
	sectors    []string
}

func (b *bundle) read(text *iocfile.Text) error {
	d := json.NewDecoder(text)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errors.New(`a bundle is {"type": "bundle", "objects": [...]}`), err)
	}
	found := false
	for d.More() {
		text.More()
		key, err := d.Token()
		if err != nil {
			return tooEarly(err)
		}
		if key != "objects" {
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return fmt.Errorf("%s: %w", cut(fmt.Sprint(key)), tooEarly(err))
			}
			continue
		}
		found = true
		if err := b.readObjects(d, text); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return tooEarly(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is text after the bundle; a file holds one")
	}
	if !found {
		return errors.New(`there is no "objects"; a bundle is {"type": "bundle", "objects": [...]}`)
	}
	return nil
}

// tooEarly names the end of a file in words.
func tooEarly(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends too early")
	}
	return err
}

func (b *bundle) readObjects(d *json.Decoder, text *iocfile.Text) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.Join(errors.New(`"objects" is no list`), err)
	}
	for d.More() {
		text.More()
		if b.count++; b.count > maxObjects {
			return fmt.Errorf("the bundle has more than %d objects; split it", maxObjects)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("object %d: %w", b.count, tooEarly(err))
		}
		b.keep(raw)
	}
	_, err := d.Token()
	return tooEarly(err)
}

// keep reads one object. Only an indicator that cannot be read is a mistake.
func (b *bundle) keep(raw []byte) {
	var o stixObject
	err := json.Unmarshal(raw, &o)
	switch o.Type {
	case "indicator":
		i := stixIndicator{at: o.ID, stixObject: o}
		if i.at == "" {
			i.at = fmt.Sprintf("object %d", b.count)
		}
		if err != nil {
			i.problem = jsonProblem(err)
		}
		b.indicators = append(b.indicators, i)
	case "relationship":
		if !o.Revoked {
			b.edges[o.Source] = append(b.edges[o.Source], o.Target)
		}
	case "report", "grouping":
		for _, ref := range o.Refs {
			if names := b.reports[ref]; o.Name != "" && len(names) <= maxList { // with more it is refused
				b.reports[ref] = append(names, o.Name)
			}
		}
	default:
		if o.ID != "" && o.Name != "" && !o.Revoked {
			b.nodes[o.ID] = node{o.Type, o.Name, o.Sectors}
		} else if err != nil && o.Type == "" {
			b.indicators = append(b.indicators, stixIndicator{at: fmt.Sprintf("object %d", b.count), problem: jsonProblem(err)})
		}
	}
}

// rows gives those of one indicator object: one for each value of its pattern.
func (b *bundle) rows(s *stixIndicator) []Row {
	switch {
	case s.problem != "":
		return []Row{{At: s.at, Problem: s.problem}}
	case s.PatternType != "stix" && s.PatternType != "": // STIX 2.0 has no pattern_type
		return []Row{{At: s.at, Skip: fmt.Sprintf("pattern_type %q is not read, only stix", cut(s.PatternType))}}
	}
	terms, err := iocfile.ReadPattern(s.Pattern)
	if err == nil && len(terms) > maxTerms {
		err = fmt.Errorf("the pattern has %d values; at most %d", len(terms), maxTerms)
	}
	shared := b.meaning(s)
	if err == nil {
		err = normalShared(&shared)
	}
	if err != nil {
		return []Row{{At: s.at, Problem: err.Error()}}
	}
	var rows []Row
	var taken []mews.IntelIndicator
	for _, t := range terms {
		i := clone(shared)
		if i.Type, i.Indicator, err = typedTerm(t); err == nil {
			i.Type, i.Indicator, err = normalValue(i.Type, i.Indicator)
		}
		if err != nil {
			rows = append(rows, Row{At: s.at, Problem: err.Error()})
		} else {
			taken = append(taken, i)
		}
	}
	if oneFile(taken) {
		relate(taken, since(s.ValidUntil))
	}
	for n := range rows {
		if len(taken) > 0 { // the others stand for it
			rows[n].Skip, rows[n].Problem = rows[n].Problem, ""
		}
	}
	for _, i := range taken {
		rows = append(rows, Row{At: s.at, Indicator: i})
	}
	return rows
}

// maxTerms bounds the values of one pattern, each of which gets all that the
// object says.
const maxTerms = 1000

// meaning is what all values of an indicator's pattern share.
func (b *bundle) meaning(s *stixIndicator) mews.IntelIndicator {
	i := mews.IntelIndicator{Deleted: s.Revoked, PublishedDate: since(s.ValidFrom), ThreatTypes: slices.Clone(s.Kinds), Reports: slices.Clone(b.reports[s.ID])}
	if i.PublishedDate == 0 {
		i.PublishedDate = since(s.Created)
	}
	last := since(s.ValidUntil)
	if last == 0 {
		last = since(s.Modified)
	}
	i.Labels = labelsOf(s.Labels, i.PublishedDate, last)
	for _, phase := range s.Phases {
		i.KillChains = append(i.KillChains, killChain(phase.Name))
	}
	if s.Confidence != nil {
		i.MaliciousConfidence = confidenceOf(*s.Confidence)
	}
	if slices.Contains(s.Kinds, "benign") {
		i.MaliciousConfidence = mews.ConfidenceUnverified
	}
	b.surroundings(s.ID, &i)
	return i
}

// surroundings takes words from the objects around an indicator: those that it
// points at, and those that they point at (malware that an actor uses, sectors
// that the actor targets).
func (b *bundle) surroundings(id string, i *mews.IntelIndicator) {
	const most = 1000 // steps
	near, steps := []string{id}, 0
	seen := map[string]bool{id: true}
	for range 2 {
		var next []string
		for _, from := range near {
			for _, to := range b.edges[from] {
				if steps++; steps > most {
					return
				}
				if !seen[to] {
					seen[to] = true
					next = append(next, to)
					b.nodes[to].tell(i)
				}
			}
		}
		near = next
	}
}

// tell adds what a node says to an indicator.
func (n node) tell(i *mews.IntelIndicator) {
	switch n.kind {
	case "threat-actor", "intrusion-set":
		i.Actors = append(i.Actors, n.name)
	case "malware", "tool":
		i.MalwareFamilies = append(i.MalwareFamilies, n.name)
	case "campaign":
		i.Reports = append(i.Reports, n.name)
	case "vulnerability":
		i.Vulnerabilities = append(i.Vulnerabilities, n.name)
	case "identity":
		i.Targets = append(i.Targets, n.sectors...)
		if len(n.sectors) == 0 {
			i.Targets = append(i.Targets, n.name)
		}
	case "location":
		i.Targets = append(i.Targets, n.name)
	}
}

// stixPaths are the properties whose values are indicators.
var stixPaths = map[string]string{
	"domain-name:value": typeDomain, "ipv4-addr:value": typeAddress, "ipv6-addr:value": typeAddress, "url:value": typeURL,
	"email-addr:value": typeEmail, "email-message:subject": typeSubject, "email-message:from_ref.value": typeEmail,
	"email-message:sender_ref.value": typeEmail, "file:name": typeFileName, "directory:path": typeFilePath, "mutex:name": typeMutex,
	"windows-registry-key:key": typeRegistry, "user-account:account_login": typeUser, "user-account:user_id": typeUser,
	"x509-certificate:serial_number": typeSerial, "x509-certificate:subject": typeX509, "hostname:value": typeDomain,
	"network-traffic:extensions.http-request-ext.request_header.User-Agent": typeAgent,
	"network-traffic:dst_ref.value":                                         typeAddress, "network-traffic:src_ref.value": typeAddress,
}

// typedTerm gives type and value of a comparison.
func typedTerm(t iocfile.Term) (typ, value string, err error) {
	path := strings.ReplaceAll(t.Path, `"`, "")
	if name, ok := strings.CutPrefix(path, "file:hashes."); ok {
		typ = "hash_" + strings.ReplaceAll(strings.ToLower(name), "-", "")
		if hashDigits(typ) == 0 {
			return "", "", fmt.Errorf("%s: of hashes SHA-256, SHA-1 and MD5 are indicators", cut(path))
		}
		return typ, t.Value, nil
	}
	if typ, ok := stixPaths[path]; ok {
		return typ, t.Value, nil
	}
	return "", "", fmt.Errorf("%s: is the property of no indicator", cut(path))
}

// oneFile tells whether indicators are hashes that one file can have, and its
// name.
func oneFile(list []mews.IntelIndicator) bool {
	seen := map[string]bool{}
	for _, i := range list {
		if seen[i.Type] || hashDigits(i.Type) == 0 && i.Type != typeFileName {
			return false
		}
		seen[i.Type] = true
	}
	return true
}
