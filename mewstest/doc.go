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
package mewstest
