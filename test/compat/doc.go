// Package compat holds the acceptance tests of the HTTP API: the real gofalcon
// and, in the Python files beside it, the real FalconPy, both pinned, against a
// freshly started server over TLS. It is a module of its own, because gofalcon
// brings dependencies that mews does not want.
package compat
