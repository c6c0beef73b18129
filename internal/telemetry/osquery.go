package telemetry

import (
	"bytes"

	"github.com/mewshq/mews/internal/observable"
)

// osqueryPaths are the fields of osquery's results log. Queries choose tables
// and columns, so that a row is read by the columns it has.
var osqueryPaths = join(
	paths{
		"hostIdentifier":        fHostID,
		"name":                  fQuery,
		"action":                fAction,
		"unixTime":              fTime,
		"snapshot":              fRows,
		"diffResults.added":     fRows,
		"decorations.host_uuid": fMachineID,
		"decorations.hostname":  fHostname,
		"decorations.username":  fLastUser,
	},
	paths{
		"pid":             fPID,
		"path":            fImage,
		"cmdline":         fCommandLine,
		"username":        fUser,
		"start_time":      fStart,
		"time":            fSensorTime,
		"sha256":          fSHA256,
		"md5":             fMD5,
		"target_path":     fFilePath,
		"remote_address":  fRemote,
		"name":            fRowName,
		"response":        fAnswers,
		"version":         fRowVersion,
		"build":           fRowBuild,
		"platform":        fRowPlatform,
		"hardware_vendor": fManufacturer,
		"hardware_model":  fProductName,
		"hardware_serial": fSerial,
	}.under("columns"),
)

// columns are the paths within a row.
var columns = lines.step([]byte("columns"))

// osquery reads a record of osquery: one row that a differential log adds, or
// the rows of a snapshot or of a batch. Rows removed tell of nothing that is
// there.
func (p *Parser) osquery() error {
	if string(p.bytes(p.rec[fAction])) == "removed" {
		return nil
	}
	if p.rec[fRows].form == list {
		return p.osqueryRows()
	}
	p.row = p.rec
	return p.osqueryRow()
}

// osqueryRows reads the rows of a list.
func (p *Parser) osqueryRows() (err error) {
	p.rec[fRows].elements(func(v value) {
		if err != nil || v.form != object {
			return
		}
		p.row = p.rec
		if err = scanObject(v.raw, columns, &p.row); err == nil {
			err = p.osqueryRow()
		}
	})
	return err
}

// osqueryRow reads one row.
func (p *Parser) osqueryRow() (err error) {
	row := &p.row
	at, err := p.time("unixTime", row[fTime])
	if err != nil {
		return err
	}
	e := p.event()
	if e.Time = p.maybe(row[fSensorTime]); e.Time == 0 {
		e.Time = at
	}
	p.osqueryProcess(e)
	p.osquerySeen(e)
	p.osqueryFacts()
	if e.Host, err = p.osqueryHost(e.Time); err != nil {
		return err
	}
	if len(e.Seen) == 0 && e.Process.ID == 0 && e.Host.Facts == nil {
		p.drop()
	}
	return nil
}

// osqueryProcess reads the process of a row. Its number in the system names it
// only together with its start; the tables of events have that as their time.
func (p *Parser) osqueryProcess(e *Event) {
	row := &p.row
	start := p.maybe(row[fStart])
	if start == 0 && row[fCommandLine].form != absent {
		start = p.maybe(row[fSensorTime])
	}
	id := startID(p.number(row[fPID]), start)
	if id == 0 {
		return
	}
	e.Process = Process{
		ID: id, Start: start,
		Image:       p.text(row[fImage], maxPath),
		CommandLine: p.text(row[fCommandLine], maxCommand),
		User:        p.text(row[fUser], maxName),
	}
}

// osquerySeen reads the observables of a row. A hash beside a process is its
// image's, any other one of a file that was found.
func (p *Parser) osquerySeen(e *Event) {
	row := &p.row
	ran := row[fPID].form != absent && row[fFilePath].form == absent
	kind := FileWrite
	if ran {
		kind = Exec
	}
	sha256, md5 := p.seeHash(e, kind, row[fSHA256]), p.seeHash(e, kind, row[fMD5])
	if ran && e.Process.ID != 0 {
		e.Process.SHA256, e.Process.MD5 = sha256, md5
	}
	p.see(e, Net, row[fRemote], observable.IP)
	if p.queries("dns") {
		p.see(e, DNS, row[fRowName], observable.DomainName)
		p.addresses(e, row[fAnswers])
	}
}

// osqueryFacts reads the columns of the system's version, which are too common
// to be taken from any other query.
func (p *Parser) osqueryFacts() {
	if !p.queries("os_version") {
		return
	}
	row := &p.row
	p.osVersion(row, row[fRowName], row[fRowVersion])
	row[fOSBuild], row[fPlatform] = row[fRowBuild], row[fRowPlatform]
}

// queries tells whether the query's name has a word in it: queries are mostly
// named after the table they read.
func (p *Parser) queries(word string) bool {
	return bytes.Contains(p.bytes(p.rec[fQuery]), []byte(word))
}

// osqueryHost reads the host. Its identifier is, as configured, an id or a name.
func (p *Parser) osqueryHost(at int64) (Host, error) {
	row := &p.row
	if p.hexID(row[fHostID]) == "" {
		row[fComputer] = row[fHostID]
	} else if p.hexID(row[fMachineID]) == "" {
		row[fMachineID] = row[fHostID]
	}
	return p.host(row, at)
}
