package host

import (
	"context"
	"strings"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Get gives devices in the order in which their ids are asked for, and the ids
// that the customer does not have.
func (s *Service) Get(ctx context.Context, who store.Actor, ids []string) (found []mews.Device, unknown []string, err error) {
	good, unknown, err := collection.ReadIDs(ids, maxLimit, ParseID)
	if err != nil {
		return nil, nil, outward.Error("get hosts", err)
	}
	var devices map[string]*device
	err = s.look(ctx, who.CID, func(tx *store.Tx) error {
		if devices, err = loadSeen(tx, who.CID, good); err != nil {
			return err
		}
		return loadFacts(tx, who.CID, devices, func(string) bool { return true })
	})
	if err != nil {
		return nil, nil, outward.Error("get hosts", err)
	}
	for _, aid := range good {
		if d, ok := devices[aid]; ok {
			found = append(found, d.wire(who.CID))
		} else {
			unknown = append(unknown, aid)
		}
	}
	return found, unknown, nil
}

// wire is the device as upstream answers it.
func (d *device) wire(cid store.CID) mews.Device {
	return mews.Device{
		DeviceID: d.aid, CID: string(cid), Hostname: d.text("hostname"), Status: "normal",
		PlatformName: d.text("platform_name"), PlatformID: platformID(d.text("platform_name")),
		OSVersion: d.text("os_version"), OSBuild: d.text("os_build"), KernelVersion: d.text("kernel_version"),
		ProductType: d.text("product_type"), ProductTypeDesc: productTypeDesc(d.text("product_type")),
		AgentVersion: d.text("agent_version"), LocalIP: d.text("local_ip"), ExternalIP: d.text("external_ip"),
		MACAddress: d.text("mac_address"), DefaultGatewayIP: d.text("default_gateway_ip"),
		MachineDomain: d.text("machine_domain"), SiteName: d.text("site_name"),
		OU: units(d.text("ou")), Tags: tags(d.text("tags")), Groups: []string{},
		SystemManufacturer: d.text("system_manufacturer"), SystemProductName: d.text("system_product_name"),
		SerialNumber: d.text("serial_number"), BIOSManufacturer: d.text("bios_manufacturer"), BIOSVersion: d.text("bios_version"),
		ChassisType: d.text("chassis_type"), ServiceProvider: d.text("service_provider"), InstanceID: d.text("instance_id"),
		LastLoginUser: d.text("last_login_user"), LastReboot: stampOf(number(d.text("last_reboot"))),
		FirstSeen: stamp(d.first), LastSeen: stamp(d.last), ModifiedTimestamp: stamp(d.modified),
	}
}

// stamp is a time as answers tell it: whole seconds, as upstream has them.
func stamp(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339) }

func stampOf(micros *int64) string {
	if micros == nil {
		return ""
	}
	return stamp(*micros)
}

// platformID is upstream's number of a platform.
func platformID(name string) string {
	return map[string]string{"Windows": "0", "Mac": "1", "Linux": "3"}[name]
}

// productTypeDesc is what the number of a product type means.
func productTypeDesc(number string) string {
	return map[string]string{"1": "Workstation", "2": "Domain Controller", "3": "Server"}[number]
}

// units parts a fact into organisational units, tags into tags.
func units(text string) []string { return parts(text, ";") }
func tags(text string) []string  { return parts(text, ",") }

func parts(text, separator string) []string {
	out := []string{}
	for part := range strings.SplitSeq(text, separator) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
