package fleet

import "strconv"

// The lines of Falcon Data Replicator, with the fields that its events usually
// have: a reader must pass over most of them.

// fdrBegin opens an event with what all events have.
func (s *Stream) fdrBegin(m *machine, event string) {
	s.add(`{"event_simpleName":"`)
	s.add(event)
	s.add(`","name":"`)
	s.add(event)
	if m.Windows {
		s.add(`V19","event_platform":"Win","ConfigBuild":"1007.3.0018408.11","ConfigStateHash":"1763245019","aid":"`)
	} else {
		s.add(`LinV9","event_platform":"Lin","ConfigBuild":"1007.8.0017103.1","ConfigStateHash":"2210459987","aid":"`)
	}
	s.add(m.AID)
	s.add(`","aip":"`)
	s.add(m.External)
	s.add(`","cid":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","EffectiveTransactionMode":"0","Entitlements":"15","id":"`)
	s.uuid()
	s.add(`","timestamp":"`)
	s.number(uint64(s.now.UnixMilli()))
	s.add(`"`)
}

// field appends a field of digits.
func (s *Stream) field(name string, n uint64) {
	s.add(`,"`)
	s.add(name)
	s.add(`":"`)
	s.number(n)
	s.add(`"`)
}

// word appends a field of characters that need no escape.
func (s *Stream) word(name string, text []byte) {
	s.add(`,"`)
	s.add(name)
	s.add(`":"`)
	s.line = append(s.line, text...)
	s.add(`"`)
}

// seconds appends a field with a time as the sensor writes it.
func (s *Stream) seconds(name string, micros int64) {
	s.add(`,"`)
	s.add(name)
	s.add(`":"`)
	s.line = strconv.AppendInt(s.line, micros/1e6, 10)
	s.line = append(s.line, '.', byte('0'+micros/1e5%10), byte('0'+micros/1e4%10), byte('0'+micros/1e3%10))
	s.add(`"`)
}

// fdrHost writes the line of aidmaster for a host.
func (s *Stream) fdrHost(m *machine) {
	s.add(`{"Time":"`)
	s.line = strconv.AppendInt(s.line, s.now.Unix(), 10)
	s.add(`","aid":"`)
	s.add(m.AID)
	s.add(`","cid":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","AgentLoadFlags":"1","AgentTimeOffset":"0.5","AgentVersion":"7.14.18408.0","ComputerName":"`)
	s.add(m.Name)
	if m.Windows {
		s.add(`","event_platform":"Win","Version":"Windows 11","ProductType":"1","BiosManufacturer":"Example BIOS","BiosVersion":"1.12","SystemManufacturer":"Example Inc.","SystemProductName":"Book 7`)
	} else {
		s.add(`","event_platform":"Lin","Version":"Ubuntu 24.04","ProductType":"3","BiosManufacturer":"Example BIOS","BiosVersion":"2.3","SystemManufacturer":"Example Inc.","SystemProductName":"Rack 2`)
	}
	s.add(`","MachineDomain":"corp.example.com","OU":"Machines;Corp","SiteName":"Main","FirstSeen":"1690000000","aip":"`)
	s.add(m.External)
	s.add(`","LocalAddressIP4":"`)
	s.add(m.Local)
	s.add(`","Timezone":"Europe/Berlin","City":"Berlin","Country":"Germany"}`)
}

func (s *Stream) fdrStart(m *machine, p *process, sha256, md5 []byte) {
	s.fdrBegin(m, "ProcessRollup2")
	s.field("TargetProcessId", p.id)
	s.field("ParentProcessId", p.parent)
	s.field("SourceProcessId", p.parent)
	s.field("SourceThreadId", p.id>>3)
	s.field("RawProcessId", p.id&0x7fff)
	s.seconds("ProcessStartTime", p.start.UnixMicro())
	s.add(`,"ProcessEndTime":"","SHA1HashData":"0000000000000000000000000000000000000000","ImageFileName":"`)
	s.quote(s.w.program(nil, p.program, m.Windows))
	s.add(`","CommandLine":"`)
	s.quote(s.commandLine(nil, m, p))
	s.add(`","UserName":"`)
	s.add(m.User)
	s.add(`","UserSid":"S-1-5-21-1111111111-2222222222-3333333333-1001","AuthenticationId":"293628","IntegrityLevel":"8192","ImageSubsystem":"2","TokenType":"1","SessionId":"1","SignInfoFlags":"8683538","ProcessCreateFlags":"525332","ProcessParameterFlags":"24577","ProcessSxsFlags":"64","WindowFlags":"128","Tags":"25, 27, 40, 151, 185, 874, 12094627905582, 12094627906234"`)
	s.word("SHA256HashData", sha256)
	s.word("MD5HashData", md5)
	s.add(`}`)
}

