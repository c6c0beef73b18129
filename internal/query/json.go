package query

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// Encode writes the JSON form of a tree (docs/format/worker.md).
func Encode(n Node) []byte { return appendJSON(nil, n) }

func appendJSON(b []byte, n Node) []byte {
	switch n := n.(type) {
	case All:
		return append(b, `"all"`...)
	case None:
		return append(b, `"none"`...)
	case Literal:
		b = fmt.Appendf(b, `{"lit":"%x"`, n.Bytes)
		if n.Fold {
			b = append(b, `,"fold":true`...)
		}
		return append(b, '}')
	case Masked:
		return fmt.Appendf(b, `{"masked":{"bytes":"%x","mask":"%x"}}`, n.Bytes, n.Mask)
	case Size:
		return fmt.Appendf(b, `{"size":[%d,%d]}`, n.Min, n.Max)
	case Head:
		return fmt.Appendf(b, `{"head":{"at":%d,"hex":"%x","not":%t}}`, n.Offset, n.Bytes, n.Not)
	case Type:
		b = append(b, `{"type":[`...)
		for i, name := range n.Names {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendQuote(b, name)
		}
		return append(b, `]}`...)
	case Hash:
		return fmt.Appendf(b, `{"hash":{"algo":%q,"hex":"%x"}}`, n.Algo, n.Digest)
	case Fact:
		value, _ := json.Marshal(n.Value) // a string always encodes
		b = fmt.Appendf(b, `{"fact":{"name":%q,"value":%s`, n.Name, value)
		if n.Broad {
			b = append(b, `,"broad":true`...)
		}
		return append(b, `}}`...)
	case And:
		return appendKids(append(b, `{"and":`...), n.Kids)
	case Or:
		return appendKids(append(b, `{"or":`...), n.Kids)
	case MinOf:
		return appendKids(fmt.Appendf(b, `{"min":%d,"of":`, n.K), n.Kids)
	}
	return append(b, `"all"`...) // a node without JSON form: weaken
}

func appendKids(b []byte, kids []Node) []byte {
	b = append(b, '[')
	for i, k := range kids {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, k)
	}
	return append(b, ']', '}')
}

// Decode reads the JSON form. It is strict (no unknown or repeated key, nothing
// after the tree) and bounded by MaxDepth and MaxNodes, because the text may
// come from a process that parsed hostile input.
func Decode(text []byte) (Node, error) {
	d := &decoder{json: json.NewDecoder(bytes.NewReader(text))}
	d.json.UseNumber()
	n, err := d.node(1)
	if err == nil {
		if _, end := d.json.Token(); end != io.EOF {
			err = fmt.Errorf("text after the end")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("query JSON at %d: %w", d.json.InputOffset(), err)
	}
	return n, nil
}

type decoder struct {
	budget
	json *json.Decoder
}

func (d *decoder) node(depth int) (Node, error) {
	if err := d.spend(depth); err != nil {
		return nil, err
	}
	t, err := d.json.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case "all":
		return All{}, nil
	case "none":
		return None{}, nil
	case json.Delim('{'):
		return d.object(depth)
	}
	return nil, fmt.Errorf("expected a node, found %.40q", fmt.Sprint(t))
}

// An object holds the parts of one JSON node; made is what its main key built.
type object struct {
	main    string
	made    Node
	kids    []Node
	min     *uint64
	fold    *bool
	literal []byte
}

