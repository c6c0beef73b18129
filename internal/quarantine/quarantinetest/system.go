// Package quarantinetest holds the service of quarantined files against a model
// of it: many clients work on a few records at the same time, and porcupine
// looks for an order of their calls in which the model gives the same answers.
package quarantinetest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mewshq/mews"
)

// A System is the service as one client of it sees it, through whatever layers.
type System interface {
	Update(ctx context.Context, u mews.QuarantineUpdate) (affected int, err error)
	UpdateByQuery(ctx context.Context, u mews.QuarantineQueryUpdate) (affected int, err error)
	Counts(ctx context.Context, filter string) (map[string]int64, error)
	Details(ctx context.Context, id string) (mews.QuarantineDetail, error)
	// Download tells whether the file of a hash is given out.
	Download(ctx context.Context, sha256 string) (bool, error)
	// Report reports a file, with its bytes unless body is empty.
	Report(ctx context.Context, r mews.QuarantineReport, body string) (mews.QuarantinedFile, error)
	Actions(ctx context.Context, aid string) ([]mews.HostAction, error)
	Acknowledge(ctx context.Context, ack mews.ActionAck) (changed int, err error)
}

// The records of a history: two hosts, two files, one of which lies on both.
// Each history has a customer of its own.
const records = 3

func hostOf(record int) int { return min(record, 1) }
func fileOf(record int) int { return record / 2 }

func aid(host int) string { return fmt.Sprintf("%032x", host+1) }

func content(file int) string { return fmt.Sprintf("content of file %d", file) }

func recordID(record int) string { return aid(hostOf(record)) + "_" + shaOf(content(fileOf(record))) }

// recordOf finds a record by its id.
func recordOf(id string) int {
	for r := range records {
		if recordID(r) == id {
			return r
		}
	}
	return -1
}

// An input is a call. Fields that its kind does not use are zero.
type input struct {
	kind    kind
	action  string // update, query
	set     string // update: the records, as digits
	filter  int    // query, counts
	record  int    // look, report
	file    int    // download
	host    int    // pull
	date    int    // report: later ones are greater; 0 is before everything
	bytes   bool   // report
	id      string // acknowledge
	outcome string // acknowledge
}

type kind string

const (
	update      kind = "update"
	byQuery     kind = "update by query"
	counts      kind = "counts"
	look        kind = "details"
	download    kind = "download"
	report      kind = "report"
	pull        kind = "actions"
	acknowledge kind = "acknowledge"
)

// An output is an answer, as text that the model writes as well; ids are those
// of the actions that a host got.
type output struct {
	text string
	ids  []string
}

// filters are what updates by query and counts select by.
var filters = []string{"*", "state:'quarantined'", "state:'released'", "aid:'" + aid(1) + "'"}

// call makes a call.
func call(ctx context.Context, s System, in input) (out output, err error) {
	switch in.kind {
	case update:
		var ids mews.List
		for r := range records {
			if strings.ContainsRune(in.set, rune('0'+r)) {
				ids = append(ids, recordID(r))
			}
		}
		n, err := s.Update(ctx, mews.QuarantineUpdate{Action: in.action, IDs: ids})
		return output{text: fmt.Sprint(n)}, err
	case byQuery:
		n, err := s.UpdateByQuery(ctx, mews.QuarantineQueryUpdate{Action: in.action, Filter: mews.Filters(filters[in.filter])})
		return output{text: fmt.Sprint(n)}, err
	case counts:
		by, err := s.Counts(ctx, filters[in.filter])
		return output{text: fmt.Sprint(by[mews.ActionRelease], by[mews.ActionUnrelease], by[mews.ActionDelete])}, err
	case look:
		d, err := s.Details(ctx, recordID(in.record))
		return output{text: described(d)}, err
	case download:
		ok, err := s.Download(ctx, shaOf(content(in.file)))
		return output{text: fmt.Sprint(ok)}, err
	case report:
		f, err := s.Report(ctx, in.report(), in.body())
		return output{text: f.State}, err
	case pull:
		got, err := s.Actions(ctx, aid(in.host))
		for _, a := range got {
			out.text += fmt.Sprintf("%s %d,", a.Action, recordOf(a.QuarantineID))
			out.ids = append(out.ids, a.ID)
		}
		return out, err
	default:
		n, err := s.Acknowledge(ctx, mews.ActionAck{ID: in.id, Outcome: in.outcome})
		return output{text: fmt.Sprint(n)}, err
	}
}

func (in *input) body() string {
	if !in.bytes {
		return ""
	}
	return content(fileOf(in.record))
}

func (in *input) report() mews.QuarantineReport {
	return mews.QuarantineReport{
		AID: aid(hostOf(in.record)), SHA256: shaOf(content(fileOf(in.record))),
		DateCreated: fmt.Sprintf("%04d-01-01T00:00:00Z", datedYear(in.date)),
		Paths:       []mews.QuarantinePath{{Path: `C:\evil.exe`}},
	}
}

// datedYear is a year before or after any clock's.
func datedYear(date int) int {
	if date == 0 {
		return 1990
	}
	return 3000 + date
}

func described(d mews.QuarantineDetail) string {
	actions := make([]string, len(d.Actions))
	for i, a := range d.Actions {
		actions[i] = a.Action + " " + a.State
	}
	state := ""
	if len(d.Paths) > 0 {
		state = d.Paths[0].State
	}
	return describe(d.State, state, d.HasBytes, slices.Values(actions))
}
