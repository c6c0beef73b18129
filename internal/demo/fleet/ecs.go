package fleet

import "time"

// The lines of the Elastic Common Schema, as an endpoint agent writes them.

// ecsBegin opens an event: its category, type and action, its host and its
// process.
func (s *Stream) ecsBegin(m *machine, p *process, category, kind string) {
	s.add(`{"@timestamp":"`)
	s.line = s.now.UTC().AppendFormat(s.line, time.RFC3339Nano)
	s.add(`","ecs":{"version":"8.11.0"},"agent":{"id":"`)
	s.add(m.AID)
	s.add(`","type":"endpoint","version":"8.14.0"},"data_stream":{"dataset":"endpoint.events.`)
	s.add(category)
	s.add(`","namespace":"default","type":"logs"},"event":{"kind":"event","category":["`)
	s.add(category)
	s.add(`"],"type":["`)
	s.add(kind)
	s.add(`"],"module":"endpoint","sequence":`)
	s.number(m.serial)
	s.add(`,"id":"`)
	s.uuid()
	s.add(`"},"host":{"id":"`)
	s.add(m.AID)
	s.add(`","name":"`)
	s.add(m.Name)
	s.add(`","hostname":"`)
	s.add(m.Name)
	s.add(`","architecture":"x86_64","ip":["`)
	s.add(m.Local)
	s.add(`","127.0.0.1","::1"],"mac":["00-11-22-33-44-55"],"os":{`)
	if m.Windows {
		s.add(`"type":"windows","name":"Windows","version":"22H2","kernel":"22H2 (10.0.22631.3593)","full":"Windows 11 Pro 22H2","platform":"windows","family":"windows"}}`)
	} else {
		s.add(`"type":"linux","name":"Ubuntu","version":"24.04","kernel":"6.8.0-31-generic","full":"Ubuntu 24.04","platform":"ubuntu","family":"debian"}}`)
	}
	s.add(`,"user":{"id":"S-1-5-21-1111111111-2222222222-3333333333-1001","name":"`)
	s.add(m.User)
	s.add(`","domain":"CORP"},"process":{"entity_id":"`)
	s.number(p.id)
	s.add(`","pid":`)
	s.number(p.id & 0x7fff)
	s.add(`,"executable":"`)
	s.quote(s.w.program(nil, p.program, m.Windows))
	s.add(`"`)
}

func (s *Stream) ecsStart(m *machine, p *process, sha256, md5 []byte) {
	s.ecsBegin(m, p, "process", "start")
	s.add(`,"command_line":"`)
	s.quote(s.commandLine(nil, m, p))
	s.add(`","hash":{"sha256":"`)
	s.line = append(s.line, sha256...)
	s.add(`","md5":"`)
	s.line = append(s.line, md5...)
	s.add(`"},"code_signature":{"exists":true,"status":"trusted","subject_name":"Example Inc.","trusted":true},"parent":{"entity_id":"`)
	s.number(p.parent)
	s.add(`","pid":`)
	s.number(p.parent & 0x7fff)
	s.add(`}}}`)
}

func (s *Stream) ecsEnd(m *machine, p *process) {
	s.ecsBegin(m, p, "process", "end")
	s.add(`,"exit_code":0}}`)
}

func (s *Stream) ecsName(m *machine, p *process, domain []byte, answers [][]byte) {
	s.ecsBegin(m, p, "network", "info")
	s.add(`},"dns":{"question":{"name":"`)
	s.line = append(s.line, domain...)
	s.add(`","registered_domain":"example.com","type":"A"},"resolved_ip":[`)
	for i, a := range answers {
		if i > 0 {
			s.add(`,`)
		}
		s.add(`"`)
		s.line = append(s.line, a...)
		s.add(`"`)
	}
	s.add(`]},"network":{"protocol":"dns"}}`)
}

func (s *Stream) ecsConnect(m *machine, p *process, remote []byte) {
	s.ecsBegin(m, p, "network", "start")
	s.add(`},"source":{"ip":"`)
	s.add(m.Local)
	s.add(`","port":`)
	s.number(49152 + p.id&0x3fff)
	s.add(`},"destination":{"ip":"`)
	s.line = append(s.line, remote...)
	s.add(`","port":443},"network":{"direction":"egress","transport":"tcp","type":"ipv4"}}`)
}

func (s *Stream) ecsWrite(m *machine, p *process, file uint64, sha256 []byte) {
	s.ecsBegin(m, p, "file", "creation")
	s.add(`},"file":{"path":"`)
	s.quote(s.w.program(nil, file&0xffffffff, m.Windows))
	s.add(`","size":184320,"hash":{"sha256":"`)
	s.line = append(s.line, sha256...)
	s.add(`"}}}`)
}

func (s *Stream) ecsLoad(m *machine, p *process, sha256, md5 []byte) {
	s.ecsBegin(m, p, "library", "start")
	s.add(`},"dll":{"name":"lib.dll","path":"C:\\Windows\\System32\\lib.dll","hash":{"sha256":"`)
	s.line = append(s.line, sha256...)
	s.add(`","md5":"`)
	s.line = append(s.line, md5...)
	s.add(`"}}}`)
}
