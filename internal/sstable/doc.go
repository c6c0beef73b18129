// Package sstable is one immutable sorted table: keys and values in key order,
// in compressed blocks below an index, with a filter over chosen prefixes. A
// table is written once in key order, read at random or in ranges, and merged
// with others into a new one; what makes it durable, names it and removes it
// are its owner's. docs/format/sstable.md describes the bytes.
//
// Every block's checksum is held by the block above it, up to the last bytes of
// the file, and is compared on every read: a damaged, swapped or stale block is
// a *DamageError and never a wrong answer.
package sstable
