// Package server is the composition root: it reads the configuration, opens
// the data folder, wires every room, serves, and shuts down in order. Nothing
// else in mews opens files by path or starts long-lived goroutines.
package server
