// Package yara is the only room that speaks to the worker program mews-yara,
// which compiles, plans and scans inside its sandbox. Rules and samples are
// hostile; nothing in this process parses either. See docs/format/worker.md
// for the frames on the pipe.
package yara
