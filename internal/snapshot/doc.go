// Package snapshot keeps copies of a data folder under names, inside the folder
// itself, and puts them back. It is for the servers of tests: a folder must have
// been marked as made for tests while it was empty, so that no data which was
// not made for them can ever be replaced.
//
// Nothing else may use the data while a copy is made or put back. A restore is
// planned in a journal first; after a crash it is carried out from its start, so
// that the folder holds the old data or the new, and no mixture.
//
//	dev/made-for-tests            the mark
//	dev/snapshots/NAME/files/...  a copy
//	dev/snapshots/NAME/about.json written last: without it there is no copy
//	dev/restore.json              the journal of a restore that is under way
package snapshot
