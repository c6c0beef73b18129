package hunt

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/yara/yaratest"
)

// program makes a Windows program with this time stamp.
func program(stamp uint32) string {
	b := make([]byte, 1024)
	copy(b, "MZ")
	binary.LittleEndian.PutUint32(b[0x3c:], 0x80)
	copy(b[0x80:], "PE\x00\x00\x64\x86\x01\x00")
	binary.LittleEndian.PutUint32(b[0x88:], stamp)
	copy(b[0x94:], "\xf0\x00\x22\x20\x0b\x02")
	return string(b)
}

// A rule without strings reads every program until what it asks for is known of
// them, and then the one that has it.
func TestHuntLooksFactsUp(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{})
	w.run()
	var want sample.Record
	for i := range uint32(40) {
		r := w.put(program(i), sample.PutOptions{})
		w.put(fmt.Sprintf("text %d", i), sample.PutOptions{})
		if i == 7 {
			want = r
		}
	}
	w.must(w.engine.Flush(t.Context()))
	sum := "for any h in (\"" + want.MD5 + "\", \"00000000000000000000000000000000\") : (hash.md5(0, filesize) == h)"
	for rule, unknown := range map[string]int64{
		`import "pe" rule r { condition: pe.timestamp == 7 and pe.machine == pe.MACHINE_AMD64 }`: 40,
		`import "hash" rule r { condition: ` + sum + ` }`:                                        1,
	} {
		r := w.hunt(rule, nil)
		if got := shas(r); len(got) != 1 || !got[want.SHA256] || r.Meta.Hunt.Candidates != unknown {
			t.Errorf("%s: %v, %+v, want %d candidates", rule, got, r.Meta.Hunt, unknown)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.known.Run(ctx) }()
	defer func() { stop(); w.must(<-done) }()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		st, err := w.known.Status(t.Context())
		w.must(err)
		if st.Unknown == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("files are not described: %+v", st)
		}
	}
	for rule, candidates := range map[string]int64{
		`import "pe" rule r { condition: pe.timestamp == 7 and pe.machine == pe.MACHINE_AMD64 }`: 1,
		`import "pe" rule r { condition: pe.timestamp == 70 }`:                                   0,
		`import "pe" rule r { condition: pe.timestamp == 7 or pe.timestamp == 9 }`:               2,
	} {
		r := w.hunt(rule, nil)
		if r.Meta.Hunt.Candidates != candidates || int64(len(shas(r))) != candidates {
			t.Errorf("%s: %v, %+v, want %d candidates", rule, shas(r), r.Meta.Hunt, candidates)
		}
	}
	late := w.put(program(70), sample.PutOptions{})
	r := w.hunt(`import "pe" rule r { condition: pe.timestamp == 70 }`, nil)
	if got := shas(r); !got[late.SHA256] || r.Meta.Hunt.Candidates != 1 {
		t.Errorf("a sample just stored: %v, %+v", got, r.Meta.Hunt)
	}
	_, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: `import "pe" rule r { condition: pe.is_dll() }`})
	if err == nil || !strings.Contains(err.Error(), "no indexable string") {
		t.Errorf("a rule that many files fit: %v", err)
	}
}
