package scanreport_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mewshq/mews/internal/scanreport"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestGolden reads a report of each kind, whole and in single bytes, with its
// format named and told by its members.
func TestGolden(t *testing.T) {
	for name, format := range map[string]scanreport.Format{
		"trivy": scanreport.Trivy, "grype": scanreport.Grype, "cyclonedx": scanreport.CycloneDX,
		"sarif-trivy": scanreport.SARIF, "sarif-grype": scanreport.SARIF,
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			report, err := scanreport.Read(strings.NewReader(string(text)), format)
			if err != nil {
				t.Fatal(err)
			}
			got := encode(t, report)
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(file); err != nil || got != string(want) {
				t.Errorf("%s is not what was read (%v):\n%s", file, err, got)
			}
			bom := "\xef\xbb\xbf" + string(text) + " \r\n"
			again, err := scanreport.Read(iotest.OneByteReader(strings.NewReader(bom)), scanreport.Auto)
			if err != nil || encode(t, again) != got {
				t.Errorf("in single bytes, by its members: %v", err)
			}
		})
	}
}

func encode(t testing.TB, r *scanreport.Report) string {
	t.Helper()
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

// TestRefused: of a document that is no whole report nothing is taken, and the
// text says what is wrong.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		format     scanreport.Format
		text, want string
	}{
		"nothing":             {"auto", "", "ends too early"},
		"no JSON":             {"auto", "Total: 5 (HIGH: 5)", "is no JSON"},
		"a list":              {"auto", "[]", "expected an object"},
		"something else":      {"auto", `{"name":"x","$schema":"y"}`, "no report of Trivy"},
		"cut off":             {"auto", `{"SchemaVersion":2,"Results":[{"Vulnerabilities":[{"VulnerabilityID":"CVE-2024-0001"`, "ends too early"},
		"two documents":       {"auto", `{"SchemaVersion":2}{"SchemaVersion":2}`, "text after the document"},
		"unknown format":      {"nessus", `{}`, `unknown format "nessus"; use auto, trivy`},
		"Grype as Trivy":      {"trivy", `{"matches":[]}`, `neither "SchemaVersion"`},
		"Trivy as Grype":      {"grype", `{"SchemaVersion":2}`, `no list "matches"`},
		"an SBOM":             {"auto", `{"bomFormat":"CycloneDX","components":[]}`, "bill of materials"},
		"no results":          {"auto", `{"runs":[{"tool":{}}]}`, `no run has a list "results"`},
		"two runs":            {"auto", `{"runs":[{"results":[]},{"results":[]}]}`, "several runs"},
		"secrets alone":       {"auto", `{"SchemaVersion":2,"Results":[{"Class":"secret","Secrets":[{}]}]}`, "nothing about packages"},
		"matches no list":     {"auto", `{"matches":{}}`, "expected a list"},
		"nested without end":  {"auto", `{"descriptor":{},"x":` + strings.Repeat("[", 100_000), "nested deeper"},
		"components for ever": {"auto", `{"components":` + strings.Repeat(`[{"components":`, 1000), "nested deeper"},
		"a quote left open":   {"auto", `{"matches":[{"vulnerability":{"id":"` + strings.Repeat("x", 3<<20), "larger than"},
	} {
		if _, err := scanreport.Read(strings.NewReader(c.text), c.format); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want something about %q", name, err, c.want)
		}
	}
}

