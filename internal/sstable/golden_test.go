package sstable

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden tables of testdata anew; only for a new format version")

// The golden tables are of format 1 as it was first released. Every later
// program must read them; what is not compressed is written byte for byte
// (compressors may change).
func TestGolden(t *testing.T) {
	for name, codec := range map[string]Compression{"none": None, "s2": S2, "zstd": Zstd} {
		path := filepath.Join("testdata", fmt.Sprintf("v1-%s.sst", name))
		written, list := reference(t, codec)
		if *update {
			if err := os.WriteFile(path, written, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := readAll(t, path, golden, list); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if r := open(t, golden, nil); r.foot.data.height < 2 {
			t.Errorf("%s has %d index levels, too few to prove anything", path, r.foot.data.height)
		}
		if codec == None && !bytes.Equal(golden, written) {
			t.Errorf("%s is written in another way now: %d bytes, golden %d", path, len(written), len(golden))
		}
	}
}
