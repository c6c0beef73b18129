package cli

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// fileTypes are the names that --type completes; the server has the last word.
var fileTypes = []string{
	"cdf", "cdfv2", "cjava", "dalvik", "doc", "docx", "elf32", "elf64", "email", "html", "hwp", "java.arc", "lnk", "macho",
	"pcap", "pdf", "pe32", "pe64", "perl", "ppt", "pptx", "python", "pythonc", "rtf", "swf", "text", "xls", "xlsx",
}

// filterOptions narrow a search or a hunt. The server checks the values.
type filterOptions struct {
	types, meta                        []string
	minSize, maxSize, minDate, maxDate string
	limit                              int
	maxCandidates, maxSeconds          int64
	maxBytes                           string
}

func (o *filterOptions) register(c *cobra.Command) {
	f := c.Flags()
	f.StringSliceVar(&o.types, "type", nil, "only these file types (pe32, elf64, pdf, ...)")
	f.StringSliceVar(&o.meta, "meta", nil, "ask the server for these fields only: sha256,md5,type,size,first_seen,label,family")
	f.StringVar(&o.minSize, "min-size", "", "only files of at least this size (128000, 1.3KB, 8mb)")
	f.StringVar(&o.maxSize, "max-size", "", "only files of at most this size")
	f.StringVar(&o.minDate, "min-date", "", "only files first seen on or after this day (YYYY/MM/DD)")
	f.StringVar(&o.maxDate, "max-date", "", "only files first seen on or before this day")
	f.IntVar(&o.limit, "limit", 0, "at most this many results (0: the server's default)")
	_ = c.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(fileTypes, cobra.ShellCompDirectiveNoFileComp))
}

// registerCaps adds the caps of what a request looks at.
func (o *filterOptions) registerCaps(c *cobra.Command) {
	f := c.Flags()
	f.Int64Var(&o.maxCandidates, "max-candidates", 0, "look at no more files than this (0: the server's cap)")
	f.StringVar(&o.maxBytes, "max-bytes", "", "look at no more bytes than this (500mb, 2GB)")
	f.Int64Var(&o.maxSeconds, "max-seconds", 0, "look no longer than this")
}

func (o *filterOptions) wire() (*mews.SearchOptions, error) {
	if o.limit < 0 {
		return nil, usagef("--limit %d: must not be negative", o.limit)
	}
	if o.maxCandidates < 0 || o.maxSeconds < 0 {
		return nil, usagef("--max-candidates and --max-seconds must not be negative")
	}
	w := mews.SearchOptions{
		FilterFiletypes: o.types, FilterMeta: o.meta, Limit: o.limit, MinDate: o.minDate, MaxDate: o.maxDate,
		MinSize: mews.Text(o.minSize), MaxSize: mews.Text(o.maxSize),
		MaxCandidates: o.maxCandidates, MaxBytes: mews.Text(o.maxBytes), MaxSeconds: o.maxSeconds,
	}
	return &w, nil
}

// maxHashes bounds what is read from standard input.
const maxHashes = 1 << 20

// hashArgs reads SHA-256 hashes from the command line; "-" stands for standard
// input, one a line. They come back in lower case, each once.
func (g *globals) hashArgs(args []string) ([]string, error) {
	var words []string
	for _, a := range args {
		if a != "-" {
			words = append(words, a)
			continue
		}
		lines := bufio.NewScanner(io.LimitReader(g.In, maxHashes*66))
		for lines.Scan() {
			if w := strings.TrimSpace(lines.Text()); w != "" {
				words = append(words, w)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("read hashes from standard input: %w", err)
		}
	}
	seen := make(map[string]bool, len(words))
	hashes := words[:0]
	for _, w := range words {
		w = strings.ToLower(w)
		if !isSHA256(w) {
			return nil, usagef("%q is no SHA-256: expected 64 hexadecimal digits", w)
		}
		if !seen[w] {
			seen[w] = true
			hashes = append(hashes, w)
		}
	}
	if len(hashes) == 0 {
		return nil, usagef("no hash given")
	}
	return slices.Clip(hashes), nil
}

func isSHA256(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64
}
