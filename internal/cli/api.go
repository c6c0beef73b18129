package cli

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// apiOptions are those of a call by name or by path.
type apiOptions struct {
	body, outputFile, kind string
	query, headers         []string
	all, include           bool
}

func newAPICommand(g *globals) *cobra.Command {
	o := &apiOptions{}
	c := &cobra.Command{
		Use: "api OPERATION [NAME=VALUE...]", Short: "Carry out any operation of the API",
		Long: `Carry out any operation of the API by its name, as FalconPy's documentation has it:
QueryDevicesByFilter, query_devices_by_filter or Hosts.QueryDevicesByFilter. "mews api
list" lists the operations, "mews api show" the parameters of one.

  NAME=VALUE     a parameter; where it is a list, commas part its values, and it
                 may come several times
  NAME=@FILE     the text of a file ("@-": standard input); for a list, one value a line
  NAME=@@VALUE   a value that begins with @
  NAME:=JSON     a value that is no text: numbers, true, lists, objects

A method and a path stand in the place of a name for what has none. The reply is written
as it came, as JSON; with "-o ndjson", csv, table or yaml its resources are.`,
		Example: `  mews api QueryDevicesByFilter filter="platform_name:'Linux'" limit=5
  mews api QueryDevicesByFilterScroll --all -o ndjson
  mews api PostDeviceDetailsV2 ids=@ids.txt -o csv --fields device_id,hostname
  mews api PostMalQueryHuntV1 yara_rule=@rule.yar options:='{"limit":10}'
  mews api UploadSampleV3 file_name=a.bin --body @a.bin
  mews api GetSampleV3 ids=SHA256 password_protected=true --output-file a.zip
  mews api GET /devices/queries/devices/v1 --query limit=5`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeCall,
		RunE: func(c *cobra.Command, args []string) error {
			if !c.Flags().Changed("output") && !g.output.json {
				g.output.format = "json"
			}
			return runAPI(c.Context(), g, o, args)
		},
	}
	o.register(c)
	c.AddCommand(newAPIListCommand(g), newAPIShowCommand(g))
	return c
}

func (o *apiOptions) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.body, "body", "", `the whole body: JSON, @FILE or "-" for standard input; bytes where the operation takes bytes`)
	f.StringVar(&o.kind, "content-type", "", "media type of the body where the usual one is not meant")
	f.StringArrayVar(&o.query, "query", nil, "NAME=VALUE sent in the query as it is, known or not")
	f.StringArrayVar(&o.headers, "header", nil, "NAME:VALUE sent as a header")
	f.BoolVar(&o.all, "all", false, "every page, however many")
	f.BoolVarP(&o.include, "include", "i", false, "write status and headers of the reply to standard error")
	f.StringVar(&o.outputFile, "output-file", "", `where bytes go; "-" is standard output, unless that is a terminal`)
	c.MarkFlagsMutuallyExclusive("all", "include", "output-file")
	_ = c.RegisterFlagCompletionFunc("header", cobra.NoFileCompletions)
}

func runAPI(ctx context.Context, g *globals, o *apiOptions, args []string) error {
	call, err := g.readCall(o, args)
	if err != nil {
		return err
	}
	defer func() { _ = call.close() }()
	if call.operation.Binary {
		return g.callBytes(ctx, o, call)
	}
	if o.outputFile != "" {
		return usagef("--output-file is for operations that answer with bytes; redirect standard output for JSON")
	}
	filter, _ := call.params.Values["filter"].(string)
	return pointAt(filter, g.withClient(func(c *mews.Client) error {
		if o.all {
			return g.callAll(ctx, c, call)
		}
		return g.callOnce(ctx, c, o, call)
	}))
}

