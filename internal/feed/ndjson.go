package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

// readNDJSON reads lines, each an indicator in the API's form.
func readNDJSON(text *iocfile.Text, out sink) error {
	for n := 1; ; n++ {
		text.More()
		one, err := text.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if len(bytes.TrimSpace(one)) > 0 {
			if err := out(readLine(one, n)); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// A line is an indicator and what else there is to say of a row.
type line struct {
	mews.IntelIndicator
	Origin string `json:"origin,omitempty"`
	Whole  bool   `json:"whole,omitempty"`
}

func readLine(text []byte, n int) Row {
	at := fmt.Sprintf("line %d", n)
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return Row{At: at, Problem: jsonProblem(err)}
	}
	return Row{At: at, Indicator: l.IntelIndicator, Origin: l.Origin, Whole: l.Whole}
}

func jsonProblem(err error) string {
	if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && bad.Field != "" {
		return fmt.Sprintf("%s: %s is of the wrong type", strings.TrimPrefix(bad.Field, "IntelIndicator."), bad.Value)
	}
	return "is no sound JSON object"
}

// Line is a row as a line of NDJSON, which reads back as the row.
func Line(row Row) ([]byte, error) {
	b, err := json.Marshal(line{row.Indicator, row.Origin, row.Whole})
	return append(b, '\n'), err
}
