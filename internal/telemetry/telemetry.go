// Package telemetry reads the lines that sensors write (Falcon Data Replicator,
// ECS, Sysmon, osquery) into events of one normal form: which host saw which
// observable in which process, and when. What is read from which field is
// declared in tables, one per format.
package telemetry

import "github.com/mewshq/mews/internal/observable"

// A Kind tells how a host met an observable. Kinds are bits, so that a roll-up
// of sightings holds all of theirs. The numbers are stored on disk: they never
// change.
type Kind uint8

// The kinds.
const (
	Exec      Kind = 1 << iota // it ran as the image of a process
	ImageLoad                  // a process or the kernel loaded it as a library or a driver
	FileWrite                  // it was written to disk, or found there
	Net                        // a connection to or from it
	DNS                        // it was asked for or answered in a name lookup
)

// kindWords are the names of the bits, lowest first.
var kindWords = [...]string{"exec", "image_load", "file_write", "net", "dns"}

// Words are the API's names of the kinds in k, in the order of the constants.
func (k Kind) Words() []string {
	words := []string{}
	for i, word := range kindWords {
		if k&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	return words
}

// A Sighting is one observable that an event tells of.
type Sighting struct {
	observable.Observable
	Kind Kind
}

// An Event is what one line, or one row of a line with several, says.
type Event struct {
	Time    int64 // unix µs, always within [1990, now + 1 day]
	Host    Host
	Process Process    // that met what was seen; zero when the line names none
	Seen    []Sighting // empty for events that tell of hosts and processes only
}

// A Host is the machine that an event happened on.
type Host struct {
	AID      string // 32 lower-case hexadecimal digits; "": derive one from Hostname
	Hostname string // as the sensor wrote it; "" when AID is not, and never both
	Facts    *Facts // nil: nothing that the parser's earlier lines did not say of this host
}

// Facts is what a line says about its host. "" and 0 are unknown. Facts handed
// out are not changed any more.
type Facts struct {
	Platform         string // Windows, Mac or Linux
	OSVersion        string // "Windows 11", "Ubuntu 24.04"
	OSBuild          string
	KernelVersion    string
	ProductType      string // 1 workstation, 2 domain controller, 3 server
	AgentVersion     string
	LocalIP          string
	ExternalIP       string
	MAC              string
	GatewayIP        string
	Domain           string // of the machine
	Site             string
	OU               string // organisational units, separated by ";"
	Tags             string // separated by ","
	Manufacturer     string
	ProductName      string
	Serial           string
	BIOSManufacturer string
	BIOSVersion      string
	ChassisType      string
	ServiceProvider  string // of a cloud
	InstanceID       string // there
	LastUser         string
	BootTime         int64 // unix µs
	FirstSeen        int64 // unix µs, when the sensor was installed
}

// A Process is what an event says about a process. A sensor tells of the same
// process in several events, each with a part of this.
type Process struct {
	ID          uint64 // unique on its host for ever; 0: none
	Parent      uint64 // an ID of the same host; 0: unknown
	Image       string // path
	CommandLine string
	User        string
	SHA256      string // of the image, lower-case hexadecimal digits
	MD5         string
	Start, Stop int64 // unix µs, 0: unknown
}

// A LineError says why a line is refused. Its text is for the user who sent the
// line and quotes none of it but short values.
type LineError struct{ Message string }

func (e *LineError) Error() string { return e.Message }
