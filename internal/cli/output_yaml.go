package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// yamlOf writes JSON text as YAML of the same value: keys in their order,
// numbers digit for digit, and nothing in it that could steer a terminal.
func yamlOf(text []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(jsonSafe(text), &doc); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	plain(&doc)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return jsonSafe(out.Bytes()), nil // in quotes, so YAML reads the escapes back
}

// plain takes JSON's brackets and quotes off, but for the texts that need them:
// those with characters that are spelled out, and those that another reader
// would take for something else.
func plain(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		n.Style &^= yaml.FlowStyle
	} else if n.Tag == "!!str" && n.Style == yaml.DoubleQuotedStyle && plainText(n.Value) {
		n.Style = 0
	}
	for _, child := range n.Content {
		plain(child)
	}
}

// notPlain are words that some reader of YAML takes for something else than text.
var notPlain = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// plainText tells whether a text may stand without quotes: it begins as a word
// does, so that no reader sees a number, a date or a mark in it. What the encoder
// cannot write plainly it quotes itself.
func plainText(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(first) && s == strings.TrimSpace(s) && !strings.ContainsFunc(s, unsafeRune) &&
		!slices.Contains(notPlain, strings.ToLower(s))
}