// object reads the rest of a node. Its keys may come in any order; exactly one
// of them says what the node is.
func (d *decoder) object(depth int) (Node, error) {
	var o object
	err := d.fields(func(key string) (err error) {
		switch key {
		case "fold":
			v, err := d.flag()
			o.fold = &v
			return err
		case "min":
			v, err := d.number()
			o.min = &v
			return err
		}
		if o.main != "" {
			return fmt.Errorf("both %q and %.40q", o.main, key)
		}
		o.main = key
		switch key {
		case "lit":
			o.literal, err = d.hex()
		case "masked":
			o.made, err = d.masked()
		case "size":
			o.made, err = d.size()
		case "head":
			o.made, err = d.head()
		case "type":
			o.made, err = d.typeNames()
		case "hash":
			o.made, err = d.hash()
		case "fact":
			o.made, err = d.fact()
		case "and", "or", "of":
			o.kids, err = d.kids(depth)
		default:
			err = fmt.Errorf("unknown key %.40q", key)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return o.node()
}

func (o *object) node() (Node, error) {
	if o.fold != nil && o.main != "lit" || (o.min != nil) != (o.main == "of") {
		return nil, fmt.Errorf("keys that do not belong together")
	}
	switch o.main {
	case "":
		return nil, fmt.Errorf("an object that names no node")
	case "lit":
		return makeLiteral(o.literal, o.fold != nil && *o.fold)
	case "and":
		return And{Kids: o.kids}, nil
	case "or":
		return Or{Kids: o.kids}, nil
	case "of":
		return makeMin(int(min(*o.min, MaxNodes+1)), o.kids)
	}
	return o.made, nil
}

func (d *decoder) delim(want json.Delim) error {
	t, err := d.json.Token()
	if err == nil && t != want {
		err = fmt.Errorf("expected %v", want)
	}
	return err
}

func (d *decoder) text() (string, error) {
	t, err := d.json.Token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("expected a string")
	}
	return s, nil
}

func (d *decoder) hex() ([]byte, error) {
	s, err := d.text()
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(s)
}

func (d *decoder) number() (uint64, error) {
	t, err := d.json.Token()
	if err != nil {
		return 0, err
	}
	n, ok := t.(json.Number)
	if !ok {
		return 0, fmt.Errorf("expected a number")
	}
	return strconv.ParseUint(string(n), 10, 64)
}

// members reads the object that comes next, see fields.
func (d *decoder) members(read func(key string) error) error {
	if err := d.delim('{'); err != nil {
		return err
	}
	return d.fields(read)
}

// fields calls read for each key up to the closing brace, each key once.
func (d *decoder) fields(read func(key string) error) error {
	seen := map[string]bool{}
	for d.json.More() {
		key, err := d.text()
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("key %.40q twice", key)
		}
		seen[key] = true
		if err := read(key); err != nil {
			return err
		}
	}
	return d.delim('}')
}

func (d *decoder) flag() (bool, error) {
	t, err := d.json.Token()
	if err != nil {
		return false, err
	}
	v, ok := t.(bool)
	if !ok {
		return false, fmt.Errorf("expected true or false")
	}
	return v, nil
}

func (d *decoder) size() (Node, error) {
	if err := d.delim('['); err != nil {
		return nil, err
	}
	lo, err := d.number()
	if err != nil {
		return nil, err
	}
	hi, err := d.number()
	if err != nil {
		return nil, err
	}
	return Size{Min: lo, Max: hi}, d.delim(']')
}

func (d *decoder) masked() (Node, error) {
	var b, mask []byte
	err := d.members(func(key string) (err error) {
		switch key {
		case "bytes":
			b, err = d.hex()
		case "mask":
			mask, err = d.hex()
		default:
			err = fmt.Errorf("unknown key %.40q", key)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return makeMasked(b, mask)
}

func (d *decoder) head() (Node, error) {
	var at uint64
	var b []byte
	var not bool
	err := d.members(func(key string) (err error) {
		switch key {
		case "at":
			at, err = d.number()
		case "hex":
			b, err = d.hex()
		case "not":
			not, err = d.flag()
		default:
			err = fmt.Errorf("unknown key %.40q", key)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return makeHead(int(min(at, HeadLen+1)), b, not)
}

func (d *decoder) typeNames() (Node, error) {
	if err := d.delim('['); err != nil {
		return nil, err
	}
	var names []string
	for d.json.More() {
		name, err := d.text()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	if err := d.delim(']'); err != nil {
		return nil, err
	}
	return makeType(names)
}

func (d *decoder) hash() (Node, error) {
	var algo string
	var digest []byte
	err := d.members(func(key string) (err error) {
		switch key {
		case "algo":
			algo, err = d.text()
		case "hex":
			digest, err = d.hex()
		default:
			err = fmt.Errorf("unknown key %.40q", key)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return makeHash(algo, digest)
}

func (d *decoder) kids(depth int) ([]Node, error) {
	if err := d.delim('['); err != nil {
		return nil, err
	}
	var kids []Node
	for d.json.More() {
		n, err := d.node(depth + 1)
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
	}
	return kids, d.delim(']')
}
