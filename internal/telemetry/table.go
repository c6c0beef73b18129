package telemetry

import (
	"bytes"
	"maps"
	"strings"
)

// A field is one thing that formats say under different names: a column of the
// mapping tables.
type field uint8

// The fields of events. A format uses those it has; two formats use one name
// for two fields nowhere, so that one walk over a line serves them all.
const (
	unmapped field = iota

	fEvent      // FDR: what the line is about
	fCustomer   // FDR: whose line it is
	fEventID    // Sysmon: what the line is about, a number
	fProvider   // Windows: the writer of the event
	fCategory   // ECS: words
	fType       // ECS: words
	fStamp      // ECS: when it happened
	fMessage    // ECS: a line as another program wrote it
	fHostID     // osquery: the sender, by whatever id was configured
	fQuery      // osquery: the name of the query
	fAction     // osquery: added, removed or snapshot
	fRows       // osquery: a list of rows
	fTime       // when it happened, or was received
	fSensorTime // when it happened, as the sensor says
	fAID
	fMachineID // 32 hexadecimal digits or a UUID
	fHostname
	fComputer // another name of the host, if there is no better

	fProcess // the process that the event is about
	fActor   // the process that acted, where the event is about something else
	fPID
	fParent
	fParentPID
	fParentStart
	fImage
	fActorImage
	fCommandLine
	fArgs
	fUser
	fUserDomain
	fStart
	fStop
	fSHA256
	fMD5
	fHashes // several in one text: "MD5=..,SHA256=.."
	fFileSHA256
	fFileMD5
	fFilePath
	fLibrarySHA256
	fLibraryMD5

	fDomain
	fServerName // of a TLS connection or a URL
	fAnswers
	fAnswers6
	fSource // addresses of a connection
	fDestination
	fRemote // the other side's, where the format knows the sides
	fRemote6
	fDirection

	fRowName // columns of osquery that mean one thing in one table and another elsewhere
	fRowVersion
	fRowBuild
	fRowPlatform
	fOSName
	fOSRelease

	fPlatform // facts about the host, in the order of Facts.texts
	fOSVersion
	fOSBuild
	fKernelVersion
	fProductType
	fAgentVersion
	fLocalIP
	fExternalIP
	fMAC
	fGatewayIP
	fMachineDomain
	fSite
	fOU
	fTags
	fManufacturer
	fProductName
	fSerial
	fBIOSManufacturer
	fBIOSVersion
	fChassisType
	fServiceProvider
	fInstanceID
	fLastUser
	fBootTime
	fFirstSeen
	fieldCount
)

// A paths table says which field a path of a format holds. A path is made of
// the keys of nested objects, joined by dots.
type paths map[string]field

// under puts every path below each of some others.
func (p paths) under(roots ...string) paths {
	out := paths{}
	for _, root := range roots {
		for path, f := range p {
			out[root+"."+path] = f
		}
	}
	return out
}

// join makes one table of several.
func join(tables ...paths) paths {
	all := paths{}
	for _, table := range tables {
		maps.Copy(all, table)
	}
	return all
}

// lowerCamel writes every name with a small first letter.
func (p paths) lowerCamel() paths {
	out := paths{}
	for path, f := range p {
		out[strings.ToLower(path[:1])+path[1:]] = f
	}
	return out
}

// A node is a step of a path: what a walk over nested objects needs to know at
// one place.
type node struct {
	field field
	below map[string]*node
}

// tree joins tables into one tree of steps.
func tree(tables ...paths) *node {
	root := &node{}
	for _, table := range tables {
		for path, f := range table {
			n := root
			for step := range strings.SplitSeq(path, ".") {
				if n.below == nil {
					n.below = map[string]*node{}
				}
				if n.below[step] == nil {
					n.below[step] = &node{}
				}
				n = n.below[step]
			}
			n.field = f
		}
	}
	return root
}

// step finds the node of a key, nil when no path goes there. A key with dots is
// several steps: ECS may be written flat.
func (n *node) step(key []byte) *node {
	if n == nil {
		return nil
	}
	if next, ok := n.below[string(key)]; ok {
		return next
	}
	first, rest, dotted := bytes.Cut(key, []byte("."))
	if !dotted {
		return nil
	}
	return n.below[string(first)].step(rest)
}

// A record is what a walk over a line found: the values of the mapped fields,
// as they stand in the line.
type record [fieldCount]value
