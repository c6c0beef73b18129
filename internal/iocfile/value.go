package iocfile

import (
	"fmt"
	"strings"

	"github.com/mewshq/mews/internal/observable"
)

// ParseValue reads a value that stands alone: with its type in front, such as
// "domain:example.com", or without it where its look tells the type.
func ParseValue(text string) (Indicator, error) {
	i := Indicator{Value: strings.TrimSpace(text)}
	if typ, value, ok := strings.Cut(i.Value, ":"); ok {
		if t, known := observable.TypeOf(strings.ToLower(typ)); known { // else the colon is an address's
			i.Type, i.Value = t.String(), value
			return i, i.normal()
		}
	}
	t, err := guess(i.Value)
	if err != nil {
		return i, err
	}
	i.Type = t.String()
	return i, i.normal()
}

// guess tells the type of a value by its look; whether it is one, normal decides.
// A word without a dot may be a domain, but more likely it is something else.
func guess(value string) (observable.Type, error) {
	name := strings.TrimSuffix(value, ".")
	last := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case strings.Contains(value, "/"):
	case strings.Contains(value, ":"):
		return observable.IPv6, nil
	case last != name && strings.Trim(last, "0123456789") == "":
		return observable.IPv4, nil
	case last != name:
		return observable.Domain, nil
	case len(value) == 64:
		return observable.SHA256, nil
	case len(value) == 32:
		return observable.MD5, nil
	}
	return 0, fmt.Errorf("%q is no SHA-256, MD5, domain or address", cut(value))
}
