package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/intel"
)

// parked is how many domains a second feed tells of.
const parked = 30

// intel takes in two feeds. The second is read twice: what it says no more is
// deleted.
func (f *filler) intel(ctx context.Context, n *Counts) error {
	domains := f.story.parkedDomains()
	for _, in := range []struct {
		source string
		list   []mews.IntelIndicator
	}{
		{"demo-campaigns", f.story.campaignIntel()},
		{"demo-parked", domains},
		{"demo-parked", domains[:parked-3]},
	} {
		var text bytes.Buffer
		for _, i := range in.list {
			if err := json.NewEncoder(&text).Encode(i); err != nil {
				return err
			}
		}
		counts, bad, err := f.rooms.Intel.Import(ctx, f.as("mews.ingest.indicators"), intel.Import{
			Source: in.source, Complete: true, Rows: feed.Read(&text, feed.NDJSON),
		})
		if err != nil {
			return err
		}
		if len(bad) > 0 {
			return fmt.Errorf("%s: %s", in.source, bad[0].Message)
		}
		n.Intel += counts.Added
	}
	return nil
}

// campaignIntel is what analysts would have published about the campaigns.
func (s *story) campaignIntel() (list []mews.IntelIndicator) {
	for _, c := range s.campaigns {
		say := func(kind, value, phase string) {
			list = append(list, mews.IntelIndicator{
				Type: kind, Indicator: value, MaliciousConfidence: mews.ConfidenceHigh, PublishedDate: s.Now.AddDate(0, 0, -20).Unix(),
				Actors: []string{strings.ReplaceAll(c.adversary, " ", "")}, MalwareFamilies: []string{c.family}, KillChains: []string{phase},
			})
		}
		say("domain", c.domain, "C2")
		say("ip_address", c.address, "C2")
		say("url", "https://"+c.domain+"/update", "Delivery")
		say("hash_sha256", c.lure.sha256, "Delivery")
		for _, p := range c.programs {
			say("hash_sha256", p.sha256, "Installation")
		}
	}
	return list
}

func (s *story) parkedDomains() (list []mews.IntelIndicator) {
	for i := range parked {
		list = append(list, mews.IntelIndicator{
			Type: "domain", Indicator: fmt.Sprintf("parked-%02d.example.net", i), MaliciousConfidence: mews.ConfidenceLow,
			PublishedDate: s.Now.AddDate(0, 0, -i).Unix(), DomainTypes: []string{"Parked"},
		})
	}
	return list
}
