package demo

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/demo/corpus"
)

// A specimen is one file. Labels and families are part of the story: no file
// does anything.
type specimen struct {
	name        string
	content     []byte
	sha256, md5 string
	label       string
	family      string
	tags        []string
	seen        time.Time
}

// programsOf is how many programs a campaign has.
const programsOf = 4

// makeSpecimens makes the files of the campaigns, everyday programs and
// documents, and files that nobody has judged yet.
func (s *story) makeSpecimens() {
	g := corpus.New(s.Seed)
	for _, c := range s.campaigns {
		for i := range programsOf {
			body := g.Sample(corpus.Family, 6_000+s.rng.IntN(20_000)).Bytes
			c.programs = append(c.programs, s.add(&specimen{
				name: fmt.Sprintf("%s-%d.exe", strings.ToLower(c.family), i+1), content: mark(body, c.family),
				label: "malware", family: c.family, tags: []string{"demo", "campaign"},
			}))
		}
	}
	for i, lure := range []func(text string) document{wordDocument, pdfDocument, pythonScript} {
		c := s.campaigns[i]
		d := lure(fmt.Sprintf("mews demo %s lure %016x", c.family, s.rng.Uint64()))
		c.lure = s.add(&specimen{name: "invoice-" + d.name, content: d.content, label: "malware", family: c.family, tags: []string{"demo", "lure"}})
	}
	for i, kind := range corpus.Kinds() {
		if kind == corpus.Family {
			continue
		}
		for j, label := range []string{"clean", "unknown"} {
			body := g.Sample(kind, 3_000+s.rng.IntN(12_000)).Bytes
			s.add(&specimen{name: fmt.Sprintf("%s-%d.bin", kind, 2*i+j+1), content: mark(body, kind), label: label, tags: []string{"demo"}})
		}
	}
	for _, d := range documents(fmt.Sprintf("mews demo document %016x", s.rng.Uint64())) {
		s.add(&specimen{name: d.name, content: d.content, label: "clean", tags: []string{"demo", "document"}})
	}
	for i := range 2 {
		body := g.Sample(corpus.DotNet, 8_000).Bytes
		s.add(&specimen{name: fmt.Sprintf("toolbar-%d.exe", i+1), content: mark(body, "DemoBar"), label: "pua", family: "DemoBar", tags: []string{"demo"}})
	}
}

// add completes a specimen: hashes, and when somebody first saw it.
func (s *story) add(x *specimen) *specimen {
	sha, sum := sha256.Sum256(x.content), md5.Sum(x.content)
	x.sha256, x.md5 = hex.EncodeToString(sha[:]), hex.EncodeToString(sum[:])
	x.seen = s.Now.AddDate(0, 0, -10-s.rng.IntN(300))
	s.specimens = append(s.specimens, x)
	return x
}

// mark appends text that searches and rules find: in ASCII, and in UTF-16LE as
// in the resources of a Windows program.
func mark(body []byte, name string) []byte {
	body = fmt.Appendf(body, "\x00mews demo specimen: %s\x00", name)
	for _, c := range []byte("DemoName " + name) {
		body = append(body, c, 0)
	}
	return append(body, 0, 0)
}
