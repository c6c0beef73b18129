package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/avlog"
)

// avOptions are what both antivirus importers ask.
type avOptions struct {
	hostOptions
	log, moved, zone string
	agent, dry       bool
	parallel         int
}

func (o *avOptions) register(c *cobra.Command, movedUsage string) {
	f := c.Flags()
	o.hostOptions.register(f)
	f.StringVar(&o.moved, "moved", "", movedUsage)
	f.BoolVar(&o.agent, "agent", false, "a program on the host fetches and acknowledges actions (mews agent)")
	f.BoolVar(&o.dry, "dry-run", false, "list what would be imported, and send nothing")
	f.IntVar(&o.parallel, "parallel", 8, "uploads at the same time")
}

const avLong = `

The files stay where they are. Bytes are read from the folder of --moved only, whatever
the text says: the names in it were chosen by others. Repeating the command resumes an
import and adds nothing twice. Files that are no longer in the folder are skipped.`

func newImportClamAVCommand(g *globals) *cobra.Command {
	o := &avOptions{}
	c := &cobra.Command{
		Use: "clamav --log FILE --moved DIR", Short: "Import the files that ClamAV has moved", Args: cobra.NoArgs,
		Long: `Import the files that clamscan, clamdscan or clamonacc have moved (--move), with their
paths and signatures from the log.` + avLong,
		Example: `  mews quarantine import clamav --log /var/log/clamav/clamonacc.log --moved /var/lib/clamav-quarantine --dry-run`,
		RunE:    func(c *cobra.Command, _ []string) error { return runImportClamAV(c.Context(), g, o) },
	}
	o.register(c, "the folder into which ClamAV moves files")
	c.Flags().StringVar(&o.log, "log", "", "log file of clamscan, clamdscan, clamd or clamonacc")
	c.Flags().StringVar(&o.zone, "time-zone", "Local", "zone of the log's times, for example Europe/Berlin")
	_ = c.MarkFlagRequired("log")
	return rowsOf[avRow](rowsOf[importSummary](c))
}

func runImportClamAV(ctx context.Context, g *globals, o *avOptions) error {
	zone, err := time.LoadLocation(o.zone)
	if err != nil {
		return usagef("--time-zone: %w", err)
	}
	return g.importAV(ctx, o, "clamav", func(f *os.File) (*avlog.Log, error) { return avlog.ReadClamAV(f, zone) })
}

func newImportMaldetCommand(g *globals) *cobra.Command {
	o := &avOptions{}
	c := &cobra.Command{
		Use: "maldet --hist FILE", Short: "Import the files that Linux Malware Detect has in quarantine", Args: cobra.NoArgs,
		Long: `Import the files that Linux Malware Detect (maldet) has in quarantine, with their paths,
owners and signatures from its quarantine.hist and the .info files beside them.` + avLong,
		Example: `  mews quarantine import maldet --hist /usr/local/maldetect/sess/quarantine.hist`,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.moved == "" {
				o.moved = maldetFolder(o.log)
			}
			return g.importAV(c.Context(), o, "maldet", func(f *os.File) (*avlog.Log, error) { return avlog.ReadMaldet(f) })
		},
	}
	o.register(c, "maldet's quarantine (default: ../quarantine of the history's folder)")
	c.Flags().StringVar(&o.log, "hist", "", "quarantine.hist")
	_ = c.MarkFlagRequired("hist")
	return rowsOf[avRow](rowsOf[importSummary](c))
}

// maldetFolder is where maldet keeps the files that a history tells of: root's
// are in "quarantine", a user's own in "quar".
func maldetFolder(hist string) string {
	home := filepath.Dir(filepath.Dir(absolute(hist)))
	if user := filepath.Join(home, "quar"); isFolder(user) {
		return user
	}
	return filepath.Join(home, "quarantine")
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// importAV reads a log and imports what it tells of.
func (g *globals) importAV(ctx context.Context, o *avOptions, source string, read func(*os.File) (*avlog.Log, error)) error {
	if err := o.check(g); err != nil {
		return err
	}
	f, err := os.Open(o.log)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	defer f.Close()
	log, err := read(f)
	if err != nil {
		return fmt.Errorf("read %s: %w", o.log, err)
	}
	if o.moved == "" {
		return usagef("%s", needsMoved(log))
	}
	folder, err := os.OpenRoot(o.moved)
	if err != nil {
		return fmt.Errorf("open the folder of the moved files: %w", err)
	}
	defer folder.Close()
	report, err := o.report()
	if err != nil {
		return err
	}
	report.Agent = o.agent
	imp := &avImporter{g: g, source: source, name: o.log, folder: folder, base: report, options: o, now: time.Now}
	for _, p := range log.Problems {
		imp.fail(p.Line, errors.New(p.Text))
	}
	findings, err := imp.inFolder(log.Findings)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error { return imp.run(ctx, c.Quarantine(), findings) })
}

func (o *avOptions) check(g *globals) error {
	if o.parallel < 1 || o.parallel > 64 {
		return usagef("--parallel %d: must be 1..64", o.parallel)
	}
	if o.dry {
		return checkFields[avRow](g)
	}
	return checkFields[importSummary](g)
}

// needsMoved names the folders that a log speaks of. They are not read without
// the user's word, because a file name can make a log speak of any folder.
func needsMoved(log *avlog.Log) string {
	if len(log.Findings) == 0 {
		return fmt.Sprintf("the log tells of %s and of no moved file; if there should be some, give --moved DIR",
			count(log.Detections, "detection", "detections"))
	}
	return "give --moved DIR, the folder of the moved files; the log says " + strings.Join(folders(log.Findings), ", ")
}

// folders lists where files were moved to, a few at most.
func folders(findings []avlog.Finding) []string {
	var list []string
	for _, f := range findings {
		dir := path.Dir(f.Kept)
		if !slices.Contains(list, dir) {
			list = append(list, dir)
		}
		if len(list) == 5 {
			return append(list, "...")
		}
	}
	return list
}
