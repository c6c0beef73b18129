package query

import (
	"testing"

	"pgregory.net/rapid"
)

func TestStrength(t *testing.T) {
	for text, want := range map[string]Strength{
		`all`:                         Unplanned,
		`none`:                        Strong,
		`"MZ"`:                        Unplanned,
		`"abcd"`:                      Weak,
		`"abcde"`:                     Weak,
		`"abcdef"`:                    Strong,
		`"abcdefgh"i`:                 Strong,
		`and("abcd","longstring")`:    Strong,
		`or("abcd","longstring")`:     Weak,
		`or("longstring",all)`:        Unplanned,
		`or("longstring",type(pe32))`: Metadata,
		`type(pe32)`:                  Metadata,
		`and(type(pe32),"abcdefgh")`:  Strong,
		`size(0,4096)`:                Metadata,
		`min(2,"abcd","longstring","another one")`: Strong,
		`min(1,"abcd","longstring","another one")`: Weak,
	} {
		n, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := StrengthOf(n); got != want {
			t.Errorf("%s is %s, not %s", text, got, want)
		}
	}
}

func TestStrengthOfMasked(t *testing.T) {
	mask := func(s string) (m Masked) {
		for _, c := range s {
			b, k := byte('a'), byte(0xff)
			switch c {
			case '?':
				b, k = 0, 0
			case 'n':
				b, k = 0x60, 0xf0
			}
			m.Bytes, m.Mask = append(m.Bytes, b), append(m.Mask, k)
		}
		return m
	}
	for text, want := range map[string]Strength{
		"aaaa?aa": Weak, "aaaa?aaaa": Strong, "aaaaaa?a": Strong, "aaaan": Weak, "aaaanaa": Strong, "aa?aa?aa": Unplanned,
	} {
		if got := StrengthOf(mask(text)); got != want {
			t.Errorf("%s is %s, not %s", text, got, want)
		}
	}
}

// TestStrengthOnlyGrows: a tree that asks for more is never judged weaker.
func TestStrengthOnlyGrows(t *testing.T) {
	rank := map[Strength]int{Unplanned: 0, Metadata: 1, Weak: 2, Strong: 3}
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawRuns(t, "a"), drawRuns(t, "b")
		if one, both := StrengthOf(a), StrengthOf(And{Kids: []Node{a, b}}); rank[both] < rank[one] {
			t.Fatalf("%s is %s, but with %s it is %s", a, one, b, both)
		}
	})
}

// drawRuns combines literals of all lengths with any other nodes.
func drawRuns(t *rapid.T, label string) Node {
	kids := rapid.SliceOfN(rapid.OneOf(
		rapid.Custom(func(t *rapid.T) Node {
			n := rapid.IntRange(1, 9).Draw(t, "length")
			return Literal{Bytes: []byte("abcdefghi")[:n], Fold: rapid.Bool().Draw(t, "fold")}
		}),
		anyNode(2),
	), 1, 4).Draw(t, label)
	switch rapid.IntRange(0, 2).Draw(t, "joint") {
	case 0:
		return And{Kids: kids}
	case 1:
		return Or{Kids: kids}
	}
	return MinOf{K: rapid.IntRange(0, len(kids)).Draw(t, "k"), Kids: kids}
}
