package hunt

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/query"
)

const (
	maxPatterns     = 32
	maxPatternBytes = 256
	maxAllPatterns  = 4 << 10
	minPattern      = 4 // bytes; characters for wide
)

// parsePatterns turns the patterns of a search into a plan: all must occur.
func parsePatterns(patterns []mews.Pattern) (query.Node, error) {
	if len(patterns) == 0 {
		return nil, mews.Errorf(mews.ErrInvalid, "patterns: at least one is required")
	}
	if len(patterns) > maxPatterns {
		return nil, mews.Errorf(mews.ErrInvalid, "patterns: at most %d are allowed", maxPatterns)
	}
	var all query.And
	total := 0
	for i, p := range patterns {
		b, err := patternBytes(p)
		if err == nil && len(b) > maxPatternBytes {
			err = fmt.Errorf("longer than %d bytes", maxPatternBytes)
		}
		if err != nil {
			return nil, mews.Errorf(mews.ErrInvalid, "pattern %d: %v", i+1, err)
		}
		if total += len(b); total > maxAllPatterns {
			return nil, mews.Errorf(mews.ErrInvalid, "patterns: together longer than %d bytes", maxAllPatterns)
		}
		all.Kids = append(all.Kids, query.Literal{Bytes: b})
	}
	return query.Simplify(all), nil
}

func patternBytes(p mews.Pattern) ([]byte, error) {
	switch strings.ToLower(p.Type) {
	case "hex":
		return hexPattern(p.Value)
	case "ascii":
		if len(p.Value) < minPattern {
			return nil, fmt.Errorf("needs at least %d bytes", minPattern)
		}
		return []byte(p.Value), nil
	case "wide":
		return widePattern(p.Value)
	}
	return nil, fmt.Errorf("unknown type %.20q: use hex, ascii or wide", p.Type)
}

func hexPattern(value string) ([]byte, error) {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, value)
	b, err := hex.DecodeString(digits)
	switch {
	case strings.ContainsAny(digits, "?*()[]{}~"):
		return nil, fmt.Errorf("wildcards are not supported here; use a hunt")
	case err != nil:
		return nil, fmt.Errorf("needs an even number of hex digits and nothing else")
	case len(b) < minPattern:
		return nil, fmt.Errorf("needs at least %d fixed bytes", minPattern)
	}
	return b, nil
}

func widePattern(value string) ([]byte, error) {
	if !utf8.ValidString(value) {
		return nil, fmt.Errorf("is not text")
	}
	if utf8.RuneCountInString(value) < minPattern {
		return nil, fmt.Errorf("needs at least %d characters", minPattern)
	}
	if len(value) > 4*maxPatternBytes {
		return nil, fmt.Errorf("longer than %d bytes", maxPatternBytes)
	}
	var b []byte
	for _, unit := range utf16.Encode([]rune(value)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b, nil
}

// ruleOf is the YARA rule that asks for the same as the patterns.
func ruleOf(patterns []mews.Pattern) string {
	var b strings.Builder
	b.WriteString("rule exact_search\n{\n    meta:\n        description = \"generated from the patterns of an exact search\"\n    strings:\n")
	for _, p := range patterns {
		if lit, err := patternBytes(p); err == nil {
			fmt.Fprintf(&b, "        $ = { % X }\n", lit)
		}
	}
	b.WriteString("    condition:\n        all of them\n}\n")
	return b.String()
}
