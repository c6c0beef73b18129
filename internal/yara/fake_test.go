package yara

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also a worker: run with FAKE_WORKER set, it speaks the
// protocol and misbehaves as the variable says.

func TestMain(m *testing.M) {
	if mode := os.Getenv("FAKE_WORKER"); mode != "" {
		fakeWorker(mode)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const fakeSource = `rule evil { strings: $a = "evil" condition: $a } private rule hidden { condition: true }`

// fakeEngine runs the stand-in with short times.
func fakeEngine(t *testing.T, mode string) *Engine {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	e := New(Options{Path: exe, Compile: time.Millisecond, File: 200 * time.Millisecond, MaxFile: 4 << 20})
	e.forking = false
	e.command = func() *exec.Cmd {
		cmd := exec.Command(exe)
		cmd.Env = []string{"FAKE_WORKER=" + mode}
		return cmd
	}
	return e
}

type fileMessage struct{ ID, Size int64 }

type fake struct {
	mode      string
	files     int
	describes bool
}

func fakeWorker(mode string) {
	f := &fake{mode: mode}
	f.hello()
	for {
		var head [5]byte
		if _, err := io.ReadFull(os.Stdin, head[:]); err != nil {
			return
		}
		payload := make([]byte, binary.LittleEndian.Uint32(head[:]))
		if _, err := io.ReadFull(os.Stdin, payload); err != nil {
			return
		}
		switch head[4] {
		case frameRules:
			f.rules(payload)
		case frameDescribe:
			f.describes = true
		case frameFile:
			f.file(payload)
		case frameBye:
			return
		}
	}
}

func hang() { time.Sleep(time.Hour) }

func say(kind byte, v any) {
	if err := writeJSON(os.Stdout, kind, v); err != nil {
		os.Exit(3)
	}
}

func sayClean(id int64) {
	payload := binary.LittleEndian.AppendUint64(nil, uint64(id))
	if err := writeFrame(os.Stdout, frameClean, binary.LittleEndian.AppendUint32(payload, 7)); err != nil {
		os.Exit(3)
	}
}

func die(sig syscall.Signal) {
	_ = syscall.Kill(os.Getpid(), sig)
	hang()
}

func (f *fake) hello() {
	walls := []Wall{{Name: "rlimits", Up: true}, {Name: "landlock", Up: f.mode != "nowall", Detail: "no\x1b[31m kernel support"}, {Name: "no_new_privs", Up: true}, {Name: "seccomp", Up: true}}
	switch f.mode {
	case "garbage":
		_, _ = os.Stdout.WriteString("\x07\x00\x00\x00\x01garbage")
	case "silent":
		hang()
	case "exits":
		fmt.Fprintln(os.Stderr, "no luck")
		os.Exit(70)
	case "protocol1":
		say(frameHello, helloMessage{Protocol: 1})
	default:
		say(frameHello, helloMessage{Protocol: protocol, Worker: "0", Engine: "fake 1", Plan: "1", Facts: "0123456789abcdef", Walls: walls})
	}
}

func (f *fake) rules(payload []byte) {
	var m rulesMessage
	if err := json.Unmarshal(payload, &m); err != nil {
		os.Exit(2)
	}
	hash := sha256.Sum256([]byte(m.Source))
	ready := readyMessage{Hash: hex.EncodeToString(hash[:]), Engine: "fake 1", Plan: "1"}
	rule := ruleMessage{Name: "evil", Patterns: 1, Plan: json.RawMessage(`{"lit":"6576696c"}`), Tags: []string{"ok", "<b>"}}
	switch f.mode {
	case "compilehang":
		hang()
	case "compiledie":
		die(syscall.SIGABRT)
	case "reject":
		say(frameReject, rejectMessage{Reason: "compile", Errors: []Problem{{Code: "E001", Line: 3, Column: -4, Message: "bad\x1b[31m\u202ething\nmore"}}})
		os.Exit(0)
	case "rejectodd":
		say(frameReject, rejectMessage{Reason: "mood"})
	case "wronghash":
		ready.Hash = strings.Repeat("00", 32)
	case "wrongengine":
		ready.Engine = "fake 2"
	case "foreignrule":
		rule.Name = "unheard"
	case "noplan":
		rule.Plan = nil
	case "badplan":
		rule.Plan = json.RawMessage(`{"lit":1}`)
	case "flood":
		for {
			_, _ = os.Stdout.Write(make([]byte, 1<<16))
		}
	case "resultfirst":
		say(frameResult, resultMessage{})
	case "changes":
		if !m.Plan {
			rule.Name = "hidden"
		}
	}
	ready.Rules = []ruleMessage{rule}
	if rule.Name != "hidden" {
		ready.Rules = append(ready.Rules, ruleMessage{Name: "hidden", Private: true, Plan: json.RawMessage(`"all"`)})
	}
	say(frameReady, ready)
}

func (f *fake) file(payload []byte) {
	if len(payload) != fileBytes {
		os.Exit(2)
	}
	m := fileMessage{ID: int64(binary.LittleEndian.Uint64(payload)), Size: int64(binary.LittleEndian.Uint64(payload[8:]))}
	if f.mode == "deaf" {
		hang()
	}
	data := make([]byte, 0, m.Size)
	for int64(len(data)) < m.Size {
		var head [5]byte
		if _, err := io.ReadFull(os.Stdin, head[:]); err != nil {
			os.Exit(3)
		}
		chunk := make([]byte, binary.LittleEndian.Uint32(head[:]))
		if _, err := io.ReadFull(os.Stdin, chunk); err != nil {
			os.Exit(3)
		}
		data = append(data, chunk...)
	}
	f.files++
	if f.describes {
		f.describe(m, data)
		return
	}
	f.answer(m, data)
}

func (f *fake) describe(m fileMessage, data []byte) {
	reply := factsMessage{ID: m.ID, Facts: [][2]string{{"pe.imphash", string(data)}}}
	switch {
	case f.mode == "oddfact":
		reply.Facts[0][0] = "pe imphash"
	case f.mode == "otherfile":
		reply.ID++
	case f.mode == "resultfirst":
		sayClean(m.ID)
		return
	case string(data) == "crash me":
		die(syscall.SIGSEGV)
	case string(data) == "stop me":
		hang()
	case string(data) == "slow":
		reply.Reason, reply.Facts = "timeout", nil
	}
	say(frameFacts, reply)
}

func (f *fake) answer(m fileMessage, data []byte) {
	reply := map[string]any{"id": m.ID, "outcome": "no_match", "reason": "", "cpu_ms": 1, "rules": []any{}, "capped": []any{}}
	rule := func(name string, at, length int64) {
		reply["outcome"] = "match"
		reply["rules"] = []any{map[string]any{"name": name, "patterns": []any{map[string]any{"id": "$a", "count": 1, "matches": [][2]int64{{at, length}}}}}}
	}
	switch f.mode {
	case "hang":
		hang()
	case "moody":
		switch {
		case bytes.Contains(data, []byte("crash me")):
			die(syscall.SIGSEGV)
		case bytes.Contains(data, []byte("stop me")):
			hang()
		case !bytes.Contains(data, []byte("evil")):
			sayClean(m.ID)
			return
		}
	case "chatty":
		reply["more"] = strings.Repeat("x", 500<<10)
	case "cleanother":
		sayClean(m.ID + 1)
		return
	case "cleanshort":
		_ = writeFrame(os.Stdout, frameClean, []byte("short"))
		return
	case "die":
		die(syscall.SIGSEGV)
	case "dielater":
		if f.files > 1 {
			die(syscall.SIGABRT)
		}
	case "oversize":
		_, _ = os.Stdout.Write([]byte{1, 0, 32, 0, frameResult})
	case "cut":
		_, _ = os.Stdout.Write([]byte{9, 0, 0, 0, frameResult, '{'})
		os.Exit(0)
	case "notjson":
		_ = writeFrame(os.Stdout, frameResult, []byte("nope"))
	case "wrongid":
		reply["id"] = m.ID + 1
	case "hitoutside":
		rule("evil", m.Size, 1)
	case "negativehit":
		rule("evil", -1, 1)
	case "hugehit":
		rule("evil", 1, 1<<62)
	case "privaterule":
		rule("hidden", 0, 1)
	case "otherrule":
		rule("other", 0, 1)
	case "emptymatch":
		reply["outcome"] = "match"
	case "cappednomatch":
		reply["capped"] = []string{"evil:$a"}
	case "skips":
		reply["outcome"], reply["reason"] = "skipped", "lazy"
	case "timeout":
		reply["outcome"], reply["reason"] = "error", "timeout"
	case "stderr":
		fmt.Fprint(os.Stderr, strings.Repeat("secret ", 1<<16))
	}
	if i := bytes.Index(data, []byte("evil")); i >= 0 && reply["outcome"] == "no_match" && f.mode != "cappednomatch" {
		rule("evil", int64(i), 4)
	}
	say(frameResult, reply)
}
