package telemetry

import (
	"bytes"
	"errors"
	"slices"

	"github.com/mewshq/mews/internal/observable"
)

// ecsPaths are the fields of the Elastic Common Schema. Keys may be nested or
// joined by dots.
var ecsPaths = paths{
	"@timestamp":     fStamp,
	"timestamp":      fTime, // Vector's own
	"event.category": fCategory,
	"event.type":     fType,
	"message":        fMessage,
	"log":            fMessage, // Fluent Bit's own

	"host":          fComputer, // Vector's own
	"host.id":       fMachineID,
	"host.name":     fHostname,
	"host.hostname": fComputer,

	"process.entity_id":        fProcess,
	"process.pid":              fPID,
	"process.parent.entity_id": fParent,
	"process.parent.pid":       fParentPID,
	"process.parent.start":     fParentStart,
	"process.executable":       fImage,
	"process.name":             fActorImage,
	"process.command_line":     fCommandLine,
	"process.args":             fArgs,
	"process.start":            fStart,
	"process.end":              fStop,
	"process.hash.sha256":      fSHA256,
	"process.hash.md5":         fMD5,
	"user.name":                fUser,
	"user.domain":              fUserDomain,

	"file.hash.sha256": fFileSHA256,
	"file.hash.md5":    fFileMD5,
	"dll.hash.sha256":  fLibrarySHA256,
	"dll.hash.md5":     fLibraryMD5,

	"dns.question.name":      fDomain,
	"dns.resolved_ip":        fAnswers,
	"url.domain":             fServerName,
	"tls.client.server_name": fServerName,
	"source.ip":              fSource,
	"destination.ip":         fDestination,
	"network.direction":      fDirection,

	"host.os.type":      fPlatform,
	"host.os.full":      fOSVersion,
	"host.os.name":      fOSName,
	"host.os.version":   fOSRelease,
	"host.os.build":     fOSBuild,
	"host.os.kernel":    fKernelVersion,
	"host.ip":           fLocalIP,
	"host.mac":          fMAC,
	"host.domain":       fMachineDomain,
	"agent.version":     fAgentVersion,
	"cloud.provider":    fServiceProvider,
	"cloud.instance.id": fInstanceID,
}

// ecs reads a record of the Elastic Common Schema. A record without anything to
// see may carry a line of another format as its message: shippers that read
// files wrap every line so.
func (p *Parser) ecs(inner bool) error {
	stamp := p.rec[fStamp]
	if stamp.form == absent {
		stamp = p.rec[fTime]
	}
	at, err := p.time("@timestamp", stamp)
	e := p.event()
	e.Time = at
	p.ecsProcess(e)
	p.ecsFiles(e)
	p.ecsNetwork(e)
	if len(e.Seen) == 0 && e.Process.Start == 0 && e.Process.Stop == 0 {
		p.drop()
		if inner {
			return nil
		}
		return p.message()
	}
	if err != nil {
		return err
	}
	p.osVersion(&p.rec, p.rec[fOSName], p.rec[fOSRelease])
	e.Host, err = p.host(&p.rec, e.Time)
	return err
}

// ecsProcess reads the process of an event. Events of any category repeat what
// the sensor knows of it, so that all but the end of a process prove that its
// image ran here.
func (p *Parser) ecsProcess(e *Event) {
	rec := &p.rec
	begins, ends := false, false
	if p.word(rec[fCategory], "process") {
		begins, ends = p.word(rec[fType], "start"), p.word(rec[fType], "end")
	}
	start := p.maybe(rec[fStart])
	if start == 0 && begins {
		start = e.Time
	}
	id, parent := p.entityID(rec[fProcess]), p.entityID(rec[fParent])
	if id == 0 {
		id = startID(p.number(rec[fPID]), start)
	}
	if parent == 0 {
		parent = startID(p.number(rec[fParentPID]), p.maybe(rec[fParentStart]))
	}
	if ends {
		rec[fSHA256], rec[fMD5] = value{}, value{}
	}
	p.started(e, id, parent)
	if id == 0 {
		return
	}
	e.Process.Start = start
	if ends && e.Process.Stop == 0 {
		e.Process.Stop = e.Time
	}
	p.ecsTexts(&e.Process)
}

// ecsTexts fills texts of a process from fields that stand in for others.
func (p *Parser) ecsTexts(process *Process) {
	rec := &p.rec
	if process.Image == "" {
		process.Image = p.text(rec[fActorImage], maxPath)
	}
	if process.CommandLine == "" && p.has(fArgs) {
		args := []byte{}
		p.each(rec[fArgs], func(b []byte) { args = append(append(args, b...), ' ') })
		process.CommandLine = p.own(bytes.TrimSuffix(args, []byte(" ")), maxCommand)
	}
	if domain := p.text(rec[fUserDomain], maxName); domain != "" && process.User != "" {
		process.User = domain + `\` + process.User
	}
}

// ecsFiles reads the hashes of files and libraries.
func (p *Parser) ecsFiles(e *Event) {
	rec := &p.rec
	kind := FileWrite
	if p.word(rec[fCategory], "library") || p.word(rec[fCategory], "driver") {
		kind = ImageLoad
	}
	p.see(e, kind, rec[fFileSHA256], observable.Hash)
	p.see(e, kind, rec[fFileMD5], observable.Hash)
	p.see(e, ImageLoad, rec[fLibrarySHA256], observable.Hash)
	p.see(e, ImageLoad, rec[fLibraryMD5], observable.Hash)
}

// ecsNetwork reads names and addresses. Of a connection the other side is told
// by its direction, or by not being an address of the host.
func (p *Parser) ecsNetwork(e *Event) {
	rec := &p.rec
	p.see(e, DNS, rec[fDomain], observable.DomainName)
	p.addresses(e, rec[fAnswers])
	p.see(e, Net, rec[fServerName], observable.DomainName)
	remote := rec[fDestination]
	switch view(p.bytes(rec[fDirection])) {
	case "ingress", "inbound", "incoming":
		remote = rec[fSource]
	default:
		if there := p.bytes(remote); len(there) > 0 && p.word(rec[fLocalIP], view(there)) {
			remote = rec[fSource]
		}
	}
	p.see(e, Net, remote, observable.IP)
}

// message reads the line that a record carries as its message. Text that is of
// no known format is what most logs are made of.
func (p *Parser) message() error {
	line := bytes.TrimSpace(p.bytes(p.rec[fMessage]))
	if len(line) == 0 || line[0] != '{' && !bytes.Contains(line, eventTag) {
		return nil
	}
	err := p.line(line, Auto, true)
	var syntax *syntaxError
	if err == errUnknown || errors.As(err, &syntax) {
		return nil
	}
	return err
}

// word tells whether a value is, or lists, a word.
func (p *Parser) word(v value, word string) bool {
	if v.form == plain {
		return string(v.raw) == word
	}
	if v.form != list {
		return false
	}
	found := false
	v.elements(func(element value) { found = found || string(p.bytes(element)) == word })
	return found
}

// osVersion joins a system's name and version where no text has both.
func (p *Parser) osVersion(rec *record, name, version value) {
	if rec[fOSVersion].form != absent || name.form == absent {
		return
	}
	text := slices.Concat(p.bytes(name), []byte(" "), p.bytes(version))
	rec[fOSVersion] = value{plain, bytes.TrimSpace(text)}
}
