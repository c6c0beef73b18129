package collection

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Bounds of tokens.
const (
	tokenLife = time.Hour // unless Options say otherwise
	maxToken  = 64 << 10  // bytes; the values a page ends with are in it
)

// A token says where a page ended. It is signed together with who may use it
// and for what, which it does not carry itself.
type token struct {
	Expires int64 // unix seconds
	Total   int   // as counted for the first page
	Seen    int   // records on the pages so far
	Last    row
}

// errToken is the one answer to every token that is not ours, not for this
// query, or too old: which of these it is helps only those who try.
func errToken() *Error {
	return errorf("invalid or expired pagination token: ask for the first page again, with the same filter, q and sort on each page")
}

// sign writes a token: its JSON and then its signature, in base64 that needs no
// escaping in a URL.
func (c *Collection) sign(q Query, keys []order, t token) string {
	payload, err := json.Marshal(t)
	if err != nil {
		return "" // cannot be: strings and numbers only
	}
	return base64.RawURLEncoding.EncodeToString(append(payload, c.mac(q, keys, payload)...))
}

// verify reads a token that sign wrote for the same query.
func (c *Collection) verify(q Query, keys []order) (token, error) {
	var t token
	if len(q.After) > maxToken || strings.ContainsAny(q.After, "\r\n") { // which base64 skips
		return t, errToken()
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(q.After)
	if err != nil || len(raw) < sha256.Size {
		return t, errToken()
	}
	payload, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if !hmac.Equal(mac, c.mac(q, keys, payload)) {
		return t, errToken()
	}
	if err := json.Unmarshal(payload, &t); err != nil || c.now().Unix() >= t.Expires || len(t.Last.values) != len(keys) {
		return t, errToken()
	}
	return t, nil
}

// mac binds a token to a version of this format, the collection, the customer,
// the client and the query. Each is preceded by its length, so that no two
// lists of them look alike.
func (c *Collection) mac(q Query, keys []order, payload []byte) []byte {
	h := hmac.New(sha256.New, c.key)
	for _, part := range []string{
		"mews page token 1", c.schema.Name, string(q.CID), q.Client, q.Filter, q.Q, canonical(keys), string(payload),
	} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// MarshalJSON writes the position of a row: key and values, each as text behind
// a letter for its type, because JSON's numbers are not exact.
func (r row) MarshalJSON() ([]byte, error) {
	out := []string{strconv.FormatInt(r.key, 10)}
	for _, v := range r.values {
		switch v := v.(type) {
		case nil:
			out = append(out, "")
		case int64:
			out = append(out, "i"+strconv.FormatInt(v, 10))
		case float64:
			out = append(out, "f"+strconv.FormatFloat(v, 'g', -1, 64))
		case string:
			out = append(out, "s"+base64.RawStdEncoding.EncodeToString([]byte(v)))
		case []byte:
			out = append(out, "b"+base64.RawStdEncoding.EncodeToString(v))
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *row) UnmarshalJSON(b []byte) error {
	var in []string
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	if len(in) == 0 {
		return errors.New("no key")
	}
	var err error
	if r.key, err = strconv.ParseInt(in[0], 10, 64); err != nil {
		return err
	}
	for _, text := range in[1:] {
		v, err := unmarshalValue(text)
		if err != nil {
			return err
		}
		r.values = append(r.values, v)
	}
	return nil
}

func unmarshalValue(text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	switch kind, text := text[0], text[1:]; kind {
	case 'i':
		return strconv.ParseInt(text, 10, 64)
	case 'f':
		return strconv.ParseFloat(text, 64)
	case 's':
		b, err := base64.RawStdEncoding.DecodeString(text)
		return string(b), err
	case 'b':
		return base64.RawStdEncoding.DecodeString(text)
	}
	return nil, errors.New("unknown kind of value")
}
