package cli

import (
	"context"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// Results of a finding.
const (
	resultOK   = "ok"
	resultWarn = "warn" // it works, but should be looked at
	resultFail = "fail"
)

// A finding is what one check has found, and what to do about it.
type finding struct {
	Check  string `json:"check"`
	Result string `json:"result"`
	Detail string `json:"detail"`
	Advice string `json:"advice"`
}

func newDoctorCommand(g *globals) *cobra.Command {
	c := rowsOf[finding](&cobra.Command{
		Use: "doctor", Short: "Check the way to the server, the login and what the API client may do", Args: cobra.NoArgs,
		Long: `Check, one after the other, where commands go, the way there (name, connection,
certificate), the server's readiness and clock, the login, the rate limit, and which
scopes the API client has. Each line is ok, warn or fail, and says what to do.

Nothing is changed: scopes to write are tried with requests that ask for nothing, and
only at a mews server. The exit code is that of the first failure, 0 when there is none.
"mews doctor server" looks at the server's own side.`,
		RunE: func(c *cobra.Command, _ []string) error { return runDoctor(c.Context(), g) },
	})
	c.AddCommand(newDoctorServerCommand(g))
	return c
}

func runDoctor(ctx context.Context, g *globals) error {
	d := &doctor{g: g}
	if d.checkConnection() {
		defer func() { _ = d.client.Close() }()
		if d.checkWay(ctx) && d.checkLogin(ctx) {
			d.checkScopes(ctx)
		}
	}
	return d.end()
}

// A doctor makes checks and tells what it found.
type doctor struct {
	g      *globals
	conn   connection
	client *mews.Client
	rows   []finding
	first  error // the first failure
}

// tell takes a finding in; people see it at once.
func (d *doctor) tell(f finding) {
	if f.Result == resultFail && d.first == nil {
		d.first = fmt.Errorf("%s: %s", f.Check, f.Detail)
	}
	if !d.g.output.forPeople() {
		d.rows = append(d.rows, f)
		return
	}
	mark := fmt.Sprintf("%-4s", f.Result)
	if d.g.color() {
		mark = map[string]text.Color{resultOK: text.FgGreen, resultWarn: text.FgYellow, resultFail: text.FgRed}[f.Result].Sprint(mark)
	}
	fmt.Fprintf(d.g.Out, "%s  %-36s %s\n", mark, printable(f.Check), printable(f.Detail))
	if f.Advice != "" {
		fmt.Fprintf(d.g.Out, "      %-36s -> %s\n", "", printable(f.Advice))
	}
}

func (d *doctor) ok(check, format string, args ...any) bool {
	d.tell(finding{check, resultOK, fmt.Sprintf(format, args...), ""})
	return true
}

func (d *doctor) warn(check, detail, advice string) bool {
	d.tell(finding{check, resultWarn, detail, advice})
	return true
}

// fail tells of a failure whose kind decides about the exit code.
func (d *doctor) fail(check string, err error, advice string) bool {
	if d.first == nil {
		d.first = err
	}
	d.tell(finding{check, resultFail, err.Error(), advice})
	return false
}

func (d *doctor) end() error {
	if !d.g.output.forPeople() {
		v := viewOf(&mews.Envelope[finding]{Resources: d.rows}, "check", "result", "detail", "advice")
		if err := d.g.write(v); err != nil {
			return err
		}
	}
	if d.first != nil {
		return silent(d.first)
	}
	return nil
}

// checkConnection tells where commands go, and who says so.
func (d *doctor) checkConnection() bool {
	conn, err := d.g.connection()
	if err != nil {
		return d.fail("profile", err, "mews profile list")
	}
	d.conn = conn
	secret, err := conn.secret(d.g.env)
	switch {
	case conn.Address() == "":
		return d.fail("address", usagef("nothing says where the server is"), "set FALCON_BASE_URL, or make a profile: mews profile set")
	case err != nil:
		return d.fail("secret", err, "check --client-secret-file, or client_secret_file of the profile")
	case conn.ClientID == "" || secret == "":
		return d.fail("credentials", usagef("no client id or no secret for %s", conn.Address()), "set FALCON_CLIENT_ID and FALCON_CLIENT_SECRET, or mews profile set")
	}
	if d.client, err = d.g.client(); err != nil {
		return d.fail("address", err, "")
	}
	d.ok("address", "%s, API client %s, from %s", conn.Address(), conn.ClientID, conn.from)
	if conn.ClientSecretFile != "" {
		d.checkSecretFile(fromHome(conn.ClientSecretFile, d.g.env))
	}
	return true
}
