package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/mewshq/mews"
)

// maxValue bounds what is read into memory as a value or a JSON body.
const maxValue = 64 << 20

// readValues reads NAME=VALUE and NAME:=JSON. A name that comes several times is
// a list.
func (g *globals) readValues(o mews.Operation, args []string) (map[string]any, error) {
	values := map[string]any{}
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		isJSON := strings.HasSuffix(name, ":")
		name = strings.TrimSuffix(name, ":")
		if !ok || name == "" {
			return nil, usagef("%q is no NAME=VALUE; \"mews api show %s\" lists the parameters", arg, o.ID)
		}
		p, _ := o.Parameter(name)
		if p.In == mews.InFile {
			return nil, usagef("%s is the body itself; give it as --body @FILE", name)
		}
		value, err := g.readValue(p, name, text, isJSON)
		if err != nil {
			return nil, err
		}
		switch before := values[name].(type) {
		case nil:
			values[name] = value
		case []any:
			values[name] = append(before, value...)
		}
	}
	for name, list := range values {
		values[name] = plainValue(list.([]any))
	}
	return values, nil
}

// readValue gives one value, or the lines of a file.
func (g *globals) readValue(p mews.Parameter, name, text string, isJSON bool) ([]any, error) {
	if isJSON {
		var value any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&value); err != nil || d.More() {
			return nil, usagef("%s: %q is no JSON; for a text write %s=%s", name, text, name, text)
		}
		return []any{value}, nil
	}
	if rest, ok := strings.CutPrefix(text, "@@"); ok {
		return []any{"@" + rest}, nil
	}
	file, ok := strings.CutPrefix(text, "@")
	if !ok {
		return []any{text}, nil
	}
	content, err := g.readAll(name, file)
	if err != nil {
		return nil, err
	}
	if !p.List || strings.HasPrefix(strings.TrimSpace(string(content)), "[") {
		return []any{string(content)}, nil
	}
	var list []any
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	if len(list) == 0 {
		return nil, usagef("%s: %s holds no value", name, file)
	}
	return list, nil
}

// plainValue is the form that the client takes: one value as itself, several
// texts as a list of texts.
func plainValue(list []any) any {
	if len(list) == 1 {
		return list[0]
	}
	var texts []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return list
		}
		texts = append(texts, s)
	}
	return texts
}

func (g *globals) readAll(what, file string) ([]byte, error) {
	f, err := g.open(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxValue+1))
	if err == nil && len(content) > maxValue {
		return nil, usagef("%s: more than %s", what, byteCount(maxValue))
	}
	return content, err
}

// readBody takes --body in: bytes as a stream where the operation wants bytes,
// else JSON, which is checked before anything is sent.
func (g *globals) readBody(call *apiCall, body string) error {
	if body == "" {
		return nil
	}
	file, isFile := strings.CutPrefix(body, "@")
	if body == "-" {
		file, isFile = "-", true
	}
	if takesBytes(call.operation) {
		if !isFile {
			return usagef("%s takes bytes: --body @FILE, or --body - for standard input", call.operation.ID)
		}
		f, err := g.open(file)
		if err != nil {
			return fmt.Errorf("--body: %w", err)
		}
		call.params.File, call.close = f, f.Close
		return nil
	}
	content := []byte(body)
	if isFile {
		var err error
		if content, err = g.readAll("--body", file); err != nil {
			return err
		}
	}
	if !json.Valid(content) {
		return usagef("--body holds no JSON")
	}
	call.params.Body = json.RawMessage(content)
	return nil
}

func takesBytes(o mews.Operation) bool {
	for _, p := range o.Parameters {
		if p.In == mews.InFile {
			return true
		}
	}
	return false
}

// pairs reads a flag that may come several times.
func pairs(flag, mark string, list []string) (url.Values, error) {
	values := url.Values{}
	for _, text := range list {
		name, value, ok := strings.Cut(text, mark)
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, usagef("%s %q: expected NAME%sVALUE", flag, text, mark)
		}
		values.Add(name, value)
	}
	return values, nil
}
