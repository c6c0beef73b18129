package mews

// A Device is a host that has reported, as upstream answers it. Fields of which
// no report has told are empty, and left out on the wire. Times are RFC 3339 in
// UTC.
type Device struct {
	DeviceID           string   `json:"device_id"`
	CID                string   `json:"cid"`
	Hostname           string   `json:"hostname,omitempty"`
	Status             string   `json:"status"` // always "normal": nothing contains hosts here
	PlatformName       string   `json:"platform_name,omitempty"`
	PlatformID         string   `json:"platform_id,omitempty"`
	OSVersion          string   `json:"os_version,omitempty"`
	OSBuild            string   `json:"os_build,omitempty"`
	KernelVersion      string   `json:"kernel_version,omitempty"`
	ProductType        string   `json:"product_type,omitempty"`
	ProductTypeDesc    string   `json:"product_type_desc,omitempty"`
	AgentVersion       string   `json:"agent_version,omitempty"`
	LocalIP            string   `json:"local_ip,omitempty"`
	ExternalIP         string   `json:"external_ip,omitempty"`
	MACAddress         string   `json:"mac_address,omitempty"`
	DefaultGatewayIP   string   `json:"default_gateway_ip,omitempty"`
	MachineDomain      string   `json:"machine_domain,omitempty"`
	SiteName           string   `json:"site_name,omitempty"`
	OU                 []string `json:"ou"`
	Tags               []string `json:"tags"`
	Groups             []string `json:"groups"`
	SystemManufacturer string   `json:"system_manufacturer,omitempty"`
	SystemProductName  string   `json:"system_product_name,omitempty"`
	SerialNumber       string   `json:"serial_number,omitempty"`
	BIOSManufacturer   string   `json:"bios_manufacturer,omitempty"`
	BIOSVersion        string   `json:"bios_version,omitempty"`
	ChassisType        string   `json:"chassis_type,omitempty"`
	ServiceProvider    string   `json:"service_provider,omitempty"`
	InstanceID         string   `json:"instance_id,omitempty"`
	LastLoginUser      string   `json:"last_login_user,omitempty"`
	LastReboot         string   `json:"last_reboot,omitempty"`
	FirstSeen          string   `json:"first_seen"`
	LastSeen           string   `json:"last_seen"`
	ModifiedTimestamp  string   `json:"modified_timestamp"`
}
