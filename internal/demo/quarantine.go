package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/mewshq/mews"
)

// quarantine takes the programs of every incident out of the way, and then does
// to some of them what analysts and hosts do.
func (f *filler) quarantine(ctx context.Context, n *Counts) error {
	var ids []string
	for i, in := range f.story.incidents {
		files := []*specimen{in.program, in.dropped}
		if i == bareHost {
			files = f.story.elsewhere()
		}
		for j, x := range files {
			record, err := f.report(ctx, in, x, time.Duration(90+j)*time.Second, i)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", x.name, in.host.Name, err)
			}
			ids = append(ids, record.ID)
		}
	}
	n.Quarantined = len(ids)
	return f.act(ctx, ids)
}

// agentHost and bareHost are incidents whose hosts are special: one pulls its
// actions, of the other only records have come, and nobody has the files.
const (
	agentHost = 4
	bareHost  = 7
)

func (f *filler) report(ctx context.Context, in incident, x *specimen, after time.Duration, no int) (mews.QuarantinedFile, error) {
	folder := `C:\Users\` + in.host.User + `\Downloads\`
	if !in.host.Windows {
		folder = "/home/" + in.host.User + "/Downloads/"
	}
	at := in.at.Add(after).Format(time.RFC3339)
	r := mews.QuarantineReport{
		AID: in.host.AID, SHA256: x.sha256, Hostname: in.host.Name, Username: in.host.User, DateCreated: at,
		Paths:   []mews.QuarantinePath{{Filename: x.name, Path: folder + x.name}},
		Comment: "found by the demo's sensor", Agent: no == agentHost, PrimaryModule: x == in.program,
		AdversaryID: in.adversary, Country: in.country, MaxSeverity: new(severityNumber(in.severity)), MaxConfidence: new(80),
		FirstBehavior: in.at.Format(time.RFC3339), LastBehavior: at,
		Behaviors: []mews.QuarantineBehavior{{BehaviorID: fmt.Sprint(10000 + no), IOCType: "hash_sha256", IOCValue: x.sha256}},
	}
	var body io.Reader
	if x.content != nil {
		body = bytes.NewReader(x.content)
	}
	return f.rooms.Quarantine.Report(ctx, f.as("mews.ingest.quarantine"), r, body)
}

// elsewhere are two files that never came to the server.
func (s *story) elsewhere() (list []*specimen) {
	for i := range 2 {
		sum := sha256.Sum256(fmt.Appendf(nil, "mews demo file %d %d", s.Seed, i))
		list = append(list, &specimen{name: fmt.Sprintf("never-sent-%d.exe", i+1), sha256: hex.EncodeToString(sum[:])})
	}
	return list
}

// severityNumber is a severity on the scale of records.
func severityNumber(word string) int {
	return map[string]int{"critical": 90, "high": 70, "medium": 50}[word]
}

// act leads records through their states: most stay in quarantine.
func (f *filler) act(ctx context.Context, ids []string) error {
	for _, u := range []mews.QuarantineUpdate{
		{Action: mews.ActionRelease, IDs: ids[2:5], Comment: "a tool of ours"},
		{Action: mews.ActionUnrelease, IDs: ids[3:4], Comment: "it was not"},
		{Action: mews.ActionDelete, IDs: ids[10:12], Comment: "not needed any more"},
		// Of the host that pulls its actions: it has answered one, the other waits.
		{Action: mews.ActionRelease, IDs: ids[2*agentHost : 2*agentHost+1], Comment: "checked"},
	} {
		if _, err := f.rooms.Quarantine.UpdateByIDs(ctx, f.as("UpdateQuarantinedDetectsByIds"), u); err != nil {
			return err
		}
	}
	if err := f.answer(ctx); err != nil {
		return err
	}
	_, err := f.rooms.Quarantine.UpdateByIDs(ctx, f.as("UpdateQuarantinedDetectsByIds"), mews.QuarantineUpdate{
		Action: mews.ActionRelease, IDs: ids[2*agentHost+1 : 2*agentHost+2], Comment: "the host has not answered yet",
	})
	return err
}

// answer has the host that pulls its actions carry them out.
func (f *filler) answer(ctx context.Context) error {
	who := f.as("mews.agent.acknowledge")
	actions, err := f.rooms.Quarantine.Actions(ctx, who, f.story.incidents[agentHost].host.AID, 100)
	if err != nil {
		return err
	}
	var acks []mews.ActionAck
	for _, a := range actions {
		acks = append(acks, mews.ActionAck{ID: a.ID, Outcome: "acknowledged"})
	}
	_, _, err = f.rooms.Quarantine.Acknowledge(ctx, who, acks)
	return err
}
