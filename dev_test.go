package mews

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFaultEffectOnTheWire(t *testing.T) {
	e := FaultEffect{Status: 429, Message: "slow down", RetryAfter: 1500 * time.Millisecond, Delay: time.Minute}
	b, err := json.Marshal(FaultRule{Path: "/devices/*", Times: 2, Effect: e})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"path":"/devices/*","times":2,"effect":{"status":429,"message":"slow down","retry_after":"1.5s","delay":"1m0s"},"seen":0,"fired":0}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	for text, part := range map[string]string{
		`{"stats":429}`:          "stats",
		`{"delay":"soon"}`:       "delay",
		`{"retry_after":"1"}`:    "retry_after",
		`{"status":"429"}`:       "status",
		`{"delay":1000}`:         "delay",
		`[]`:                     "effect",
		`{"truncate":1.5}`:       "truncate",
		`{"close":1}`:            "close",
		`{"expire_token":"yes"}`: "expire_token",
	} {
		var e FaultEffect
		if err := json.Unmarshal([]byte(text), &e); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", text, err)
		}
		if e != (FaultEffect{}) {
			t.Errorf("%s: left %+v behind", text, e)
		}
	}
}

func TestFaultEffectComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := FaultEffect{
			Status: rapid.IntRange(0, 599).Draw(t, "status"), Message: rapid.String().Draw(t, "message"),
			RetryAfter: time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "retry")), Delay: time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "delay")),
			Truncate: rapid.Int64Min(0).Draw(t, "truncate"), Close: rapid.Bool().Draw(t, "close"), ExpireToken: rapid.Bool().Draw(t, "expire"),
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back FaultEffect
		if err := json.Unmarshal(b, &back); err != nil || back != e {
			t.Fatalf("%s: %+v, %v", b, back, err)
		}
	})
}

// FuzzFaultEffect: whatever is read comes back from its own writing.
func FuzzFaultEffect(f *testing.F) {
	for _, seed := range []string{
		`{"status":429,"retry_after":"1.5s"}`, `{"delay":"-1h","close":true}`, `{"truncate":9223372036854775807}`, `{"message":"\ud800"}`, `{"delay":""}`, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var e, back FaultEffect
		if json.Unmarshal(text, &e) != nil {
			return
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &back); err != nil || back != e {
			t.Fatalf("%s became %+v, written %s, read %+v, %v", text, e, b, back, err)
		}
	})
}
