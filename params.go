package mews

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call puts the parameters where the operation wants them.
func (p Params) call(o Operation) (call, error) {
	k := call{
		op: o.ID, method: o.Method, path: o.Path, safe: o.ReadOnly, header: p.Header,
		query: url.Values{},
	}
	maps.Copy(k.query, p.Query)
	if o.ID == "oauth2AccessToken" || p.Header.Get("Authorization") != "" {
		k.auth = authNone
	}
	form, fields := url.Values{}, map[string]any{}
	maps.Copy(form, p.Form)
	for _, name := range slices.Sorted(maps.Keys(p.Values)) {
		where, err := o.place(name)
		if err != nil {
			return k, err
		}
		if err := put(where, p.Values[name], k.query, form, fields); err != nil {
			return k, err
		}
	}
	var err error
	k.body, err = p.body(o, form, fields)
	return k, err
}

// place finds a parameter. Of operations whose parameters are not known, because
// the server does not have them, any name goes where the method suggests.
func (o Operation) place(name string) (Parameter, error) {
	if p, ok := o.Parameter(name); ok {
		return p, nil
	}
	if len(o.Parameters) == 0 && !o.Served {
		in := InQuery
		if o.Method != http.MethodGet && o.Method != http.MethodDelete {
			in = InBody
		}
		return Parameter{Name: name, In: in, Type: "any"}, nil
	}
	if len(o.Parameters) == 0 {
		return Parameter{}, Errorf(ErrInvalid, "unknown parameter %q: it takes none", name)
	}
	return Parameter{}, Errorf(ErrInvalid, "unknown parameter %q: it takes %s", name,
		orList(o.Parameters, func(p Parameter) string { return p.Name }))
}

// put writes a value to its place.
func put(p Parameter, value any, query, form url.Values, fields map[string]any) error {
	into := query
	switch p.In {
	case InFile:
		return Errorf(ErrInvalid, "%s is the body; give it as File", p.Name)
	case InBody:
		v, err := bodyValue(p, value)
		fields[p.Name] = v
		return err
	case InForm:
		into = form
	}
	if into.Has(p.Name) {
		return Errorf(ErrInvalid, "%s is given twice", p.Name)
	}
	words, err := words(value)
	switch {
	case err != nil:
		return Errorf(ErrInvalid, "%s: %v", p.Name, err)
	case p.List:
		words = SplitList(words)
	case len(words) > 1:
		return Errorf(ErrInvalid, "%s takes one value, not %d", p.Name, len(words))
	}
	if len(words) > 0 {
		into[p.Name] = words
	}
	return nil
}

// words writes a value, or each of a list, as text in a query has it.
func words(value any) ([]string, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []string:
		return v, nil
	case List:
		return v, nil
	case bool:
		return []string{strconv.FormatBool(v)}, nil
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}, nil
	case time.Time:
		return []string{v.UTC().Format(time.RFC3339)}, nil
	case []any:
		var out []string
		for _, one := range v {
			w, err := words(one)
			if err != nil {
				return nil, err
			}
			out = append(out, w...)
		}
		return out, nil
	case fmt.Stringer:
		return []string{v.String()}, nil
	case int, int32, int64, uint, uint32, uint64:
		return []string{fmt.Sprint(v)}, nil
	}
	return nil, fmt.Errorf("a %T cannot stand in a query", value)
}

// bodyValue makes of a string what the parameter is; other values stay.
func bodyValue(p Parameter, value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return value, nil
	}
	wrong := func(what string) error { return Errorf(ErrInvalid, "%s: expected %s, got %q", p.Name, what, text) }
	switch {
	case p.Type == "object" || p.Type == "any" && strings.HasPrefix(text, "{"), p.List && strings.HasPrefix(strings.TrimSpace(text), "["):
		if !json.Valid([]byte(text)) {
			return nil, wrong("JSON")
		}
		if p.List && !strings.HasPrefix(strings.TrimSpace(text), "[") {
			text = "[" + text + "]"
		}
		return json.RawMessage(text), nil
	case p.List && p.Type == "string":
		return SplitList([]string{text}), nil
	case p.Type == "boolean":
		word := strings.ToLower(text)
		if word != "true" && word != "false" {
			return nil, wrong("true or false")
		}
		return word == "true", nil
	case p.Type == "integer" || p.Type == "number":
		if _, err := strconv.ParseFloat(text, 64); err != nil || !json.Valid([]byte(text)) {
			return nil, wrong("a number")
		}
		return json.Number(text), nil
	}
	return text, nil
}

// body makes the request's body of the one form that is given.
func (p Params) body(o Operation, form url.Values, fields map[string]any) (*body, error) {
	var b *body
	var err error
	switch {
	case p.File != nil && p.Body == nil && len(fields) == 0:
		if b, err = rawBody(p.File); err != nil {
			return nil, err
		}
		if b.kind = "application/octet-stream"; len(form) > 0 {
			b, err = multipartBody(form, p.fileField(o), cmp.Or(form.Get("file_name"), "file"), b)
		} else if len(o.Consumes) > 0 {
			b.kind = o.Consumes[0]
		}
	case p.File == nil && p.Body != nil && len(fields)+len(form) == 0:
		if raw, ok := p.Body.([]byte); ok {
			b = bytesBody("application/json", raw)
		} else {
			b = postJSON(p.Body)
		}
	case p.File == nil && p.Body == nil && len(form) > 0 && len(fields) == 0:
		b = formBody(form)
	case p.File == nil && p.Body == nil && len(form) == 0 && (len(fields) > 0 || slices.Contains(o.Consumes, "application/json")):
		b = postJSON(fields)
	case p.File != nil || p.Body != nil || len(fields)+len(form) > 0:
		return nil, Errorf(ErrInvalid, "more than one body: give Body, Form, File or values of body parameters, and only Form beside File")
	}
	if b != nil && p.ContentType != "" {
		b.kind = p.ContentType
	}
	return b, err
}

func (p Params) fileField(o Operation) string {
	if p.FileField != "" {
		return p.FileField
	}
	for _, one := range o.Parameters {
		if one.In == InFile {
			return one.Name
		}
	}
	return "file"
}
