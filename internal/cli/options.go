package cli

import (
	"bufio"
	"encoding/hex"
	"fmt"
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

// maxWords bounds what is read from standard input.
const maxWords = 1 << 20

// wordArgs reads words from the command line; "-" stands for standard input, one
// a line. Each comes back once, as read gives it.
func (g *globals) wordArgs(args []string, what string, read func(string) (string, error)) ([]string, error) {
	var words []string
	seen := map[string]bool{}
	add := func(text string) error {
		if text = strings.TrimSpace(text); text == "" {
			return nil
		}
		word, err := read(text)
		switch {
		case err != nil:
			return usageError{err}
		case seen[word]:
			return nil
		case len(words) == maxWords:
			return usagef("more than %d; use several commands", maxWords)
		}
		seen[word] = true
		words = append(words, word)
		return nil
	}
	for _, a := range args {
		if a != "-" {
			if err := add(a); err != nil {
				return nil, err
			}
			continue
		}
		lines := bufio.NewScanner(g.In)
		for lines.Scan() {
			if err := add(lines.Text()); err != nil {
				return nil, err
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("read from standard input: %w", err)
		}
	}
	if len(words) == 0 {
		return nil, usagef("no %s given", what)
	}
	return words, nil
}

// hashArgs reads SHA-256 hashes from the command line, in lower case; see
// wordArgs.
func (g *globals) hashArgs(args []string) ([]string, error) {
	return g.wordArgs(args, "hash", func(word string) (string, error) {
		if word = strings.ToLower(word); !isSHA256(word) {
			return "", fmt.Errorf("%q is no SHA-256: expected 64 hexadecimal digits", word)
		}
		return word, nil
	})
}

func isSHA256(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64
}
