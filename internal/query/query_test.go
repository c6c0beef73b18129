package query

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// anyNode draws trees over a tiny alphabet, so that kids collide and matches
// happen.
func anyNode(depth int) *rapid.Generator[Node] {
	word := rapid.SliceOfN(rapid.SampledFrom([]byte("abAB0\x00\xff")), 1, 3)
	leaves := []*rapid.Generator[Node]{
		rapid.Just(Node(All{})), rapid.Just(Node(None{})),
		rapid.Custom(func(t *rapid.T) Node {
			n, _ := makeLiteral(word.Draw(t, "lit"), rapid.Bool().Draw(t, "fold"))
			return n
		}),
		rapid.Custom(func(t *rapid.T) Node { return drawMasked(t, word.Draw(t, "masked")) }),
		rapid.Custom(func(t *rapid.T) Node {
			return Size{Min: rapid.Uint64Range(0, 9).Draw(t, "min"), Max: rapid.SampledFrom([]uint64{0, 3, 8, 1<<64 - 1}).Draw(t, "max")}
		}),
		rapid.Custom(func(t *rapid.T) Node {
			return Head{Offset: rapid.IntRange(0, 3).Draw(t, "at"), Bytes: word.Draw(t, "head"), Not: rapid.Bool().Draw(t, "not")}
		}),
		rapid.Custom(func(t *rapid.T) Node {
			return Type{Names: rapid.SliceOfN(rapid.SampledFrom([]string{"pe32", "elf64", "text"}), 1, 2).Draw(t, "types")}
		}),
		rapid.Custom(func(t *rapid.T) Node {
			return Hash{Algo: "md5", Digest: bytes.Repeat([]byte{rapid.ByteRange(0, 1).Draw(t, "digest")}, 16)}
		}),
		rapid.Custom(func(t *rapid.T) Node {
			return Fact{Name: "pe.imphash", Value: rapid.String().Draw(t, "value"), Broad: rapid.Bool().Draw(t, "broad")}
		}),
		rapid.Custom(func(t *rapid.T) Node {
			return FilesOf(rapid.SliceOfN(rapid.Uint64Range(0, 9), 0, 5).Draw(t, "files"))
		}),
	}
	leaf := rapid.OneOf(leaves...)
	if depth == 0 {
		return leaf
	}
	kids := rapid.SliceOfN(anyNode(depth-1), 0, 4)
	return rapid.OneOf(leaf,
		rapid.Custom(func(t *rapid.T) Node { return And{Kids: kids.Draw(t, "and")} }),
		rapid.Custom(func(t *rapid.T) Node { return Or{Kids: kids.Draw(t, "or")} }),
		rapid.Custom(func(t *rapid.T) Node {
			return MinOf{K: rapid.IntRange(0, 5).Draw(t, "k"), Kids: kids.Draw(t, "of")}
		}))
}

// fileView is a whole file in memory.
type fileView struct {
	seq    uint64
	data   []byte
	kind   string
	digest []byte
	err    error
	asked  int
}

func (f *fileView) Seq() uint64          { return f.seq }
func (f *fileView) Size() uint64         { return uint64(len(f.data)) }
func (f *fileView) Head() []byte         { return f.data[:min(len(f.data), HeadLen)] }
func (f *fileView) Type() string         { return f.kind }
func (f *fileView) Digest(string) []byte { return f.digest }
func (f *fileView) Contains(p Pattern) (bool, error) {
	f.asked++
	return p.Find(f.data) >= 0, f.err
}

func anyFile(t *rapid.T) *fileView {
	return &fileView{
		seq:    rapid.Uint64Range(0, 9).Draw(t, "seq"),
		data:   rapid.SliceOfN(rapid.SampledFrom([]byte("abAB0\x00\xff")), 0, 12).Draw(t, "data"),
		kind:   rapid.SampledFrom([]string{"", "pe32", "text"}).Draw(t, "type"),
		digest: rapid.SampledFrom([][]byte{nil, make([]byte, 16)}).Draw(t, "digest"),
	}
}

// plainMatch is Match without its ordering and short cuts.
func plainMatch(n Node, f FileView) bool {
	kids, ok := Kids(n)
	if !ok {
		v, _ := Match(n, f)
		return v
	}
	count := 0
	for _, k := range kids {
		if plainMatch(k, f) {
			count++
		}
	}
	switch n := n.(type) {
	case And:
		return count == len(kids)
	case Or:
		return count > 0
	case MinOf:
		return count >= n.K
	}
	panic("unknown node")
}

func TestTreesKeepTheirMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, f := anyNode(4).Draw(t, "tree"), anyFile(t)
		want := plainMatch(n, f)
		if got, err := Match(n, f); err != nil || got != want {
			t.Fatalf("Match(%s) = %v, %v, want %v", n, got, err, want)
		}
		s := Simplify(n)
		if got, _ := Match(s, f); got != want {
			t.Fatalf("Simplify(%s) = %s: matches %v, want %v", n, s, got, want)
		}
		if again := Simplify(s); again.String() != s.String() {
			t.Fatalf("Simplify is not at rest: %s, then %s", s, again)
		}
		if p, err := Parse(n.String()); err != nil || p.String() != n.String() {
			t.Fatalf("Parse(%s) = %v, %v", n, p, err)
		}
		if d, err := Decode(Encode(n)); err != nil || d.String() != withoutFiles(n).String() {
			t.Fatalf("Decode(%s) = %v, %v", Encode(n), d, err)
		}
	})
}

// withoutFiles is what remains of a tree in JSON.
func withoutFiles(n Node) Node {
	kids, ok := Kids(n)
	if _, files := n.(Files); files {
		return All{}
	}
	if !ok {
		return n
	}
	out := make([]Node, len(kids))
	for i, k := range kids {
		out[i] = withoutFiles(k)
	}
	switch n := n.(type) {
	case And:
		return And{Kids: out}
	case Or:
		return Or{Kids: out}
	case MinOf:
		return MinOf{K: n.K, Kids: out}
	}
	return n
}

// An indexable tree must fail on a file that has no long literal and no digest,
// whatever else is true of the file.
func TestIndexableNeedsAnAnchor(t *testing.T) {
	anchored := rapid.Custom(func(t *rapid.T) Node {
		return rapid.SampledFrom([]Node{
			Literal{Bytes: []byte("long")},
			Literal{Bytes: []byte("folded"), Fold: true},
			Literal{Bytes: []byte("abc")},
			Literal{Bytes: []byte("fold"), Fold: true},
			Literal{Bytes: []byte("1234"), Fold: true},
			masked("12 34 56 78 ?? 9a"),
			masked("12 34 56 ?? 78 9a bc"),
			masked("12 34 5? 78 9a"),
			masked("12 34 56 7? 9a bc"),
			masked("12 34 ?6 7? 9a bc"),
			Masked{Bytes: []byte("FOLDED\x00"), Mask: []byte("\xdf\xdf\xdf\xdf\xdf\xdf\x01")},
			Masked{Bytes: []byte("FOLD@D\x00"), Mask: []byte("\xdf\xdf\xdf\xdf\xdf\xdf\x01")},
			Hash{Algo: "md5", Digest: make([]byte, 16)},
			All{},
			None{},
			Size{Max: 9},
			Head{Bytes: []byte("MZ")},
			Type{Names: []string{"pe32"}},
			Fact{Name: "pe.imphash", Value: "x"},
			Fact{Name: "pe.is_pe", Value: "true", Broad: true},
			FilesOf([]uint64{1}),
		}).Draw(t, "leaf")
	})
	var tree func(depth int) *rapid.Generator[Node]
	tree = func(depth int) *rapid.Generator[Node] {
		if depth == 0 {
			return anchored
		}
		kids := rapid.SliceOfN(tree(depth-1), 0, 3)
		return rapid.OneOf(anchored,
			rapid.Custom(func(t *rapid.T) Node { return And{Kids: kids.Draw(t, "and")} }),
			rapid.Custom(func(t *rapid.T) Node { return Or{Kids: kids.Draw(t, "or")} }),
			rapid.Custom(func(t *rapid.T) Node { return MinOf{K: rapid.IntRange(0, 4).Draw(t, "k"), Kids: kids.Draw(t, "of")} }))
	}
	rapid.Check(t, func(t *rapid.T) {
		n := tree(3).Draw(t, "tree")
		if got, want := Indexable(n), !satisfied(n); got != want {
			t.Fatalf("Indexable(%s) = %v, want %v", n, got, want)
		}
	})
}

