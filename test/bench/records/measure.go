package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/figures"
	"github.com/mewshq/mews/test/harness"
)

// serverArgs lift the rate limit, which is not what is measured.
var serverArgs = []string{"--limits-requests-per-minute", "100000000", "--log-level", "warn"}

// measure takes all figures of one number of records.
func measure(ctx context.Context, s settings, t *truth) (*sizeReport, error) {
	r := &sizeReport{Records: len(t.records)}
	srv, err := r.prepare(ctx, s, t)
	if err != nil {
		return nil, err
	}
	client, err := srv.Client()
	if err == nil {
		defer client.Close()
		err = r.ask(ctx, s, srv, client.Quarantine(), t)
	}
	if err == nil && s.only == "" && !s.keep {
		err = r.act(ctx, s, srv, client.Quarantine(), t)
	}
	if err = errors.Join(err, srv.Stop()); err != nil || s.keep {
		return r, err
	}
	return r, errors.Join(os.RemoveAll(srv.Data), os.RemoveAll(srv.Data+".key"))
}

// prepare gives a server that holds the records and has just been started.
func (r *sizeReport) prepare(ctx context.Context, s settings, t *truth) (*harness.Server, error) {
	data := filepath.Join(s.cache, fmt.Sprintf("records-%d-%d", r.Records, s.seed))
	login := data + ".login"
	var o harness.Options
	text, err := os.ReadFile(login)
	if err == nil && s.keep {
		err = json.Unmarshal(text, &o)
		o.Data, o.Args = data, serverArgs
		if err == nil {
			note("%d records: as they were left", r.Records)
			return harness.Start(ctx, o)
		}
	}
	if err := errors.Join(os.RemoveAll(data), os.RemoveAll(data+".key"), os.RemoveAll(login), os.MkdirAll(s.cache, 0o755)); err != nil {
		return nil, err
	}
	srv, err := harness.Start(ctx, harness.Options{Data: data, Args: serverArgs})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(r.load(ctx, s, srv, t), srv.Stop()); err != nil {
		return nil, err
	}
	// What queries need of memory is measured in a process that did not import.
	o = harness.Options{Data: data, Args: serverArgs, ClientID: srv.ClientID, ClientSecret: srv.ClientSecret}
	if text, err = json.Marshal(o); err == nil && s.keep {
		err = os.WriteFile(login, text, 0o600)
	}
	if err != nil {
		return nil, err
	}
	return harness.Start(ctx, o)
}

// load imports the records as a user's program would.
func (r *sizeReport) load(ctx context.Context, s settings, srv *harness.Server, t *truth) error {
	note("%d records: import", r.Records)
	client, err := srv.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	before, err := srv.Usage()
	if err != nil {
		return err
	}
	stop := srv.ProfileInto(ctx, s.profiles, fmt.Sprintf("records-import-%d", r.Records))
	began, bytes := time.Now(), 0
	for batch := range slices.Chunk(t.records, 5000) {
		reports := make([]mews.QuarantineReport, len(batch))
		for i := range batch {
			reports[i] = t.report(&batch[i])
		}
		if line, err := json.Marshal(reports[0]); err == nil {
			bytes = len(line)
		}
		env, err := client.Quarantine().Import(ctx, reports)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		if len(env.Errors) > 0 || env.Meta.Writes.ResourcesAffected != len(batch) {
			return fmt.Errorf("import of %d records took %d in: %v", len(batch), env.Meta.Writes.ResourcesAffected, env.Errors)
		}
	}
	took := time.Since(began)
	if err := stop(); err != nil {
		return err
	}
	after, err := srv.Usage()
	if err != nil {
		return err
	}
	n := float64(r.Records)
	r.Add("import_rate", "import by NDJSON, one client", "records/s", n/took.Seconds())
	r.Add("import_cpu", "... CPU of the server", "us/record", (after.CPU-before.CPU).Seconds()*1e6/n)
	r.Add("import_rss", "... memory (server, peak RSS)", "MB", float64(after.PeakRSS)/figures.MB)
	r.Add("line", "... bytes of one report, as JSON", "", float64(bytes))
	return nil
}

// ask measures the mix, and checks every answer once.
func (r *sizeReport) ask(ctx context.Context, s settings, srv *harness.Server, q mews.QuarantineService, t *truth) error {
	r.Add("disk", "on disk, everything", "bytes/record", float64(harness.FolderSize(srv.Data))/float64(r.Records))
	all := questions(t)
	if s.only != "" {
		all = slices.DeleteFunc(all, func(q query) bool { return !strings.Contains(q.class+" "+q.name, s.only) })
	}
	note("%d records: %d queries, and what is true", r.Records, len(all))
	for i := range all {
		got, err := all[i].ask(ctx, q)
		if err == nil {
			err = all[i].check(t, got)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.Wrong = append(r.Wrong, fmt.Sprintf("%s, %s: %v", all[i].class, all[i].name, err))
		}
	}
	note("%d records: %d x %d queries measured", r.Records, s.repeats, len(all))
	stop := srv.ProfileInto(ctx, s.profiles, fmt.Sprintf("records-queries-%d", r.Records))
	for i := range all {
		f, err := timed(ctx, s, srv, q, &all[i])
		if err != nil {
			return err
		}
		r.Queries = append(r.Queries, f)
	}
	if err := stop(); err != nil {
		return err
	}
	use, err := srv.Usage()
	if err != nil {
		return err
	}
	var worst []float64
	for _, c := range r.classes() {
		worst = append(worst, c.P95)
	}
	if len(worst) > 0 {
		r.AtMost("p95", "slowest kind of query, p95", "ms", slices.Max(worst), 1000)
	}
	r.Add("rss_queries", "memory while querying (server, peak RSS)", "MB", float64(use.PeakRSS)/figures.MB)
	r.AtMost("wrong", fmt.Sprintf("wrong answers of %d", len(all)), "", float64(len(r.Wrong)), 0)
	return nil
}

func timed(ctx context.Context, s settings, srv *harness.Server, q mews.QuarantineService, ask *query) (f queryFigure, err error) {
	f = queryFigure{Class: ask.class, Name: ask.name}
	before, err := srv.Usage()
	if err != nil {
		return f, err
	}
	for range s.repeats {
		began := time.Now()
		// An answer that is refused was counted as a wrong one above; its time counts here.
		if _, err := ask.ask(ctx, q); err != nil && ctx.Err() != nil {
			return f, ctx.Err()
		}
		f.Wall = append(f.Wall, figures.MS(time.Since(began)))
	}
	after, err := srv.Usage()
	f.CPU = figures.MS(after.CPU-before.CPU) / float64(s.repeats)
	return f, err
}
