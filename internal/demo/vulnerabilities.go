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

// weaknesses are those of a host's packages: of the distribution, or on Windows of
// an application written in Python. There are six of either kind.
func weaknesses(windows bool) []weakness {
	if windows {
		return []weakness{
			{"CVE-1999-90011", "pillow", "9.0.0", "10.2.0", "CRITICAL", 9.8},
			{"CVE-1999-90012", "urllib3", "1.26.4", "1.26.17", "HIGH", 8.1},
			{"CVE-1999-90013", "jinja2", "2.11.2", "", "MEDIUM", 5.5},
			{"CVE-1999-90014", "cryptography", "3.3.1", "41.0.6", "HIGH", 7.8},
			{"CVE-1999-90015", "idna", "2.10", "3.7", "LOW", 3.3},
			{"CVE-1999-90016", "requests", "2.25.0", "2.31.0", "MEDIUM", 6.1},
		}
	}
	return []weakness{
		{"CVE-1999-90001", "openssl", "3.0.2-0ubuntu1.9", "3.0.2-0ubuntu1.15", "CRITICAL", 9.8},
		{"CVE-1999-90002", "curl", "7.81.0-1", "7.81.0-1ubuntu1.15", "HIGH", 8.1},
		{"CVE-1999-90003", "zlib1g", "1.2.11", "", "MEDIUM", 5.5},
		{"CVE-1999-90004", "sudo", "1.9.9-1", "1.9.9-1ubuntu2.4", "HIGH", 7.8},
		{"CVE-1999-90005", "libxml2", "2.9.13", "2.9.13+dfsg-1ubuntu0.3", "LOW", 3.3},
		{"CVE-1999-90006", "bash", "5.1-6ubuntu1", "5.1-6ubuntu1.1", "MEDIUM", 6.1},
	}
}

// Scans of a host, and how many hosts are scanned.
const (
	scans        = 3
	scannedHosts = 5
)

// scan is what a scan of a host finds. What it no longer finds is closed; what
// comes back with the next one is open again.
func scan(host, no int, windows bool) (found []weakness) {
	for i, w := range weaknesses(windows) {
		never, second, third := (host+4)%6, (host+1)%6, (host+2)%6
		if i == never || no == 1 && i == second || no == 2 && i == third {
			continue
		}
		found = append(found, w)
	}
	return found
}

// vulnerabilities sends the reports of a scanner, the oldest first.
func (f *filler) vulnerabilities(ctx context.Context, n *Counts) error {
	for no := range scans {
		at := f.story.Now.AddDate(0, 0, 2*no-6)
		for i := range scannedHosts {
			h := &f.story.hosts[i]
			report := trivyReport(h, at, scan(i, no, h.Windows))
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
func trivyReport(h *fleet.Host, at time.Time, found []weakness) []byte {
	type list = []map[string]any
	var weak list
	for _, w := range found {
		weak = append(weak, map[string]any{
			"VulnerabilityID": w.cve, "PkgName": w.pkg, "InstalledVersion": w.version, "FixedVersion": w.fixed, "Severity": w.severity,
			"Title": w.pkg + ": a weakness that is made up", "Description": "Made up for demonstration.",
			"PublishedDate": at.AddDate(0, -2, 0).Format(time.RFC3339), "CVSS": map[string]any{"nvd": map[string]any{"V3Score": w.score}},
		})
	}
	class, kind := "os-pkgs", "ubuntu"
	if h.Windows {
		class, kind = "lang-pkgs", "python-pkg"
	}
	text, err := json.Marshal(map[string]any{
		"SchemaVersion": 2, "CreatedAt": at.Format(time.RFC3339), "ArtifactName": h.Name, "ArtifactType": "filesystem",
		"Results": list{{"Target": h.Name, "Class": class, "Type": kind, "Vulnerabilities": weak}},
	})
	if err != nil { // of texts and numbers
		panic(err)
	}
	return text
}
