package blob

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync"
)

// A Keyring derives every key that mews needs from the one in the key file. Each
// purpose has its own, so nothing sealed for one can be opened, or swapped in,
// for another.
type Keyring struct {
	root [32]byte
	id   [8]byte
	wrap cipher.AEAD
	macs sync.Pool // of HMACs keyed for names
}

// NewKeyring makes a keyring of 256 random bits.
func NewKeyring(key [32]byte) *Keyring {
	k := &Keyring{root: key}
	id := k.Secret("key id")
	copy(k.id[:], id[:])
	k.wrap = k.Box("blob keys")
	names := k.Secret("blob names")
	k.macs.New = func() any { return hmac.New(sha256.New, names[:]) }
	return k
}

// Box seals small things at rest: AES-256-GCM under a key of its own. It makes
// its nonces itself: pass nil as the nonce to Seal and to Open.
func (k *Keyring) Box(purpose string) cipher.AEAD {
	key := k.derive("box", purpose)
	block, err := aes.NewCipher(key[:])
	if err == nil {
		var box cipher.AEAD
		if box, err = cipher.NewGCMWithRandomNonce(block); err == nil {
			return box
		}
	}
	panic("blob: " + err.Error()) // only a wrong key length, which is constant
}

// Secret derives 256 bits for use outside this package, such as the key of an
// HMAC. Equal purposes give equal secrets.
func (k *Keyring) Secret(purpose string) [32]byte { return k.derive("secret", purpose) }

// ID tells two keys apart without telling anything about either.
func (k *Keyring) ID() string { return hex.EncodeToString(k.id[:]) }

func (k *Keyring) derive(kind, purpose string) (key [32]byte) {
	out, err := hkdf.Key(sha256.New, k.root[:], nil, "mews "+kind+" v1: "+purpose, len(key))
	if err != nil {
		panic("blob: " + err.Error()) // only a length over 8 KiB, which is constant
	}
	copy(key[:], out)
	return key
}

// fileID names a blob on disk. It is keyed, so a thief of the disk cannot ask
// whether a sample he knows is there, and says nothing of the file's own name.
func (k *Keyring) fileID(n Name) string {
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	b := make([]byte, 0, 128)
	b = binary.BigEndian.AppendUint32(b, uint32(len(n.CID)))
	b = append(append(b, n.CID...), n.SHA256[:]...)
	mac.Write(b)
	return hex.EncodeToString(mac.Sum(b[:0]))
}
