package httpapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
)

// decodeJSON reads a body into the struct, or the list of structs, that dst
// points to. Keys match exactly; null is as good as absent; integers are
// integers. With strict, an unknown key is an error: on routes that change
// things a misspelt key must not fall silent.
func decodeJSON(body []byte, dst any, strict bool) error {
	n, err := parseJSON(body)
	if err != nil {
		return err
	}
	return binder{strict: strict}.root(reflect.ValueOf(dst).Elem(), n)
}

type binder struct{ strict bool }

// root reads the body itself. Where a list is meant, one object is a list of
// one: clients send both.
func (b binder) root(v reflect.Value, n node) error {
	switch {
	case n.kind == '{' && v.Kind() == reflect.Slice:
		item := reflect.New(v.Type().Elem()).Elem()
		if err := b.assign("", item, n); err != nil {
			return err
		}
		v.Set(reflect.Append(v, item))
		return nil
	case n.kind == '[' && v.Kind() == reflect.Slice:
		return b.list("", v, n)
	case v.Kind() == reflect.Slice:
		return mews.Errorf(mews.ErrInvalid, "the body must be a JSON object or a list of objects")
	case n.kind != '{':
		return mews.Errorf(mews.ErrInvalid, "the body must be a JSON object")
	}
	return b.assign("", v, n)
}

func (b binder) assign(path string, v reflect.Value, n node) error {
	if n.kind == 'n' {
		return nil
	}
	if u, ok := v.Addr().Interface().(json.Unmarshaler); ok {
		if err := u.UnmarshalJSON(n.raw); err != nil {
			return mews.Errorf(mews.ErrInvalid, "%s: %s", path, err)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return b.assign(path, v.Elem(), n)
	case reflect.Struct:
		return b.object(path, v, n)
	case reflect.Slice:
		return b.list(path, v, n)
	case reflect.Map:
		return b.named(path, v, n)
	default:
		return scalar(path, v, n)
	}
}

func (b binder) object(path string, v reflect.Value, n node) error {
	if n.kind != '{' {
		return expected(path, "an object")
	}
	fields := map[string]reflect.Value{}
	jsonFields(v, fields)
	for i, key := range n.keys {
		field, known := fields[key]
		if !known {
			if b.strict {
				return mews.Errorf(mews.ErrInvalid, "unknown field %s at %d", quote(key), n.kids[i].off)
			}
			continue
		}
		if err := b.assign(join(path, key), field, n.kids[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b binder) list(path string, v reflect.Value, n node) error {
	if n.kind != '[' {
		return expected(path, "a list")
	}
	out := reflect.MakeSlice(v.Type(), 0, len(n.kids))
	for i, kid := range n.kids {
		if kid.kind == 'n' {
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if err := b.assign(fmt.Sprintf("%s[%d]", path, i), item, kid); err != nil {
			return err
		}
		out = reflect.Append(out, item)
	}
	v.Set(out)
	return nil
}

// named reads an object whose keys are the client's own.
func (b binder) named(path string, v reflect.Value, n node) error {
	if n.kind != '{' {
		return expected(path, "an object")
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i, key := range n.keys {
		if n.kids[i].kind == 'n' {
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if err := b.assign(join(path, printable(key)), item, n.kids[i]); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key), item)
	}
	return nil
}

func scalar(path string, v reflect.Value, n node) error {
	switch v.Kind() {
	case reflect.String:
		if n.kind != '"' {
			return expected(path, "a string")
		}
		v.SetString(n.text)
	case reflect.Bool:
		if n.kind != 't' && n.kind != 'f' {
			return expected(path, "true or false")
		}
		v.SetBool(n.kind == 't')
	case reflect.Int, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(string(n.raw), 10, v.Type().Bits())
		if n.kind != '0' || err != nil || string(n.raw) == "-0" {
			return expected(path, "an integer")
		}
		v.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(string(n.raw), 64)
		if n.kind != '0' || err != nil {
			return expected(path, "a number")
		}
		v.SetFloat(f)
	default:
		return fmt.Errorf("bind %s: no rule for %s", path, v.Type())
	}
	return nil
}

// jsonFields collects the settable fields of a struct under their JSON names.
func jsonFields(v reflect.Value, into map[string]reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			jsonFields(v.Field(i), into)
		case name != "":
			into[name] = v.Field(i)
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func expected(path, what string) error {
	return mews.Errorf(mews.ErrInvalid, "%s: expected %s", path, what)
}
