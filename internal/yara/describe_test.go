package yara

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func fileOf(data []byte) File {
	return File{Size: int64(len(data)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

func TestRealWorkerDescribes(t *testing.T) {
	d := realEngine(t).Describer()
	defer d.Close()
	seed := rand.Uint64()
	t.Logf("seed=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	foreign := func(data []byte) bool {
		return !slices.ContainsFunc(Starts(), func(s []byte) bool { return bytes.HasPrefix(data, s) })
	}
	var contents [][]byte
	programs, _ := filepath.Glob("/usr/bin/[a-c]*")
	for _, name := range programs {
		if data, err := os.ReadFile(name); err == nil && len(data) < 1<<20 && len(contents) < 20 {
			contents = append(contents, data)
		}
	}
	for i := range 500 {
		data := make([]byte, rng.IntN(200))
		for j := range data {
			data[j] = byte(rng.Uint32())
		}
		if start := Starts()[i%len(Starts())]; len(data) > len(start) {
			copy(data, start)
			data[rng.IntN(len(start))] ^= 1 << rng.IntN(8)
		}
		contents = append(contents, data)
	}
	var files []File
	for _, data := range contents {
		files = append(files, fileOf(data))
	}
	got, err := d.Describe(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	elf := 0
	for i, g := range got {
		is := bytes.HasPrefix(contents[i], []byte("\x7fELF\x02\x01"))
		if g.Err != nil || g.Reason != "" || foreign(contents[i]) && len(g.Facts) > 0 {
			t.Fatalf("%.20q: %+v", contents[i], g)
		}
		if is && len(contents[i]) > 64 && !slices.Contains(g.Facts, Fact{"elf.machine", "62"}) && !slices.Contains(g.Facts, Fact{"elf.machine", "183"}) {
			t.Fatalf("%.20q: %+v", contents[i], g)
		}
		if is {
			elf++
		}
	}
	if elf == 0 {
		t.Error("no program was described")
	}
	version, err := d.Version(t.Context())
	if err != nil || len(version) != 16 {
		t.Errorf("version %q, %v", version, err)
	}
}

// What goes wrong with one file says nothing of the others.
func TestDescribeBearsBadFiles(t *testing.T) {
	d := fakeEngine(t, "moody").Describer()
	defer d.Close()
	broken := fileOf([]byte("x"))
	broken.Open = func() (io.ReadCloser, error) { return nil, errors.New("no such blob") }
	files := []File{
		fileOf([]byte("one")), fileOf([]byte("crash me")), broken, fileOf([]byte("two")), fileOf([]byte("stop me")),
		fileOf([]byte("slow")),
		{Size: 1 << 40},
		fileOf([]byte("three")),
	}
	got, err := d.Describe(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, g := range got {
		switch {
		case g.Err != nil:
			words = append(words, "unread")
		case g.Reason != "":
			words = append(words, g.Reason)
		default:
			words = append(words, g.Facts[0].Value)
		}
	}
	if s := strings.Join(words, ", "); s != "one, scanner crashed, unread, two, timeout, timeout, too large, three" {
		t.Error(s)
	}
}

func TestDescribeTrustsNothing(t *testing.T) {
	for _, mode := range []string{"oddfact", "otherfile", "resultfirst"} {
		d := fakeEngine(t, mode).Describer()
		got, err := d.Describe(t.Context(), []File{fileOf([]byte("x"))})
		if err != nil || got[0].Reason != "scanner broke the protocol" {
			t.Errorf("%s: %+v, %v", mode, got, err)
		}
		d.Close()
	}
	d := fakeEngine(t, "garbage").Describer()
	if _, err := d.Version(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("garbage: %v", err)
	}
}
