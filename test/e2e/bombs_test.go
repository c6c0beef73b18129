//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/harness"
)

const (
	anchor = "ANCHOR-OF-BOMBS" // lets the index serve the bombs
	// fileLimit is what one file may take, and compileLimit one rule text; the
	// parent kills a second later. slack is for a machine that is busy.
	fileLimit    = 10 * time.Second
	compileLimit = 10 * time.Second
	slack        = 10 * time.Second
)

// refusedBombs never reach a file: each is refused by name, and soon.
var refusedBombs = map[string]struct{ rule, want string }{
	"include":            {`include "/etc/passwd" ` + plain("true"), "include is not allowed"},
	"include a device":   {`include "/dev/zero"`, "include is not allowed"},
	"console":            {`import "console" ` + plain(`console.log("x")`), "`console` is not available"},
	"cuckoo":             {`import "cuckoo" ` + plain("true"), "`cuckoo` is not available"},
	"compiled rules":     {"YARA\x01\x02\x03", "compiled rules are not accepted"},
	"binary":             {"\x00\x01\x02", "not UTF-8 text"},
	"source":             {"//" + strings.Repeat("x", 1<<20), "larger than 1048576 bytes"},
	"literal of 5 MB":    {`rule r { strings: $a = "` + strings.Repeat("x", 5<<20) + `" condition: $a }`, "larger than 1048576 bytes"},
	"rules":              {strings.Repeat("rule r { condition: true } ", 1001), "more than 1000 rules"},
	"strings":            {strung(10_001, ""), "more than 10000 strings"},
	"xor strings":        {strung(2000, "xor wide ascii"), "more than 100 xor strings"},
	"parentheses":        {plain(strings.Repeat("(", 20_000) + "true" + strings.Repeat(")", 20_000)), "nested deeper than 200"},
	"nots":               {plain(strings.Repeat("not ", 200_000) + "true"), "nested deeper than 200"},
	"regex parentheses":  {`rule r { strings: $a = /` + strings.Repeat("(", 5000) + "a" + strings.Repeat(")", 5000) + `/ condition: $a }`, "nested deeper than 200"},
	"a long name":        {"rule " + strings.Repeat("r", 129) + " { condition: true }", "name of more than 128 bytes"},
	"a keyword for name": {`rule strings { condition: true }`, "does not compile"},
	"everything":         {plain("true"), "has no indexable string"},
	"any byte":           {`rule r { strings: $a = /./ condition: $a }`, "has no indexable string"},
	"any four bytes":     {`rule r { strings: $a = { ?? ?? ?? ?? } condition: $a }`, "has no indexable string"},
}

// scannedBombs compile, and are held by the limits of a file: each ends as an
// error or as uncertain, never as "no match".
var scannedBombs = map[string]struct{ strings, condition, reason string }{
	"nested loops":     {"", "for all i in (0..100000000) : ( for all j in (0..100000000) : ( i + j >= 0 ) )", "timeout"},
	"hash in a loop":   {"", `for all i in (0..10000000) : ( hash.sha256(i, filesize - i) != "x" )`, "timeout"},
	"deaf regex":       {`$a = /((a{1,900}){1,900}){1,900}b/`, "$a", "timeout"},
	"count at the cap": {`$a = "a"`, "#a > 5000000", "match cap"},
}

func plain(condition string) string { return "rule r { condition: " + condition + " }" }

func strung(n int, modifier string) string {
	var b strings.Builder
	b.WriteString("rule r { strings:")
	for i := range n {
		fmt.Fprintf(&b, ` $a%d = "string %d" %s`, i, i, modifier)
	}
	b.WriteString(" condition: any of them }")
	return b.String()
}