// satisfied evaluates a tree with every leaf true but the anchors.
func satisfied(n Node) bool {
	switch n := n.(type) {
	case None, Hash, Files:
		return false
	case Fact:
		return n.Broad
	case Literal:
		return len(n.Bytes) < 4 || n.Fold && len(n.Bytes) < 6 && hasLetter(n.Bytes)
	case Masked:
		return !bytes.HasPrefix(n.Bytes, []byte("\x12\x34\x56\x78")) && !bytes.HasPrefix(n.Bytes, []byte("FOLDED")) &&
			!bytes.HasPrefix(n.Bytes, []byte("\x12\x34\x56\x70"))
	case And:
		return !contains(n.Kids, false)
	case Or:
		return contains(n.Kids, true)
	case MinOf:
		count := 0
		for _, k := range n.Kids {
			if satisfied(k) {
				count++
			}
		}
		return count >= n.K
	}
	return true
}

func contains(kids []Node, want bool) bool {
	for _, k := range kids {
		if satisfied(k) == want {
			return true
		}
	}
	return false
}

func TestSimplify(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`and(all,"ab",all)`, `"ab"`},
		{`and()`, `all`},
		{`or()`, `none`},
		{`or("ab",all)`, `all`},
		{`and("ab",none)`, `none`},
		{`and(and("a","b"),"b")`, `and("a","b")`},
		{`or(or("a","b"),"b",none)`, `or("a","b")`},
		{`min(2,"a","b",all)`, `or("a","b")`},
		{`min(1,"a",all)`, `all`},
		{`min(2,"a","b")`, `and("a","b")`},
		{`min(3,"a","b")`, `none`},
		{`min(2,"a","a","b")`, `min(2,"a","a","b")`},
		{`min(0)`, `all`},
		{`size(0,18446744073709551615)`, `all`},
		{`size(2,1)`, `none`},
		{`"12"i`, `"12"`},
		{`files()`, `none`},
		{`files(0-18446744073709551615)`, `all`},
		{`and(files(1-2,4-4),fact(a,"b"),fact(a,"b"))`, `and(files(1-2,4-4),fact(a,"b"))`},
		{`masked(4d5a90,ffffff)`, `"MZ\x90"`},
		{`masked(4d5a3a,dfdfff)`, `"mz:"i`},
		{`masked(4d5a,dfff)`, `masked(4d5a,dfff)`},
		{`masked(405a,dfdf)`, `masked(405a,dfdf)`},
	} {
		n, err := Parse(tt.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := Simplify(n).String(); got != tt.want {
			t.Errorf("Simplify(%s) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestLeaves(t *testing.T) {
	n, err := Parse(`or("a",and("b",all,"a"),min(1,size(1,2)))`)
	if err != nil {
		t.Fatal(err)
	}
	if got := join(Leaves(n)); got != `"a","b",all,"a",size(1,2)` {
		t.Errorf("Leaves = %s", got)
	}
}

func TestMatchAsksCheapKidsFirst(t *testing.T) {
	n, _ := Parse(`and("a",size(5,9))`)
	f := &fileView{data: []byte("a"), err: errors.New("read")}
	if ok, err := Match(n, f); ok || err != nil || f.asked != 0 {
		t.Errorf("Match = %v, %v after %d looks at the bytes", ok, err, f.asked)
	}
	f.data = []byte("aaaaa")
	if _, err := Match(n, f); err == nil {
		t.Error("a read error was swallowed")
	}
}

func TestFindFolded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([]byte("aAbB[{@`1"))
		data := rapid.SliceOfN(alphabet, 0, 20).Draw(t, "data")
		want := lower(rapid.SliceOfN(alphabet, 1, 4).Draw(t, "want"))
		exp := bytes.Index(lower(data), want)
		if got := (Literal{Bytes: want, Fold: true}).Find(data); got != exp {
			t.Fatalf("Find(%q in %q) = %d, want %d", want, data, got, exp)
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	for _, in := range []string{
		``, `{}`, `"ALL"`, `1`, `{"lit":""}`, `{"lit":"4"}`, `{"lit":"41","lit":"42"}`, `{"LIT":"41"}`, `{"lit":"41","or":[]}`,
		`{"fold":true}`, `{"size":[1,2],"fold":true}`, `{"size":[1]}`, `{"size":[1,2,3]}`, `{"size":[-1,2]}`, `{"size":[1.5,2]}`,
		`{"head":{"at":15,"hex":"4142"}}`, `{"head":{"at":-1,"hex":"41"}}`, `{"head":{"at":0}}`, `{"type":[]}`, `{"type":["PE"]}`,
		`{"hash":{"algo":"md5","hex":"00"}}`, `{"hash":{"algo":"crc","hex":"00"}}`, `{"min":1}`, `{"of":[]}`, `{"min":1,"and":[]}`,
		`{"fact":{"name":"a b","value":""}}`, `{"fact":{"value":""}}`, `{"fact":{"name":"a","value":"` + strings.Repeat("x", 257) + `"}}`, `{"fact":{"name":"a","broad":1}}`,
		`{"masked":{"bytes":"","mask":""}}`, `{"masked":{"bytes":"41","mask":"ffff"}}`, `{"masked":{"bytes":"41","mask":"0f"}}`,
		`{"masked":{"bytes":"0041","mask":"00ff"}}`, `{"masked":{"bytes":"4100","mask":"ff00"}}`, `{"masked":{"bytes":"41"}}`,
		`{"masked":{"bytes":"41","mask":"ff","x":1}}`, `{"masked":{"bytes":"41","mask":"ff"},"fold":true}`, `{"masked":"41"}`,
		`{"files":[[1,2]]}`, `"all" "all"`, `{"and":["all"}`, `{"and":{}}`, `{"nope":1}`, "\xff",
		strings.Repeat(`{"and":[`, MaxDepth) + `"all"` + strings.Repeat(`]}`, MaxDepth),
		`{"or":[` + strings.Repeat(`"all",`, MaxNodes) + `"all"]}`,
	} {
		if n, err := Decode([]byte(in)); err == nil {
			t.Errorf("Decode(%.60s) = %s", in, n)
		}
	}
	deep := strings.Repeat(`{"and":[`, MaxDepth-1) + `"all"` + strings.Repeat(`]}`, MaxDepth-1)
	if _, err := Decode([]byte(deep)); err != nil {
		t.Errorf("a tree of exactly %d levels: %v", MaxDepth, err)
	}
	if n, err := Decode([]byte(`{"fold":true,"lit":"4142"}`)); err != nil || n.String() != `"ab"i` {
		t.Errorf("keys in another order: %v, %v", n, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		``, `"`, `"a`, `""`, `all,`, `and`, `and(`, `and(all`, `and(,all)`, `and(all all)`, `min(x)`,
		`min(1 all)`, `min(-1)`, `size(1)`, `size(a,b)`, `head(0,zz)`, `head(16,00)`, `type()`, `type(A)`, `masked(41)`, `masked(41,0f)`, `masked(4142,ff)`, `masked(zz,ff)`, `md5(00)`, `what(1)`,
		`fact(a)`, `fact(a,b)`, `fact(a,"b",wide)`, `fact(a,"b"`, `files(2-1)`, `files(1-2,3-4)`, `files(5)`, `files(1-18446744073709551615,3-4)`,
		strings.Repeat("and(", MaxDepth+1),
	} {
		if n, err := Parse(in); err == nil {
			t.Errorf("Parse(%.40q) = %s", in, n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"fact":{"name":"pe.machine","value":"é","broad":true}}`, `"all"`, `{"and":[{"lit":"4d5a","fold":true},{"size":[1,2]}]}`, `{"min":1,"of":["none",{"head":{"at":0,"hex":"4d5a","not":true}}]}`,
		`{"masked":{"bytes":"4d0090","mask":"ff00f0"}}`,
		`{"or":[{"type":["pe32"]},{"hash":{"algo":"md5","hex":"00000000000000000000000000000000"}}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		n, err := Decode(in)
		if err != nil {
			return
		}
		again, err := Decode(Encode(n))
		if err != nil || again.String() != n.String() {
			t.Fatalf("%s: %v, %v", n, again, err)
		}
		Simplify(n)
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`fact(a,"b",broad)`, `files(1-5,7-9)`, `all`, `and("a\x00"i, or(size(1,2), nothead(0,4d5a)))`, `masked(4d0090,ff00f0)`, `min(2,"a","b",type(pe32))`, `md5(00)`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		n, err := Parse(in)
		if err != nil {
			return
		}
		again, err := Parse(n.String())
		if err != nil || fmt.Sprint(again) != fmt.Sprint(n) {
			t.Fatalf("%s: %v, %v", n, again, err)
		}
	})
}

func TestFilesOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seqs := rapid.SliceOfN(rapid.Uint64Range(0, 30), 0, 20).Draw(t, "seqs")
		f := FilesOf(seqs)
		if _, err := makeFiles(f.Ranges); err != nil {
			t.Fatal(err)
		}
		for seq := range uint64(32) {
			if f.Has(seq) != slices.Contains(seqs, seq) {
				t.Fatalf("%s has %d: %v", f, seq, f.Has(seq))
			}
		}
	})
}
