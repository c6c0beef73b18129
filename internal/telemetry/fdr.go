package telemetry

import (
	"bytes"

	"github.com/mewshq/mews/internal/observable"
)

// fdrPaths are the fields of Falcon Data Replicator lines. All values are
// strings. Besides events there are files of hosts (aidmaster, managedassets),
// whose lines have no event_simpleName.
var fdrPaths = paths{
	"event_simpleName": fEvent,
	"cid":              fCustomer,
	"aid":              fAID,
	"timestamp":        fTime,
	"ContextTimeStamp": fSensorTime,
	"Time":             fTime,
	"_time":            fTime,
	"ComputerName":     fHostname,

	"TargetProcessId":      fProcess,
	"ContextProcessId":     fActor,
	"ParentProcessId":      fParent,
	"ImageFileName":        fImage,
	"ContextImageFileName": fActorImage,
	"ContextBaseFileName":  fActorImage,
	"CommandLine":          fCommandLine,
	"UserName":             fUser,
	"ProcessStartTime":     fStart,
	"ProcessEndTime":       fStop,
	"SHA256HashData":       fSHA256,
	"MD5HashData":          fMD5,

	"DomainName":       fDomain,
	"IP4Records":       fAnswers,
	"IP6Records":       fAnswers6,
	"RemoteAddressIP4": fRemote,
	"RemoteAddressIP6": fRemote6,

	"event_platform":     fPlatform,
	"Version":            fOSVersion,
	"OSVersionString":    fKernelVersion,
	"BuildNumber":        fOSBuild,
	"ProductType":        fProductType,
	"AgentVersion":       fAgentVersion,
	"LocalAddressIP4":    fLocalIP,
	"aip":                fExternalIP,
	"MAC":                fMAC,
	"GatewayIP":          fGatewayIP,
	"MachineDomain":      fMachineDomain,
	"SiteName":           fSite,
	"OU":                 fOU,
	"FalconGroupingTags": fTags,
	"SystemManufacturer": fManufacturer,
	"SystemProductName":  fProductName,
	"SystemSerialNumber": fSerial,
	"BiosManufacturer":   fBIOSManufacturer,
	"BiosVersion":        fBIOSVersion,
	"ChassisType":        fChassisType,
	"ServiceProvider":    fServiceProvider,
	"InstanceId":         fInstanceID,
	"LastLoggedOnUser":   fLastUser,
	"FirstSeen":          fFirstSeen,
}

// An fdrRole is what an event is about.
type fdrRole uint8

const (
	fdrStart   fdrRole = 1 + iota // a process began
	fdrStop                       // a process ended
	fdrFile                       // a file that a process met
	fdrNetwork                    // a connection
	fdrName                       // a name lookup
	fdrHost                       // the host itself
)

// fdrEvents are the events that are read, and how files in them were met.
var fdrEvents = map[string]struct {
	role fdrRole
	kind Kind
}{
	"ProcessRollup2":          {fdrStart, Exec},
	"SyntheticProcessRollup2": {fdrStart, Exec},
	"EndOfProcess":            {fdrStop, 0},

	"ImageHash":              {fdrFile, ImageLoad},
	"ClassifiedModuleLoad":   {fdrFile, ImageLoad},
	"UnsignedModuleLoad":     {fdrFile, ImageLoad},
	"DriverLoad":             {fdrFile, ImageLoad},
	"NewExecutableRenamed":   {fdrFile, FileWrite},
	"QuarantinedFile":        {fdrFile, FileWrite},
	"RemovableMediaFileCopy": {fdrFile, FileWrite},

	"NetworkConnectIP4":       {fdrNetwork, Net},
	"NetworkConnectIP6":       {fdrNetwork, Net},
	"NetworkReceiveAcceptIP4": {fdrNetwork, Net},
	"NetworkReceiveAcceptIP6": {fdrNetwork, Net},
	"NetworkCloseIP4":         {fdrNetwork, Net},
	"NetworkCloseIP6":         {fdrNetwork, Net},

	"DnsRequest":           {fdrName, DNS},
	"SuspiciousDnsRequest": {fdrName, DNS},

	"AgentOnline":       {fdrHost, 0},
	"AgentConnect":      {fdrHost, 0},
	"HostInfo":          {fdrHost, 0},
	"HostnameChanged":   {fdrHost, 0},
	"OsVersionInfo":     {fdrHost, 0},
	"LocalIpAddressIP4": {fdrHost, 0},
}

// fdrWritten ends the names of the events that tell of files written: there is
// one for each type of file (PeFileWritten, PdfFileWritten, NewScriptWritten).
var fdrWritten = []byte("Written")

// fdr reads a record of Falcon Data Replicator.
func (p *Parser) fdr() error {
	rec := &p.rec
	role, kind := fdrHost, Kind(0)
	if rec[fEvent].form != absent {
		name := p.bytes(rec[fEvent])
		known, ok := fdrEvents[string(name)]
		role, kind = known.role, known.kind
		if !ok {
			if !bytes.HasSuffix(name, fdrWritten) {
				return nil
			}
			role, kind = fdrFile, FileWrite
		}
	} else if rec[fAID].form == absent {
		return nil // an audit event, or a list of users or of strangers' machines
	}
	// When the cloud received it: sensors' clocks are wrong.
	at, err := p.time("timestamp", rec[fTime])
	if err != nil {
		return err
	}
	host, err := p.identify(rec)
	if err != nil || host.AID == "" {
		return &LineError{"aid: expected 32 hexadecimal digits"}
	}
	e := p.event()
	e.Time, e.Host = at, host
	p.fdrEvent(e, role, kind)
	if about := role == fdrStart || role == fdrStop; len(e.Seen) == 0 && role != fdrHost && !(about && e.Process.ID != 0) {
		p.drop()
		return nil
	}
	e.Host.Facts = p.facts(rec, &e.Host, e.Time)
	return nil
}

// fdrEvent reads the process and the observables of an event.
func (p *Parser) fdrEvent(e *Event, role fdrRole, kind Kind) {
	rec := &p.rec
	switch role {
	case fdrStart:
		p.started(e, p.number(rec[fProcess]), p.number(rec[fParent]))
	case fdrStop:
		p.fdrStopped(e)
	case fdrFile:
		p.actor(e)
		p.see(e, kind, rec[fSHA256], observable.Hash)
		p.see(e, kind, rec[fMD5], observable.Hash)
	case fdrNetwork:
		p.actor(e)
		p.see(e, kind, rec[fRemote], observable.IP)
		p.see(e, kind, rec[fRemote6], observable.IP)
	case fdrName:
		p.actor(e)
		p.see(e, kind, rec[fDomain], observable.DomainName)
		p.addresses(e, rec[fAnswers])
		p.addresses(e, rec[fAnswers6])
	}
}

// fdrStopped reads the end of a process, by the best clock that tells it.
func (p *Parser) fdrStopped(e *Event) {
	id := p.number(p.rec[fProcess])
	if id == 0 {
		return
	}
	e.Process = Process{ID: id, Stop: e.Time}
	for _, f := range [...]field{fSensorTime, fStop} {
		if at := p.maybe(p.rec[f]); at != 0 {
			e.Process.Stop = at
		}
	}
}

// actor reads the process that did what an event tells of. Some events about
// modules name it as their target.
func (p *Parser) actor(e *Event) {
	if e.Process.ID = p.number(p.rec[fActor]); e.Process.ID == 0 {
		e.Process.ID = p.number(p.rec[fProcess])
	}
	if e.Process.ID != 0 {
		e.Process.Image = p.text(p.rec[fActorImage], maxPath)
	}
}
