// Package demo fills an empty server with a customer to look at: a small fleet,
// what its sensors told, files of many types, three made-up families of malware
// that some hosts met, indicators for them, and what was put into quarantine.
// Everything is invented and harmless. Names, hashes, hosts and states follow
// from the seed; times lie before the moment of filling, so that the data always
// looks recent. All of it enters by the doors that clients' data comes in by.
//
// The folders below make the parts that tests and measurements use as well:
// corpus makes files, fleet makes telemetry.
package demo
