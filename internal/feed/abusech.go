package feed

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
)

// The tables of abuse.ch, as they are published. "None" and "n/a" stand for
// nothing in them.
var (
	urlhausColumns   = []string{"id", "dateadded", "url", "url_status", "last_online", "threat", "tags", "urlhaus_link", "reporter"}
	threatFoxColumns = []string{
		"first_seen_utc", "ioc_id", "ioc_value", "ioc_type", "threat_type", "fk_malware", "malware_alias", "malware_printable",
		"last_seen_utc", "confidence_level", "reference", "tags", "anonymous", "reporter",
	}
	bazaarColumns = []string{
		"first_seen_utc", "sha256_hash", "md5_hash", "sha1_hash", "reporter", "file_name", "file_type_guess", "mime_type", "signature",
		"clamav", "vtpercent", "imphash", "ssdeep", "tlsh",
	}
)

// said is a cell that stands for something; else "".
func said(cell string) string {
	switch strings.ToLower(cell) {
	case "none", "n/a", "null", "-":
		return ""
	}
	return cell
}

// saidOf is said for the words of a list.
func saidOf(list []string) []string {
	var out []string
	for _, w := range list {
		if w = said(strings.TrimSpace(w)); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// readURLhaus reads a URL that delivers malware.
func readURLhaus(c cells) ([]mews.IntelIndicator, error) {
	first := since(c.get("dateadded"))
	last := max(first, since(c.get("last_online")))
	return []mews.IntelIndicator{{
		Type: typeURL, Indicator: c.get("url"), PublishedDate: first, MaliciousConfidence: mews.ConfidenceHigh,
		KillChains: []string{"delivery"}, ThreatTypes: saidOf([]string{c.get("threat")}), Reports: saidOf([]string{c.get("urlhaus_link")}),
		Labels: labelsOf(saidOf(append(c.list(",", "tags"), c.get("url_status"))), first, last),
	}}, nil
}

// threatFoxTypes are ThreatFox's words for types; an address has a port there.
var threatFoxTypes = map[string]string{
	"ip:port": typeAddress, "domain": typeDomain, "url": typeURL, "md5_hash": typeMD5, "sha1_hash": typeSHA1, "sha256_hash": typeSHA256,
	"envelope_from": typeEmail, "body_from": typeEmail,
}

// threatFoxChains tell what is done with what ThreatFox lists.
var threatFoxChains = map[string]string{"botnet_cc": "c2", "payload_delivery": "delivery", "payload": "installation", "cc_skimming": "actionOnObjectives"}

func readThreatFox(c cells) ([]mews.IntelIndicator, error) {
	typ, known := threatFoxTypes[strings.ToLower(c.get("ioc_type"))]
	if !known {
		return nil, fmt.Errorf("ioc_type: %q is not known", cut(c.get("ioc_type")))
	}
	percent, err := strconv.Atoi(c.get("confidence_level"))
	if err != nil {
		return nil, fmt.Errorf("confidence_level: expected 0 to 100, not %q", cut(c.get("confidence_level")))
	}
	first := since(c.get("first_seen_utc"))
	last := max(first, since(c.get("last_seen_utc")))
	value, labels := c.get("ioc_value"), c.list(",", "tags")
	if typ == typeAddress {
		host, port, err := net.SplitHostPort(value)
		if err != nil {
			return nil, fmt.Errorf("ioc_value: expected an address with its port, not %q", cut(value))
		}
		value, labels = host, append(labels, "port:"+port)
	}
	threat := c.get("threat_type")
	return []mews.IntelIndicator{{
		Type: typ, Indicator: value, PublishedDate: first, MaliciousConfidence: confidenceOf(percent),
		MalwareFamilies: saidOf([]string{strings.Replace(c.get("malware_printable"), "Unknown malware", "none", 1)}),
		ThreatTypes:     saidOf([]string{threat}), KillChains: saidOf([]string{threatFoxChains[threat]}),
		Reports: saidOf([]string{c.get("reference")}), Labels: labelsOf(saidOf(labels), first, last),
	}}, nil
}

// readBazaar reads a file of malware: its hashes, which belong together.
func readBazaar(c cells) ([]mews.IntelIndicator, error) {
	first := since(c.get("first_seen_utc"))
	var out []mews.IntelIndicator
	for _, hash := range [][2]string{{typeSHA256, "sha256_hash"}, {typeSHA1, "sha1_hash"}, {typeMD5, "md5_hash"}} {
		value := said(c.get(hash[1]))
		if value == "" {
			continue
		}
		out = append(out, mews.IntelIndicator{
			Type: hash[0], Indicator: value, PublishedDate: first, MaliciousConfidence: mews.ConfidenceHigh,
			MalwareFamilies: saidOf([]string{c.get("signature")}), ThreatTypes: []string{"payload"},
			Labels: labelsOf(saidOf([]string{c.get("file_type_guess")}), first, first),
		})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the row has no hash")
	}
	relate(out, first)
	return out, nil
}
