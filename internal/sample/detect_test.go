package sample

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// pe makes the start of a Windows program.
func pe(machine, optional uint16) []byte {
	b := make([]byte, 512)
	copy(b, "MZ")
	binary.LittleEndian.PutUint32(b[0x3c:], 0x80)
	copy(b[0x80:], "PE\x00\x00")
	binary.LittleEndian.PutUint16(b[0x84:], machine)
	binary.LittleEndian.PutUint16(b[0x98:], optional)
	return b
}

// office makes a compound document whose directory lies in the given sector.
func office(sector uint32, streams ...string) []byte {
	b := make([]byte, (sector+2)*512)
	copy(b, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	binary.LittleEndian.PutUint16(b[30:], 9)
	binary.LittleEndian.PutUint32(b[48:], sector)
	for i, name := range streams {
		entry := b[(int(sector)+1)*512+i*128:]
		for j, u := range utf16.Encode([]rune(name)) {
			binary.LittleEndian.PutUint16(entry[2*j:], u)
		}
		binary.LittleEndian.PutUint16(entry[64:], uint16(2*len(name)+2))
	}
	return b
}

func zipOf(t testing.TB, names ...string) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range names {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("<xml/>")); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pad(s string) []byte { return append([]byte(s), make([]byte, 100)...) }

type example struct {
	want string
	head []byte
}

func examples(t testing.TB) []example {
	const mail = "Return-Path: <a@example.org>\nReceived: from x\n\tby y\nFrom: a@example.org\nSubject: s\n\nbody"
	return []example{
		{"pe32", pe(0x14c, 0x10b)},
		{"pe64", pe(0x8664, 0x20b)},
		{"pe32", pe(0x14c, 0)},
		{"pe64", pe(0xaa64, 0)},
		{"data", pad("MZ a DOS program")},
		{"elf32", pad("\x7fELF\x01\x01\x01")},
		{"elf64", pad("\x7fELF\x02\x01\x01")},
		{"data", pad("\x7fELF\x03\x01\x01")},
		{"macho", pad("\xcf\xfa\xed\xfe\x07\x00\x00\x01")},
		{"macho", pad("\xfe\xed\xfa\xce\x00\x00\x00\x12")},
		{"macho", pad("\xca\xfe\xba\xbe\x00\x00\x00\x02")},
		{"cjava", pad("\xca\xfe\xba\xbe\x00\x00\x00\x34")},
		{"dalvik", pad("dex\n035\x00")},
		{"lnk", pad("L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F")},
		{"rtf", []byte(`{\rtf1\ansi text}`)},
		{"pcap", pad("\xd4\xc3\xb2\xa1\x02\x00\x04\x00")},
		{"pcap", pad("\x0a\x0d\x0d\x0a")},
		{"pdf", []byte("%PDF-1.7\n")},
		{"pdf", append(make([]byte, 700), "%PDF-1.4"...)},
		{"swf", pad("CWS\x0a")},
		{"pythonc", pad("\xa7\x0d\x0d\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xe3")},
		{"pythonc", pad("\x03\xf3\x0d\x0a\x00\x00\x00\x00c")},
		{"cdf", pad("\x0e\x11\xfc\x0d\xd0\xcf\x11\x0e")},
		{"cdfv2", office(2, "Root Entry", "Something")},
		{"doc", office(0, "Root Entry", "1Table", "WordDocument")},
		{"xls", office(3, "Root Entry", "\x05SummaryInformation", "Workbook")},
		{"xls", office(3, "Root Entry", "Book")},
		{"ppt", office(1, "PowerPoint Document")},
		{"hwp", office(1, "Root Entry", "\x05HwpSummaryInformation")},
		{"hwp", pad("HWP Document File V3.00")},
		{"docx", zipOf(t, "[Content_Types].xml", "_rels/.rels", "word/document.xml")},
		{"xlsx", zipOf(t, "[Content_Types].xml", "xl/workbook.xml")},
		{"pptx", zipOf(t, "ppt/presentation.xml")},
		{"java.arc", zipOf(t, "META-INF/MANIFEST.MF", "A.class")},
		{"data", zipOf(t, "some", "files")},
		{"python", []byte("#!/usr/bin/env python3\nprint(1)\n")},
		{"perl", []byte("#!/usr/bin/perl -w\nprint 1;\n")},
		{"text", []byte("#!/bin/sh\necho hello\n")},
		{"text", []byte("just some words\n")},
		{"text", []byte(`{"json": true}`)},
		{"html", []byte("<!DOCTYPE html><html><body>x</body></html>")},
		{"email", []byte(mail)},
		{"email", []byte("From a@example.org Mon Jan  1\n" + mail)},
		{"email", []byte(strings.ReplaceAll(mail, "\n", "\r\n"))},
		{"text", []byte("Note: this is\nno: mail\nreally: not\n")},
		{"data", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")},
		{"data", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00")},
		{"data", nil},
	}
}

func TestDetect(t *testing.T) {
	seen := map[string]bool{}
	for i, e := range examples(t) {
		if got := Detect(e.head, int64(len(e.head))); got != e.want {
			t.Errorf("example %d (%.20q): %s, want %s", i, e.head, got, e.want)
		}
		seen[e.want] = true
	}
	for _, name := range Types() {
		if !seen[name] {
			t.Errorf("no example of %s", name)
		}
	}
	if !slices.IsSorted(Types()) {
		t.Error("types are not sorted")
	}
}

// This test is an ELF program, and the sources of it are text.
func TestDetectRealFiles(t *testing.T) {
	for name, want := range map[string]string{os.Args[0]: "elf64", "detect_test.go": "text"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := Detect(b, int64(len(b))); got != want && (want != "elf64" || got != "elf32") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Every cut and every small damage of known files gives some known name.
func TestDetectDamaged(t *testing.T) {
	all := examples(t)
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(rapid.SampledFrom(all).Draw(t, "example").head)
		for range rapid.IntRange(0, 4).Draw(t, "flips") {
			if len(b) > 0 {
				b[rapid.IntRange(0, min(len(b), 600)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
			}
		}
		b = b[:rapid.IntRange(0, len(b)).Draw(t, "cut")]
		if got := Detect(b, int64(len(b))); got != other && !slices.Contains(types[:], got) {
			t.Fatalf("unknown name %q", got)
		}
	})
}

func FuzzDetect(f *testing.F) {
	for _, e := range examples(f) {
		f.Add(e.head)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := ""
		for _, probe := range []func([]byte) string{executable, byMagic, compound, zipped, script, message, textual} {
			if got = probe(b); got != "" { // not through Detect: its recover must have nothing to do
				break
			}
		}
		if got != Detect(b, int64(len(b))) && len(b) <= headSize {
			t.Fatalf("%q is not what Detect says", got)
		}
	})
}
