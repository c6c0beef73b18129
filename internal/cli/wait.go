package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mewshq/mews"
)

// waitOwn waits for a request that this command made, and shows its result. An
// interrupt cancels it on the server: nobody else waits for it.
func (g *globals) waitOwn(ctx context.Context, c *mews.Client, id string) error {
	env, err := g.wait(ctx, c, id)
	if err != nil && ctx.Err() != nil {
		return g.cancelInterrupted(ctx, c, id)
	}
	return g.showRequest(env, err)
}

// waitOther waits for a request that was made before. An interrupt only ends
// the waiting.
func (g *globals) waitOther(ctx context.Context, c *mews.Client, id string) error {
	env, err := g.wait(ctx, c, id)
	if err != nil && ctx.Err() != nil {
		g.note("request %s goes on; to wait again: mews request %s --wait; to stop it: mews cancel %s", id, id, id)
		return silent(errInterrupted)
	}
	return g.showRequest(env, err)
}

// wait polls a request, with a bar on a terminal.
func (g *globals) wait(ctx context.Context, c *mews.Client, id string) (*mews.Envelope[mews.RequestResult], error) {
	bar := g.newProgress("candidates")
	defer bar.end()
	return c.MalQuery().Wait(ctx, id, func(env *mews.Envelope[mews.RequestResult]) {
		if p := env.Meta.Progress; p != nil {
			bar.set(p.Done, p.Total, fmt.Sprintf("%s read, %s", byteCount(p.Bytes), count(int(p.Found), "match", "matches")))
		}
	})
}

func (g *globals) cancelInterrupted(ctx context.Context, c *mews.Client, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, err := c.MalQuery().Cancel(ctx, id); err != nil {
		g.note("interrupted, but request %s could not be cancelled (%v); it may go on", id, err)
		g.note("to resume waiting: mews request %s --wait; to stop it: mews cancel %s", id, id)
		return silent(errInterrupted)
	}
	g.note("interrupted: request %s is cancelled; what it found so far: mews request %s", id, id)
	return silent(errInterrupted)
}

// showRequest writes a finished request. A failed one is written too: what it
// found before it failed is a result.
func (g *globals) showRequest(env *mews.Envelope[mews.RequestResult], failed error) error {
	if env == nil {
		return failed
	}
	v := resultView(env)
	if failed != nil {
		if !g.output.whole() {
			v.errors = nil // the failure itself tells them
		}
		return errors.Join(failed, g.write(v))
	}
	if env.Meta.ReqType == mews.ReqTypeDownload {
		g.note("the archive is ready")
		return g.write(v)
	}
	return g.showMatches(v)
}

// resultView shows what a request found.
func resultView(env *mews.Envelope[mews.RequestResult]) view {
	columns := sampleColumns
	if env.Meta.ReqType == mews.ReqTypeHunt {
		columns = append(columns[:len(columns):len(columns)], "yara_rules")
	}
	return viewOf(env, columns...)
}

// count says how many of a thing there are.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// byteCount writes a size for people, base 1024 as in the API.
func byteCount(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/1024, 0
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	return fmt.Sprintf("%.1f %cB", size, units[unit])
}
