// Package fleet writes the telemetry of a fleet that does not exist: hosts
// that start programs, load libraries, write files, look up names and connect
// to addresses, as a sensor would tell of them in the lines of Falcon Data
// Replicator or of ECS. All of it is invented and harmless; the same seed
// writes the same lines on every machine.
//
// What makes such a stream hard or easy to keep is who meets what: popular
// programs, names and addresses are met everywhere and again and again, by a
// Zipf distribution, while a share of all that is met is new and met once.
//
// The command in test/telemetry/write puts a stream into a file.
package fleet
