package sighting

import (
	"encoding/binary"

	"github.com/mewshq/mews/internal/observable"
)

// A run holds three tables, one after the other. Their letters are the first
// byte of each key, and are stored: they never change.
const (
	tableHosts     = 'A' // observable, host: seen
	tableProcesses = 'B' // digest of an observable, host, process: seen
	tableRecords   = 'C' // host, process: process
)

const (
	hostBytes    = 4
	processBytes = 8
)

// observablePrefix begins the keys of all hosts that met an observable. The
// filter of a run knows it.
func observablePrefix(dst []byte, o observable.Observable) []byte {
	return o.Append(append(dst, tableHosts))
}

// processesPrefix begins the keys of all processes of a host that met an
// observable.
func processesPrefix(dst []byte, digest [16]byte, host uint32) []byte {
	return appendHost(append(append(dst, tableProcesses), digest[:]...), host)
}

// recordKey is the key of a process's own record. The filter of a run knows it.
func recordKey(dst []byte, host uint32, process uint64) []byte {
	return appendProcess(appendHost(append(dst, tableRecords), host), process)
}

func appendHost(dst []byte, host uint32) []byte { return binary.BigEndian.AppendUint32(dst, host) }

func appendProcess(dst []byte, process uint64) []byte {
	return binary.BigEndian.AppendUint64(dst, process)
}

// hostAtEnd is the host of a key in the first table.
func hostAtEnd(key []byte) uint32 { return binary.BigEndian.Uint32(key[len(key)-hostBytes:]) }

// processAtEnd is the process of a key in the second and the third.
func processAtEnd(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-processBytes:]) }

// filtered gives what of a key a run's filter is asked for: the observable in
// the first table, the whole key in the last. The middle one needs nothing: a
// run that has a process of an observable has its host too.
func filtered(key []byte) (prefix []byte, ok bool) {
	if len(key) == 0 {
		return nil, false
	}
	switch key[0] {
	case tableHosts:
		return key[:max(1, len(key)-hostBytes)], true
	case tableRecords:
		return key, true
	}
	return nil, false
}

// behind is the first key after all that begin with prefix.
func behind(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil // of nothing but 0xff; no table begins so
}