// An apiCall is what a command line asks for.
type apiCall struct {
	operation    mews.Operation // without an ID: a call by method and path
	method, path string
	params       mews.Params
	close        func() error
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func (g *globals) readCall(o *apiOptions, args []string) (*apiCall, error) {
	call := &apiCall{close: func() error { return nil }}
	name, args := args[0], args[1:]
	if method := strings.ToUpper(name); slices.Contains(methods, method) {
		if len(args) != 1 || !strings.HasPrefix(args[0], "/") {
			return nil, usagef("%s needs a path and nothing else: mews api %s /family/...; parameters go into --query and --body", method, method)
		}
		if o.all {
			return nil, usagef("--all needs the name of an operation, which says how its pages follow each other")
		}
		call.method, call.path, args = method, args[0], nil
	} else {
		var err error
		if call.operation, err = lookupOperation(name); err != nil {
			return nil, err
		}
	}
	values, err := g.readValues(call.operation, args)
	if err != nil {
		return nil, err
	}
	call.params = mews.Params{Values: values, ContentType: o.kind}
	if call.params.Query, err = pairs("--query", "=", o.query); err != nil {
		return nil, err
	}
	headers, err := pairs("--header", ":", o.headers)
	if err != nil {
		return nil, err
	}
	call.params.Header = http.Header{}
	for name, list := range headers {
		for _, value := range list {
			call.params.Header.Add(name, strings.TrimSpace(value))
		}
	}
	return call, g.readBody(call, o.body)
}

func (g *globals) callOnce(ctx context.Context, c *mews.Client, o *apiOptions, call *apiCall) error {
	var reply *mews.Response
	var err error
	if call.operation.ID == "" {
		reply, err = c.Do(ctx, call.method, call.path, call.params)
	} else {
		reply, err = c.Command(ctx, call.operation.ID, call.params)
	}
	if reply == nil {
		return err
	}
	if o.include {
		g.tellHead(reply)
	}
	switch {
	case err != nil && !g.output.whole():
		return err // it tells all that the reply says
	case err != nil:
		return errors.Join(err, g.writeReply(reply))
	}
	if err := g.writeReply(reply); err != nil {
		return err
	}
	if len(reply.Errors) > 0 {
		return silent(errPartial)
	}
	return nil
}

// callAll writes the objects of every page.
func (g *globals) callAll(ctx context.Context, c *mews.Client, call *apiCall) error {
	page := newReplyRows(g)
	for one, err := range c.All(ctx, call.operation.ID, call.params) {
		if err == nil {
			err = page.add(one)
		}
		if err != nil {
			return errors.Join(err, page.end())
		}
	}
	return page.end()
}

// callBytes saves a reply of bytes. They go to a file or a pipe, never to a
// terminal, and under a name of their own only when all of them are there.
func (g *globals) callBytes(ctx context.Context, o *apiOptions, call *apiCall) error {
	if o.all {
		return usagef("%s answers with bytes, which have no pages", call.operation.ID)
	}
	where, name := &saveOptions{dir: "-"}, ""
	if o.outputFile != "" && o.outputFile != "-" {
		where.dir, name = filepath.Dir(o.outputFile), filepath.Base(o.outputFile)
	} else if g.isTerminal(g.Out) {
		return usagef("%s answers with bytes; name a file with --output-file", call.operation.ID)
	}
	target, err := g.newTarget(where)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		return target.save(name, func() (*mews.Download, error) {
			return c.CommandStream(ctx, call.operation.ID, call.params)
		})
	})
}

// tellHead writes what stands before the body of a reply.
func (g *globals) tellHead(r *mews.Response) {
	g.note("%d %s", r.StatusCode, http.StatusText(r.StatusCode))
	var lines []string
	for name, values := range r.Header {
		for _, value := range values {
			lines = append(lines, name+": "+value)
		}
	}
	slices.Sort(lines)
	for _, line := range lines {
		g.note("%s", line)
	}
}

// open opens a file of the user's, or standard input for "-".
func (g *globals) open(file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(g.In), nil
	}
	return os.Open(file)
}
