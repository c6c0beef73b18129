// Package search finds the files that hold given bytes. It owns everything
// between one immutable segment (package index) and an answer: the durable
// queue of files to index, the indexer that drains it, the catalog of
// segments, their merging and repair, and the reading of candidate bytes that
// turns "maybe" into "yes" or "no".
//
// The words:
//
//   - A file is one sample of one customer, known by its sequence number, which
//     is never used twice. The newest file has the highest number.
//   - The tail is the set of files that no segment holds yet. Each has a row in
//     the catalog, so it survives a crash, and every search reads it: an
//     acknowledged file is never missed.
//   - A segment is an immutable index file of one customer.
//   - A tombstone hides a file of a segment that was deleted or has moved.
//   - A stale segment answers searches but is being emptied into new ones,
//     because it is damaged or because somebody asked for a rebuild.
//   - A snapshot is the state after one transaction; a search sees one snapshot.
//
// The index may over-select, the reader of bytes decides. Damage to the index
// can therefore cost time and disk reads, and never a match.
package search
