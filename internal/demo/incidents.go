package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/mewshq/mews/internal/demo/fleet"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/telemetry"
)

// everydayEvents is how much the fleet tells besides the incidents.
const everydayEvents = 800

// telemetry sends what the sensors told.
func (f *filler) telemetry(ctx context.Context, n *Counts) error {
	counts, failed, err := f.rooms.Sightings.Ingest(ctx, f.as("mews.ingest.events"), sighting.Input{
		Lines: &lines{f.story.events()}, Format: telemetry.FDR,
	})
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("line %d: %s", failed[0].Line, failed[0].Message)
	}
	n.Events, n.Detections = counts.Events, counts.Matches
	return nil
}

// lines gives out a list of lines.
type lines struct{ rest [][]byte }

func (l *lines) Next() ([]byte, error) {
	if len(l.rest) == 0 {
		return nil, io.EOF
	}
	line := l.rest[0]
	l.rest = l.rest[1:]
	return line, nil
}

// events are the fleet's everyday lines, then those of the incidents.
func (s *story) events() (all [][]byte) {
	stream := s.fleet()
	for range everydayEvents {
		all = append(all, append([]byte(nil), stream.Next().Line...))
	}
	for i, in := range s.incidents {
		all = append(all, in.lines(uint64(1+i)<<20)...)
	}
	return all
}

// lines tell how a host opened the lure, ran a program that wrote another, and
// called the campaign's server. process is the number of the first process.
func (in *incident) lines(process uint64) [][]byte {
	opener, program := strconv.FormatUint(process, 10), strconv.FormatUint(process+1, 10)
	folder, reader := `\Device\HarddiskVolume3\Users\`+in.host.User+`\Downloads\`, `\Device\HarddiskVolume3\Program Files\Reader\reader.exe`
	if !in.host.Windows {
		folder, reader = "/home/"+in.host.User+"/Downloads/", "/usr/bin/reader"
	}
	return [][]byte{
		in.event(0, "ProcessRollup2", map[string]string{
			"TargetProcessId": opener, "ImageFileName": reader, "CommandLine": "reader " + folder + in.lure.name, "UserName": in.host.User,
		}),
		in.event(1, "NewScriptWritten", map[string]string{
			"ContextProcessId": opener, "ContextBaseFileName": "reader", "TargetFileName": folder + in.lure.name, "SHA256HashData": in.lure.sha256,
		}),
		in.event(20, "ProcessRollup2", map[string]string{
			"TargetProcessId": program, "ParentProcessId": opener, "ImageFileName": folder + in.program.name, "CommandLine": folder + in.program.name + " --start",
			"UserName": in.host.User, "SHA256HashData": in.program.sha256, "MD5HashData": in.program.md5,
		}),
		in.event(22, "DnsRequest", map[string]string{
			"ContextProcessId": program, "ContextBaseFileName": in.program.name, "DomainName": in.domain, "IP4Records": in.address + ";",
		}),
		in.event(23, "NetworkConnectIP4", map[string]string{
			"ContextProcessId": program, "ContextBaseFileName": in.program.name, "RemoteAddressIP4": in.address, "RemotePort": "443",
		}),
		in.event(60, "PeFileWritten", map[string]string{
			"ContextProcessId": program, "ContextBaseFileName": in.program.name, "TargetFileName": folder + in.dropped.name, "SHA256HashData": in.dropped.sha256,
		}),
	}
}

// event is one line of Falcon Data Replicator, some seconds into the incident.
func (in *incident) event(second int, name string, fields map[string]string) []byte {
	at := in.at.Add(time.Duration(second) * time.Second)
	fields["event_simpleName"], fields["aid"] = name, in.host.AID
	fields["timestamp"] = strconv.FormatInt(at.UnixMilli(), 10)
	fields["event_platform"] = platform(in.host)
	line, err := json.Marshal(fields)
	if err != nil { // of strings
		panic(err)
	}
	return line
}

func platform(h *fleet.Host) string {
	if h.Windows {
		return "Win"
	}
	return "Lin"
}
