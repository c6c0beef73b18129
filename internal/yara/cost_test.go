package yara

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/mewshq/mews/internal/yara/yaratest"
)

// The benchmarks count the CPU time of this process and of its workers: that is
// what a hunt costs, whatever the clock says.
func cpuMicros() float64 {
	var sum int64
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		_ = syscall.Getrusage(who, &u)
		sum += u.Utime.Nano() + u.Stime.Nano()
	}
	return float64(sum) / 1e3
}

const smallRule = `rule a { strings: $a = "needle in the hay" condition: $a }`

func BenchmarkCompile(b *testing.B) {
	for _, forking := range []bool{false, true} {
		b.Run(fmt.Sprintf("forking=%v", forking), func(b *testing.B) {
			e := New(Options{Path: yaratest.Worker(b), Sandbox: SandboxBestEffort})
			e.forking = forking
			if _, err := e.Compile(b.Context(), "", smallRule); err != nil {
				b.Fatal(err)
			}
			before := cpuMicros()
			for b.Loop() {
				if _, err := e.Compile(b.Context(), "", smallRule); err != nil {
					b.Fatal(err)
				}
			}
			_ = e.Close()
			b.ReportMetric((cpuMicros()-before)/float64(b.N), "cpu-us/op")
		})
	}
}

func BenchmarkScanAll(b *testing.B) {
	for _, rules := range []int{1, 10, 1000} {
		for _, size := range []int{64, 4 << 10, 64 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("rules=%d/size=%d", rules, size), func(b *testing.B) { benchScan(b, rules, size) })
		}
	}
}

func benchScan(b *testing.B, rules, size int) {
	e := New(Options{Path: yaratest.Worker(b), Sandbox: SandboxBestEffort})
	defer e.Close()
	source := manyRules(rules)
	rs, err := e.Compile(b.Context(), "bench", source)
	if err != nil {
		b.Fatal(err)
	}
	p, err := e.Pool(b.Context(), "bench", source, rs, 1)
	if err != nil {
		b.Fatal(err)
	}
	data := bytes.Repeat([]byte("some text that is not that of any rule, "), size/40+1)[:size]
	file := File{Size: int64(size), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
	files := make([]File, 64)
	for i := range files {
		files[i] = file
	}
	if _, err := p.ScanAll(b.Context(), files); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size))
	before := cpuMicros()
	n := 0
	for b.Loop() {
		if n++; n%len(files) == 0 {
			if _, err := p.ScanAll(b.Context(), files); err != nil {
				b.Fatal(err)
			}
		}
	}
	p.Close()
	_ = e.Close()
	b.ReportMetric((cpuMicros()-before)/float64(b.N), "cpu-us/op")
}

func manyRules(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, "rule r%d { strings: $a = \"needle %d in the hay\" $b = { 4d 5a %02x ?? 90 90 %02x } $c = \"other %d\" wide nocase condition: any of them }\n", i, i, i%256, i/256, i)
	}
	return s.String()
}
