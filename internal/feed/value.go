package feed

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mewshq/mews/internal/observable"
)

// The types with a normal form of their own, as upstream calls them.
const (
	typeMD5      = "hash_md5"
	typeSHA1     = "hash_sha1"
	typeSHA256   = "hash_sha256"
	typeDomain   = "domain"
	typeAddress  = "ip_address"
	typeBlock    = "ip_address_block"
	typeURL      = "url"
	typeEmail    = "email_address"
	typeSubject  = "email_subject"
	typeFileName = "file_name"
	typeFilePath = "file_path"
	typeMutex    = "mutex_name"
	typeRegistry = "registry"
	typeAgent    = "user_agent"
	typeUser     = "username"
	typeSerial   = "x509_serial"
	typeX509     = "x509_subject"
)

// Types lists the types of indicators, as upstream calls them.
func Types() []string {
	return []string{
		"binary_string", "compile_time", "device_name", typeDomain, typeEmail, typeSubject, "event_name", "file_mapping", typeFileName,
		typeFilePath, "hash_ion", typeMD5, typeSHA1, typeSHA256, typeAddress, typeBlock, typeMutex, "password", "persona_name",
		"phone_number", "port", typeRegistry, "semaphore_name", "service_name", typeURL, typeAgent, typeUser, typeSerial, typeX509,
	}
}

// typeWords are other words for types that tables use.
var typeWords = map[string]string{
	"md5": typeMD5, "md5_hash": typeMD5, "sha1": typeSHA1, "sha1_hash": typeSHA1, "sha256": typeSHA256, "sha256_hash": typeSHA256,
	"hostname": typeDomain, "fqdn": typeDomain, "ip": typeAddress, "ipv4": typeAddress, "ipv6": typeAddress, "cidr": typeBlock,
	"email": typeEmail, "filename": typeFileName, "mutex": typeMutex,
}

// normalValue gives a type and a value the form in which they are told apart.
func normalValue(typ, value string) (string, string, error) {
	typ, value = strings.ToLower(strings.TrimSpace(typ)), strings.TrimSpace(value)
	if word, ok := typeWords[typ]; ok {
		typ = word
	}
	switch {
	case value == "":
		return "", "", errors.New("indicator: it has no value")
	case len(value) > maxValue: // before anything looks at it more than once
		return "", "", fmt.Errorf("indicator: %q is longer than %d bytes", cut(value), maxValue)
	case typ == "":
		return guessValue(value)
	case !slices.Contains(Types(), typ):
		return "", "", fmt.Errorf("type: %q is none of %s", cut(typ), words(Types()))
	}
	if digits := hashDigits(typ); digits > 0 {
		return normalHash(typ, value, digits)
	}
	switch typ {
	case typeDomain:
		return normalDomain(value)
	case typeAddress, typeBlock:
		return normalAddress(typ, value)
	case typeURL:
		return normalURL(value)
	case typeEmail:
		if value = strings.ToLower(refang(value)); !strings.Contains(value, "@") {
			return "", "", fmt.Errorf("email_address: expected name@domain, not %q", cut(value))
		}
	}
	return typ, value, checkText(typ, value)
}

// guessValue tells the type of a value by its look.
func guessValue(value string) (string, string, error) {
	plain := refang(value)
	switch {
	case strings.Contains(plain, "://"):
		return normalURL(value)
	case strings.Contains(plain, "@"):
		return normalValue(typeEmail, plain)
	}
	for _, typ := range []string{typeMD5, typeSHA1, typeSHA256} {
		if digits := hashDigits(typ); len(plain) == digits && isHex(plain) {
			return normalHash(typ, plain, digits)
		}
	}
	if t, v, err := normalAddress(typeAddress, plain); err == nil {
		return t, v, nil
	}
	if t, v, err := normalDomain(plain); err == nil && strings.Contains(v, ".") {
		return t, v, nil
	}
	return "", "", fmt.Errorf("%q is no hash, domain, address, URL or e-mail address; the type must be given", cut(value))
}

// hashDigits is the length of a hash; 0: the type is none.
func hashDigits(typ string) int {
	switch typ {
	case typeMD5:
		return 32
	case typeSHA1:
		return 40
	case typeSHA256:
		return 64
	}
	return 0
}

func normalHash(typ, value string, digits int) (string, string, error) {
	if len(value) != digits || !isHex(value) {
		return "", "", fmt.Errorf("%s: expected %d hexadecimal digits, not %q", typ, digits, cut(value))
	}
	return typ, strings.ToLower(value), nil
}

func isHex(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdefABCDEF") == "" }

func normalDomain(value string) (string, string, error) {
	o, err := observable.Parse("domain", refang(value))
	if err != nil {
		return "", "", err
	}
	return typeDomain, o.Value(), nil
}

// normalAddress reads an address or a block. A block of one address is that
// address.
func normalAddress(typ, value string) (string, string, error) {
	value = refang(value)
	if block, err := netip.ParsePrefix(value); err == nil {
		if block.IsSingleIP() {
			return typeAddress, block.Addr().Unmap().String(), nil
		}
		return typeBlock, block.Masked().String(), nil
	}
	if ip, err := netip.ParseAddr(value); err == nil && ip.Zone() == "" && typ == typeAddress {
		return typeAddress, ip.Unmap().String(), nil
	}
	return "", "", fmt.Errorf("%s: expected an address or a block such as 198.51.100.0/24, not %q", typ, cut(value))
}

// normalURL writes scheme and host in lower case. The rest is as it was: servers
// tell its case apart, and what malware uses is often no sound URL.
func normalURL(value string) (string, string, error) {
	scheme, rest, ok := strings.Cut(value, "://")
	if !ok {
		scheme, rest, ok = strings.Cut(value, "[:]//")
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	scheme, host := strings.ToLower(scheme), strings.ToLower(refang(rest[:end]))
	if plain, fanged := strings.CutPrefix(scheme, "hxxp"); fanged {
		scheme = "http" + plain
	}
	if !ok || scheme == "" || strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" || host == "" || strings.ContainsAny(host, "/?#") {
		return "", "", fmt.Errorf("url: expected scheme://host and so on, not %q", cut(value))
	}
	value = scheme + "://" + host + rest[end:]
	return typeURL, value, checkText(typeURL, value)
}

func checkText(typ, value string) error {
	switch {
	case len(value) > maxValue:
		return fmt.Errorf("%s: %q is longer than %d bytes", typ, cut(value), maxValue)
	case !utf8.ValidString(value):
		return fmt.Errorf("%s: %q is not UTF-8", typ, cut(value))
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("%s: %q holds a control character", typ, cut(value))
	}
	return nil
}

// refang takes back what writers do to values so that nobody clicks on them.
func refang(value string) string {
	fangs := strings.NewReplacer("[.]", ".", "(.)", ".", "[dot]", ".", "[:]", ":", "[at]", "@", "[@]", "@")
	for {
		plain := fangs.Replace(value)
		if plain == value {
			return value
		}
		value = plain
	}
}

// cut shortens a text that an error repeats.
func cut(text string) string {
	const most = 64
	if len(text) > most {
		text = text[:most] + "..."
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

func words(list []string) string { return strings.Join(list, ", ") }
