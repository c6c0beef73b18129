package cli

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

// indicatorFields are the fields of indicators as flags.
type indicatorFields struct {
	action, mobileAction, severity string
	platforms, hostGroups, tags    []string
	everywhere                     bool
	expires                        string
	source, description, filename  string
	comment                        string

	given func(flag string) bool // on the command line
	now   func() time.Time
}

// What an indicator is where nobody says: one that is kept without an action
// would match nothing.
const (
	defaultAction   = mews.IndicatorDetect
	defaultSeverity = mews.SeverityMedium
)

var defaultPlatforms = mews.List{mews.PlatformWindows, mews.PlatformMac, mews.PlatformLinux}

func (o *indicatorFields) register(c *cobra.Command, makes bool) {
	o.given, o.now = c.Flags().Changed, time.Now
	initial := func(text string) string { // of a flag that has a default where an indicator is made
		if makes {
			return " (default: " + text + ")"
		}
		return ""
	}
	f := c.Flags()
	f.StringVar(&o.action, "action", "", "no_action, allow, detect, prevent or prevent_no_ui"+initial(defaultAction))
	f.StringVar(&o.mobileAction, "mobile-action", "", "the action on mobile devices")
	f.StringVar(&o.severity, "severity", "", "informational, low, medium, high or critical"+initial(defaultSeverity))
	f.StringSliceVar(&o.platforms, "platform", nil, "windows, mac, linux, android, ios"+initial(strings.Join(defaultPlatforms, ",")))
	f.StringSliceVar(&o.hostGroups, "host-group", nil, "apply to these host groups only, 32 hexadecimal digits each"+initial("every host"))
	f.StringSliceVar(&o.tags, "tag", nil, "words to find it by")
	f.StringVar(&o.expires, "expires", "", "when it ends: a time (RFC 3339), a day, or 90d for 90 days from now"+initial("never"))
	f.StringVar(&o.source, "source", "", "where it comes from")
	f.StringVar(&o.description, "description", "", "what it is about")
	f.StringVar(&o.filename, "filename", "", "name of the file")
	if !makes {
		f.BoolVar(&o.everywhere, "everywhere", false, "apply to every host")
		c.MarkFlagsMutuallyExclusive("everywhere", "host-group")
	}
	for flag, words := range map[string][]string{
		"action":   {mews.IndicatorNoAction, mews.IndicatorAllow, mews.IndicatorDetect, mews.IndicatorPrevent, mews.IndicatorPreventSilent},
		"severity": {mews.SeverityInformational, mews.SeverityLow, mews.SeverityMedium, mews.SeverityHigh, mews.SeverityCritical},
		"platform": {mews.PlatformWindows, mews.PlatformMac, mews.PlatformLinux, mews.PlatformAndroid, mews.PlatformIOS},
	} {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
}

// expiration reads --expires.
func (o *indicatorFields) expiration() (time.Time, error) {
	if o.expires == "" || o.expires == never {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(o.expires, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return o.now().AddDate(0, 0, int(n)).Truncate(time.Second), nil
		}
	}
	t, err := iocfile.ParseTime(o.expires)
	if err != nil {
		return t, usagef("--expires: %w, or 90d for 90 days from now", err)
	}
	return t, nil
}

// never is the word of --expires for an indicator that shall not end any more.
const never = "never"

// apply puts what the flags say where a row says nothing.
func (o *indicatorFields) apply(i iocfile.Indicator) (iocfile.Indicator, error) {
	i.Action = cmp.Or(i.Action, o.action)
	i.MobileAction = cmp.Or(i.MobileAction, o.mobileAction)
	i.Severity = cmp.Or(i.Severity, o.severity)
	i.Source = cmp.Or(i.Source, o.source)
	i.Description = cmp.Or(i.Description, o.description)
	i.Filename = cmp.Or(i.Filename, o.filename)
	if len(i.Platforms) == 0 {
		i.Platforms = o.platforms
	}
	if len(i.Tags) == 0 {
		i.Tags = o.tags
	}
	if len(i.HostGroups) == 0 && i.AppliedGlobally == nil {
		i.HostGroups = o.hostGroups
	}
	var err error
	if i.Expiration.IsZero() {
		i.Expiration, err = o.expiration()
	}
	return i, err
}

// completed fills in what holds where nobody says.
func completed(i iocfile.Indicator) iocfile.Indicator {
	i.Action = cmp.Or(i.Action, defaultAction)
	if i.Severity == "" && i.Action != mews.IndicatorNoAction && i.Action != mews.IndicatorAllow {
		i.Severity = defaultSeverity
	}
	if len(i.Platforms) == 0 {
		i.Platforms = defaultPlatforms
	}
	if i.AppliedGlobally == nil {
		everywhere := len(i.HostGroups) == 0
		i.AppliedGlobally = &everywhere
	}
	return i
}

// creation is the request for a new indicator.
func creation(i iocfile.Indicator) mews.IndicatorCreate {
	return mews.IndicatorCreate{
		Type: i.Type, Value: i.Value, Action: i.Action, MobileAction: i.MobileAction, Severity: i.Severity,
		Platforms: i.Platforms, AppliedGlobally: i.AppliedGlobally, HostGroups: i.HostGroups, Tags: i.Tags,
		Expiration: rfc3339(i.Expiration), Source: i.Source, Description: i.Description, Metadata: metadata(i.Filename),
	}
}

func metadata(filename string) *mews.IndicatorMetadata {
	if filename == "" {
		return nil
	}
	return &mews.IndicatorMetadata{Filename: filename}
}

// said is the change that a row asks for: what it leaves open stays.
func said(i iocfile.Indicator) mews.IndicatorChange {
	change := mews.IndicatorChange{
		Action: i.Action, MobileAction: i.MobileAction, Platforms: i.Platforms, AppliedGlobally: i.AppliedGlobally, HostGroups: i.HostGroups,
		Severity: optional(i.Severity), Source: optional(i.Source), Description: optional(i.Description),
		Expiration: optional(rfc3339(i.Expiration)), Metadata: metadata(i.Filename),
	}
	if len(i.HostGroups) > 0 && i.AppliedGlobally == nil {
		change.AppliedGlobally = new(bool)
	}
	if len(i.Tags) > 0 {
		tags := mews.List(i.Tags)
		change.Tags = &tags
	}
	return change
}

// optional points at a text, unless it is empty.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// change is what the flags of an update ask for. A flag that is given empty
// empties its field.
func (o *indicatorFields) change() (mews.IndicatorChange, error) {
	i, err := o.apply(iocfile.Indicator{})
	if err != nil {
		return mews.IndicatorChange{}, err
	}
	change := said(i)
	for flag, field := range map[string]**string{
		"severity": &change.Severity, "source": &change.Source, "description": &change.Description, "expires": &change.Expiration,
	} {
		if o.given(flag) && *field == nil {
			*field = new(string)
		}
	}
	if o.given("tag") && change.Tags == nil {
		change.Tags = &mews.List{}
	}
	if o.everywhere {
		change.AppliedGlobally = &o.everywhere
	}
	return change, nil
}

// fieldFlags are the flags of an update that say what changes.
var fieldFlags = []string{
	"action", "mobile-action", "severity", "platform", "host-group", "everywhere", "tag", "expires", "source", "description", "filename",
}

// check refuses an update that changes nothing.
func (o *indicatorFields) check() error {
	if slices.ContainsFunc(fieldFlags, o.given) {
		return nil
	}
	return usagef("change what? give one of --%s", strings.Join(fieldFlags, ", --"))
}
