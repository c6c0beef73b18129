package demo

import (
	"archive/zip"
	"bytes"
	"fmt"
	"time"
)

// A document is a small file of one type. It holds what marks the type, and a
// text.
type document struct {
	name, kind string // kind is the type that the server finds
	content    []byte
}

// documents gives one file of every type that is quickly written down.
func documents(text string) []document {
	return []document{
		wordDocument(text), pdfDocument(text), pythonScript(text),
		{"table.xlsx", "xlsx", office("xl/workbook.xml", text)},
		{"slides.pptx", "pptx", office("ppt/presentation.xml", text)},
		{"memo.rtf", "rtf", []byte(`{\rtf1\ansi ` + text + `}`)},
		{"page.html", "html", []byte("<!DOCTYPE html>\n<html><head><title>" + text + "</title></head><body><p>" + text + "</p></body></html>\n")},
		{"notes.txt", "text", []byte(text + "\nNothing else is written here.\n")},
		{"mail.eml", "email", []byte("From: anna@example.com\r\nTo: bob@example.org\r\nSubject: " + text + "\r\nDate: Mon, 02 Jun 2025 09:00:00 +0000\r\nMIME-Version: 1.0\r\n\r\n" + text + "\r\n")},
		{"tool.pl", "perl", []byte("#!/usr/bin/perl\nprint \"" + text + "\\n\";\n")},
		{"capture.pcap", "pcap", header("\xd4\xc3\xb2\xa1\x02\x00\x04\x00", 24, text)},
		{"shortcut.lnk", "lnk", header("\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46", 76, text)},
		{"movie.swf", "swf", header("FWS\x06\x40\x00\x00\x00", 21, text)},
		{"Main.class", "cjava", header("\xca\xfe\xba\xbe\x00\x00\x00\x34", 16, text)},
		{"classes.dex", "dalvik", header("dex\n035\x00", 112, text)},
		{"tool.macho", "macho", header("\xcf\xfa\xed\xfe\x07\x00\x00\x01", 32, text)},
		{"archive.zip", "data", zipped(map[string]string{"readme.txt": text}, "readme.txt")},
	}
}

func wordDocument(text string) document {
	return document{"letter.docx", "docx", office("word/document.xml", text)}
}

func pythonScript(text string) document {
	return document{"tool.py", "python", []byte("#!/usr/bin/env python3\nprint(\"" + text + "\")\n")}
}

// pdfDocument is one empty page with a title.
func pdfDocument(text string) document {
	return document{"report.pdf", "pdf", fmt.Appendf(nil, `%%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >> endobj
4 0 obj << /Title (%s) >> endobj
trailer << /Root 1 0 R /Info 4 0 R >>
%%%%EOF
`, text)}
}

// header is a start of a file, filled up to its size, and a text.
func header(start string, size int, text string) []byte {
	b := make([]byte, size, size+len(text)+1)
	copy(b, start)
	return append(append(b, text...), '\n')
}

// office is the archive that office programs write, with one part.
func office(part, text string) []byte {
	const kinds = "[Content_Types].xml"
	return zipped(map[string]string{
		kinds: `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		part:  `<?xml version="1.0"?><text>` + text + `</text>`,
	}, kinds, part)
}

// zipped stores files in an archive, in this order and with a fixed time: the
// same files are the same bytes. Writing to memory cannot fail.
func zipped(files map[string]string, order ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range order {
		w, _ := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: time.Date(2025, 6, 2, 9, 0, 0, 0, time.UTC)})
		_, _ = w.Write([]byte(files[name]))
	}
	_ = z.Close()
	return b.Bytes()
}
