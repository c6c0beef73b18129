// Package corpus makes files for tests and measurements: benign by
// construction, the same for the same seed on every machine. They have the
// traits that matter to a byte index: headers of executables, code of few
// distinct byte runs, import names, wide strings with odd length bytes before
// them, packed content of high entropy, and families of files that share most
// of their sections.
//
// The command in test/corpus/build collects real files instead, from installed
// and downloaded packages of the Debian distribution.
package corpus
