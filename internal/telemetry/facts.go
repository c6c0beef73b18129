package telemetry

// texts are the facts that are texts, in the order of their fields.
func (f *Facts) texts() [fLastUser - fPlatform + 1]*string {
	return [...]*string{
		&f.Platform, &f.OSVersion, &f.OSBuild, &f.KernelVersion, &f.ProductType, &f.AgentVersion,
		&f.LocalIP, &f.ExternalIP, &f.MAC, &f.GatewayIP, &f.Domain, &f.Site, &f.OU, &f.Tags,
		&f.Manufacturer, &f.ProductName, &f.Serial, &f.BIOSManufacturer, &f.BIOSVersion, &f.ChassisType,
		&f.ServiceProvider, &f.InstanceID, &f.LastUser,
	}
}

// Merge adds what a later report knows: its facts win over f's, except that the
// first time seen is the earliest. It tells whether f has changed.
func (f *Facts) Merge(later *Facts) (changed bool) {
	mine := f.texts()
	for i, text := range later.texts() {
		if *text != "" && *mine[i] != *text {
			*mine[i], changed = *text, true
		}
	}
	if later.BootTime != 0 && f.BootTime != later.BootTime {
		f.BootTime, changed = later.BootTime, true
	}
	if later.FirstSeen != 0 && (f.FirstSeen == 0 || later.FirstSeen < f.FirstSeen) {
		f.FirstSeen, changed = later.FirstSeen, true
	}
	return changed
}

// maxHosts bounds how many hosts a parser remembers the facts of. Beyond it
// facts are handed out again, which costs time only.
const maxHosts = 1 << 14

// A told holds the facts that a parser has handed out, by host: sensors repeat
// them on every line, and who stores them wants to hear of changes only.
type told map[string]*heard

// A heard is what was said of one host, up to a time.
type heard struct {
	facts Facts
	at    int64
}

// facts reads the host facts of a record of that time, nil when it has none or
// only some that the host's earlier records had.
func (p *Parser) facts(rec *record, h *Host, at int64) *Facts {
	var now Facts
	texts, found := now.texts(), false
	for of := fPlatform; of <= fLastUser; of++ {
		if rec[of].form == absent {
			continue
		}
		if text := p.fact(of, rec[of]); text != "" {
			*texts[of-fPlatform], found = text, true
		}
	}
	if rec[fBootTime].form != absent || rec[fFirstSeen].form != absent {
		now.BootTime, now.FirstSeen = p.maybe(rec[fBootTime]), p.maybe(rec[fFirstSeen])
		found = found || now.BootTime != 0 || now.FirstSeen != 0
	}
	if !found {
		return nil
	}
	return p.told.tell(h, &now, at)
}

// tell remembers a host's facts and returns them when something is new. A line
// older than others of its host counts only for what they did not say: readers
// hear nothing of lines that repeat, and must not take it for the newest.
func (t told) tell(h *Host, now *Facts, at int64) *Facts {
	key := h.AID
	if key == "" {
		key = h.Hostname
	}
	before := t[key]
	if before == nil {
		before = &heard{at: at}
		if len(t) >= maxHosts {
			clear(t)
		}
		t[key] = before
	}
	if at < before.at {
		now.forget(&before.facts)
	}
	before.at = max(before.at, at)
	if !before.facts.Merge(now) {
		return nil
	}
	fresh := *now
	return &fresh
}

// forget takes out of f what other knows.
func (f *Facts) forget(other *Facts) {
	mine := f.texts()
	for i, text := range other.texts() {
		if *text != "" {
			*mine[i] = ""
		}
	}
	if other.BootTime != 0 {
		f.BootTime = 0
	}
}

// fact reads one fact. Words that sensors write for "unknown" are none.
func (p *Parser) fact(of field, v value) string {
	if of == fOU || of == fTags || of == fLocalIP || of == fMAC {
		return p.several(of, v)
	}
	text := p.text(v, maxName)
	switch text {
	case "-", "none", "None", "N/A", "unknown", "Unknown":
		return ""
	}
	if of == fPlatform {
		return platform(text)
	}
	return text
}

// several reads a fact that may be a list: of tags and units all, of addresses
// the first that is not the host's own loopback.
func (p *Parser) several(of field, v value) string {
	joint := ","
	if of == fOU {
		joint = ";"
	}
	all := ""
	p.each(v, func(b []byte) {
		text := p.own(b, maxName)
		switch {
		case text == "" || text == "-" || text == "none":
		case of == fLocalIP && !address(text), (of == fLocalIP || of == fMAC) && all != "":
		case all == "":
			all = text
		case len(all)+len(text) < maxName:
			all += joint + text
		}
	})
	return all
}
