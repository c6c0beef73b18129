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
	// FanOut is how many times larger than each of its inputs the output of a merge
	// is, within an eighth. Default 8.
	FanOut int
	// MaxColumns bounds the output of a merge, and with it the memory for its
	// tables. Default 262,144: some 20 GB of files.
	MaxColumns int
	// MergeShare is how much a merge may add to the disk until its inputs go, in
	// percent of the index. Small segments, up to half of SegmentBytes together, are
	// merged in any case. Default 15.
	MergeShare int
	// MergeRate bounds the bytes a second that a merge writes while searches are
	// under way or files wait to be indexed. Default 64 MiB.
	MergeRate int64
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
	set(&l.MaxColumns, 1<<18)
	set(&l.MergeShare, 15)
	set(&l.MergeRate, 64<<20)
	set(&l.FrameCache, 8<<20)
	set(&l.Retry, time.Minute)
	return l
}

func set[T int | int64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