func (s *Stream) fdrEnd(m *machine, p *process) {
	s.fdrBegin(m, "EndOfProcess")
	s.field("TargetProcessId", p.id)
	s.field("RawProcessId", p.id&0x7fff)
	s.seconds("ContextTimeStamp", s.now.UnixMicro())
	s.add(`,"ExitCode":"0","CycleTime":"61225462","KernelTime":"156250","UserTime":"468750","MaxThreadCount":"11","ConHostId":"0","NetworkConnectCount":"2","DnsRequestCount":"1","ModuleLoadCount":"0","FileDeletedCount":"0","RegKeySecurityDecreasedCount":"0"`)
	s.add(`}`)
}

// fdrActor names the process that an event is by.
func (s *Stream) fdrActor(m *machine, p *process) {
	s.field("ContextProcessId", p.id)
	s.field("ContextThreadId", p.id>>3)
	s.seconds("ContextTimeStamp", s.now.UnixMicro())
	path := s.w.program(nil, p.program, m.Windows)
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '\\' || path[i] == '/' {
			s.word("ContextBaseFileName", path[i+1:])
			break
		}
	}
}

func (s *Stream) fdrName(m *machine, p *process, domain []byte, answers [][]byte) {
	s.fdrBegin(m, "DnsRequest")
	s.fdrActor(m, p)
	s.word("DomainName", domain)
	s.add(`,"RequestType":"1","QueryStatus":"0","DualRequest":"0","DnsRequestCount":"1","InterfaceIndex":"0","RespondingDnsServer":"10.0.0.53","CNAMERecords":"","IP6Records":"","IP4Records":"`)
	for _, a := range answers {
		s.line = append(append(s.line, a...), ';')
	}
	s.add(`"`)
	s.add(`}`)
}

func (s *Stream) fdrConnect(m *machine, p *process, remote []byte) {
	s.fdrBegin(m, "NetworkConnectIP4")
	s.fdrActor(m, p)
	s.word("RemoteAddressIP4", remote)
	s.add(`,"RemotePort":"443","Protocol":"6","ConnectionFlags":"0","ConnectionDirection":"0","InContext":"0","LocalAddressIP4":"`)
	s.add(m.Local)
	s.add(`"`)
	s.field("LocalPort", 49152+p.id&0x3fff)
	s.add(`}`)
}

func (s *Stream) fdrWrite(m *machine, p *process, file uint64, sha256 []byte) {
	s.fdrBegin(m, "PeFileWritten")
	s.fdrActor(m, p)
	s.word("SHA256HashData", sha256)
	s.add(`,"Size":"184320","MinorFunction":"0","FileIdentifier":"fbb1a4d36f6ad3010000000000000000","IsOnNetwork":"0","IsOnRemovableDisk":"0","DiskParentDeviceInstanceId":"","TargetFileName":"`)
	s.quote(s.w.program(nil, file&0xffffffff, m.Windows))
	s.add(`"`)
	s.add(`}`)
}

func (s *Stream) fdrLoad(m *machine, p *process, sha256, md5 []byte) {
	s.fdrBegin(m, "ClassifiedModuleLoad")
	s.field("TargetProcessId", p.id)
	s.seconds("ContextTimeStamp", s.now.UnixMicro())
	s.word("SHA256HashData", sha256)
	s.word("MD5HashData", md5)
	s.add(`,"ModuleSize":"405504","PrimaryModule":"0","ModuleCharacteristics":"8226","TreeId":"0","ImageFileName":"\\Device\\HarddiskVolume3\\Windows\\System32\\`)
	s.line = append(s.line, sha256[:8]...)
	s.add(`.dll"`)
	s.add(`}`)
}
