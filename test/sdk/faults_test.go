package sdk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/mewshq/mews"
)

const sampleCall = "GET /samples/entities/samples/v3"

// put stores a sample and gives its SHA-256.
func put(t *testing.T, c *mews.Client, content []byte) string {
	t.Helper()
	sum := sha256.Sum256(content)
	sha := hex.EncodeToString(sum[:])
	got, err := c.Samples().Upload(t.Context(), bytes.NewReader(content), mews.UploadOptions{FileName: "suite.bin"})
	if err != nil || got.SHA256 != sha || got.FileName != "suite.bin" {
		t.Fatalf("upload: %+v, %v", got, err)
	}
	return sha
}

func fetch(t *testing.T, c *mews.Client, sha string) ([]byte, error) {
	t.Helper()
	d, err := c.Samples().Get(t.Context(), sha)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return io.ReadAll(d)
}

func sampleLife(t *testing.T, s *target) {
	c := s.client(t)
	content := filler("life", 300_000)
	sha := put(t, c, content)
	if got, err := fetch(t, c, sha); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	d, err := c.CommandStream(t.Context(), "get_sample", mews.Params{Values: map[string]any{"ids": sha}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if got, err := io.ReadAll(d); err != nil || !bytes.Equal(got, content) || d.Size != int64(len(content)) {
		t.Errorf("by name: %d bytes of %d, %v", len(got), d.Size, err)
	}
	if err := c.Samples().Delete(t.Context(), sha); err != nil {
		t.Error(err)
	}
	if _, err := fetch(t, c, sha); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("after its deletion: %v", err)
	}
}

func cutDownload(t *testing.T, s *target) {
	told := 0
	c := s.client(t, mews.WithRetryNotice(func(string, error, time.Duration) { told++ }))
	content := filler("cut", 2<<20)
	sha := put(t, c, content)
	s.wire.breakNext(sampleCall, cut(1_500_000), cut(100), status(503))
	got, err := fetch(t, c, sha)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
	if again := s.wire.sent(sampleCall); slices.Contains(again, 206) != s.ranges {
		t.Errorf("replies %v of a server that knows ranges: %v", again, s.ranges)
	}
	if told < 2 {
		t.Errorf("told of %d pauses", told)
	}
	s.wire.breakNext(sampleCall, cut(1000))
	once := s.client(t, mews.WithRetries(0))
	if got, err := fetch(t, once, sha); !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != 1000 {
		t.Errorf("without retries: %d bytes, %v", len(got), err)
	}
	_ = c.Samples().Delete(t.Context(), sha)
}

func rateLimit(t *testing.T, s *target) {
	var pauses []time.Duration
	c := s.client(t, mews.WithRetryNotice(func(_ string, _ error, pause time.Duration) { pauses = append(pauses, pause) }))
	soon := func() string { return strconv.FormatInt(time.Now().Unix(), 10) }
	limited := status(429, "X-Ratelimit-Limit", "6000", "X-Ratelimit-Remaining", "0", "X-Ratelimit-Retryafter", soon())
	s.wire.breakNext(devicesCall, limited)
	if _, err := c.Hosts().Query(t.Context(), mews.RecordQuery{}); err != nil {
		t.Errorf("a safe call: %v", err)
	}
	const create = "POST /iocs/entities/indicators/v1"
	s.wire.breakNext(create, limited)
	everywhere := true
	made, err := c.IOCs().Create(t.Context(), mews.IndicatorCreates{Indicators: []mews.IndicatorCreate{{
		Type: mews.TypeDomain, Value: "limited.example", Action: mews.IndicatorNoAction, Platforms: mews.List{mews.PlatformLinux}, AppliedGlobally: &everywhere,
	}}})
	if err != nil {
		t.Fatalf("an unsafe call: %v", err)
	}
	_, _ = c.IOCs().Delete(t.Context(), "", made.Resources[0].ID)
	if got := s.wire.sent(create); !slices.Equal(got, []int{429, 201}) || len(pauses) != 2 {
		t.Errorf("sent %v, pauses %v", got, pauses)
	}
	later := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	s.wire.breakNext(devicesCall, status(429, "X-Ratelimit-Retryafter", later))
	_, err = c.Hosts().Query(t.Context(), mews.RecordQuery{})
	e, ok := errors.AsType[*mews.Error](err)
	if !ok || !errors.Is(err, mews.ErrLimited) || time.Until(e.RetryAt) < 50*time.Minute {
		t.Errorf("a limit of an hour: %v, again at %v", err, e)
	}
}

func outage(t *testing.T, s *target) {
	c := s.client(t)
	s.wire.breakNext(devicesCall, status(503), status(502))
	if _, err := c.Hosts().Query(t.Context(), mews.RecordQuery{}); err != nil {
		t.Errorf("a safe call: %v", err)
	}
	if got := s.wire.sent(devicesCall); !slices.Equal(got, []int{503, 502, 200}) {
		t.Errorf("sent %v", got)
	}
	const hunt = "POST /malquery/queries/hunt/v1"
	s.wire.breakNext(hunt, status(503))
	if _, err := c.MalQuery().Hunt(t.Context(), mews.HuntRequest{YARARule: "rule r { condition: true }"}); !errors.Is(err, mews.ErrUnavailable) {
		t.Errorf("an unsafe call: %v", err)
	}
	if _, err := c.Command(t.Context(), "PostMalQueryHuntV1", mews.Params{Body: map[string]string{}}); err == nil {
		t.Error("a hunt for nothing succeeds")
	}
	if got := s.wire.sent(hunt); got[0] != 503 || len(got) != 2 {
		t.Errorf("hunts: %v", got)
	}
}

func cutReply(t *testing.T, s *target) {
	c := s.client(t)
	s.wire.breakNext(devicesCall, cut(20), cut(0))
	env, err := c.Hosts().Query(t.Context(), mews.RecordQuery{Limit: 2})
	if err != nil || len(env.Resources) != 2 {
		t.Errorf("a typed call: %+v, %v", env, err)
	}
	s.wire.breakNext(devicesCall, cut(20))
	r, err := c.Command(t.Context(), "QueryDevicesByFilter", mews.Params{Values: map[string]any{"limit": 2}})
	if err != nil || len(r.Resources) != 2 {
		t.Errorf("a call by name: %+v, %v", r, err)
	}
}

func cancelled(t *testing.T, s *target) {
	c := s.client(t)
	if _, err := c.TokenSource().Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.wire.breakNext(devicesCall, silent)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	time.AfterFunc(10*time.Millisecond, func() { cancel(reason) })
	if _, err := c.Hosts().Query(ctx, mews.RecordQuery{}); !errors.Is(err, context.Canceled) && !errors.Is(err, reason) {
		t.Errorf("a silent server: %v", err)
	}
	hasty := s.client(t, mews.WithTimeout(2*time.Second), mews.WithRetries(1))
	s.wire.breakNext(devicesCall, silent)
	if _, err := hasty.Hosts().Query(t.Context(), mews.RecordQuery{}); err != nil {
		t.Errorf("silent once: %v", err)
	}
	if got := fmt.Sprint(s.wire.sent(devicesCall)); got != "[0 0 200]" {
		t.Errorf("sent %s", got)
	}
}
