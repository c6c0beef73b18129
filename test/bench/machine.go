package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/mewshq/mews/test/harness"
)

// measureMachine tells how fast one core does the work that nothing can avoid,
// as bytes per CPU second: what the figures are to be held against.
func measureMachine(c *corpus) ([]row, error) {
	sample, err := sampleOf(c, 64<<20)
	if err != nil {
		return nil, err
	}
	var rows []row
	rate := func(key, name string, bytes int, work func()) {
		work() // warm
		began, n := harness.SelfCPU(), 0
		for harness.SelfCPU()-began < 300*time.Millisecond {
			work()
			n++
		}
		cpu := harness.SelfCPU() - began
		rows = append(rows, row{Key: key, Name: name, Unit: "MB per CPU second", Value: float64(n) * float64(bytes) / mb / cpu.Seconds()})
	}
	other := bytes.Clone(sample)
	rate("memcpy", "copy memory", len(sample), func() { copy(other, sample) })
	large := make([]uint64, 8<<20)
	acc := make([]uint64, len(large))
	rate("and_memory", "AND rows that lie in memory (64 MiB)", 8*len(large), func() { andRows(acc, large) })
	rate("and_cache", "AND rows that lie in the cache (16 KiB)", 16<<10, func() { andRows(acc[:2048], large[:2048]) })
	rate("contains", "look for an absent string of 8 bytes", len(sample), func() { bytes.Contains(sample, []byte("\x01\xfeQzJ\x9d\xc3\x07")) })
	rate("sha256", "SHA-256", len(sample), func() { sha256.Sum256(sample) })
	frames, err := compress(sample)
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	var room []byte
	var failed error
	rate("inflate", "open and inflate frames of 84 KB (AES-GCM, zstd)", len(sample), func() {
		for _, f := range frames.sealed {
			packed, err := frames.box.Open(nil, f[:12], f[12:], nil)
			if err == nil {
				room, err = dec.DecodeAll(packed, room[:0])
			}
			failed = errors.Join(failed, err)
		}
	})
	return rows, failed
}

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

type sealedFrames struct {
	box    cipher.AEAD
	sealed [][]byte // nonce and ciphertext
}

func compress(data []byte) (f sealedFrames, err error) {
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		return f, err
	}
	if f.box, err = cipher.NewGCM(block); err != nil {
		return f, err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return f, err
	}
	const frame = 84_000
	nonce := make([]byte, 12)
	for len(data) > 0 {
		n := min(frame, len(data))
		f.sealed = append(f.sealed, f.box.Seal(bytes.Clone(nonce), nonce, enc.EncodeAll(data[:n], nil), nil))
		data = data[n:]
	}
	return f, enc.Close()
}
