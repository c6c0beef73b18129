package quarantine

import (
	"context"
	"time"

	"github.com/mewshq/mews/internal/collection"
)

// sheets are the columns that are also kept in strips, as migration 17 has them.
// Those that actions change are apart from those that only reports change.
func sheets() []collection.Sheet {
	return []collection.Sheet{
		{Name: "facts", Table: table, Columns: []string{
			"aid", "sha256", "hostname", "username", "created", "adversary", "country", "max_severity", "max_confidence",
			"first_behavior", "last_behavior", "extracted", "primary_module", "removable", "sandbox_id", "sandbox_state",
		}},
		{Name: "state", Table: table, Columns: []string{"state", "path_state", "updated"}},
		{Name: "words", Table: "quarantine_words", Columns: []string{"words"}},
		{Name: "path", Table: "quarantine_path", Columns: []string{"path", "filename"}},
		{Name: "behavior", Table: "quarantine_behavior", Columns: []string{"behavior", "ioc_type", "ioc_value", "tree_root_hash"}},
		{Name: "detect", Table: "quarantine_detect", Columns: []string{"detect"}},
		{Name: "alert", Table: "quarantine_alert", Columns: []string{"alert"}},
	}
}

// afterStrips is how long records rest before strips are made of what changed:
// each change of one costs the strips of its part.
const afterStrips = 30 * time.Second

// KeepStrips makes strips of the records, until the context ends. Without them
// queries answer the same, from the rows.
func (s *Service) KeepStrips(ctx context.Context) error {
	stripper := s.records.Stripper(s.db)
	for {
		if err := stripper.Run(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("strips of quarantined files are not made; trying again later", "cause", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(afterStrips):
		}
	}
}
