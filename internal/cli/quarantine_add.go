package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

type quarantineAddOptions struct {
	hostOptions
	path                           string
	report                         mews.QuarantineReport // what flags set directly
	detectIDs, alertIDs, behaviors []string
	severity, confidence           int
	severityGiven, confidenceGiven bool
}

func newQuarantineAddCommand(g *globals) *cobra.Command {
	o := &quarantineAddOptions{}
	c := &cobra.Command{
		Use: "add FILE...", Short: "Take files into quarantine, with where they were found", Args: cobra.MinimumNArgs(1),
		Long: `Take files into the quarantine of the server, with where they were found. The files
here stay as they are. Adding one again changes nothing, unless --date is later than
what was last done with it on the server: then it is in quarantine again.`,
		Example: `  mews quarantine add invoice.exe --host WS-042 --user bob --path 'C:\Users\bob\invoice.exe'
  mews quarantine add /var/quarantine/* --host mail1 --detect-id clamav:Win.Test.A`,
		RunE: func(c *cobra.Command, args []string) error {
			o.severityGiven, o.confidenceGiven = c.Flags().Changed("severity"), c.Flags().Changed("confidence")
			return runQuarantineAdd(c.Context(), g, o, args)
		},
	}
	f := c.Flags()
	o.hostOptions.register(f)
	f.StringVar(&o.path, "path", "", "where the file was found (default: where it is now)")
	f.StringVar(&o.report.DateCreated, "date", "", "when the host took it, RFC 3339 (default: now)")
	f.StringSliceVar(&o.detectIDs, "detect-id", nil, "id of a detection")
	f.StringSliceVar(&o.alertIDs, "alert-id", nil, "id of an alert")
	f.StringSliceVar(&o.behaviors, "behavior", nil, "what it did or was taken for (filter: behaviors.behavior_id)")
	f.StringVar(&o.report.AdversaryID, "adversary", "", "who is behind it (filter: adversary_id)")
	f.StringVar(&o.report.Country, "country", "", "where the host is (filter: device.country)")
	f.IntVar(&o.severity, "severity", 0, "0 to 100 (filter: max_severity)")
	f.IntVar(&o.confidence, "confidence", 0, "0 to 100 (filter: max_confidence)")
	f.StringVar(&o.report.Comment, "comment", "", "for the record's history")
	f.BoolVar(&o.report.Agent, "agent", false, "a program on the host fetches and acknowledges actions (mews agent)")
	return rowsOf[quarantineRow](c)
}

func runQuarantineAdd(ctx context.Context, g *globals, o *quarantineAddOptions, files []string) error {
	if o.path != "" && len(files) > 1 {
		return usagef("--path is the path of one file; give one FILE")
	}
	where, err := o.hostOptions.report()
	if err != nil {
		return err
	}
	r := o.report
	r.AID, r.Hostname, r.Username = where.AID, where.Hostname, where.Username
	r.DetectIDs, r.AlertIDs = o.detectIDs, o.alertIDs
	for _, b := range o.behaviors {
		r.Behaviors = append(r.Behaviors, mews.QuarantineBehavior{BehaviorID: b})
	}
	if o.severityGiven {
		r.MaxSeverity = &o.severity
	}
	if o.confidenceGiven {
		r.MaxConfidence = &o.confidence
	}
	return g.withClient(func(c *mews.Client) error { return g.addQuarantined(ctx, c, r, o.path, files) })
}

// addQuarantined reports the files one after the other. What is wrong with one
// fails it alone.
func (g *globals) addQuarantined(ctx context.Context, c *mews.Client, r mews.QuarantineReport, found string, files []string) error {
	var added []mews.QuarantinedFile
	failed := 0
	var fatal error
	for _, file := range files {
		r.Paths = atPath(absolute(file))
		if found != "" {
			r.Paths = atPath(found)
		}
		record, err := reportFile(ctx, c, r, file)
		if err != nil && (!failsAlone(err) || len(files) == 1) {
			fatal = fmt.Errorf("%s: %w", file, err)
			break
		}
		if err != nil {
			failed++
			g.note("mews: %s: %v", file, bare(err))
			continue
		}
		added = append(added, record)
	}
	err := g.write(viewOf(&mews.Envelope[quarantineRow]{Resources: quarantineRows(added)}, quarantineColumns...))
	switch {
	case fatal != nil:
		return errors.Join(fatal, err)
	case err != nil:
		return err
	case failed > 0 && len(added) == 0:
		return silent(errNothingAdded)
	case failed > 0:
		return silent(errPartial)
	}
	return nil
}

func reportFile(ctx context.Context, c *mews.Client, r mews.QuarantineReport, file string) (mews.QuarantinedFile, error) {
	f, err := openRegular(file)
	if errors.Is(err, syscall.ELOOP) {
		err = &os.PathError{Op: "open", Path: file, Err: errors.New("is a symbolic link; name the file itself")}
	}
	if err != nil {
		return mews.QuarantinedFile{}, err
	}
	defer f.Close()
	return c.Quarantine().Report(ctx, r, f)
}

// failsAlone tells what is wrong with one file from what would meet every file
// that follows.
func failsAlone(err error) bool {
	return errors.Is(err, mews.ErrInvalid) || errors.Is(err, mews.ErrTooLarge) || errors.Is(err, mews.ErrConflict) || isLocal(err)
}
