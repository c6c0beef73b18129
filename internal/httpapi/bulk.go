package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/telemetry"
)

// Media types of bulk bodies; shippers use all of them.
const (
	mediaElastic      = "application/vnd.elasticsearch+json"
	mediaElasticLines = "application/vnd.elasticsearch+x-ndjson"
)

// bulk takes in the documents of a bulk call as lines of telemetry. Each has its
// own outcome; the call counts once however often it is repeated.
func (a *API) bulk(ctx context.Context, c *call) error {
	if _, _, err := checkMedia(c.r, mediaLines, mediaJSON, mediaText, mediaElasticLines, mediaElastic); err != nil {
		return err
	}
	q, err := bindCall[eventsQuery](c)
	if err != nil {
		return err
	}
	items := &bulkSource{index: pathIndex(c.r)}
	in := sighting.Input{Format: telemetry.Format(q.Format), Refused: items.refuse}
	_, _, err = c.ingest(ctx, in, func(lines *lineReader) sighting.Source {
		lines.most *= 2 // an action and a document
		items.lines = lines
		return items
	})
	if err != nil {
		return err
	}
	if len(items.list) == 0 {
		return mews.Errorf(mews.ErrInvalid, "the body holds no action; expected pairs of lines, an action and a document")
	}
	c.writeJSON(http.StatusOK, items.answer(c))
	return nil
}

// A bulkSource reads actions and gives the documents between them as lines.
type bulkSource struct {
	lines *lineReader
	index string // of documents whose action names none
	list  []bulkItem
	given []int // for each line that was given, its item

	last       []byte // the action before, and what it says: shippers repeat it
	lastAction bulkItem
}

// A bulkItem is one action and what became of it.
type bulkItem struct {
	verb, index, id string
	refused         string // why; "" is taken in
}

// Next gives the next document that is to be taken in. An action that cannot be
// read ends the call: nobody knows where the next one begins.
func (b *bulkSource) Next() ([]byte, error) {
	for {
		item, err := b.action()
		if err != nil {
			return nil, err
		}
		b.list = append(b.list, item)
		if item.verb == "delete" {
			continue
		}
		document, err := b.lines.Next()
		if errors.Is(err, io.EOF) {
			return nil, mews.Errorf(mews.ErrInvalid, "action %d: its document is missing", len(b.list))
		}
		if err != nil {
			return nil, err
		}
		switch {
		case item.refused != "":
		case len(bytes.TrimSpace(document)) == 0:
			b.list[len(b.list)-1].refused = "the document is empty"
		default:
			b.given = append(b.given, len(b.list)-1)
			return document, nil
		}
	}
}

// action reads the next line that is not empty.
func (b *bulkSource) action() (bulkItem, error) {
	for {
		line, err := b.lines.Next()
		switch {
		case err != nil:
			return bulkItem{}, err
		case len(bytes.TrimSpace(line)) == 0:
			continue
		case b.last != nil && bytes.Equal(line, b.last):
			return b.lastAction, nil
		}
		item, err := parseAction(line)
		if err != nil {
			return item, mews.Errorf(mews.ErrInvalid, "action %d: %s", len(b.list)+1, err)
		}
		if item.index == "" {
			item.index = b.index
		}
		b.last, b.lastAction = append(b.last[:0], line...), item
		return item, nil
	}
}

// parseAction reads {"verb":{"_index":...,"_id":...}}.
func parseAction(line []byte) (bulkItem, error) {
	var action map[string]struct {
		Index string `json:"_index"`
		ID    string `json:"_id"`
	}
	if err := json.Unmarshal(line, &action); err != nil || len(action) != 1 {
		return bulkItem{}, errors.New(`expected {"index":{...}} or {"create":{...}}`)
	}
	var item bulkItem
	for verb, target := range action {
		item = bulkItem{verb: verb, index: target.Index, id: target.ID}
	}
	switch item.verb {
	case "index", "create":
	case "update", "delete":
		item.refused = "events are taken in and never changed; use index or create"
	default:
		return item, errors.New("the verb is none of index, create, update, delete")
	}
	return item, nil
}

// refuse hears which line was not taken in.
func (b *bulkSource) refuse(line int, message string) { b.list[b.given[line-1]].refused = message }

// A bulkResult is the outcome of one action.
type bulkResult struct {
	Index  string        `json:"_index"`
	ID     string        `json:"_id"`
	Result string        `json:"result,omitempty"`
	Status int           `json:"status"`
	Error  *elasticCause `json:"error,omitempty"`
}

// answer tells each action's outcome, in their order. A refusal is 400, which
// shippers do not repeat: the same document would be refused again.
func (b *bulkSource) answer(c *call) []byte {
	failed := false
	items := []byte{'['}
	for i, item := range b.list {
		r := bulkResult{Index: item.index, ID: item.id, Result: "created", Status: http.StatusCreated}
		if r.ID == "" {
			r.ID = c.traceID + "-" + strconv.Itoa(i)
		}
		if item.refused != "" {
			failed = true
			r.Result, r.Status = "", http.StatusBadRequest
			r.Error = &elasticCause{Type: "document_parsing_exception", Reason: item.refused}
		}
		one, _ := json.Marshal(map[string]bulkResult{item.verb: r}) // strings and numbers
		if i > 0 {
			items = append(items, ',')
		}
		items = append(items, one...)
	}
	took := c.api.now().Sub(c.start).Milliseconds()
	out := []byte(`{"took":` + strconv.FormatInt(took, 10) + `,"errors":` + strconv.FormatBool(failed) + `,"items":`)
	return append(append(append(out, items...), ']'), '}')
}
