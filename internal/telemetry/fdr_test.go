package telemetry

import (
	"bytes"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/demo/fleet"
)

const fdrLine = `{"ProcessCreateFlags":"525332","IntegrityLevel":"12288","ParentProcessId":"1364242700","SourceProcessId":"1364242700","aip":"203.0.113.7","SHA1HashData":"0000000000000000000000000000000000000000","UserSid":"S-1-5-21-1111111111-2222222222-333333333-1001","event_platform":"Win","TokenType":"2","ProcessEndTime":"","AuthenticodeHashData":"5b2cc1dd6e4c3f7c1c5d8b8e3a2f1e0d9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f","ParentBaseFileName":"explorer.exe","RpcClientProcessId":"0","ImageSubsystem":"2","id":"6a3f2c1e-1b2c-4d5e-8f90-0123456789ab","EffectiveTransactionMode":"0","SessionId":"1","Tags":"25, 27, 40, 41, 53, 54, 55, 185, 12094627905582, 12094627906234","timestamp":"1700000000123","event_simpleName":"ProcessRollup2","RawProcessId":"4321","ConfigStateHash":"1763245019","MD5HashData":"0123456789abcdef0123456789abcdef","SHA256HashData":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","ProcessSxsFlags":"64","AuthenticationId":"293628","ConfigBuild":"1007.3.0016303.1","CommandLine":"\"C:\\Program Files\\Example\\tool.exe\" --check --quiet","TargetProcessId":"1364242733","ImageFileName":"\\Device\\HarddiskVolume3\\Program Files\\Example\\tool.exe","SourceThreadId":"36382042334","Entitlements":"15","name":"ProcessRollup2V19","ProcessStartTime":"1699999999.851","ProcessParameterFlags":"24577","aid":"0123456789abcdef0123456789abcdef","SignInfoFlags":"8683538","cid":"fedcba9876543210fedcba9876543210"}`

func BenchmarkFDR(b *testing.B) {
	p, err := NewParser(Auto, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(fdrLine)))
	b.ReportAllocs()
	line := []byte(fdrLine)
	for b.Loop() {
		if events, err := p.Parse(line); err != nil || len(events) != 1 {
			b.Fatal(events, err)
		}
	}
}

// BenchmarkFleet reads the lines of many hosts, in the order in which a fleet
// sends them.
func BenchmarkFleet(b *testing.B) {
	for _, ecs := range []bool{false, true} {
		name := "fdr"
		if ecs {
			name = "ecs"
		}
		b.Run(name, func(b *testing.B) {
			stream := fleet.New(fleet.Options{Seed: 1, ECS: ecs, Fresh: .02, Start: time.Now().Add(-time.Hour)})
			lines, size := make([][]byte, 50_000), 0
			for i := range lines {
				lines[i] = bytes.Clone(stream.Next().Line)
				size += len(lines[i])
			}
			p, err := NewParser(Auto, time.Now)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size / len(lines)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := p.Parse(lines[i%len(lines)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
