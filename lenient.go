package mews

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A List is a list of words in a request. Its JSON form is an array; a string
// of words with commas between them is read too. Words are trimmed, empty ones
// dropped, repeated ones kept once, in order.
type List []string

// SplitList applies the array rule to the values of a query parameter or field.
func SplitList(values []string) List {
	var out List
	seen := make(map[string]bool)
	for _, v := range values {
		for word := range strings.SplitSeq(v, ",") {
			word = strings.TrimSpace(word)
			if word == "" || seen[word] {
				continue
			}
			seen[word] = true
			out = append(out, word)
		}
	}
	return out
}

// UnmarshalJSON reads an array of strings, or one string with commas.
func (l *List) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if bytes.HasPrefix(b, []byte{'"'}) {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = SplitList([]string{s})
		return nil
	}
	var words []*string
	if err := json.Unmarshal(b, &words); err != nil {
		return fmt.Errorf("expected a list of strings")
	}
	var values []string
	for _, w := range words {
		if w != nil {
			values = append(values, *w)
		}
	}
	*l = SplitList(values)
	return nil
}

// A Text is a string that clients may also send as a JSON number.
type Text string

// UnmarshalJSON reads a string or a number, and keeps the number's spelling.
func (t *Text) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if bytes.HasPrefix(b, []byte{'"'}) {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = Text(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("expected a string or a number")
	}
	*t = Text(n.String())
	return nil
}

// Filters is an FQL filter that clients may also send as a list of filters, all
// of which must hold.
type Filters string

// UnmarshalJSON reads a string, or joins the strings of a list by AND.
func (f *Filters) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if bytes.HasPrefix(b, []byte{'"'}) {
		return json.Unmarshal(b, (*string)(f))
	}
	var list []*string
	if err := json.Unmarshal(b, &list); err != nil {
		return fmt.Errorf("expected a string or a list of strings")
	}
	var parts []string
	all := false
	for _, part := range list {
		switch {
		case part == nil || strings.TrimSpace(*part) == "":
		case strings.TrimSpace(*part) == "*":
			all = true
		default:
			parts = append(parts, "("+*part+")")
		}
	}
	*f = Filters(strings.Join(parts, "+"))
	if len(parts) == 0 && all {
		*f = "*"
	}
	return nil
}
