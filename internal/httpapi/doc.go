// Package httpapi is the HTTP surface: one table of operations drives routing,
// scope checks, strict decoding, metrics, audit class and the OpenAPI document.
// A family's file holds request shapes and table rows and no logic; services
// decide. The words used here:
//
//   - operation: one row of the table, named by its upstream operation id;
//   - call: one request on its way through, with its trace id and its actor;
//   - reply: what a handler returns; one function writes it as an envelope;
//   - sink: the body of a download; its last bytes leave when the source has
//     proved whole, so that an error never looks like an end.
//
// Every answer made here is JSON in the envelope. What net/http refuses before
// a handler runs is plain text, and is only this: a request line or header it
// cannot parse (400), an unknown transfer coding (501), a missing or doubled
// Host (400), differing Content-Length headers (400), headers above
// MaxHeaderBytes (431), an Expect other than 100-continue (417).
package httpapi

//go:generate go test -count=1 -run ^(TestOpenAPI|TestOperationTable|TestCompatibilityPage)$ . -update
