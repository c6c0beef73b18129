package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

var (
	verbUpdateIOC = verb{"update", "Change %s?", "changed", "indicator", "indicators"}
	verbDeleteIOC = verb{"delete", "Delete %s?", "deleted", "indicator", "indicators"}
)

// An iocChange is a command that changes the indicators that it names or selects.
type iocChange struct {
	verb
	changeOptions
	filter string

	named    func(ctx context.Context, s mews.IOCService, some []mews.Indicator) (int, []mews.APIError, error) // one call's worth
	selected func(ctx context.Context, s mews.IOCService) (int, error)
}

func (o *iocChange) register(c *cobra.Command) {
	c.Flags().StringVar(&o.filter, "filter", "", "only indicators that this FQL filter selects")
	o.changeOptions.register(c, "indicators", "why, for the audit trail")
}

func newIOCUpdateCommand(g *globals) *cobra.Command {
	fields := &indicatorFields{}
	o := &iocChange{verb: verbUpdateIOC}
	c := &cobra.Command{
		Use: "update [INDICATOR...]", Short: "Change indicators",
		Long: `Change indicators. Name them ("-" reads them from standard input), or select them with
--filter, or say --all. What no flag speaks of stays; a flag that is given empty, such as
--description '', empties its field, and --expires never lets an indicator live on.
--tag replaces all tags. --dry-run tells how many would change and changes nothing;
without --yes the command asks first.`,
		Example: `  mews ioc update evil.example --severity critical --yes
  mews ioc update --filter 'source:"feed"+expiration:<"now+7d"' --expires 90d --dry-run`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if err := fields.check(); err != nil {
				return err
			}
			change, err := fields.change()
			if err != nil {
				return err
			}
			o.update(change)
			return runIOCChange(c.Context(), g, o, args)
		},
	}
	fields.register(c, false)
	o.register(c)
	return rowsOf[changedRow](c)
}

func (o *iocChange) update(change mews.IndicatorChange) {
	o.named = func(ctx context.Context, s mews.IOCService, some []mews.Indicator) (int, []mews.APIError, error) {
		r := mews.IndicatorUpdates{Comment: o.comment}
		for _, i := range some {
			r.Indicators = append(r.Indicators, mews.IndicatorUpdate{ID: i.ID, IndicatorChange: change})
		}
		env, err := s.Update(ctx, r)
		if err != nil {
			return 0, nil, err
		}
		return len(env.Resources), env.Errors, nil
	}
	o.selected = func(ctx context.Context, s mews.IOCService) (int, error) {
		env, err := s.Update(ctx, mews.IndicatorUpdates{
			Comment: o.comment, BulkUpdate: &mews.IndicatorBulkUpdate{Filter: o.filter, IndicatorChange: change},
		})
		return affected(env, err)
	}
}

func newIOCDeleteCommand(g *globals) *cobra.Command {
	o := &iocChange{verb: verbDeleteIOC}
	o.named = func(ctx context.Context, s mews.IOCService, some []mews.Indicator) (int, []mews.APIError, error) {
		ids := make([]string, len(some))
		for n, i := range some {
			ids[n] = i.ID
		}
		env, err := s.Delete(ctx, o.comment, ids...)
		if err != nil {
			return 0, nil, err
		}
		return len(env.Resources), env.Errors, nil
	}
	o.selected = func(ctx context.Context, s mews.IOCService) (int, error) {
		env, err := s.DeleteByFilter(ctx, o.comment, o.filter)
		return affected(env, err)
	}
	c := &cobra.Command{
		Use: "delete [INDICATOR...]", Aliases: []string{"rm"}, Short: "Delete indicators; their records stay, and sightings too",
		Long: `Delete indicators: they match nothing any more. Their records stay, listed by the filter
'deleted:true', and adding one again brings it back. What hosts have seen stays, too.

Name them ("-" reads them from standard input), or select them with --filter, or say
--all. --dry-run tells how many would be deleted; without --yes the command asks first.`,
		Example: `  mews ioc delete evil.example --comment 'false positive' --yes
  mews ioc delete --filter 'expired:true' --dry-run`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runIOCChange(c.Context(), g, o, args) },
	}
	o.register(c)
	return rowsOf[changedRow](c)
}

