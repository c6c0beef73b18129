package profile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	f, err := Parse([]byte("use: lab\nprofiles:\n  lab:\n    base_url: https://127.0.0.1:8443\n    client_id: abc\n  cloud:\n    cloud: us-1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := f.Get("lab"); !ok || p.Address() != "https://127.0.0.1:8443" || f.InUse() != "lab" || !slices.Equal(f.Names(), []string{"cloud", "lab"}) {
		t.Errorf("%+v %v %q %q", p, ok, f.InUse(), f.Names())
	}
	for text, part := range map[string]string{
		"profiles:\n  a:\n    base_uri: x\n":                                     "base_uri",
		"profile: {}\n":                                                          "profile",
		"use: b\nprofiles: {a: {}}\n":                                            "no profile b",
		"profiles: {'../a': {}}\n":                                               "no name",
		"profiles: {a: {base_url: 'https://x', cloud: us-1}}\n":                  "both set",
		"profiles: {a: {client_secret: x, client_secret_file: y}}\n":             "both set",
		"profiles: {a: {proxy: nonsense}}\n":                                     "proxy",
		"- a\n":                                                                  "unmarshal",
		"use: a\nprofiles: {}\n":                                                 "no profile a",
		"profiles: {a: {}}\n---\nprofiles: {b: {}}\n":                            "more than one",
		"profiles: {a: {insecure: perhaps}}\n":                                   "perhaps",
		"profiles:\n  a: {client_id: x}\n  a: {client_id: y}\n":                  "already defined",
		"profiles: {" + strings.Repeat("a", 65) + ": {base_url: 'https://x'}}\n": "no name",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestEditKeepsTheRest: what a person wrote stays, comments included.
func TestEditKeepsTheRest(t *testing.T) {
	f, err := Parse([]byte(`# my servers
use: lab
profiles:
  # the one in the cellar
  lab:
    base_url: https://lab:8443 # behind the boiler
    client_id: abc
    ca: /ca.pem
  other: {cloud: us-1}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Set("lab", Profile{BaseURL: "https://lab:9443", ClientID: "abc", ClientSecretFile: "/s"}); err != nil {
		t.Fatal(err)
	}
	if err := f.Use("other"); err != nil {
		t.Fatal(err)
	}
	want := `# my servers
use: other
profiles:
  # the one in the cellar
  lab:
    base_url: https://lab:9443 # behind the boiler
    client_id: abc
    client_secret_file: /s
  other: {cloud: us-1}
`
	if got, err := f.Bytes(); err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	if err := f.Use("none"); err == nil || f.InUse() != "other" {
		t.Errorf("a profile that is not there is in use: %v, %q", err, f.InUse())
	}
}

// TestEdits: a file says what was set last, whatever came before.
func TestEdits(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "b-1", "C.x"})
	text := rapid.SampledFrom([]string{"", "x", "null", "1", "- #", "'\"", "a: b", "ü\n"})
	rapid.Check(t, func(t *rapid.T) {
		f, model, use := &File{}, map[string]Profile{}, ""
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			name := names.Draw(t, "name")
			switch rapid.SampledFrom([]string{"set", "remove", "use"}).Draw(t, "step") {
			case "set":
				p := Profile{
					BaseURL: text.Draw(t, "url"), ClientID: text.Draw(t, "id"), ClientSecret: text.Draw(t, "secret"),
					CA: text.Draw(t, "ca"), Insecure: rapid.Bool().Draw(t, "insecure"),
				}
				if err := f.Set(name, p); err != nil {
					t.Fatal(err)
				}
				if model[name] = p; use == "" {
					use = name
				}
			case "remove":
				if err := f.Remove(name); err != nil {
					t.Fatal(err)
				}
				if delete(model, name); use == name {
					use = ""
				}
			case "use":
				_, there := model[name]
				if err := f.Use(name); (err == nil) != there {
					t.Fatalf("use %s: %v", name, err)
				}
				if there {
					use = name
				}
			}
			again, err := f.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if f, err = Parse(again); err != nil {
				t.Fatalf("%v\n%s", err, again)
			}
			if f.InUse() != use || len(f.Names()) != len(model) {
				t.Fatalf("in use %q, want %q; %q\n%s", f.InUse(), use, f.Names(), again)
			}
			for name, want := range model {
				if got, _ := f.Get(name); got != want {
					t.Fatalf("%s is %+v, want %+v\n%s", name, got, want, again)
				}
			}
		}
	})
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "config.yaml")
	if f, err := Load(path); err != nil || len(f.Names()) != 0 {
		t.Fatalf("a file that is not there: %v", err)
	}
	set := func(p Profile) error { return Update(path, func(f *File) error { return f.Set("a", p) }) }
	if err := set(Profile{ClientSecret: "s"}); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st.Mode(), err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a secret for everybody: %v", err)
	}
	if err := set(Profile{}); err == nil {
		t.Error("a secret for everybody was taken over")
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.yaml")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := Update(link, func(f *File) error { return f.Set("b", Profile{Cloud: "us-1"}) }); err != nil {
		t.Fatal(err)
	}
	if f, err := Load(path); err != nil || !slices.Equal(f.Names(), []string{"a", "b"}) {
		t.Errorf("behind a link: %v", err)
	}
	if err := Update(path, func(f *File) error {
		return Update(path, func(*File) error { return nil })
	}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("two updates at a time: %v", err)
	}
}

func TestDefaultPath(t *testing.T) {
	for want, env := range map[string]map[string]string{
		"/x":                          {"MEWS_PROFILES": "/x", "HOME": "/h", "XDG_CONFIG_HOME": "/c"},
		"/c/mews/config.yaml":         {"HOME": "/h", "XDG_CONFIG_HOME": "/c"},
		"/h/.config/mews/config.yaml": {"HOME": "/h", "XDG_CONFIG_HOME": "c"},
	} {
		if got, err := DefaultPath(func(k string) string { return env[k] }); err != nil || got != want {
			t.Errorf("%v: %q, %v", env, got, err)
		}
	}
	if _, err := DefaultPath(func(string) string { return "" }); err == nil {
		t.Error("no home, and no error")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("use: a\nprofiles:\n  a: {base_url: https://x}\n"))
	f.Add([]byte("profiles: &x\n  a: *x\n"))
	f.Add([]byte("# c\n"))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse(text)
		if err != nil {
			return
		}
		want := Profile{BaseURL: "https://y", ClientID: "id"}
		if err := file.Set("new", want); err != nil {
			return // what is there has no place for another, for example an alias
		}
		if got, ok := file.Get("new"); !ok || got != want {
			t.Fatalf("set %+v, got %+v from %q", want, got, text)
		}
	})
}
