//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mewshq/mews/test/harness"
)

// TestScripts runs every script of the folder over the real binary. Beside the
// usual commands a script has:
//
//	server [FLAG...]          start a server on $DATA and log in as its first client
//	shutdown, crash           end it by SIGTERM or SIGKILL
//	as ID SECRET              be another client
//	setfrom VAR FILE REGEXP   set a variable from the first group of a match
//	absent DIR TEXT           no file below DIR holds the text
func TestScripts(t *testing.T) {
	bin, err := filepath.Abs(harness.Binary())
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "scripts",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("DATA", filepath.Join(env.WorkDir, "data"))
			env.Setenv("NO_COLOR", "1")
			env.Values[actorsKey{}] = &actors{bin: bin}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server": cmdServer, "shutdown": cmdShutdown, "crash": cmdCrash, "as": cmdAs, "setfrom": cmdSetFrom, "absent": cmdAbsent,
		},
	})
}

type actorsKey struct{}

// actors are the processes and credentials of one script.
type actors struct {
	bin        string
	server     *harness.Server
	id, secret string
}

func of(ts *testscript.TestScript) *actors { return ts.Value(actorsKey{}).(*actors) }

func cmdServer(ts *testscript.TestScript, neg bool, args []string) {
	a := of(ts)
	s, err := harness.Start(context.Background(), harness.Options{
		Bin: a.bin, Data: ts.Getenv("DATA"), Args: args, ClientID: a.id, ClientSecret: a.secret,
	})
	if neg {
		if err == nil {
			s.Kill()
			ts.Fatalf("the server started")
		}
		return
	}
	ts.Check(err)
	a.server, a.id, a.secret = s, s.ClientID, s.ClientSecret
	ts.Defer(s.Kill)
	ts.Setenv("MEWS_CA", s.CA)
	ts.Setenv("FALCON_BASE_URL", s.BaseURL)
	ts.Setenv("SERVER_PID", fmt.Sprint(s.PID()))
	login(ts, s.ClientID, s.ClientSecret)
}

func login(ts *testscript.TestScript, id, secret string) {
	ts.Setenv("FALCON_CLIENT_ID", id)
	ts.Setenv("FALCON_CLIENT_SECRET", secret)
}

func cmdShutdown(ts *testscript.TestScript, neg bool, _ []string) {
	err := of(ts).server.Stop()
	if (err != nil) != neg {
		ts.Fatalf("stop: %v", err)
	}
}

func cmdCrash(ts *testscript.TestScript, _ bool, _ []string) { of(ts).server.Kill() }

func cmdAs(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 0 {
		login(ts, of(ts).id, of(ts).secret)
		return
	}
	if len(args) != 2 {
		ts.Fatalf("usage: as [ID SECRET]")
	}
	login(ts, args[0], args[1])
}

func cmdSetFrom(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: setfrom VAR FILE REGEXP")
	}
	re, err := regexp.Compile(args[2])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile(args[1]))
	if len(m) < 2 {
		ts.Fatalf("%s does not match %s:\n%s", args[1], args[2], ts.ReadFile(args[1]))
	}
	ts.Setenv(args[0], m[1])
}

func cmdAbsent(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: absent DIR TEXT")
	}
	found, err := harness.Grep(ts.MkAbs(args[0]), []byte(args[1]))
	ts.Check(err)
	if (len(found) > 0) != neg {
		ts.Fatalf("%q in %v", args[1], found)
	}
}
