// Package reach reads which method or command of each client reaches which
// operation. The tests of all clients hold it true.
package reach

import (
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Ways say how clients reach one operation: the name of their method or
// command, or "no: " and why they do not.
type Ways struct {
	Service  string `yaml:"service"`  // FalconPy's service classes
	Uber     string `yaml:"uber"`     // its Uber class
	Gofalcon string `yaml:"gofalcon"` // method of a collection
	SDK      string `yaml:"sdk"`      // method of a service of the Go client
	CLI      string `yaml:"cli"`      // command of mews
}

// Read reads api/clients.yaml: operation ids and how they are reached.
func Read(path string) (map[string]Ways, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read clients: %w", err)
	}
	var all map[string]Ways
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return all, nil
}

// Is tells whether a word of Ways names a way.
func Is(word string) bool { return word != "" && !strings.HasPrefix(word, "no: ") }
