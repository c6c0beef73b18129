package sample

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

var (
	little = binary.LittleEndian
	big    = binary.BigEndian
)

// at gives n bytes at off, or nil where the file does not reach.
func at(b []byte, off, n int) []byte {
	if off < 0 || n < 0 || off > len(b)-n {
		return nil
	}
	return b[off : off+n]
}

// executable knows programs of Windows, Unix, macOS and Java.
func executable(b []byte) string {
	magic := at(b, 0, 8)
	if magic == nil {
		return ""
	}
	switch {
	case magic[0] == 'M' && magic[1] == 'Z' || magic[0] == 'Z' && magic[1] == 'M':
		return portable(b)
	case string(magic[:4]) == "\x7fELF" && magic[4] == 1:
		return "elf32"
	case string(magic[:4]) == "\x7fELF" && magic[4] == 2:
		return "elf64"
	}
	switch big.Uint32(magic) {
	case 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabf, 0xbfbafeca, 0xbebafeca:
		return "macho"
	case 0xcafebabe: // shared by Java, where a version follows, and by fat binaries, where their number does
		if big.Uint32(magic[4:]) < 43 {
			return "macho"
		}
		return "cjava"
	}
	return ""
}

// portable tells the class of a PE file. An old DOS program is none.
func portable(b []byte) string {
	place := at(b, 0x3c, 4)
	if place == nil {
		return ""
	}
	pe := int64(little.Uint32(place))
	if pe > int64(len(b)) || string(at(b, int(pe), 4)) != "PE\x00\x00" {
		return ""
	}
	if optional := at(b, int(pe)+24, 2); optional != nil {
		switch little.Uint16(optional) {
		case 0x20b:
			return "pe64"
		case 0x10b, 0x107:
			return "pe32"
		}
	}
	if machine := at(b, int(pe)+4, 2); machine != nil {
		switch little.Uint16(machine) {
		case 0x8664, 0xaa64, 0x200: // x86-64, ARM64, Itanium
			return "pe64"
		}
	}
	return "pe32"
}

// streams are what the main part of a compound document is called.
var streams = [...]struct{ stream, name string }{
	{"HwpSummaryInformation", "hwp"}, {"WordDocument", "doc"}, {"Workbook", "xls"}, {"PowerPoint Document", "ppt"}, {"Book", "xls"},
}

// compound reads the names in the directory of an OLE2 document, where that
// lies in the first bytes; else it looks for the names themselves.
func compound(b []byte) string {
	if bytes.HasPrefix(b, []byte("\x0e\x11\xfc\x0d\xd0\xcf\x11\x0e")) {
		return "cdf"
	}
	header := at(b, 0, 512)
	if header == nil || !bytes.HasPrefix(b, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) {
		return ""
	}
	shift := little.Uint16(header[30:])
	if shift != 9 && shift != 12 {
		return "cdfv2"
	}
	directory := (int64(little.Uint32(header[48:])) + 1) << shift
	if directory < int64(len(b)) {
		if name := streamType(b[directory:min(int64(len(b)), directory+1<<shift)]); name != "" {
			return name
		}
	}
	for _, s := range streams {
		if bytes.Contains(b, wide(s.stream+"\x00")) {
			return s.name
		}
	}
	return "cdfv2"
}

// streamType reads one directory sector: entries of 128 bytes that begin with a
// name in UTF-16 and have its length at 64.
func streamType(sector []byte) string {
	for ; len(sector) >= 128; sector = sector[128:] {
		n := int(little.Uint16(sector[64:])) - 2 // without the final NUL
		if n < 0 || n > 62 || n%2 != 0 {
			continue
		}
		units := make([]uint16, n/2)
		for i := range units {
			units[i] = little.Uint16(sector[2*i:])
		}
		name := string(utf16.Decode(units))
		if len(name) > 0 && name[0] < ' ' {
			name = name[1:] // summaries are marked so
		}
		for _, s := range streams {
			if s.stream == name {
				return s.name
			}
		}
	}
	return ""
}

func wide(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}

// members are names, or their beginnings, that settle what a zip file is.
var members = [...]struct{ start, name string }{
	{"word/", "docx"}, {"xl/", "xlsx"}, {"ppt/", "pptx"}, {"META-INF/", "java.arc"}, {"AndroidManifest.xml", "java.arc"},
}

// zipped tells Office documents and Java archives from other zip files by the
// names of the members that begin in the first bytes.
func zipped(b []byte) string {
	const local = "PK\x03\x04"
	if !bytes.HasPrefix(b, []byte(local)) {
		return ""
	}
	for range 1000 {
		header := at(b, 0, 30)
		if header == nil {
			break
		}
		name := at(b, 30, int(little.Uint16(header[26:])))
		for _, m := range members {
			if bytes.HasPrefix(name, []byte(m.start)) {
				return m.name
			}
		}
		next := bytes.Index(b[4:], []byte(local)) // sizes may be unknown or lies
		if next < 0 {
			break
		}
		b = b[4+next:]
	}
	return ""
}
