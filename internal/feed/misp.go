package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

// A mispEvent is what is read of an event, the unit in which MISP shares.
type mispEvent struct {
	UUID       string          `json:"uuid"`
	Info       string          `json:"info"`
	Date       string          `json:"date"`
	Attributes []mispAttribute `json:"Attribute"`
	Objects    []struct {
		Deleted    mispFlag        `json:"deleted"`
		Attributes []mispAttribute `json:"Attribute"`
	} `json:"Object"`
	Tags     []mispTag    `json:"Tag"`
	Galaxies []mispGalaxy `json:"Galaxy"`
}

type mispAttribute struct {
	UUID      string       `json:"uuid"`
	Type      string       `json:"type"`
	Value     mews.Text    `json:"value"`
	ToIDS     mispFlag     `json:"to_ids"`
	Deleted   mispFlag     `json:"deleted"`
	Timestamp mews.Text    `json:"timestamp"`
	FirstSeen string       `json:"first_seen"`
	LastSeen  string       `json:"last_seen"`
	Tags      []mispTag    `json:"Tag"`
	Galaxies  []mispGalaxy `json:"Galaxy"`
}

type mispTag struct {
	Name string `json:"name"`
}

type mispGalaxy struct {
	Type     string `json:"type"`
	Clusters []struct {
		Value string `json:"value"`
	} `json:"GalaxyCluster"`
}

// A mispFlag is a Boolean that some programs write as a number or as text.
type mispFlag bool

// UnmarshalJSON reads true, 1 and "1" as true.
func (f *mispFlag) UnmarshalJSON(b []byte) error {
	word := strings.ToLower(strings.Trim(string(b), `"`))
	*f = word == "true" || word == "1"
	return nil
}

// readMISP reads one event, {"Event": {...}}, or several: in a list, or in the
// reply of a server, {"response": [...]}.
func readMISP(text *iocfile.Text, out sink) error {
	text.Bound(maxEvent)
	m := &mispReader{text: text, d: json.NewDecoder(text), out: out}
	if err := m.values(0); err != nil {
		if errors.Is(err, errStopped) {
			return err
		}
		return fmt.Errorf("MISP: %w", tooEarly(err))
	}
	if m.events == 0 {
		return errors.New(`MISP: there is no event; one is {"Event": {...}}`)
	}
	return nil
}

type mispReader struct {
	text   *iocfile.Text
	d      *json.Decoder
	out    sink
	events int
}

// values reads what the file holds: an object or a list of them.
func (m *mispReader) values(depth int) error {
	t, err := m.d.Token()
	switch {
	case err != nil:
		return err
	case depth > 3: // a list in a reply is 2
		return errors.New("lists in lists stand where an event is expected")
	}
	if t == json.Delim('[') {
		for m.d.More() {
			if err := m.values(depth + 1); err != nil {
				return err
			}
		}
		_, err := m.d.Token()
		return err
	}
	if t != json.Delim('{') {
		return fmt.Errorf("%s stands where an event is expected", cut(fmt.Sprint(t)))
	}
	for m.d.More() {
		if err := m.member(depth); err != nil {
			return err
		}
	}
	_, err = m.d.Token()
	return err
}

// member reads a key of an object around events, and what it stands for.
func (m *mispReader) member(depth int) error {
	key, err := m.d.Token()
	if err != nil {
		return err
	}
	m.text.More()
	switch key {
	case "response":
		return m.values(depth + 1)
	case "Event":
		var e mispEvent
		if err := m.d.Decode(&e); err != nil {
			if _, wrong := errors.AsType[*json.UnmarshalTypeError](err); !wrong {
				return err
			}
			m.events++
			return m.out(Row{At: "event " + e.UUID, Problem: jsonProblem(err)})
		}
		m.events++
		return e.rows(m.out)
	}
	var skip json.RawMessage
	return m.d.Decode(&skip)
}

