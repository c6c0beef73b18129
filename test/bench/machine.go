package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/mewshq/mews/test/figures"
	"github.com/mewshq/mews/test/harness"
)

// measureMachine tells how fast one core does the work that nothing can avoid,
// as bytes per CPU second: what the figures are to be held against.
func measureMachine(c *corpus) (figures.Rows, error) {
	sample, err := sampleOf(c, 64<<20)
	if err != nil {
		return nil, err
	}
	var rows figures.Rows
	rate := func(key, name string, bytes int, work func()) {
		work() // warm
		began, n := harness.SelfCPU(), 0
		for harness.SelfCPU()-began < 300*time.Millisecond {
			work()
			n++
		}
		cpu := harness.SelfCPU() - began
		rows.Add(key, name, "MB per CPU second", float64(n)*float64(bytes)/figures.MB/cpu.Seconds())
	}
	other := bytes.Clone(sample)
	rate("memcpy", "copy memory", len(sample), func() { copy(other, sample) })
	large := make([]uint64, 8<<20)
	acc := make([]uint64, len(large))
	rate("and_memory", "AND rows that lie in memory (64 MiB)", 8*len(large), func() { andRows(acc, large) })
	rate("and_cache", "AND rows that lie in the cache (16 KiB)", 16<<10, func() { andRows(acc[:2048], large[:2048]) })
	rate("contains", "look for an absent string of 8 bytes", len(sample), func() { bytes.Contains(sample, []byte("\x01\xfeQzJ\x9d\xc3\x07")) })
	rate("sha256", "SHA-256", len(sample), func() { sha256.Sum256(sample) })
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, errors.Join(err, enc.Close())
	}
	defer dec.Close()
	var failed error
	for _, codec := range []struct {
		key, name string
		pack      func([]byte) []byte
		unpack    func(dst, packed []byte) ([]byte, error)
	}{
		{"s2", "S2", func(b []byte) []byte { return s2.Encode(nil, b) }, s2.Decode},
		{"zstd", "zstd", func(b []byte) []byte { return enc.EncodeAll(b, nil) }, func(dst, b []byte) ([]byte, error) { return dec.DecodeAll(b, dst[:0]) }},
	} {
		rate("pack_"+codec.key, "compress frames of 84 KB, "+codec.name, len(sample), func() {
			for frame := range slices.Chunk(sample, frameBytes) {
				codec.pack(frame)
			}
		})
		var sealed [][]byte // nonce and ciphertext
		for frame := range slices.Chunk(sample, frameBytes) {
			nonce := make([]byte, box.NonceSize())
			sealed = append(sealed, box.Seal(nonce, nonce, codec.pack(frame), nil))
		}
		clear, room := make([]byte, 0, 2*frameBytes), make([]byte, 2*frameBytes)
		rate("open_"+codec.key, "open and inflate frames of 84 KB (AES-GCM, "+codec.name+")", len(sample), func() {
			for _, f := range sealed {
				packed, err := box.Open(clear[:0], f[:box.NonceSize()], f[box.NonceSize():], nil)
				if err == nil {
					_, err = codec.unpack(room, packed)
				}
				failed = errors.Join(failed, err)
			}
		})
	}
	return rows, errors.Join(failed, enc.Close())
}

// frameBytes is about what a frame of a stored sample holds.
const frameBytes = 84_000

func andRows(dst, src []uint64) {
	for i, w := range src[:len(dst)] {
		dst[i] &= w
	}
}

// sampleOf reads files from all over the corpus, up to n bytes.
func sampleOf(c *corpus, n int) ([]byte, error) {
	var out []byte
	step := max(1, int(int64(len(c.files))*int64(n)/max(c.bytes, 1)))
	step = max(1, len(c.files)/max(step, 1))
	for no := 0; no < len(c.files) && len(out) < n; no += step {
		data, err := os.ReadFile(c.files[no])
		if err != nil {
			return nil, err
		}
		out = append(out, data...)
	}
	return out[:min(n, len(out))], nil
}
