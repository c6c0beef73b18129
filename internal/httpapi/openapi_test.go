package httpapi

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mewshq/mews"
)

var update = flag.Bool("update", false, "rewrite the generated files")

// apiDir holds the generated documents.
const apiDir = "../../api"

// golden compares got with a file of the repository, or rewrites it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale; run: go test ./internal/httpapi -update", filepath.Base(path))
	}
}

func TestOpenAPI(t *testing.T) {
	g := generator{schemas: object{}}
	doc := g.document(table())
	var out bytes.Buffer
	out.WriteString("# Generated from the operation table; do not edit.\n")
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join(apiDir, "openapi.yaml"), out.Bytes())
}

// table gives the rows without anything behind them.
func table() []operation { return (&API{}).operations() }

type object = map[string]any

type generator struct{ schemas object }

func (g generator) document(rows []operation) object {
	paths := object{}
	for _, row := range rows {
		if row.facade {
			continue
		}
		if paths[row.path] == nil {
			paths[row.path] = object{}
		}
		paths[row.path].(object)[strings.ToLower(row.method)] = g.operation(row)
	}
	g.schema(reflect.TypeFor[mews.Meta]())
	g.schema(reflect.TypeFor[mews.APIError]())
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "mews", "version": "1",
			"description": "The Falcon-compatible API of mews, and its own extensions under /mews/. Every answer but a token and a file is the envelope {meta, errors, resources}.",
			"license":     object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"paths": paths,
		"components": object{
			"schemas": g.schemas,
			"responses": object{"Error": object{
				"description": "The envelope; errors is never empty.",
				"headers":     object{"X-Cs-Traceid": header("The trace id of meta.")},
				"content":     object{"application/json": object{"schema": g.envelope(nil)}},
			}},
			"securitySchemes": object{"oauth2": object{
				"type":  "oauth2",
				"flows": object{"clientCredentials": object{"tokenUrl": "/oauth2/token", "scopes": scopes(rows)}},
			}},
		},
	}
}

func header(text string) object {
	return object{"description": text, "schema": object{"type": "string"}}
}

func scopes(rows []operation) object {
	out := object{}
	for _, row := range rows {
		for scope := range strings.SplitSeq(row.scope, scopeOr) {
			if scope != "" {
				out[scope] = ""
			}
		}
	}
	return out
}

func (g generator) operation(row operation) object {
	out := object{
		"operationId":  row.id,
		"summary":      row.summary,
		"x-mews-class": string(row.class),
		"responses":    g.responses(row),
	}
	if row.scope != "" {
		var either []any
		for scope := range strings.SplitSeq(row.scope, scopeOr) {
			either = append(either, object{"oauth2": []string{scope}})
		}
		out["security"] = either
	}
	if params := g.parameters(row.req); len(params) > 0 {
		out["parameters"] = params
	}
	if body := g.body(row); body != nil {
		out["requestBody"] = body
	}
	return out
}

func (g generator) parameters(req reflect.Type) []any {
	var out []any
	for _, p := range paramsOf(req) {
		one := object{"name": p.name, "in": "query", "schema": g.schema(p.typ)}
		if p.doc != "" {
			one["description"] = p.doc
		}
		if p.required {
			one["required"] = true
		}
		out = append(out, one)
	}
	return out
}

func (g generator) body(row operation) any {
	if len(row.consumes) > 0 {
		media := object{}
		for _, c := range row.consumes {
			schema := object{"type": "string", "format": "binary"}
			if c.typ != nil {
				schema = g.schema(c.typ)
			}
			media[c.media] = object{"schema": schema}
		}
		return object{"required": true, "content": media}
	}
	if i := bodyField(row.req); i >= 0 {
		t := row.req.Field(i).Type
		schema := g.schema(t)
		if t.Kind() == reflect.Slice { // or one of them
			schema = object{"oneOf": []any{g.schema(t.Elem()), schema}}
		}
		return object{"required": true, "content": object{"application/json": object{"schema": schema}}}
	}
	forms := object{}
	for i := range row.req.NumField() {
		if name := row.req.Field(i).Tag.Get("form"); name != "" {
			forms[name] = g.schema(row.req.Field(i).Type)
		}
	}
	if len(forms) == 0 {
		return nil
	}
	if row.class == classUpload {
		forms["sample"] = object{"type": "string", "format": "binary"}
		return object{"required": true, "content": object{
			"multipart/form-data": object{"schema": object{"type": "object", "properties": forms}},
			mediaBytes:            object{"schema": object{"type": "string", "format": "binary"}},
		}}
	}
	return object{"required": true, "content": object{
		"application/x-www-form-urlencoded": object{"schema": object{"type": "object", "properties": forms}},
	}}
}

func (g generator) responses(row operation) object {
	status, media, schema := "200", "application/json", any(g.envelope(row.res))
	if row.success != 0 {
		status = strconv.Itoa(row.success)
	}
	switch {
	case row.id == "oauth2AccessToken":
		status, schema = "201", g.schema(reflect.TypeFor[mews.Token]())
	case row.media != "":
		media, schema = row.media, object{"type": "string", "format": "binary"}
	}
	return object{
		status:    object{"description": http.StatusText(http.StatusOK), "content": object{media: object{"schema": schema}}},
		"default": object{"$ref": "#/components/responses/Error"},
	}
}

// envelope is the reply around resources of one type; nil: without resources.
func (g generator) envelope(res reflect.Type) object {
	props := object{
		"meta":   g.schema(reflect.TypeFor[mews.Meta]()),
		"errors": object{"type": "array", "items": g.schema(reflect.TypeFor[mews.APIError]())},
	}
	if res != nil {
		props["resources"] = object{"type": "array", "items": g.schema(res)}
	}
	return object{"type": "object", "properties": props, "required": []string{"meta", "errors"}}
}

// schema describes a Go type; a named struct becomes a component.
func (g generator) schema(t reflect.Type) object {
	switch {
	case t == listType:
		return object{"type": "array", "items": object{"type": "string"}}
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[time.Duration]():
		return object{"type": "string", "examples": []string{"1.5s"}} // their types write text
	case t == reflect.TypeFor[[]byte]():
		return object{"type": "string", "format": "binary"}
	case t == reflect.TypeFor[any]():
		return object{} // any value
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.schema(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": g.schema(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": g.schema(t.Elem())}
	case reflect.Struct:
		return g.structure(t)
	}
	panic(fmt.Sprintf("no schema for %s", t))
}

func (g generator) structure(t reflect.Type) object {
	if t.NumField() == 0 {
		return object{"type": "object"}
	}
	if t.Name() == "" {
		panic("a wire type without a name: " + t.String())
	}
	ref := object{"$ref": "#/components/schemas/" + t.Name()}
	if g.schemas[t.Name()] == nil {
		props := object{}
		g.schemas[t.Name()] = object{"type": "object", "properties": props}
		g.properties(t, props)
	}
	return ref
}

func (g generator) properties(t reflect.Type, into object) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		embedded := f.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		if f.Anonymous && name == "" {
			g.properties(embedded, into)
			continue
		}
		into[name] = g.schema(f.Type)
	}
}
