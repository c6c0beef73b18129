// Package mewstest starts a mews server inside a test, so that code which
// speaks to the Falcon API can be tested without a tenant and without a second
// process. The server is the real one, on a folder and a port of the test's own,
// with state, scopes, limits and the answers of production; it ends with the
// test, and any number of them run side by side.
//
//	func TestMyIntegration(t *testing.T) {
//		srv := mewstest.Start(t)
//		run(srv.URL, srv.ClientID, srv.ClientSecret) // your program: mews, gofalcon, FalconPy, plain HTTP
//	}
//
// WithSeed begins with made-up data in every family. Fail makes requests fail on
// purpose, Requests tells what was asked, Reset puts the data back. gofalcon
// speaks HTTPS only: start the server WithTLS, and give gofalcon HTTPClient in
// its context, as golang.org/x/oauth2 wants it:
//
//	falcon.ApiConfig{
//		ClientId: srv.ClientID, ClientSecret: srv.ClientSecret, HostOverride: strings.TrimPrefix(srv.URL, "https://"),
//		Context: context.WithValue(t.Context(), oauth2.HTTPClient, srv.HTTPClient()),
//	}
package mewstest
