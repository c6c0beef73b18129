package telemetry

import (
	"bytes"

	"github.com/mewshq/mews/internal/observable"
)

// sysmonData are the fields that Sysmon fills, and sysmonSystem those of
// every Windows event. Where they stand depends on who turned the event into
// JSON or XML.
var (
	sysmonData = paths{
		"UtcTime":           fSensorTime,
		"ProcessGuid":       fProcess,
		"ParentProcessGuid": fParent,
		"Image":             fImage,
		"CommandLine":       fCommandLine,
		"User":              fUser,
		"Hashes":            fHashes,
		"Hash":              fHashes,
		"SourceIp":          fSource,
		"DestinationIp":     fDestination,
		"Initiated":         fDirection,
		"QueryName":         fDomain,
		"QueryResults":      fAnswers,
	}
	sysmonSystem = paths{
		"Provider.Name":                      fProvider,
		"Provider.@Name":                     fProvider,
		"Provider.#attributes.Name":          fProvider,
		"EventID":                            fEventID,
		"EventID.#text":                      fEventID,
		"Computer":                           fComputer,
		"TimeCreated.SystemTime":             fTime,
		"TimeCreated.@SystemTime":            fTime,
		"TimeCreated.#attributes.SystemTime": fTime,
	}
)

// sysmonPaths are the shapes of Sysmon events: flat (NXLog), Windows' own XML and
// what tools make of it in JSON, Winlogbeat's and Wazuh's.
var sysmonPaths = join(
	sysmonData,
	paths{"EventID": fEventID, "SourceName": fProvider, "ProviderName": fProvider, "Hostname": fHostname, "Computer": fComputer},
	sysmonSystem.under("System", "Event.System"),
	sysmonData.under("EventData", "Event.EventData"),
	paths{
		"winlog.event_id": fEventID, "winlog.provider_name": fProvider, "winlog.computer_name": fComputer, "winlog.time_created": fTime,
	},
	sysmonData.under("winlog.event_data"),
	paths{
		"eventID": fEventID, "providerName": fProvider, "computer": fComputer, "systemTime": fTime,
	}.under("win.system", "data.win.system"),
	sysmonData.lowerCamel().under("win.eventdata", "data.win.eventdata"),
)

// sysmonName is in the provider's name on Windows and on Linux.
var sysmonName = []byte("Sysmon")

// isSysmon tells whether the record is Sysmon's own event. One that a pipeline
// has turned into ECS is not: it has lost Sysmon's time field.
func (p *Parser) isSysmon() bool {
	if !p.has(fEventID) || !p.has(fSensorTime) {
		return false
	}
	return !p.has(fProvider) || bytes.Contains(p.bytes(p.rec[fProvider]), sysmonName)
}

// A sysmonRole is what an event's fields are about.
type sysmonRole uint8

const (
	sysmonStart   sysmonRole = 1 + iota // a process began; the hashes are its image's
	sysmonStop                          // a process ended
	sysmonFile                          // the hashes are of a file that the process met
	sysmonNetwork                       // a connection
	sysmonLookup                        // a name lookup
)

// sysmonEvents are the events that are read, by their number, and how files in
// them were met.
var sysmonEvents = map[uint64]struct {
	role sysmonRole
	kind Kind
}{
	1:  {sysmonStart, Exec},
	3:  {sysmonNetwork, Net},
	5:  {sysmonStop, 0},
	6:  {sysmonFile, ImageLoad}, // driver
	7:  {sysmonFile, ImageLoad}, // library
	15: {sysmonFile, FileWrite}, // a stream of a file was made
	22: {sysmonLookup, DNS},
	23: {sysmonFile, FileWrite}, // deleted and kept
	26: {sysmonFile, FileWrite}, // deleted
	27: {sysmonFile, FileWrite}, // an executable was kept from being written
	29: {sysmonFile, FileWrite}, // an executable was written
}

// sysmon reads a record of Sysmon.
func (p *Parser) sysmon() error {
	rec := &p.rec
	if !p.has(fEventID) {
		return &LineError{"EventID: missing"}
	}
	known, ok := sysmonEvents[p.number(rec[fEventID])]
	if !ok {
		return nil
	}
	at, err := p.sysmonTime()
	if err != nil {
		return err
	}
	e := p.event()
	e.Time = at
	p.sysmonEvent(e, known.role, known.kind)
	if len(e.Seen) == 0 && e.Process.Start == 0 && e.Process.Stop == 0 {
		p.drop()
		return nil
	}
	p.sysmonPlatform()
	e.Host, err = p.host(rec, e.Time)
	return err
}

// sysmonPlatform reads the system of the provider's name when nothing else
// tells it.
func (p *Parser) sysmonPlatform() {
	if p.has(fPlatform) || !p.has(fProvider) {
		return
	}
	system := []byte("Windows")
	if bytes.HasPrefix(p.bytes(p.rec[fProvider]), []byte("Linux")) {
		system = []byte("Linux")
	}
	p.rec[fPlatform] = value{plain, system}
}

// sysmonTime is the sensor's time, else what the transport has.
func (p *Parser) sysmonTime() (int64, error) {
	for _, f := range [...]field{fSensorTime, fTime} {
		if p.has(f) {
			return p.time("UtcTime", p.rec[f])
		}
	}
	return p.time("UtcTime", p.rec[fStamp])
}

// sysmonEvent reads the process and the observables of an event.
func (p *Parser) sysmonEvent(e *Event, role sysmonRole, kind Kind) {
	rec := &p.rec
	id := p.entityID(rec[fProcess])
	if id != 0 { // drivers are loaded by the kernel
		e.Process = Process{ID: id, Image: p.text(rec[fImage], maxPath), User: p.text(rec[fUser], maxName)}
	}
	switch role {
	case sysmonStart:
		p.hashes(e, kind)
		p.started(e, id, p.entityID(rec[fParent]))
		if id != 0 {
			e.Process.Start = e.Time
		}
	case sysmonStop:
		if id != 0 {
			e.Process.Stop = e.Time
		}
	case sysmonFile:
		p.hashes(e, kind)
	case sysmonNetwork:
		remote := rec[fDestination]
		if string(p.bytes(rec[fDirection])) == "false" {
			remote = rec[fSource]
		}
		p.see(e, kind, remote, observable.IP)
	case sysmonLookup:
		p.see(e, kind, rec[fDomain], observable.DomainName)
		p.addresses(e, rec[fAnswers])
	}
}

// hashes takes Sysmon's text of several hashes apart. The imported functions'
// hash looks like an MD5 and is none.
func (p *Parser) hashes(e *Event, kind Kind) {
	for part := range bytes.SplitSeq(p.bytes(p.rec[fHashes]), []byte(",")) {
		name, digits, _ := bytes.Cut(bytes.TrimSpace(part), []byte("="))
		v := value{plain, digits}
		switch string(bytes.ToUpper(name)) {
		case "SHA256":
			p.rec[fSHA256] = v
		case "MD5":
			p.rec[fMD5] = v
		default:
			continue
		}
		p.see(e, kind, v, observable.Hash)
	}
}
