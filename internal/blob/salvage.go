package blob

import (
	"bytes"
	"encoding/hex"
	"io"
)

// salvage finds the containers of a pack whose directory is damaged, by the magics
// that each begins and ends with: sealed bytes look like neither. What opens
// under its seals says itself which blob it is; a container whose key was
// destroyed, or that is damaged, is passed over without its neighbours. Each
// byte is looked at for one container only, so foreign bytes cost little time.
func (k *Keyring) salvage(r io.ReaderAt, size int64) (found []packed, err error) {
	b := make([]byte, min(size, maxPackLen+maxDirectory)) // no pack is longer
	if err := readFull(r, b, 0); err != nil {
		return nil, err
	}
	var in opened
	for end := 0; ; {
		n := bytes.Index(b[end:], []byte(footMagic))
		if n < 0 {
			return found, nil
		}
		from := end
		end += n + len(footMagic)
		// The last: before it may be one that lost its end.
		at := bytes.LastIndex(b[from:end], []byte(headMagic))
		if at < 0 {
			continue
		}
		from += at
		if err := in.load(k, bytes.NewReader(b[from:end]), int64(end-from)); err != nil {
			continue
		}
		e := packed{at: uint32(from), length: uint32(end - from)}
		_, _ = hex.Decode(e.id[:], []byte(k.fileID(in.name())))
		found = append(found, e)
	}
}
