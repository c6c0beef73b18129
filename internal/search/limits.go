package search

import "time"

// Limits bound the engine's memory and patience. A zero field takes the
// default.
type Limits struct {
	// DocBytes bounds the filters kept for files that wait for the indexer.
	// Beyond it they are dropped and made again from the blob. Default 64 MiB.
	DocBytes int64
	// SegmentBytes bounds the segment being filled, and the one that files are
	// moved to. Default 64 MiB.
	SegmentBytes int64
	// Quiet is how long nothing must have arrived before an unfinished segment
	// is written. Default 2 s.
	Quiet time.Duration
	// MaxWait is how long a file may wait for a segment to fill. Default 10 s.
	MaxWait time.Duration
	// FanOut is how many segments of about the same size are merged into one.
	// Default 8.
	FanOut int
	// FrameCache bounds the plain bytes kept while one file is confirmed.
	// Default 8 MiB.
	FrameCache int64
	// Retry is the pause before a file whose blob cannot be read is tried
	// again. Default 1 minute.
	Retry time.Duration
}

func (l Limits) orDefault() Limits {
	set(&l.DocBytes, 64<<20)
	set(&l.SegmentBytes, 64<<20)
	set(&l.Quiet, 2*time.Second)
	set(&l.MaxWait, 10*time.Second)
	set(&l.FanOut, 8)
	set(&l.FrameCache, 8<<20)
	set(&l.Retry, time.Minute)
	return l
}

func set[T int | int64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
