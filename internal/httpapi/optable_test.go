package httpapi

import (
	"bytes"
	"cmp"
	"fmt"
	"go/format"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
)

// TestOperationTable renders the SDK's list of operations from the table and the
// list of api/operations.yaml.
func TestOperationTable(t *testing.T) {
	rows := map[string]operation{}
	for _, row := range table() {
		if !row.facade {
			rows[row.id] = row
		}
	}
	var out bytes.Buffer
	out.WriteString("// Code generated from the operation table and api/operations.yaml; DO NOT EDIT.\n\npackage mews\n\nfunc operationTable() []Operation {\n\treturn []Operation{\n")
	for _, l := range readList(t) {
		row, served := rows[l.ID]
		writeOperation(&out, sdkOperation(l, row, served))
	}
	out.WriteString("}\n}\n")
	text, err := format.Source(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "../../operations_table.go", text)
}

// classOf names FalconPy's service class of a family; the families that it
// does not have are mews's own.
func classOf(family string) string {
	return cmp.Or(map[string]string{
		"OAuth2": "OAuth2", "Quarantine": "Quarantine", "MalQuery": "MalQuery", "IOC (legacy)": "Iocs", "IOC": "IOC",
		"Sample uploads": "SampleUploads", "Hosts": "Hosts", "Spotlight": "SpotlightVulnerabilities", "Intel": "Intel",
	}[family], ownClass)
}

const ownClass = "Mews"

func sdkOperation(l listed, row operation, served bool) mews.Operation {
	out := mews.Operation{
		ID: l.ID, PEP8: l.PEP8, Aliases: l.Aliases, Collection: classOf(l.Family), Family: l.Family,
		Method: l.Method, Path: l.Path, Scopes: l.Scopes, Paging: mews.Paging(l.Paging),
		ReadOnly: l.Method == "GET", Own: classOf(l.Family) == ownClass, Served: served,
	}
	if !served {
		return out
	}
	out.Summary, out.Binary = row.summary, row.media != ""
	out.ReadOnly = slices.Contains([]class{classRead, classLoad, classSearch}, row.class)
	out.Parameters, out.Consumes = sdkParameters(row)
	if out.Paging == mews.PagingNone {
		out.Paging = pagingOf(out)
	}
	return out
}

// pagingOf tells what an operation's parameters say about its paging.
func pagingOf(o mews.Operation) mews.Paging {
	if _, ok := o.Parameter("offset"); ok {
		return mews.PagingOffset
	}
	if _, ok := o.Parameter("after"); ok {
		return mews.PagingAfter
	}
	return mews.PagingNone
}

// sdkParameters lists what an operation takes. A value that may stand in the
// query or in a form is given in the query.
func sdkParameters(row operation) (list []mews.Parameter, consumes []string) {
	names := map[string]bool{}
	add := func(name, in string, typ reflect.Type, doc string, required bool) {
		if names[name] {
			return
		}
		names[name] = true
		word, many := typeWord(typ)
		list = append(list, mews.Parameter{Name: name, In: in, Type: word, List: many, Required: required, Doc: doc})
	}
	for _, p := range paramsOf(row.req) {
		add(p.name, mews.InQuery, p.typ, p.doc, p.required)
	}
	form := false
	for i := range row.req.NumField() {
		f := row.req.Field(i)
		if name := f.Tag.Get("form"); name != "" && !names[name] {
			add(name, mews.InForm, f.Type, f.Tag.Get("doc"), false)
			form = true
		}
	}
	if i := bodyField(row.req); i >= 0 {
		typ := row.req.Field(i).Type
		if typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		for _, f := range reflect.VisibleFields(typ) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name != "" && name != "-" && f.IsExported() {
				add(name, mews.InBody, f.Type, f.Tag.Get("doc"), false)
			}
		}
		consumes = []string{mediaJSON}
	}
	for _, c := range row.consumes {
		consumes = append(consumes, c.media)
	}
	switch bytes := reflect.TypeFor[[]byte](); {
	case len(row.consumes) > 0:
		add("file", mews.InFile, bytes, "The body as it is.", true)
	case row.class == classUpload:
		consumes = []string{mediaBytes, mediaForm}
		add("sample", mews.InFile, bytes, "The bytes.", true)
	case form:
		consumes = []string{"application/x-www-form-urlencoded"}
	}
	return list, consumes
}

// typeWord names a type as the OpenAPI document does.
func typeWord(t reflect.Type) (word string, many bool) {
	switch {
	case t == listType:
		return "string", true
	case t == reflect.TypeFor[time.Time](), t == reflect.TypeFor[[]byte]():
		return "string", false
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeWord(t.Elem())
	case reflect.Slice:
		word, _ = typeWord(t.Elem())
		return word, true
	case reflect.String:
		return "string", false
	case reflect.Bool:
		return "boolean", false
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "integer", false
	case reflect.Float64:
		return "number", false
	case reflect.Struct, reflect.Map:
		return "object", false
	}
	return "any", false
}

func writeOperation(out *bytes.Buffer, o mews.Operation) {
	fmt.Fprint(out, "{\n")
	field(out, "ID", o.ID)
	field(out, "PEP8", o.PEP8)
	field(out, "Aliases", o.Aliases)
	field(out, "Collection", o.Collection)
	field(out, "Family", o.Family)
	field(out, "Method", o.Method)
	field(out, "Path", o.Path)
	field(out, "Summary", o.Summary)
	field(out, "Scopes", o.Scopes)
	field(out, "Consumes", o.Consumes)
	field(out, "Paging", string(o.Paging))
	field(out, "Binary", o.Binary)
	field(out, "ReadOnly", o.ReadOnly)
	field(out, "Own", o.Own)
	field(out, "Served", o.Served)
	if len(o.Parameters) > 0 {
		fmt.Fprint(out, "Parameters: []Parameter{\n")
		for _, p := range o.Parameters {
			var one bytes.Buffer
			field(&one, "Name", p.Name)
			field(&one, "In", p.In)
			field(&one, "Type", p.Type)
			field(&one, "List", p.List)
			field(&one, "Required", p.Required)
			field(&one, "Doc", p.Doc)
			fmt.Fprintf(out, "{%s},\n", strings.TrimSuffix(strings.ReplaceAll(one.String(), ",\n", ", "), ", "))
		}
		fmt.Fprint(out, "},\n")
	}
	fmt.Fprint(out, "},\n")
}

// field writes a field unless its value is the zero value.
func field(out *bytes.Buffer, name string, value any) {
	if v := reflect.ValueOf(value); v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		return
	}
	fmt.Fprintf(out, "%s: %#v,\n", name, value)
}