// TestEntries: an entry that cannot be read is told of with its place, and the
// others count.
func TestEntries(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"Trivy": {
			`{"SchemaVersion":2,"Results":[{"Class":"os-pkgs","Vulnerabilities":[7,{"VulnerabilityID":5},{"PkgName":"a"},
			{"VulnerabilityID":"CVE-2024-0001"},{"VulnerabilityID":"a b","PkgName":"a"},{"VulnerabilityID":"CVE-2024-0002","PkgName":"a"}]}]}`,
			[]string{
				"Results[0].Vulnerabilities[0]: is no object", "Results[0].Vulnerabilities[1]: VulnerabilityID: a number is of the wrong type",
				"Results[0].Vulnerabilities[2]: the vulnerability has no id", "Results[0].Vulnerabilities[3]: CVE-2024-0001: the package has no name",
				`Results[0].Vulnerabilities[4]: "a b" is no id of a vulnerability`,
			},
		},
		"Grype": {
			`{"matches":["x",{"vulnerability":{"id":"CVE-2024-0001"},"artifact":{"name":7}},{"vulnerability":{"id":"CVE-2024-0002"},"artifact":{"name":"a"}}]}`,
			[]string{"matches[0]: is no object", "matches[1]: artifact.name: a number is of the wrong type"},
		},
		"CycloneDX": {
			`{"vulnerabilities":[{"id":"CVE-2024-0001","affects":[]},{"id":"CVE-2024-0002","affects":[{"ref":"nobody"},{"ref":"a"}]},{"id":7}],
			"components":[{"bom-ref":"a","name":"a"}]}`,
			[]string{
				"vulnerabilities[0]: CVE-2024-0001 affects no component", "vulnerabilities[2]: id: a number is of the wrong type",
				`vulnerabilities[1]: affects "nobody", which is no component of the document`,
			},
		},
		"SARIF": {
			`{"runs":[{"results":[3,{"ruleId":"CVE-2024-0001","message":{"text":"no package"}},{"ruleId":"CVE-2024-0002","message":{"text":"Package: a"}}]}]}`,
			[]string{"results[0]: is no object", "results[1]: CVE-2024-0001: the package has no name"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := scanreport.Read(strings.NewReader(c.text), scanreport.Auto)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range r.Problems {
				got = append(got, p.At+": "+p.Text)
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") || r.Failed != len(c.want) {
				t.Errorf("%d problems:\n%s\nwant\n%s", r.Failed, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if len(r.Findings) != 1 || r.Findings[0].ID != "CVE-2024-0002" {
				t.Errorf("findings %+v", r.Findings)
			}
		})
	}
}

// TestManyProblems: of many the first are kept, and all are counted.
func TestManyProblems(t *testing.T) {
	r, err := scanreport.Read(strings.NewReader(`{"matches":[1`+strings.Repeat(",1", 4999)+`]}`), scanreport.Auto)
	if err != nil || r.Failed != 5000 || len(r.Problems) != 100 {
		t.Fatalf("%v, %+v", err, r)
	}
}

// TestTooMany: a report of more than is taken is refused as a whole, because a
// part of it would close the rest.
func TestTooMany(t *testing.T) {
	one := `{"vulnerability":{"id":"CVE-2024-0001"},"artifact":{"name":"a%d"}}`
	var b strings.Builder
	b.WriteString(`{"matches":[` + fmt.Sprintf(one, 0))
	for n := range scanreport.MaxFindings {
		fmt.Fprintf(&b, ","+one, n+1)
	}
	b.WriteString(`]}`)
	if _, err := scanreport.Read(strings.NewReader(b.String()), scanreport.Auto); err == nil || !strings.Contains(err.Error(), "more than 100000 findings") {
		t.Errorf("%v", err)
	}
}

// TestCut: texts that are stored are valid, bounded and without NUL.
func TestCut(t *testing.T) {
	text := `{"SchemaVersion":2,"Results":[{"Class":"os-pkgs","Vulnerabilities":[{"VulnerabilityID":"cve-2024-0001","PkgName":"a\u0000b` +
		strings.Repeat("ä", 600) + `","Description":"` + strings.Repeat("é", 9000) + `","CVSS":{"nvd":{"V3Score":77}}}]}]}`
	r, err := scanreport.Read(strings.NewReader(text), scanreport.Auto)
	if err != nil || len(r.Findings) != 1 {
		t.Fatalf("%v, %+v", err, r)
	}
	f := r.Findings[0]
	if f.ID != "CVE-2024-0001" || f.Name != "cve-2024-0001" || len(f.Package) > 512 || strings.ContainsRune(f.Package, 0) || len(f.About.Description) > 8<<10 || f.About.Score != 0 {
		t.Errorf("%q of %d bytes, described in %d, %v", f.ID, len(f.Package), len(f.About.Description), f.About.Score)
	}
}

// FuzzRead: no text does harm, what is read holds its own rules, and a finding
// is never without an id and a package.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != 5 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for i := range 5 {
			f.Add(text, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, which uint8) {
		format := scanreport.Formats()[int(which)%len(scanreport.Formats())]
		r, err := scanreport.Read(strings.NewReader(string(text)), scanreport.Format(format))
		if err != nil {
			return
		}
		if r.Format == "" || r.Scanner == "" || r.Failed < len(r.Problems) {
			t.Errorf("%+v", r)
		}
		for _, one := range r.Findings {
			ok := false
			for _, s := range scanreport.Severities() {
				ok = ok || s == one.Severity
			}
			if one.ID == "" || one.Name == "" || one.Package == "" || one.About == nil || !ok || strings.ContainsRune(one.Package+one.Path+one.Version, 0) {
				t.Errorf("%+v", one)
			}
		}
		again, err := scanreport.Read(strings.NewReader(string(text)), r.Format)
		if err != nil || encode(t, again) != encode(t, r) {
			t.Errorf("the same text as %s: %v", r.Format, err)
		}
	})
}
