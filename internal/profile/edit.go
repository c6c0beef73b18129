package profile

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Set makes a profile or puts another in its place. The first one is in use.
func (f *File) Set(name string, p Profile) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return fmt.Errorf("profile %s: %w", name, err)
	}
	var fresh yaml.Node
	if err := fresh.Encode(p); err != nil {
		return err
	}
	return f.edit(func(root *yaml.Node) {
		into := section(section(root, "profiles"), name)
		for i := 0; i < len(into.Content); i += 2 { // keys that are gone
			if key := into.Content[i].Value; value(&fresh, key) == nil {
				drop(into, key)
				i -= 2
			}
		}
		for i := 0; i < len(fresh.Content); i += 2 {
			put(into, fresh.Content[i].Value, fresh.Content[i+1])
		}
		if f.settings.Use == "" {
			put(root, "use", word(name))
		}
	})
}

// Remove takes a profile away. When it was in use, none is.
func (f *File) Remove(name string) error {
	return f.edit(func(root *yaml.Node) {
		drop(section(root, "profiles"), name)
		if f.settings.Use == name {
			drop(root, "use")
		}
	})
}

// Use says which profile is meant where none is named.
func (f *File) Use(name string) error {
	return f.edit(func(root *yaml.Node) { put(root, "use", word(name)) })
}

// Bytes is the text.
func (f *File) Bytes() ([]byte, error) {
	if f.doc.Kind == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&f.doc); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

// edit changes the text and reads it again, so that what is kept is always what
// the file will say; after an error it says what it said.
func (f *File) edit(change func(root *yaml.Node)) error {
	text, err := f.Bytes()
	if err != nil {
		return err
	}
	var draft File
	if err := yaml.Unmarshal(text, &draft.doc); err != nil {
		return err
	}
	if draft.doc.Kind == 0 || draft.doc.Content[0].Kind != yaml.MappingNode { // nothing, or the word null
		draft.doc = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode}}}
	}
	change(draft.doc.Content[0])
	if text, err = draft.Bytes(); err != nil {
		return err
	}
	fresh, err := Parse(text)
	if err != nil {
		return err
	}
	*f = *fresh
	return nil
}

// value is what a mapping says of a key, or nil.
func value(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// section is the mapping under a key, made if it is not there.
func section(m *yaml.Node, key string) *yaml.Node {
	if sub := value(m, key); sub != nil && sub.Kind == yaml.MappingNode {
		return sub
	}
	sub := &yaml.Node{Kind: yaml.MappingNode}
	put(m, key, sub)
	return sub
}

// put sets a key; comments beside the old value stay.
func put(m *yaml.Node, key string, to *yaml.Node) {
	if old := value(m, key); old != nil {
		to.HeadComment, to.LineComment, to.FootComment = old.HeadComment, old.LineComment, old.FootComment
		*old = *to
		return
	}
	m.Content = append(m.Content, word(key), to)
}

func drop(m *yaml.Node, key string) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content = append(m.Content[:i], m.Content[i+2:]...)
			return
		}
	}
}

func word(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }
