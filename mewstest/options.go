package mewstest

import (
	"os"

	"github.com/mewshq/mews/internal/server"
)

// An Option changes the server that Start starts.
type Option func(*settings)

type settings struct{ server.Config }

// WithTLS has the server speak HTTPS, as in production, with a certificate of
// its own: HTTPClient and Client trust it, other programs need Server.CAFile.
// Without this option it is plain HTTP on the loopback address.
func WithTLS() Option {
	return func(s *settings) { s.InsecureHTTP = false }
}

// WithYara names the program mews-yara, without which YARA hunts are refused;
// so does the variable MEWS_YARA_WORKER. Its sandbox is used as far as the
// machine has it: the rules are the test's own.
func WithYara(path string) Option {
	return func(s *settings) { s.YaraWorker, s.Hunt.Sandbox = path, "best-effort" }
}

// WithSeed fills the server with made-up data before the test begins, as
// `mews serve --seed demo --seed-value N` does: hosts, telemetry, files,
// indicators, detections, quarantined files. The same number gives the same
// hosts, hashes and names.
func WithSeed(value int) Option {
	return func(s *settings) { s.Seed, s.SeedValue = "demo", value }
}

// WithRequestsPerMinute sets how many requests one customer may send in a
// minute. The next one gets 429 and the time when to come back.
func WithRequestsPerMinute(n int) Option {
	return func(s *settings) { s.Limits.RequestsPerMinute = n }
}

// config is a server for one test: a port of its own, nothing that outlives it.
func config(folder string, opts []Option) server.Config {
	s := settings{server.DefaultConfig()}
	s.Data = folder
	s.Listen = "127.0.0.1:0"
	s.InsecureHTTP = true
	s.ShutdownGrace = shutdownGrace
	s.Dev.Enabled = true // Fail and Requests
	if worker := os.Getenv("MEWS_YARA_WORKER"); worker != "" {
		WithYara(worker)(&s)
	}
	for _, o := range opts {
		o(&s)
	}
	return s.Config
}
