package httpapi

import (
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mewshq/mews"
)

// maxQueryKeys is how many parameters one query may hold.
const maxQueryKeys = 5000

// A param is one query parameter of an operation, read from a struct field
// tagged `query:"name"` or `query:"name,required"`, with its text in `doc`.
type param struct {
	name, doc string
	required  bool
	field     int
	typ       reflect.Type
}

var listType = reflect.TypeFor[mews.List]()

func (p param) isList() bool { return p.typ == listType }

// paramsOf lists the query parameters of a request type.
func paramsOf(req reflect.Type) []param {
	var out []param
	for i := range req.NumField() {
		f := req.Field(i)
		tag := f.Tag.Get("query")
		if tag == "" {
			continue
		}
		name, rest, _ := strings.Cut(tag, ",")
		out = append(out, param{name: name, doc: f.Tag.Get("doc"), required: rest == "required", field: i, typ: f.Type})
	}
	return out
}

// parseQuery splits a raw query. A semicolon, a bad escape or too many keys
// are refused, because peers read them in different ways.
func parseQuery(raw string) (url.Values, error) {
	if strings.Count(raw, "&")+1 > maxQueryKeys {
		return nil, mews.Errorf(mews.ErrInvalid, "more than %d query parameters", maxQueryKeys)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, mews.Errorf(mews.ErrInvalid, "malformed query: check its escapes and semicolons")
	}
	return values, nil
}

// bindQuery fills the tagged fields of dst. An empty value is as good as
// absent; a single-valued parameter may be given once; unknown parameters are
// counted and ignored.
func bindQuery(values url.Values, params []param, dst reflect.Value) (unknown int, err error) {
	known := 0
	for _, p := range params {
		given := values[p.name]
		if given != nil {
			known++
		}
		if !p.isList() && len(given) > 1 {
			return 0, mews.Errorf(mews.ErrInvalid, "duplicate parameter: %s", p.name)
		}
		set, err := setParam(p, given, dst.Field(p.field))
		if err != nil {
			return 0, err
		}
		if p.required && !set {
			return 0, mews.Errorf(mews.ErrInvalid, "%s: required parameter is missing", p.name)
		}
	}
	return len(values) - known, nil
}

func setParam(p param, given []string, field reflect.Value) (set bool, err error) {
	if p.isList() {
		list := mews.SplitList(given)
		field.Set(reflect.ValueOf(list))
		return len(list) > 0, nil
	}
	if len(given) == 0 || given[0] == "" {
		return false, nil
	}
	text := given[0]
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		b, ok := parseBool(text)
		if !ok {
			return false, mews.Errorf(mews.ErrInvalid, "%s: expected true or false", p.name)
		}
		field.SetBool(b)
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || text[0] == '+' {
			return false, mews.Errorf(mews.ErrInvalid, "%s: expected an integer", p.name)
		}
		field.SetInt(n)
	}
	return true, nil
}

// parseBool reads true and false in any case, as FalconPy writes them.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// checkText refuses NUL and invalid UTF-8 in words that are stored or compared.
func checkText(name, s string) error {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return mews.Errorf(mews.ErrInvalid, "%s: expected UTF-8 text without NUL", name)
	}
	return nil
}
