package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mewshq/mews"
)

func newQuarantineCommand(g *globals) *cobra.Command {
	c := group("quarantine", "Take in quarantined files, look through them and act on them",
		newQuarantineAddCommand(g), newQuarantineImportCommand(g),
		newQuarantineListCommand(g), newQuarantineShowCommand(g), newQuarantineAggCommand(g), newQuarantinePreviewCommand(g),
		newQuarantineReleaseCommand(g), newQuarantineUnreleaseCommand(g), newQuarantineDeleteCommand(g),
		newQuarantineSearchableCommand(g))
	c.Long = `Take in files that hosts have put in quarantine, look through them and act on them.

Records are selected with --filter, in the Falcon Query Language, and with -q, a
phrase that occurs in one of their words:

  'state:"quarantined"+hostname:"web*"'              + is and, * any text
  'date_created:>"now-7d",username:["bob","eve"]'    , is or, [] any of these
  'paths.path:*"*/tmp/*"'                            a part of a path

"mews fql explain" shows how a filter is read and which fields there are.`
	return c
}

// A quarantineRow is a record with the first of its paths as a field of its own.
type quarantineRow struct {
	mews.QuarantinedFile
	Path string `json:"path"`
}

var quarantineColumns = []string{"id", "state", "hostname", "username", "date_created", "path"}

func quarantineRows(records []mews.QuarantinedFile) []quarantineRow {
	rows := make([]quarantineRow, len(records))
	for i, r := range records {
		rows[i] = quarantineRow{QuarantinedFile: r, Path: firstPath(r.Paths)}
	}
	return rows
}

// firstPath is what stands for a record's paths in one cell.
func firstPath(paths []mews.QuarantinePath) string {
	if len(paths) == 0 {
		return ""
	}
	return cmp.Or(paths[0].Path, paths[0].Filename)
}

// selectOptions select records.
type selectOptions struct{ filter, q string }

func (o *selectOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.filter, "filter", "", "only records that this FQL filter selects")
	f.StringVarP(&o.q, "query", "q", "", "only records with this phrase in one of their words")
}

// hostOptions say where a file was found.
type hostOptions struct{ aid, host, user string }

func (o *hostOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.aid, "aid", "", "id of the host, 32 hexadecimal digits (default: made from its name)")
	f.StringVar(&o.host, "host", "", "name of the host (default: this machine's, unless --aid is given)")
	f.StringVar(&o.user, "user", "", "user whose file it was")
}

// report begins the report of a file from this host.
func (o *hostOptions) report() (mews.QuarantineReport, error) {
	host := o.host
	if host == "" && o.aid == "" {
		var err error
		if host, err = os.Hostname(); err != nil {
			return mews.QuarantineReport{}, usagef("this machine has no name (%w); give --host or --aid", err)
		}
	}
	return mews.QuarantineReport{AID: o.aid, Hostname: host, Username: o.user}, nil
}

// atPath is the one path of a report. Hosts of either kind report, so both
// slashes part a path.
func atPath(p string) []mews.QuarantinePath {
	return []mews.QuarantinePath{{Path: p, Filename: path.Base(strings.ReplaceAll(p, `\`, "/"))}}
}

// recordArgs reads record ids from the command line; see wordArgs.
func (g *globals) recordArgs(args []string) ([]string, error) {
	return g.wordArgs(args, "id", func(id string) (string, error) {
		if aid, sha, ok := strings.Cut(id, "_"); !ok || len(aid) != 32 || !isSHA256(strings.ToLower(sha)) {
			return "", fmt.Errorf("%q is no id of a quarantined file: expected 32 characters, _ and a SHA-256", id)
		}
		return id, nil
	})
}

// unknownIDs turns the 404 of a whole batch into entries, so that the batches
// beside it count. It gives nil where err is something else.
func unknownIDs(ids []string, err error) []mews.APIError {
	if !errors.Is(err, mews.ErrNotFound) {
		return nil
	}
	return missing(ids, "no such quarantined file")
}

func missing(ids []string, message string) []mews.APIError {
	list := make([]mews.APIError, len(ids))
	for i, id := range ids {
		list[i] = mews.APIError{Code: 404, Message: message, ID: id}
	}
	return list
}
