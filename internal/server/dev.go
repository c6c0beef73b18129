package server

import (
	"github.com/mewshq/mews/internal/fault"
	"github.com/mewshq/mews/internal/httpapi"
)

// newDev gives what dev mode stands on, nil when it is off. It belongs to the
// server and not to the node: rules and requests outlive the data.
func (s *Server) newDev() *httpapi.Dev {
	cfg := s.cfg.Dev
	if !cfg.Enabled {
		return nil
	}
	s.log.Warn("DEV MODE IS ON: requests can be made to fail, and clients with the scope admin:dev can delete all data; never use it with real data")
	return &httpapi.Dev{Faults: fault.New(uint64(cfg.Seed)), Requests: fault.NewLog(cfg.Requests), Data: s}
}

// Faults are the rules by which requests fail; nil without dev mode.
func (s *Server) Faults() *fault.Set {
	if s.dev == nil {
		return nil
	}
	return s.dev.Faults
}

// Requests is the log of requests; nil without dev mode.
func (s *Server) Requests() *fault.Log {
	if s.dev == nil {
		return nil
	}
	return s.dev.Requests
}
