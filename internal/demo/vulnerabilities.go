package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/demo/fleet"
)

// A weakness is a made-up vulnerability of a package. Its number is one that is
// not given out.
type weakness struct {
	cve, pkg, version, fixed string
	severity                 string
	score                    float64
}

func weaknesses() []weakness {
	return []weakness{
		{"CVE-1999-90001", "openssl", "3.0.2-0ubuntu1.9", "3.0.2-0ubuntu1.15", "CRITICAL", 9.8},
		{"CVE-1999-90002", "curl", "7.81.0-1", "7.81.0-1ubuntu1.15", "HIGH", 8.1},
		{"CVE-1999-90003", "zlib1g", "1.2.11", "", "MEDIUM", 5.5},
		{"CVE-1999-90004", "sudo", "1.9.9-1", "1.9.9-1ubuntu2.4", "HIGH", 7.8},
		{"CVE-1999-90005", "libxml2", "2.9.13", "2.9.13+dfsg-1ubuntu0.3", "LOW", 3.3},
		{"CVE-1999-90006", "requests", "2.25.0", "2.31.0", "MEDIUM", 6.1},
	}
}

// scannedHosts are scanned three times each. What a scan finds is a place in
// weaknesses; what the next one no longer finds is closed, what comes back is
// open again.
const scannedHosts = 5

func (s *story) scan(host, no int) (found []int) {
	for i := range weaknesses() {
		missing := no == 1 && i == (host+1)%6 || no == 2 && i == (host+2)%6 || i == (host+4)%6
		if !missing {
			found = append(found, i)
		}
	}
	return found
}

// vulnerabilities sends the reports of a scanner, the oldest first.
func (f *filler) vulnerabilities(ctx context.Context, n *Counts) error {
	for no := range 3 {
		at := f.story.Now.AddDate(0, 0, 2*no-6)
		for i := range scannedHosts {
			h := &f.story.hosts[i]
			report := trivyReport(h, at, f.story.scan(i, no))
			scan, bad, err := f.rooms.Vulnerabilities.Import(ctx, f.as("mews.ingest.vulnerabilities"),
				mews.VulnerabilityReport{Format: "trivy", AID: h.AID, Hostname: h.Name}, bytes.NewReader(report))
			if err != nil {
				return err
			}
			if len(bad) > 0 {
				return fmt.Errorf("%s: %s", h.Name, bad[0].Message)
			}
			n.Vulnerabilities += scan.Opened
		}
	}
	return nil
}

// trivyReport is what Trivy writes about a host's packages.
func trivyReport(h *fleet.Host, at time.Time, found []int) []byte {
	type list = []map[string]any
	var weak list
	for _, i := range found {
		w := weaknesses()[i]
		weak = append(weak, map[string]any{
			"VulnerabilityID": w.cve, "PkgName": w.pkg, "InstalledVersion": w.version, "FixedVersion": w.fixed, "Severity": w.severity,
			"Title": w.pkg + ": a weakness that is made up", "Description": "Made up for demonstration.",
			"PublishedDate": at.AddDate(0, -2, 0).Format(time.RFC3339), "CVSS": map[string]any{"nvd": map[string]any{"V3Score": w.score}},
		})
	}
	text, err := json.Marshal(map[string]any{
		"SchemaVersion": 2, "CreatedAt": at.Format(time.RFC3339), "ArtifactName": h.Name, "ArtifactType": "filesystem",
		"Results": list{{"Target": h.Name, "Class": "os-pkgs", "Type": "ubuntu", "Vulnerabilities": weak}},
	})
	if err != nil { // of texts and numbers
		panic(err)
	}
	return text
}
