package vuln

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/scanreport"
	"github.com/mewshq/mews/internal/store"
)

// facets say what is told of a vulnerability beside its own fields.
type facets struct{ cve, host, remediation bool }

// readFacets reads upstream's words. Scanners tell no logic of theirs, so the
// word for it adds nothing.
func readFacets(words []string) (want facets, err error) {
	for _, w := range words {
		switch w {
		case mews.FacetCVE:
			want.cve = true
		case mews.FacetHostInfo:
			want.host = true
		case mews.FacetRemediation:
			want.remediation = true
		case "evaluation_logic":
		default:
			return want, mews.Errorf(mews.ErrInvalid, "facet: %q is none of cve, host_info, remediation, evaluation_logic", w)
		}
	}
	return want, nil
}

// wire puts records on the wire.
func (s *Service) wire(ctx context.Context, who store.Actor, list []record, want facets) ([]mews.Vulnerability, error) {
	var hosts map[string]mews.Device
	if want.host {
		var err error
		if hosts, err = s.devices(ctx, who, list); err != nil {
			return nil, err
		}
	}
	out := make([]mews.Vulnerability, len(list))
	for i := range list {
		v, err := list[i].wire(who.CID, want)
		if err != nil {
			return nil, err
		}
		if d, ok := hosts[v.AID]; ok {
			v.HostInfo = hostInfo(d)
		}
		out[i] = v
	}
	return out, nil
}

// devices reads the hosts of records.
func (s *Service) devices(ctx context.Context, who store.Actor, list []record) (map[string]mews.Device, error) {
	var aids []string
	for i := range list {
		aids = append(aids, list[i].aid)
	}
	slices.Sort(aids)
	if aids = slices.Compact(aids); len(aids) == 0 {
		return nil, nil
	}
	found, _, err := s.hosts.Get(ctx, who, aids)
	if err != nil {
		return nil, err
	}
	hosts := make(map[string]mews.Device, len(found))
	for _, d := range found {
		hosts[d.DeviceID] = d
	}
	return hosts, nil
}

// hostInfo is a device as this family shows it.
func hostInfo(d mews.Device) *mews.VulnerabilityHost {
	return &mews.VulnerabilityHost{
		Hostname: d.Hostname, LocalIP: d.LocalIP, MachineDomain: d.MachineDomain, OSVersion: d.OSVersion, OSBuild: d.OSBuild,
		OU: strings.Join(d.OU, ";"), SiteName: d.SiteName, SystemManufacturer: d.SystemManufacturer, Platform: d.PlatformName,
		ProductTypeDesc: d.ProductTypeDesc, ServiceProvider: d.ServiceProvider, InstanceID: d.InstanceID,
		Tags: d.Tags, Groups: []mews.HostGroup{}, HostLastSeen: d.LastSeen,
	}
}

// wire is the record as upstream answers it.
func (r *record) wire(cid store.CID, want facets) (mews.Vulnerability, error) {
	var places []installed
	var about scanreport.About
	if err := json.Unmarshal([]byte(r.installed), &places); err != nil {
		return mews.Vulnerability{}, fmt.Errorf("places of %s: %w", r.id, err)
	}
	if err := json.Unmarshal([]byte(r.about), &about); err != nil {
		return mews.Vulnerability{}, fmt.Errorf("what is told of %s: %w", r.id, err)
	}
	v := mews.Vulnerability{
		ID: r.id, CID: string(cid), AID: r.aid, VulnerabilityID: r.name, Status: r.status,
		Created: stamp(r.created), Updated: stamp(r.updated),
		CVE:             mews.VulnerabilityCVE{ID: r.cve},
		SuppressionInfo: mews.VulnerabilitySuppression{IsSuppressed: r.suppressed, Reason: r.reason},
		DataProviders:   []mews.VulnerabilityProvider{{Provider: r.scanner, ScanTime: stamp(r.scanned)}},
		Scan: mews.VulnerabilitySource{
			Format: r.format, Scanner: r.scanner, Version: r.version, Scope: r.scope, Target: r.target, LastScan: stamp(r.scanned),
		},
	}
	if r.closed != nil {
		v.Closed = stamp(*r.closed)
	}
	for _, p := range places {
		v.Apps = append(v.Apps, r.app(p))
	}
	if want.cve {
		v.CVE = r.details(&about)
	}
	if want.remediation {
		v.Remediation = r.remediations(places, about.Link)
	}
	return v, nil
}

func (r *record) app(p installed) mews.VulnerableApp {
	app := mews.VulnerableApp{
		Name: r.pkg, NameVersion: strings.TrimSpace(r.pkg + " " + p.Version), Vendor: r.kind, SubStatus: mews.VulnerabilityOpen,
		Remediation: mews.RemediationIDs{IDs: []string{}}, Version: p.Version, FixedVersion: p.Fixed, Path: p.Path,
	}
	if r.status == mews.VulnerabilityClosed {
		app.SubStatus = mews.VulnerabilityClosed
	}
	if p.Fixed != "" {
		app.Remediation.IDs = append(app.Remediation.IDs, r.remediationID(p.Fixed))
	}
	return app
}

// details is all that is known of the vulnerability as such.
func (r *record) details(a *scanreport.About) mews.VulnerabilityCVE {
	c := mews.VulnerabilityCVE{
		ID: r.cve, Name: a.Title, Severity: strings.ToUpper(r.severity), BaseScore: a.Score, ExploitabilityScore: a.Exploitability,
		ImpactScore: a.Impact, Vector: a.Vector, ExploitStatus: r.exploit, ExPRTRating: strings.ToUpper(r.exprt),
		RemediationLevel: strings.ToUpper(r.remediation), Types: []string{"Vulnerability"}, Description: a.Description,
		References: a.References, CWEs: a.Weaknesses, CISAInfo: &mews.CISAInfo{IsKEV: r.kev, DueDate: a.Due},
	}
	if !a.Published.IsZero() {
		c.PublishedDate = a.Published.UTC().Format(time.RFC3339)
	}
	if a.Link != "" {
		c.VendorAdvisory = []string{a.Link}
	}
	return c
}

// remediations are the updates that repair the package, one for each version.
func (r *record) remediations(places []installed, link string) *mews.VulnerabilityRemediations {
	out := &mews.VulnerabilityRemediations{IDs: []string{}, Entities: []mews.Remediation{}}
	for _, p := range places {
		id := r.remediationID(p.Fixed)
		if p.Fixed == "" || slices.Contains(out.IDs, id) {
			continue
		}
		out.IDs = append(out.IDs, id)
		out.Entities = append(out.Entities, mews.Remediation{
			ID: id, Title: "Update " + r.pkg, Action: fmt.Sprintf("Update %s to %s", r.pkg, p.Fixed),
			Reference: r.pkg + " " + p.Fixed, Link: link,
		})
	}
	return out
}

// remediationID is the same for the same update, on every host.
func (r *record) remediationID(fixed string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"mews remediation 1", r.kind, r.pkg, fixed}, "\x00")))
	return hex.EncodeToString(sum[:16])
}
