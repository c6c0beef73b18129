package demo

import (
	"context"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// indicators watches for what the campaigns use, in the newer family of
// operations and in the older one.
func (f *filler) indicators(ctx context.Context, n *Counts) error {
	made, err := f.rooms.IOCs.Create(ctx, f.as("indicator.create.v1"), mews.IndicatorCreates{
		Comment: "demo data", Indicators: f.story.indicators(),
	})
	if err != nil {
		return err
	}
	legacy, err := f.rooms.IOCs.CreateLegacy(ctx, f.as("CreateIOC"), f.story.legacyIndicators())
	n.Indicators += len(made) + len(legacy)
	return err
}

func (s *story) indicators() (list []mews.IndicatorCreate) {
	for _, c := range s.campaigns {
		watch := func(typ, value, action string) {
			list = append(list, indicator(typ, value, action, c.severity, "used by "+c.family, "demo", strings.ToLower(c.family)))
		}
		watch(mews.TypeSHA256, c.programs[0].sha256, mews.IndicatorPrevent)
		watch(mews.TypeSHA256, c.programs[1].sha256, mews.IndicatorDetect)
		watch(mews.TypeMD5, c.programs[2].md5, mews.IndicatorDetect)
		watch(mews.TypeDomain, c.domain, mews.IndicatorDetect)
		watch(mews.TypeIPv4, c.address, mews.IndicatorDetect)
	}
	tool := s.named("pe-1.bin")
	allowed := indicator(mews.TypeSHA256, tool.sha256, mews.IndicatorAllow, "", "a tool of our own", "demo")
	allowed.Metadata = &mews.IndicatorMetadata{Filename: tool.name}
	ends := indicator(mews.TypeDomain, "watched-for-a-month.example.com", mews.IndicatorDetect, mews.SeverityLow, "ends in a month", "demo", "ends")
	ends.Expiration = s.Now.AddDate(0, 0, 30).Format(time.RFC3339)
	few := indicator(mews.TypeIPv6, "2001:db8::30", mews.IndicatorDetect, mews.SeverityInformational, "for one group of hosts", "demo")
	few.AppliedGlobally, few.HostGroups = new(false), mews.List{"00000000000000000000000000000d01"}
	return append(list, allowed, ends, few,
		indicator(mews.TypeDomain, "note.example.org", mews.IndicatorNoAction, "", "only written down", "demo"))
}

// indicator applies to every desktop of the customer.
func indicator(typ, value, action, severity, why string, tags ...string) mews.IndicatorCreate {
	return mews.IndicatorCreate{
		Type: typ, Value: value, Action: action, Severity: severity, Description: why, Source: "mews demo", Tags: tags,
		Platforms: mews.List{mews.PlatformWindows, mews.PlatformMac, mews.PlatformLinux}, AppliedGlobally: new(true),
	}
}

func (s *story) legacyIndicators() []mews.LegacyIOCCreate {
	return []mews.LegacyIOCCreate{
		{Type: mews.TypeDomain, Value: "legacy.demo-loader.example.com", Policy: mews.PolicyDetect, ExpirationDays: new(int32(90)), Source: "mews demo", Description: "an older server of DemoLoader"},
		{Type: mews.TypeIPv4, Value: "198.51.100.7", Policy: mews.PolicyDetect, ExpirationDays: new(int32(90)), Source: "mews demo", Description: "an older server of DemoStealer"},
		{Type: mews.TypeSHA256, Value: s.campaigns[0].lure.sha256, Policy: mews.PolicyNone, Source: "mews demo", Description: "the lure of DemoLoader"},
	}
}

// named gives the specimen of that name. There is one.
func (s *story) named(name string) *specimen {
	for _, x := range s.specimens {
		if x.name == name {
			return x
		}
	}
	panic("the story has no specimen " + name)
}
