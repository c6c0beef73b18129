package feed

import (
	"regexp"
	"strings"

	"github.com/mewshq/mews"
)

// mispTypes tells of MISP's types of attributes which indicators they hold: one,
// or one for each part between bars. What follows the parts named here (a port,
// the data of a registry value) is no indicator.
var mispTypes = map[string][]string{
	"md5": {typeMD5}, "sha1": {typeSHA1}, "sha256": {typeSHA256}, "filename": {typeFileName},
	"filename|md5": {typeFileName, typeMD5}, "filename|sha1": {typeFileName, typeSHA1}, "filename|sha256": {typeFileName, typeSHA256},
	"domain": {typeDomain}, "hostname": {typeDomain}, "domain|ip": {typeDomain, typeAddress}, "hostname|port": {typeDomain},
	"ip-src": {typeAddress}, "ip-dst": {typeAddress}, "ip-src|port": {typeAddress}, "ip-dst|port": {typeAddress},
	"url": {typeURL}, "email": {typeEmail}, "email-src": {typeEmail}, "email-dst": {typeEmail}, "email-subject": {typeSubject},
	"mutex": {typeMutex}, "regkey": {typeRegistry}, "regkey|value": {typeRegistry}, "user-agent": {typeAgent},
	"windows-service-name": {"service_name"}, "phone-number": {"phone_number"},
}

// galaxyList tells to which list the clusters of a galaxy of MISP belong; nil: to
// none.
func galaxyList(kind string, i *mews.IntelIndicator) *[]string {
	switch strings.TrimPrefix(kind, "misp-galaxy:") {
	case "threat-actor", "mitre-intrusion-set", "microsoft-activity-group", "360net-threat-actor":
		return &i.Actors
	case "malpedia", "mitre-malware", "mitre-tool", "ransomware", "rat", "banker", "botnet", "stealer", "backdoor", "tool", "exploit-kit", "cryptominers":
		return &i.MalwareFamilies
	case "sector", "target-information", "country":
		return &i.Targets
	}
	return nil
}

// mitreID is what MITRE's galaxies add to names.
var mitreID = regexp.MustCompile(` - [GSCT]\d{4}(\.\d{3})?$`)

// mispConfidence maps tags that say how sure somebody is.
var mispConfidence = map[string]string{
	`misp:confidence-level="completely-confident"`:      mews.ConfidenceHigh,
	`misp:confidence-level="usually-confident"`:         mews.ConfidenceHigh,
	`misp:confidence-level="fairly-confident"`:          mews.ConfidenceMedium,
	`misp:confidence-level="rarely-confident"`:          mews.ConfidenceLow,
	`misp:confidence-level="unconfident"`:               mews.ConfidenceUnverified,
	`misp:confidence-level="confidence-cannot-be-eval"`: mews.ConfidenceUnverified,
}

// tellTag adds what a tag says to an indicator. Each is a label; some say more.
func tellTag(tag string, i *mews.IntelIndicator) {
	i.Labels = append(i.Labels, mews.IntelLabel{Name: tag})
	if word, ok := mispConfidence[tag]; ok {
		i.MaliciousConfidence = word
	}
	if phase, ok := strings.CutPrefix(tag, "kill-chain:"); ok {
		i.KillChains = append(i.KillChains, killChain(strings.Trim(phase, `"`)))
	}
	kind, value, ok := strings.Cut(tag, `="`)
	if !ok {
		return
	}
	value = strings.TrimSuffix(value, `"`)
	if kind == "malware_classification:malware-category" {
		i.ThreatTypes = append(i.ThreatTypes, value)
	}
	if list := galaxyList(kind, i); list != nil && strings.HasPrefix(kind, "misp-galaxy:") {
		*list = append(*list, mitreID.ReplaceAllString(value, ""))
	}
}

func tagNames(tags []mispTag) []string {
	var out []string
	for _, t := range tags {
		out = append(out, t.Name)
	}
	return out
}

// clusterTags writes clusters as the tags that MISP makes of them.
func clusterTags(list []mispGalaxy) []string {
	var out []string
	for _, g := range list {
		for _, c := range g.Clusters {
			out = append(out, `misp-galaxy:`+g.Type+`="`+c.Value+`"`)
		}
	}
	return out
}

// tell adds what an attribute says of its whole event.
func (a *mispAttribute) tell(i *mews.IntelIndicator) {
	value := string(a.Value)
	switch {
	case bool(a.Deleted):
	case a.Type == "vulnerability":
		i.Vulnerabilities = append(i.Vulnerabilities, value)
	case a.Type == "threat-actor":
		i.Actors = append(i.Actors, value)
	case a.Type == "malware-type":
		i.ThreatTypes = append(i.ThreatTypes, value)
	case a.Type == "campaign-name":
		i.Reports = append(i.Reports, value)
	}
}
