package sighting

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Processes lists the processes of one host that have met an observable.
func (s *Service) Processes(ctx context.Context, who store.Actor, query mews.SightingQuery) (Page, error) {
	q, err := s.ask(who.CID, query)
	if err != nil {
		return Page{}, err
	}
	if query.DeviceID == "" {
		return Page{}, mews.Errorf(mews.ErrInvalid, "device_id: name the device whose processes are asked for")
	}
	p, err := s.processes(ctx, q, query.DeviceID)
	return p, outward.Error("list processes", err)
}

func (s *Service) processes(ctx context.Context, q question, device string) (Page, error) {
	v := s.view(q.cid)
	defer v.release()
	aid, _ := host.ParseID(device)
	number, known, err := s.hosts.Number(ctx, q.cid, aid)
	if err != nil {
		return Page{}, err
	}
	var ids []uint64
	expired := false
	if known {
		if ids, expired, err = v.processes(q, number); err != nil {
			return Page{}, err
		}
	}
	part, p := page(q, ids)
	p.IDs = make([]string, len(part))
	for i, id := range part {
		p.IDs[i] = processID(aid, id)
	}
	if p.Total == 0 {
		p.Hint, err = s.hint(ctx, v, q, nothing{expired: expired, device: aid})
	}
	return p, err
}

// processes lists those of a host that have met an observable, in order, and
// tells whether there were others, too long ago.
func (v *view) processes(q question, number uint32) (ids []uint64, expired bool, err error) {
	filter := observablePrefix(nil, q.observable)
	prefix := processesPrefix(nil, q.observable.Digest(), number)
	err = v.scan(filter, prefix, processBytes, func(key, value []byte) error {
		last, err := lastOf(value)
		switch {
		case err != nil:
			return err
		case last < q.cutoff:
			expired = true
		default:
			ids = append(ids, processAtEnd(key))
		}
		return nil
	})
	slices.Sort(ids)
	return slices.Compact(ids), expired, err
}

// processPrefix begins the ids of processes in lists; it may be left out where
// ids are read.
const processPrefix = "pid:"

func processID(aid string, id uint64) string {
	return processPrefix + aid + ":" + strconv.FormatUint(id, 10)
}

// parseProcessID reads "pid:<aid>:<decimal>", with or without "pid:".
func parseProcessID(text string) (aid string, id uint64, ok bool) {
	aid, digits, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(text), processPrefix), ":")
	if !ok {
		return "", 0, false
	}
	if aid, ok = host.ParseID(aid); !ok {
		return "", 0, false
	}
	id, err := strconv.ParseUint(digits, 10, 64)
	return aid, id, err == nil && id != 0
}

// maxIDs bounds the processes that one call reads.
const maxIDs = 5000

// ProcessDetails describes processes by their ids, each once and in the order of
// the ids, and gives back those ids that name none.
func (s *Service) ProcessDetails(ctx context.Context, who store.Actor, ids []string) (found []mews.ProcessDetail, unknown []string, err error) {
	switch {
	case len(ids) == 0:
		return nil, nil, mews.Errorf(mews.ErrInvalid, "ids: name at least one process")
	case len(ids) > maxIDs:
		return nil, nil, mews.Errorf(mews.ErrInvalid, "ids: at most %d of a call", maxIDs)
	}
	v := s.view(who.CID)
	defer v.release()
	found, asked := []mews.ProcessDetail{}, map[string]bool{}
	for _, given := range ids {
		aid, id, ok := parseProcessID(given)
		name := processID(aid, id)
		if !ok {
			name = given
		}
		if asked[name] {
			continue
		}
		asked[name] = true
		var p process
		if ok {
			if p, ok, err = s.record(ctx, v, aid, id); err != nil {
				return nil, nil, outward.Error("describe processes", err)
			}
		}
		if !ok {
			unknown = append(unknown, given)
			continue
		}
		found = append(found, p.detail(aid, id))
	}
	return found, unknown, nil
}

// record joins what the runs say of a process; not ok when they say nothing, or
// nothing that has not expired.
func (s *Service) record(ctx context.Context, v *view, aid string, id uint64) (p process, ok bool, err error) {
	number, known, err := s.hosts.Number(ctx, v.cid, aid)
	if err != nil || !known {
		return process{}, false, err
	}
	p, err = v.record(number, id)
	return p, err == nil && p.last > 0 && p.last >= s.cutoff(), err
}

// detail is the record on the wire.
func (p process) detail(aid string, id uint64) mews.ProcessDetail {
	local := strconv.FormatUint(id, 10)
	return mews.ProcessDetail{
		DeviceID: aid, CommandLine: p.commandLine, FileName: p.image, ProcessID: aid + ":" + local, ProcessIDLocal: local,
		StartTimestamp: timeText(p.start), StartTimestampRaw: fileTime(p.start),
		StopTimestamp: timeText(p.stop), StopTimestampRaw: fileTime(p.stop),
	}
}

// fileTime writes a time as Windows counts it: in tenths of microseconds from
// 1601 on.
func fileTime(micros int64) string {
	if micros == 0 {
		return ""
	}
	const until1970 = 11_644_473_600 * 10_000_000
	return strconv.FormatInt(micros*10+until1970, 10)
}