// rows gives those of an event: each indicator once, whatever attributes hold it.
func (e *mispEvent) rows(out sink) error {
	var all []mispAttribute
	var groups [][]mispAttribute
	for _, a := range e.Attributes {
		all, groups = append(all, a), append(groups, []mispAttribute{a})
	}
	for _, o := range e.Objects {
		for n := range o.Attributes {
			o.Attributes[n].Deleted = o.Attributes[n].Deleted || o.Deleted
		}
		all, groups = append(all, o.Attributes...), append(groups, o.Attributes)
	}
	common := mews.IntelIndicator{Reports: []string{e.Info}}
	for _, tag := range slices.Concat(tagNames(e.Tags), clusterTags(e.Galaxies)) {
		tellTag(tag, &common)
	}
	for _, a := range all {
		a.tell(&common)
	}
	if err := normalShared(&common); err != nil {
		return out(Row{At: "event " + e.UUID, Problem: err.Error(), Origin: e.UUID})
	}
	found := mispRows{at: map[string]int{}}
	for _, group := range groups {
		e.group(group, common, &found)
	}
	if e.UUID != "" {
		found.rows = append(found.rows, Row{At: "event " + e.UUID, Whole: true})
	}
	for _, row := range found.rows {
		row.Origin = e.UUID
		if err := out(row); err != nil {
			return err
		}
	}
	return nil
}

// mispRows are the rows of an event.
type mispRows struct {
	rows []Row
	at   map[string]int // where an indicator's row is
}

func (r *mispRows) add(row Row) {
	id := ID(row.Indicator.Type, row.Indicator.Indicator)
	if n, twice := r.at[id]; twice && row.Indicator.Type != "" {
		Merge(&r.rows[n].Indicator, row.Indicator)
		return
	}
	r.at[id] = len(r.rows)
	r.rows = append(r.rows, row)
}

// group adds the rows of attributes that speak of the same thing.
func (e *mispEvent) group(list []mispAttribute, common mews.IntelIndicator, to *mispRows) {
	var found []mews.IntelIndicator
	var at []string
	last := int64(0)
	for _, a := range list {
		some, err := e.indicators(a, common)
		switch {
		case err != nil:
			to.rows = append(to.rows, Row{At: a.place(), Problem: err.Error()})
		case len(some) == 0:
			to.rows = append(to.rows, Row{At: a.place(), Skip: fmt.Sprintf("is of the type %q, which is no indicator", cut(a.Type))})
		}
		for _, i := range some {
			found, at, last = append(found, i), append(at, a.place()), max(last, a.last())
		}
	}
	relate(found, last)
	for n, i := range found {
		row := Row{At: at[n], Indicator: i}
		if err := Normalize(&row.Indicator); err != nil {
			row = Row{At: at[n], Problem: err.Error()}
			to.rows = append(to.rows, row)
			continue
		}
		to.add(row)
	}
}

// indicators gives those of an attribute; none, if its type stands for none.
func (e *mispEvent) indicators(a mispAttribute, common mews.IntelIndicator) ([]mews.IntelIndicator, error) {
	types := mispTypes[a.Type]
	if len(types) == 0 {
		return nil, nil
	}
	values := []string{string(a.Value)}
	if len(types) > 1 || strings.Contains(a.Type, "|") {
		values = strings.Split(string(a.Value), "|")
	}
	if len(values) < len(types) {
		return nil, fmt.Errorf("%s: %q lacks a part", a.Type, cut(string(a.Value)))
	}
	shared := a.shared(common, e.Date)
	var out []mews.IntelIndicator
	for n, typ := range types {
		i := clone(shared)
		var err error
		if i.Type, i.Indicator, err = normalValue(typ, values[n]); err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

// shared is what an attribute says of each of its indicators.
func (a *mispAttribute) shared(common mews.IntelIndicator, date string) mews.IntelIndicator {
	i := clone(common)
	i.Deleted = bool(a.Deleted)
	for _, text := range []string{a.FirstSeen, date, string(a.Timestamp)} {
		if i.PublishedDate = since(text); i.PublishedDate > 0 {
			break
		}
	}
	for _, tag := range slices.Concat(tagNames(a.Tags), clusterTags(a.Galaxies)) {
		tellTag(tag, &i)
	}
	for n := range i.Labels {
		i.Labels[n].CreatedOn, i.Labels[n].LastValidOn = i.PublishedDate, max(i.PublishedDate, a.last())
	}
	switch {
	case !bool(a.ToIDS):
		i.MaliciousConfidence = mews.ConfidenceUnverified
	case i.MaliciousConfidence == "":
		i.MaliciousConfidence = mews.ConfidenceMedium
	}
	return i
}

// last is when the attribute was last known to hold.
func (a *mispAttribute) last() int64 {
	if at := since(a.LastSeen); at > 0 {
		return at
	}
	return since(string(a.Timestamp))
}

func (a *mispAttribute) place() string { return "attribute " + a.UUID }
