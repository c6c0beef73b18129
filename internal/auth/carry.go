package auth

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mewshq/mews/internal/store"
)

// carriedTables are who may log in and who has, each after those it refers to.
var carriedTables = []string{"client", "client_secret", "token"}

// A carriedTable is the rows of one table.
type carriedTable struct {
	Columns []string `json:"columns"`
	Rows    [][]cell `json:"rows"`
}

// A cell is one value of a row; without any it is NULL.
type cell struct {
	Number *int64  `json:"n,omitempty"`
	Text   *string `json:"t,omitempty"`
	Bytes  *[]byte `json:"b,omitempty"`
}

func cellOf(v any) (cell, error) {
	switch v := v.(type) {
	case nil:
		return cell{}, nil
	case int64:
		return cell{Number: &v}, nil
	case string:
		return cell{Text: &v}, nil
	case []byte:
		return cell{Bytes: &v}, nil
	}
	return cell{}, fmt.Errorf("a value of type %T", v)
}

func (c cell) value() any {
	switch {
	case c.Number != nil:
		return *c.Number
	case c.Text != nil:
		return *c.Text
	case c.Bytes != nil:
		return *c.Bytes
	}
	return nil
}

// Carry gives all clients and tokens in a form for TakeOver, so that they
// outlive the data of a test server. The form holds the secrets' hashes.
func (s *Service) Carry(ctx context.Context) ([]byte, error) {
	tables := map[string]carriedTable{}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		for _, name := range carriedTables {
			t, err := readTable(tx, name)
			if err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
			tables[name] = t
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("carry clients: %w", err)
	}
	return json.Marshal(tables)
}

func readTable(tx *store.Tx, name string) (t carriedTable, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		if t.Columns, err = rows.Columns(); err != nil {
			return err
		}
		row := make([]any, len(t.Columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		var cells []cell
		for _, v := range row {
			c, err := cellOf(v)
			if err != nil {
				return err
			}
			cells = append(cells, c)
		}
		t.Rows = append(t.Rows, cells)
		return nil
	}, `SELECT * FROM `+name)
	return t, err
}

// TakeOver replaces all clients and tokens by those that Carry gave.
func (s *Service) TakeOver(ctx context.Context, carried []byte) error {
	var tables map[string]carriedTable
	if err := json.Unmarshal(carried, &tables); err != nil {
		return fmt.Errorf("take over clients: %w", err)
	}
	err := s.write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`DELETE FROM client`); err != nil { // and what refers to them
			return err
		}
		for _, name := range carriedTables {
			if err := writeTable(tx, name, tables[name]); err != nil {
				return fmt.Errorf("write %s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("take over clients: %w", err)
	}
	s.mu.Lock()
	clear(s.tokens)
	s.mu.Unlock()
	return s.loadTokens(ctx)
}

// writeTable adds rows. Names come from the schema, not from users.
func writeTable(tx *store.Tx, name string, t carriedTable) error {
	insert := fmt.Sprintf(`INSERT INTO %s (%s) VALUES (?%s)`, name, strings.Join(t.Columns, ", "), strings.Repeat(", ?", max(len(t.Columns)-1, 0)))
	for _, row := range t.Rows {
		var args []any
		for _, c := range row {
			args = append(args, c.value())
		}
		if _, err := tx.Exec(insert, args...); err != nil {
			return err
		}
	}
	return nil
}
