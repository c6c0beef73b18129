package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mewshq/mews"
)

// writeReply writes a reply: as a document it is written whole, as it came; in
// every other form its resources are.
func (g *globals) writeReply(r *mews.Response) error {
	if !g.output.whole() || len(g.output.fields) > 0 {
		page := newReplyRows(g)
		page.view.meta, page.view.errors = r.Meta, r.Errors
		for _, one := range r.Resources {
			if err := page.add(one); err != nil {
				return err
			}
		}
		return page.end()
	}
	var text bytes.Buffer
	if err := json.Indent(&text, bytes.TrimSpace(r.Body), "", "  "); err != nil {
		return mews.Errorf(mews.ErrInternal, "the server answered %d with something else than JSON", r.StatusCode)
	}
	text.WriteByte('\n')
	w := bufio.NewWriter(g.Out)
	if err := g.writeText(w, text.Bytes()); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return w.Flush()
}

// replyRows collects resources whose fields are known only when they come.
type replyRows struct {
	g    *globals
	view view
}

func newReplyRows(g *globals) *replyRows { return &replyRows{g: g} }

// add takes one resource. Lines are written at once.
func (p *replyRows) add(one json.RawMessage) error {
	row := any(one)
	if keys, err := keysOf(one); err != nil {
		row = valueRow{one}
		p.know("value")
	} else {
		p.know(keys...)
	}
	if p.g.output.format == "ndjson" && len(p.g.output.fields) == 0 {
		row = one // as it came, texts too
	}
	p.view.rows = append(p.view.rows, row)
	if p.g.output.format != "ndjson" {
		return nil
	}
	v := p.view
	p.view.rows, p.view.errors = nil, nil
	return p.g.write(v)
}

func (p *replyRows) know(keys ...string) {
	for _, k := range keys {
		if !slices.Contains(p.view.known, k) {
			p.view.known = append(p.view.known, k)
		}
	}
}

func (p *replyRows) end() error {
	if p.g.output.format == "ndjson" && len(p.view.errors) == 0 {
		return nil
	}
	p.view.columns = p.view.known
	return p.g.write(p.view)
}

// A valueRow is a resource that is no object, for forms with columns.
type valueRow struct {
	Value json.RawMessage `json:"value"`
}

// keysOf lists the keys of a JSON object in their order.
func keysOf(text json.RawMessage) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("no object: %w", err)
	}
	var keys []string
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := t.(string)
		keys = append(keys, key)
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return nil, err
		}
	}
	return keys, nil
}