// TestRuleBombs gives hostile rules to the real scanner through the API: each
// ends within its limit with a named reason, and the server goes on answering.
func TestRuleBombs(t *testing.T) {
	s, err := harness.Start(t.Context(), harness.Options{Data: filepath.Join(t.TempDir(), "data"), Args: unlimited})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	c, err := s.Client()
	if err != nil {
		t.Fatal(err)
	}
	victim := append([]byte(anchor), bytes.Repeat([]byte("a"), 8<<20)...)
	if _, err := c.Samples().Upload(t.Context(), bytes.NewReader(victim), mews.UploadOptions{FileName: "victim"}); err != nil {
		t.Fatal(err)
	}
	stop := watch(t, c)
	t.Run("refused", func(t *testing.T) { refuseBombs(t, c) })
	t.Run("scanned", func(t *testing.T) { scanBombs(t, c) })
	stop()
	t.Run("cost of a full scan", func(t *testing.T) { fullScanCost(t, s) })
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// watch asks the server for something cheap all the time; stop tells how long
// the slowest answer took.
func watch(t *testing.T, c *mews.Client) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var worst atomic.Int64
	asked := 0
	wg.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			_, err := c.MalQuery().FuzzySearch(ctx, mews.SearchRequest{Patterns: []mews.Pattern{{Type: "ascii", Value: anchor}}})
			if err != nil && ctx.Err() == nil {
				t.Errorf("a search beside the bombs: %v", err)
			}
			worst.Store(max(worst.Load(), int64(time.Since(began))))
			asked++
			time.Sleep(50 * time.Millisecond)
		}
	})
	return func() {
		cancel()
		wg.Wait()
		t.Logf("%d searches beside the bombs, the slowest took %v", asked, time.Duration(worst.Load()))
		if time.Duration(worst.Load()) > slack {
			t.Errorf("a search took %v", time.Duration(worst.Load()))
		}
	}
}

func refuseBombs(t *testing.T, c *mews.Client) {
	for name, bomb := range refusedBombs {
		began := time.Now()
		_, err := c.MalQuery().Hunt(t.Context(), mews.HuntRequest{YARARule: bomb.rule})
		took := time.Since(began)
		if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), bomb.want) {
			t.Errorf("%s: %.300v, want one with %q", name, err, bomb.want)
		}
		if err != nil && (strings.Contains(err.Error(), "root:") || len(err.Error()) > 4096) {
			t.Errorf("%s: the error tells too much: %.300v", name, err)
		}
		if took > compileLimit+slack {
			t.Errorf("%s: refused after %v", name, took)
		}
	}
}

func scanBombs(t *testing.T, c *mews.Client) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for name, bomb := range scannedBombs {
		wg.Go(func() {
			rule := fmt.Sprintf("import \"hash\"\nrule bomb { strings: $anchor = %q %s condition: $anchor and (%s) }", anchor, bomb.strings, bomb.condition)
			made, err := c.MalQuery().Hunt(t.Context(), mews.HuntRequest{YARARule: rule})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			got, err := c.MalQuery().Wait(t.Context(), made.ReqID, nil)
			if got == nil || got.Meta.Hunt == nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			h := got.Meta.Hunt
			if h.Candidates != 1 || h.Error+h.Uncertain != 1 || h.Reasons[bomb.reason] != 1 || !got.Meta.Partial {
				t.Errorf("%s: %+v, want one file with the reason %q", name, h, bomb.reason)
			}
			// The run time of the job is in milliseconds; a killed scanner gets
			// the file once more.
			if took := time.Duration(got.Meta.QueryTime) * time.Millisecond; took > 2*(fileLimit+time.Second)+slack {
				t.Errorf("%s: ended after %v", name, took)
			}
		})
	}
}

// fullScanCost looks at the refusal as a foreign client sees it: the cost
// stands in its meta. OPTIONS * is an unknown route like any other.
func fullScanCost(t *testing.T, s *harness.Server) {
	pem, err := os.ReadFile(s.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	send := func(method, path, media, token, body string) (int, []byte) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.BaseURL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if path == "/*" {
			r.URL.Opaque = "*"
		}
		r.Header.Set("Content-Type", media)
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, b
	}
	var token mews.Token
	login := url.Values{"client_id": {s.ClientID}, "client_secret": {s.ClientSecret}}.Encode()
	if _, b := send("POST", "/oauth2/token", "application/x-www-form-urlencoded", "", login); json.Unmarshal(b, &token) != nil {
		t.Fatalf("login: %s", b)
	}
	status, b := send("POST", "/malquery/queries/hunt/v1", "application/json", token.AccessToken, `{"yara_rule":"rule r { condition: filesize > 0 }"}`)
	var env mews.Envelope[struct{}]
	if err := json.Unmarshal(b, &env); err != nil || status != 400 {
		t.Fatalf("%d %s", status, b)
	}
	if e := env.Meta.Estimate; e == nil || !e.FullScan || e.Candidates != 1 || e.CandidateBytes <= 8<<20 || e.CPUSeconds <= 0 {
		t.Errorf("the refusal tells no cost: %s", b)
	}
	if status, b := send("OPTIONS", "/*", "application/json", "", ""); status != 404 || json.Unmarshal(b, &env) != nil || len(env.Errors) != 1 {
		t.Errorf("OPTIONS *: %d %q", status, b)
	}
}
