package mews

// A Detection says that a host has met a custom IOC while the IOC was to be
// detected or prevented. There is one for each IOC and host; what the host
// tells later is added up in it. Times are RFC 3339 in UTC.
type Detection struct {
	ID          string   `json:"id"` // <device_id>_<indicator_id>
	IndicatorID string   `json:"indicator_id"`
	Type        string   `json:"type"`
	Value       string   `json:"value"`
	Action      string   `json:"action"`             // the IOC's, when the host last told of it
	Severity    string   `json:"severity,omitempty"` // the IOC's, then
	DeviceID    string   `json:"device_id"`
	Hostname    string   `json:"hostname,omitempty"`   // as it is now
	ProcessID   string   `json:"process_id,omitempty"` // the last process that met it, as sightings name it
	Kinds       []string `json:"kinds"`                // how it was met: exec, image_load, file_write, net, dns
	Count       int64    `json:"count"`                // how often
	FirstSeen   string   `json:"first_seen"`
	LastSeen    string   `json:"last_seen"`
	Created     string   `json:"created_timestamp"` // when the server learned of the first sighting
	Modified    string   `json:"modified_timestamp"`
}

// A DetectionEvent is the body of a webhook call: up to 100 detections of one
// customer. A call that the server cannot be sure of is made again, so a
// receiver may meet a detection twice; its ID and LastSeen tell.
type DetectionEvent struct {
	Event      string      `json:"event"` // always "detections"
	CID        string      `json:"cid"`
	Time       string      `json:"time"` // when it was sent
	Detections []Detection `json:"detections"`
}

// EventDetections is the event of a DetectionEvent.
const EventDetections = "detections"
