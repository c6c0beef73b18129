package sample

import (
	"bytes"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// types are the names that searches can filter by.
var types = [...]string{
	"cdf", "cdfv2", "cjava", "dalvik", "doc", "docx", "elf32", "elf64", "email", "html", "hwp", "java.arc", "lnk",
	"macho", "pcap", "pdf", "pe32", "pe64", "perl", "ppt", "pptx", "python", "pythonc", "rtf", "swf", "text", "xls", "xlsx",
}

// other is the type of everything else.
const other = "data"

// Types lists the sample types that searches can filter by, sorted.
func Types() []string { return append([]string(nil), types[:]...) }

// Detect tells the type of a file of size bytes from its first ones: one of
// Types, or "data". It reads each byte a bounded number of times and never
// panics, whatever the bytes are.
func Detect(head []byte, size int64) (name string) {
	defer func() {
		if recover() != nil { // of a parser that is not ours
			name = other
		}
	}()
	head = head[:min(len(head), headSize)]
	for _, probe := range []func([]byte) string{
		executable, byMagic, compound, zipped, script, message,
	} {
		if name := probe(head); name != "" {
			return name
		}
	}
	return textual(head)
}

// magics are starts of files that settle the type by themselves.
var magics = [...]struct{ start, name string }{
	{"\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46", "lnk"},
	{"{\\rt", "rtf"},
	{"\xd4\xc3\xb2\xa1", "pcap"},
	{"\xa1\xb2\xc3\xd4", "pcap"}, // microseconds
	{"\x4d\x3c\xb2\xa1", "pcap"},
	{"\xa1\xb2\x3c\x4d", "pcap"}, // nanoseconds
	{"\x0a\x0d\x0d\x0a", "pcap"}, // the next generation
	{"dey\n036\x00", "dalvik"},
	{"HWP Document File", "hwp"},
}

func byMagic(b []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(b, []byte(m.start)) {
			return m.name
		}
	}
	switch {
	case len(b) >= 8 && string(b[:4]) == "dex\n" && b[7] == 0:
		return "dalvik"
	case len(b) >= 8 && (b[0] == 'F' || b[0] == 'C' || b[0] == 'Z') && b[1] == 'W' && b[2] == 'S' && b[3] > 0 && b[3] < 64:
		return "swf"
	case bytes.Contains(b[:min(len(b), 1024)], []byte("%PDF-")):
		return "pdf"
	case pythonCode(b):
		return "pythonc"
	}
	return ""
}

// pythonCode looks for a compiled Python module: a version, CR LF, and after a
// header of 8, 12 or 16 bytes a marshalled code object.
func pythonCode(b []byte) bool {
	if len(b) < 17 || b[2] != '\r' || b[3] != '\n' {
		return false
	}
	version := int(b[0]) | int(b[1])<<8
	if (version < 3000 || version >= 4000) && (version < 20000 || version >= 63000) {
		return false
	}
	for _, at := range []int{8, 12, 16} {
		if b[at]&^0x80 == 'c' {
			return true
		}
	}
	return false
}

// script reads the first line of a program text.
func script(b []byte) string {
	if !bytes.HasPrefix(b, []byte("#!")) {
		return ""
	}
	line, _, _ := bytes.Cut(b[:min(len(b), 256)], []byte("\n"))
	switch s := string(line); {
	case strings.Contains(s, "python"):
		return "python"
	case strings.Contains(s, "perl"):
		return "perl"
	}
	return ""
}

// fields are header lines that a message on its way has.
var fields = [...]string{
	"received", "return-path", "delivered-to", "from", "to", "subject", "date", "message-id", "mime-version",
	"reply-to", "sender", "x-original-to", "content-type", "dkim-signature",
}

// message looks for a mail: it starts with header lines, several of them known.
func message(b []byte) string {
	b = b[:min(len(b), 8<<10)]
	known := 0
	for i := 0; i < 40 && known < 3; i++ {
		line, rest, more := bytes.Cut(b, []byte("\n"))
		b = rest
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') && i > 0 && more {
			continue // goes on from the line before
		}
		name, _, isField := bytes.Cut(line, []byte(":"))
		if !isField || !more || len(name) == 0 || bytes.ContainsAny(name, " \t\x00<") {
			if i == 0 && bytes.HasPrefix(line, []byte("From ")) {
				continue // the separator of mailboxes
			}
			return ""
		}
		for _, f := range fields {
			if strings.EqualFold(f, string(name)) {
				known++
			}
		}
	}
	if known < 3 {
		return ""
	}
	return "email"
}

// textual leaves texts to a library.
func textual(b []byte) string {
	if len(b) == 0 {
		return other
	}
	for m := mimetype.Detect(b); m != nil; m = m.Parent() {
		switch {
		case m.Is("text/html"):
			return "html"
		case m.Is("text/x-python"):
			return "python"
		case m.Is("text/x-perl"):
			return "perl"
		case m.Is("text/rtf"):
			return "rtf"
		case m.Is("text/plain"):
			return "text"
		}
	}
	return other
}
