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
		seals, info, err := k.openContainer(bytes.NewReader(b[from:end]), int64(end-from))
		if err != nil {
			continue
		}
		e := packed{at: uint32(from), length: uint32(end - from)}
		_, _ = hex.Decode(e.id[:], []byte(k.fileID(Name{CID: seals.cid, SHA256: info.sha256})))
		found = append(found, e)
	}
}

// openContainer opens header and trailer of a container of size bytes. A destroyed
// key is ErrNotFound.
func (k *Keyring) openContainer(r io.ReaderAt, size int64) (*sealer, *trailer, error) {
	head := make([]byte, min(size, wrapAt+wrapSize+maxCID))
	if err := readFull(r, head, 0); err != nil {
		return nil, nil, err
	}
	seals, start, err := k.unwrap(head)
	if err != nil {
		return nil, nil, err
	}
	info, err := seals.readTrailer(r, int64(start), size)
	return seals, info, err
}
