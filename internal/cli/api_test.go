package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

// TestAPIUpload streams a file as the body, from a file and from a pipe.
func TestAPIUpload(t *testing.T) {
	f, file := newFake(t), filepath.Join(t.TempDir(), "new.bin")
	if err := os.WriteFile(file, []byte("new bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"file": {"--body", "@" + file}, "pipe": {"--body", "-"}} {
		args = append([]string{"api", "UploadSampleV3", "file_name=new.bin", "--query", "sha256=" + shaOf("new bytes")}, args...)
		out, errOut, code := f.mews(run{stdin: "new bytes"}, args...)
		if code != 0 || !strings.Contains(out, shaOf("new bytes")) || string(f.bytes[shaOf("new bytes")]) != "new bytes" {
			t.Errorf("%s: %d %s%s", name, code, out, errOut)
		}
		delete(f.bytes, shaOf("new bytes"))
	}
}

// TestAPIBytesAndTerminals: bytes that others chose never reach a screen.
func TestAPIBytesAndTerminals(t *testing.T) {
	f := newFake(t)
	sha := f.put("\x1b]0;owned\x07", "malware")
	for _, where := range []string{"", "-"} {
		args := []string{"api", "GetSampleV3", "ids=" + sha}
		if where != "" {
			args = append(args, "--output-file", where)
		}
		if out, errOut, code := f.mews(run{terminal: []string{"out"}}, args...); code != exitUsage || out != "" || strings.Contains(errOut, "\x1b") {
			t.Errorf("--output-file %q: %d %q %q", where, code, out, errOut)
		}
	}
}

func TestAPIInclude(t *testing.T) {
	f := newFake(t)
	_, errOut, code := f.mews(run{}, "api", "QueryDevicesByFilter", "-i")
	if code != 0 || !strings.HasPrefix(errOut, "200 OK\n") || !strings.Contains(errOut, "Content-Type: application/json\n") {
		t.Errorf("%d %q", code, errOut)
	}
	_, errOut, code = f.mews(run{}, "api", "GET", "/nowhere", "-i")
	if code != exitNotFound || !strings.HasPrefix(errOut, "404 Not Found\n") {
		t.Errorf("%d %q", code, errOut)
	}
}

func TestReadValues(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("one\n\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := mews.Operation{ID: "X", Parameters: []mews.Parameter{{Name: "ids", List: true}, {Name: "rule"}, {Name: "upload", In: mews.InFile}}}
	for _, c := range []struct {
		args []string
		want map[string]any // nil: refused
	}{
		{[]string{"ids=a"}, map[string]any{"ids": "a"}},
		{[]string{"ids=a", "ids=b,c"}, map[string]any{"ids": []string{"a", "b,c"}}},
		{[]string{"ids=@" + file, "ids=z"}, map[string]any{"ids": []string{"one", "two", "z"}}},
		{[]string{"rule=@" + file}, map[string]any{"rule": "one\n\ntwo\n"}},
		{[]string{"rule=@@home", "x="}, map[string]any{"rule": "@home", "x": ""}},
		{[]string{"rule=a=b:=c"}, map[string]any{"rule": "a=b:=c"}},
		{[]string{"n:=true"}, map[string]any{"n": true}},
		{[]string{`n:={"a":[1]}`, "n:=null"}, nil}, // checked below: a list of what is no text
		{[]string{"n:=1 2"}, nil},
		{[]string{"=x"}, nil},
		{[]string{"upload=x"}, nil},
		{[]string{"rule=@" + file + "none"}, nil},
	} {
		g := &globals{Stdio: Stdio{In: strings.NewReader("")}}
		got, err := g.readValues(o, c.args)
		if len(c.args) == 2 && strings.HasPrefix(c.args[0], "n:={") {
			if list, ok := got["n"].([]any); err != nil || !ok || len(list) != 2 || list[1] != nil {
				t.Errorf("%q: %v, %v", c.args, got, err)
			}
			continue
		}
		if (err == nil) != (c.want != nil) || c.want != nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %#v, %v", c.args, got, err)
		}
	}
}

// TestCompletion asks what a shell would ask.
func TestCompletion(t *testing.T) {
	f, home := newFake(t), t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".config", "mews"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".config", "mews", "config.yaml"), []byte("profiles: {lab: {}, site: {}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typed []string
		want  []string // first words of the offers; "!x": x is not offered
	}{
		{[]string{"api", "QueryDev"}, []string{"QueryDevicesByFilter", "QueryDevicesByFilterScroll", "!GetSampleV3"}},
		{[]string{"api", "list", ""}, []string{"!QueryDevicesByFilter"}},
		{[]string{"api", "show", "GetSam"}, []string{"GetSampleV3"}},
		{[]string{"api", "QueryDevicesByFilter", ""}, []string{"filter=", "limit="}},
		{[]string{"api", "QueryDevicesByFilter", "filter=x", ""}, []string{"limit=", "!filter="}},
		{[]string{"api", "PostDeviceDetailsV2", "ids=a", ""}, []string{"ids="}},
		{[]string{"host", "list", "--fields", "host"}, []string{"hostname"}},
		{[]string{"host", "list", "--fields", "hostname,last_s"}, []string{"hostname,last_seen", "!hostname,hostname"}},
		{[]string{"quotas", "--profile", ""}, []string{"lab", "site"}},
		{[]string{"profile", "use", ""}, []string{"lab", "site"}},
		{[]string{"quotas", "--cloud", ""}, []string{"us-1", "auto"}},
		{[]string{"quotas", "-o", ""}, formats},
		{[]string{"fql", "explain", "--collection", ""}, explainerNames()},
	} {
		out, errOut, code := f.mews(run{env: map[string]string{"HOME": home}}, append([]string{"__complete"}, c.typed...)...)
		var offers []string
		for line := range strings.Lines(out) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			offers = append(offers, word)
		}
		for _, want := range c.want {
			word, not := strings.CutPrefix(want, "!")
			if found := strings.Contains("\n"+strings.Join(offers, "\n")+"\n", "\n"+word+"\n"); found == not || code != 0 {
				t.Errorf("%q offers %q (%d %s), want %s", c.typed, offers, code, errOut, want)
			}
		}
	}
}

// FuzzReadValues: whatever stands on a command line is a value or a mistake, and
// a text comes through as it is.
func FuzzReadValues(f *testing.F) {
	for _, seed := range []string{"a=b", "a:=1", "a:={\"b\":[]}", "=", "a=@@x", "ids=1", ":=", "a:=nul", "ü=\xff"} {
		f.Add(seed)
	}
	o := mews.Operation{ID: "X", Parameters: []mews.Parameter{{Name: "ids", List: true}}}
	f.Fuzz(func(t *testing.T, arg string) {
		name, text, _ := strings.Cut(arg, "=")
		if strings.HasPrefix(text, "@") && !strings.HasPrefix(text, "@@") {
			return // a file of this machine
		}
		g := &globals{Stdio: Stdio{In: strings.NewReader("")}}
		values, err := g.readValues(o, []string{arg})
		if err != nil {
			return
		}
		if strings.HasSuffix(name, ":") {
			return
		}
		if want := strings.TrimPrefix(text, "@@"); want != text {
			text = "@" + want
		}
		if values[name] != text {
			t.Fatalf("%q became %v", arg, values)
		}
	})
}
