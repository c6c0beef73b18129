package demo

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/mewshq/mews/internal/intel"
	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/quarantine"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/vuln"
)

// Rooms are the services that are filled.
type Rooms struct {
	Samples         *sample.Service
	Quarantine      *quarantine.Service
	IOCs            *ioc.Service
	Sightings       *sighting.Service
	Vulnerabilities *vuln.Service
	Intel           *intel.Service
}

// Options choose the data.
type Options struct {
	Seed uint64
	Now  time.Time // nothing is dated later
}

// Counts tell what was put in.
type Counts struct {
	Hosts, Samples, Indicators, Events, Detections, Quarantined, Vulnerabilities, Intel int
}

// Fill puts the data in, for the actor's customer. It is made for a server that
// has nothing yet, and is not undone when it fails midway.
func Fill(ctx context.Context, rooms Rooms, who store.Actor, o Options) (Counts, error) {
	f := filler{rooms, who, newStory(o)}
	n := Counts{Hosts: len(f.story.hosts)}
	for _, step := range []struct {
		what string
		fill func(context.Context, *Counts) error
	}{
		{"samples", f.samples},
		{"indicators", f.indicators}, // before the telemetry that meets them
		{"telemetry", f.telemetry},
		{"quarantine", f.quarantine},
		{"vulnerabilities", f.vulnerabilities},
		{"intelligence", f.intel},
	} {
		if err := step.fill(ctx, &n); err != nil {
			return n, fmt.Errorf("demo data: %s: %w", step.what, err)
		}
	}
	return n, nil
}

// A filler puts one story into the rooms.
type filler struct {
	rooms Rooms
	who   store.Actor
	story *story
}

// as is the actor of one operation.
func (f *filler) as(operation string) store.Actor {
	who := f.who
	who.Operation = operation
	return who
}

// samples go in one after the other: the index, and with it the order of
// answers, then is the same every time.
func (f *filler) samples(ctx context.Context, n *Counts) error {
	for _, s := range f.story.specimens {
		_, err := f.rooms.Samples.Put(ctx, f.as("UploadSampleV3"), bytes.NewReader(s.content), sample.PutOptions{
			FileName: s.name, Label: s.label, Family: s.family, Tags: s.tags, FirstSeen: s.seen,
			Comment: "demo data: " + s.name, SHA256: s.sha256,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		n.Samples++
	}
	return nil
}
