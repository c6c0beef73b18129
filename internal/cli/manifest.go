package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mewshq/mews"
)

// A manifestRow describes one file of an import: by its path, by its hash, or
// by both, and then the hash must be right.
type manifestRow struct {
	Path      string    `json:"path"`
	SHA256    string    `json:"sha256"`
	Label     string    `json:"label"`
	Family    string    `json:"family"`
	FirstSeen string    `json:"first_seen"`
	Tags      mews.List `json:"tags"`
}

// A manifest finds a file's row by path or by hash. Paths are absolute.
type manifest struct {
	byPath map[string]*manifestRow
	byHash map[string]*manifestRow
	paths  []string // in the order of the rows
}

func (m *manifest) add(row manifestRow, folder string) error {
	row.SHA256 = strings.ToLower(strings.TrimSpace(row.SHA256))
	switch {
	case row.SHA256 != "" && !isSHA256(row.SHA256):
		return fmt.Errorf("%q is no SHA-256", row.SHA256)
	case row.Path == "" && row.SHA256 == "":
		return errors.New("has neither path nor sha256")
	}
	if row.Path == "" {
		m.byHash[row.SHA256] = &row
		return nil
	}
	if !filepath.IsAbs(row.Path) {
		row.Path = filepath.Join(folder, row.Path)
	}
	row.Path = filepath.Clean(row.Path)
	if m.byPath[row.Path] == nil {
		m.paths = append(m.paths, row.Path)
	}
	m.byPath[row.Path] = &row
	return nil
}

// maxManifestLine bounds one line of an NDJSON manifest.
const maxManifestLine = 1 << 20

// readManifest reads CSV with a header line, or NDJSON; a first character "{"
// tells them apart. Relative paths are relative to folder.
func readManifest(r io.Reader, folder string) (*manifest, error) {
	m := &manifest{byPath: map[string]*manifestRow{}, byHash: map[string]*manifestRow{}}
	in := bufio.NewReader(r)
	if head, _ := in.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) { // spreadsheets write it
		_, _ = in.Discard(3)
	}
	head, err := in.Peek(1)
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the manifest is empty")
	case err != nil:
		return nil, err
	case head[0] == '{':
		return m, m.readNDJSON(in, folder)
	}
	return m, m.readCSV(in, folder)
}

func (m *manifest) readNDJSON(in io.Reader, folder string) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxManifestLine)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var row manifestRow
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		err := d.Decode(&row)
		if err == nil {
			err = m.add(row, folder)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

func (m *manifest) readCSV(in io.Reader, folder string) error {
	r := csv.NewReader(in)
	header, err := r.Read()
	if err != nil {
		return err
	}
	header = slices.Clone(header)
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(name))
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		row, err := csvRow(header, cells)
		if err == nil {
			err = m.add(row, folder)
		}
		if err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func csvRow(header, cells []string) (manifestRow, error) {
	var row manifestRow
	for i, name := range header {
		switch name {
		case "path":
			row.Path = cells[i]
		case "sha256":
			row.SHA256 = cells[i]
		case "label":
			row.Label = cells[i]
		case "family":
			row.Family = cells[i]
		case "first_seen":
			row.FirstSeen = cells[i]
		case "tags":
			row.Tags = mews.SplitList(strings.Split(cells[i], ";"))
		default:
			return row, fmt.Errorf("unknown column %q; the columns are path, sha256, label, family, first_seen, tags", name)
		}
	}
	return row, nil
}
