package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// quotaRow is one monthly allowance.
type quotaRow struct {
	Quota   string `json:"quota"`
	Used    int    `json:"used"`
	Limit   int    `json:"limit"`
	Left    int    `json:"left"`
	Refresh string `json:"refresh_time"`
}

func newQuotasCommand(g *globals) *cobra.Command {
	return rowsOf[quotaRow](&cobra.Command{
		Use: "quotas", Short: "Show what is left of the month's hunts and downloads", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runQuotas(c.Context(), g) },
	})
}

func runQuotas(ctx context.Context, g *globals) error {
	return g.withClient(func(c *mews.Client) error {
		q, err := c.MalQuery().Quotas(ctx)
		if err != nil {
			return err
		}
		row := func(name string, used, limit int) quotaRow {
			return quotaRow{Quota: name, Used: used, Limit: limit, Left: max(limit-used, 0), Refresh: q.RefreshTime}
		}
		return g.write(viewOf(&mews.Envelope[quotaRow]{Resources: []quotaRow{
			row("hunts", q.HuntCount, q.HuntLimit),
			row("downloads", q.DownloadCount, q.DownloadLimit),
			row("monitors", q.MonitorCount, q.MonitorLimit),
		}}, "quota", "used", "limit", "left", "refresh_time"))
	})
}
