package sample

import (
	"crypto/rand"
	"fmt"
	"hash/crc32"
	"io"
)

// A zipCipher encrypts one member as APPNOTE.TXT 6.1 describes: three keys that
// every plain byte changes.
type zipCipher struct {
	w       io.Writer
	keys    [3]uint32
	buf     [4096]byte
	written int64 // header included
}

// zipHeader is the length of the random bytes before the data.
const zipHeader = 12

// newZipCipher begins a member on w. A reader checks the password with check,
// the last byte of the header.
func newZipCipher(w io.Writer, password string, check byte) (*zipCipher, error) {
	c := &zipCipher{w: w, keys: [3]uint32{0x12345678, 0x23456789, 0x34567890}}
	for i := range len(password) {
		c.update(password[i])
	}
	var head [zipHeader]byte
	if _, err := rand.Read(head[:zipHeader-1]); err != nil {
		return nil, fmt.Errorf("random header: %w", err)
	}
	head[zipHeader-1] = check
	_, err := c.Write(head[:])
	return c, err
}

func (c *zipCipher) update(plain byte) {
	c.keys[0] = crcByte(c.keys[0], plain)
	c.keys[1] = (c.keys[1]+c.keys[0]&0xff)*134775813 + 1
	c.keys[2] = crcByte(c.keys[2], byte(c.keys[1]>>24))
}

func crcByte(crc uint32, b byte) uint32 { return crc32.IEEETable[byte(crc)^b] ^ crc>>8 }

// mask is the next byte of the key stream.
func (c *zipCipher) mask() byte {
	t := c.keys[2]&0xffff | 2
	return byte(t * (t ^ 1) >> 8)
}

// Write encrypts p without changing it.
func (c *zipCipher) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		k := min(len(p), len(c.buf))
		for i, b := range p[:k] {
			c.buf[i] = b ^ c.mask()
			c.update(b)
		}
		m, err := c.w.Write(c.buf[:k])
		n, c.written = n+m, c.written+int64(m)
		if err != nil {
			return n, err
		}
		p = p[k:]
	}
	return n, nil
}
