// Package profile keeps the servers that a person speaks to, under names, in one
// YAML file that is also written by hand: comments in it stay. It reads and
// writes that file and knows no server.
package profile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// A Profile says where a server is and who asks it. Address is its base URL, or
// the cloud of a vendor by its name.
type Profile struct {
	BaseURL  string `yaml:"base_url,omitempty"`
	Cloud    string `yaml:"cloud,omitempty"`
	ClientID string `yaml:"client_id,omitempty"`
	// ClientSecret stands in the file itself, which then nobody else may read.
	ClientSecret     string `yaml:"client_secret,omitempty"`
	ClientSecretFile string `yaml:"client_secret_file,omitempty"`
	MemberCID        string `yaml:"member_cid,omitempty"`
	CA               string `yaml:"ca,omitempty"` // PEM file
	Proxy            string `yaml:"proxy,omitempty"`
	Insecure         bool   `yaml:"insecure,omitempty"` // believe any certificate
}

// Address is where the profile leads, in one word.
func (p Profile) Address() string {
	if p.BaseURL != "" {
		return p.BaseURL
	}
	return p.Cloud
}

// check names what cannot be meant.
func (p Profile) check() error {
	switch {
	case p.BaseURL != "" && p.Cloud != "":
		return errors.New("base_url and cloud are both set; one of them is the address")
	case p.ClientSecret != "" && p.ClientSecretFile != "":
		return errors.New("client_secret and client_secret_file are both set; keep one")
	case p.Proxy != "":
		if u, err := url.Parse(p.Proxy); err != nil || u.Host == "" {
			return errors.New("proxy is no address such as http://host:port")
		}
	}
	return nil
}

// A File is the text of a configuration with what it says.
type File struct {
	doc      yaml.Node
	settings settings
}

// settings is the whole of the file. A key that is not here is a mistake.
type settings struct {
	Use      string             `yaml:"use,omitempty"`
	Profiles map[string]Profile `yaml:"profiles,omitempty"`
}

// Parse reads a configuration; an empty text is one without profiles.
func Parse(text []byte) (*File, error) {
	f := &File{}
	strict := yaml.NewDecoder(bytes.NewReader(text))
	strict.KnownFields(true)
	if err := strict.Decode(&f.settings); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := strict.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("the text holds more than one document")
	}
	if err := f.settings.check(); err != nil {
		return nil, err
	}
	return f, yaml.Unmarshal(text, &f.doc)
}

func (s settings) check() error {
	for name, p := range s.Profiles {
		if err := errors.Join(CheckName(name), p.check()); err != nil {
			return fmt.Errorf("profile %s: %w", name, err)
		}
	}
	if _, ok := s.Profiles[s.Use]; s.Use != "" && !ok {
		return fmt.Errorf("use: there is no profile %s", s.Use)
	}
	return nil
}

var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckName refuses a name that would be a nuisance on a command line.
func CheckName(name string) error {
	if !goodName.MatchString(name) {
		return fmt.Errorf("%q is no name for a profile: letters, digits, dots, dashes and underscores, 64 at most", name)
	}
	return nil
}

// Names lists the profiles by name.
func (f *File) Names() []string {
	names := make([]string, 0, len(f.settings.Profiles))
	for name := range f.settings.Profiles {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Get gives a profile.
func (f *File) Get(name string) (Profile, bool) {
	p, ok := f.settings.Profiles[name]
	return p, ok
}

// InUse is the profile that is meant where none is named; "" where there is none.
func (f *File) InUse() string { return f.settings.Use }

// holdsSecret tells whether others must not read the text.
func (f *File) holdsSecret() bool {
	for _, p := range f.settings.Profiles {
		if p.ClientSecret != "" {
			return true
		}
	}
	return false
}