// place is where a server's message says that an element of the request stands.
var place = regexp.MustCompile(`^indicators\[[0-9]+\]\.?`)

// refusals are the indicators that kept a call from changing anything, with what
// is wrong with each. They go by their names; a call that changes indicators has
// given their ids.
func refusals(err error, changed []mews.Indicator) []mews.APIError {
	e, ok := errors.AsType[*mews.Error](err)
	if !ok || !errors.Is(err, mews.ErrInvalid) && !errors.Is(err, mews.ErrNotFound) {
		return nil
	}
	names := make(map[string]string, len(changed))
	for _, i := range changed {
		names[i.ID] = itsName(i)
	}
	list := slices.Clone(e.Each)
	for n := range list {
		list[n].ID = cmp.Or(names[list[n].ID], list[n].ID)
		list[n].Message = strings.TrimPrefix(place.ReplaceAllString(list[n].Message, ""), list[n].ID+" ")
	}
	return list
}

// inWords is a refused call's error for people, who did not number anything.
func inWords(err error, changed []mews.Indicator) error {
	const most = 20
	list := refusals(err, changed)
	if len(list) == 0 {
		return err
	}
	lines := []string{"nothing was changed:"}
	for _, each := range list[:min(len(list), most)] {
		lines = append(lines, fmt.Sprintf("  %s: %s", each.ID, each.Message))
	}
	if more := len(list) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	e, _ := errors.AsType[*mews.Error](err)
	said := mews.Errorf(e.Kind, "%s", strings.Join(lines, "\n"))
	said.TraceID = e.TraceID
	return said
}

// affected counts what a call by filter changed.
func affected[T any](env *mews.Envelope[T], err error) (int, error) {
	switch {
	case err != nil:
		return 0, err
	case env.Meta.Writes == nil:
		return len(env.Resources), nil
	}
	return env.Meta.Writes.ResourcesAffected, nil
}

func runIOCChange(ctx context.Context, g *globals, o *iocChange, args []string) error {
	selects := o.filter != "" || o.all
	switch {
	case len(args) > 0 && selects:
		return usagef("name indicators, or select them with --filter or --all, not both")
	case len(args) == 0 && !selects:
		return usagef("which indicators? name them, or give --filter or --all")
	}
	if err := o.checkAll(&o.filter, "indicator"); err != nil {
		return err
	}
	if selects {
		return pointAt(o.filter, g.withClient(func(c *mews.Client) error { return g.changeSelected(ctx, c.IOCs(), o) }))
	}
	some, err := g.observableArgs(args)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error { return g.changeNamed(ctx, c.IOCs(), o, some) })
}

func (g *globals) changeSelected(ctx context.Context, s mews.IOCService, o *iocChange) error {
	if o.dry || !o.yes {
		env, err := s.Search(ctx, mews.RecordQuery{Filter: o.filter, Limit: 1})
		if err != nil {
			return err
		}
		if env.Meta.Pagination == nil {
			return errors.New("the server does not say how many there are")
		}
		if done, err := g.agree(o.verb, &o.changeOptions, env.Meta.Pagination.Total, nil); done || err != nil {
			return err
		}
	}
	n, err := o.selected(ctx, s)
	if err != nil {
		return err
	}
	return g.showChanged(o.verb, n, nil)
}

func (g *globals) changeNamed(ctx context.Context, s mews.IOCService, o *iocChange, some []mews.Observable) error {
	known, unknown, err := knownIndicators(ctx, s, some)
	if err != nil {
		return err
	}
	if done, err := g.agree(o.verb, &o.changeOptions, len(known), unknown); done || err != nil {
		return err
	}
	changed := 0
	for batch := range slices.Chunk(known, mews.MaxIndicators) {
		n, missed, err := o.named(ctx, s, batch)
		err = inWords(err, batch)
		if err != nil && changed > 0 {
			err = fmt.Errorf("after %s: %w\nthe same command goes on", count(changed, "changed indicator", "changed indicators"), err)
		}
		if err != nil {
			return err
		}
		changed += n
		unknown = append(unknown, missed...)
	}
	return g.showChanged(o.verb, changed, unknown)
}
