package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/spf13/pflag"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/server"
)

// adminOptions name the data folder that an administrative command works on.
// They are the server's own settings, so that a configuration file serves both.
type adminOptions struct{ conf configFlags }

func (o *adminOptions) register(flags *pflag.FlagSet) {
	settings := slices.DeleteFunc(server.Settings(), func(s server.Setting) bool {
		return s.Key != "data" && s.Key != "key_file"
	})
	o.conf.register(flags, settings)
}

// An adminCaller speaks to the admin door of one data folder.
type adminCaller struct{ http *http.Client }

// withAdmin opens the door, runs work and closes the door again.
func (g *globals) withAdmin(ctx context.Context, o *adminOptions, work func(*adminCaller) error) (err error) {
	cfg, err := o.conf.load()
	if err != nil {
		return usageError{err}
	}
	client, closer, err := server.Admin(ctx, cfg, g.Err)
	if err != nil {
		return serverExit(err)
	}
	defer func() { err = errors.Join(err, closer()) }()
	return work(&adminCaller{client})
}

// call sends a JSON body, nil for none, and gives the reply's body. Close it.
func (a *adminCaller) call(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://admin"+path, payload)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 300 {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	return nil, adminError(resp)
}

// adminError reads the error of an envelope.
func adminError(resp *http.Response) error {
	var env mews.Envelope[json.RawMessage]
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&env); err != nil || len(env.Errors) == 0 {
		return fmt.Errorf("the server answered %s", resp.Status)
	}
	return mews.Errorf(mews.KindOf(resp.StatusCode), "%s", env.Errors[0].Message)
}

// adminResources asks for an envelope.
func adminResources[T any](ctx context.Context, a *adminCaller, method, path string, body any) (*mews.Envelope[T], error) {
	reply, err := a.call(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer reply.Close()
	env := new(mews.Envelope[T])
	if err := json.NewDecoder(reply).Decode(env); err != nil {
		return nil, fmt.Errorf("read the server's answer: %w", err)
	}
	return env, nil
}
