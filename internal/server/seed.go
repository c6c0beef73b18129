package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/demo"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/vfs"
)

// seedDemo is the one kind of made-up data.
const seedDemo = "demo"

// seedFile says with what a data folder was filled. It is written last.
const seedFile = "seed.json"

// A seeding is the content of that file.
type seeding struct {
	Seed  string `json:"seed"`
	Value int    `json:"seed_value"`
}

// mayFill tells whether the folder holds the made-up data that is asked for. Any
// other data stays as it is: it might be real.
func (n *node) mayFill(fresh bool) (filled bool, err error) {
	if n.cfg.Seed == "" || fresh {
		return false, nil
	}
	want := seeding{n.cfg.Seed, n.cfg.SeedValue}
	text, err := os.ReadFile(filepath.Join(n.cfg.Data, seedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("seed: %s has data already, or filling it was cut off; name an empty folder with --data", n.cfg.Data)
	}
	var have seeding
	if err == nil {
		err = json.Unmarshal(text, &have)
	}
	if err == nil && have != want {
		err = fmt.Errorf("it was filled with %s %d, not %s %d; name another folder with --data", have.Seed, have.Value, want.Seed, want.Value)
	}
	if err != nil {
		return false, fmt.Errorf("seed: %s: %w", n.cfg.Data, err)
	}
	return true, nil
}

// fill puts the made-up data in and remembers that it did.
func (n *node) fill(ctx context.Context) error {
	began := time.Now()
	count, err := demo.Fill(ctx, demo.Rooms{
		Samples: n.samples, Quarantine: n.quarantine, IOCs: n.iocs, Sightings: n.sightings, Vulnerabilities: n.vulns, Intel: n.intel,
	}, store.Actor{CID: n.cid, Client: "seed", Scope: "admin"}, demo.Options{Seed: uint64(n.cfg.SeedValue), Now: began})
	if err != nil {
		return err
	}
	n.log.Info("filled the data folder with made-up data", slog.Int("seed_value", n.cfg.SeedValue), slog.Duration("took", time.Since(began)), slog.Any("count", count))
	return vfs.WriteDurable(n.files, seedFile, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(seeding{n.cfg.Seed, n.cfg.SeedValue})
	})
}

// seedClient reads the API client that made-up data comes with, if one is named.
func (n *node) seedClient() (id, secret string, err error) {
	id, file, ok := strings.Cut(n.cfg.SeedClient, ":")
	if !ok {
		return "", "", nil
	}
	text, err := readPrivate("secret of the seed's client", file)
	return id, string(text), err
}
