package quarantine

import (
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/mewshq/mews/internal/host"
)

// shaDigits is the length of a hash, the second part of a record's id.
const shaDigits = 64

// recordID names the file of a host.
func recordID(aid, sha string) string { return aid + "_" + sha }

// parseRecordID gives the id in the form in which it is stored.
func parseRecordID(id string) (string, bool) {
	id = strings.ToLower(strings.TrimSpace(id))
	aid, sha, ok := strings.Cut(id, "_")
	return id, ok && host.IsID(aid) && isHash(sha)
}

// isHash tells whether s is a SHA-256 in lower-case hex digits.
func isHash(s string) bool {
	return len(s) == shaDigits && strings.Trim(s, "0123456789abcdef") == ""
}

// actionMark fills the second half of an action id's block. A block without it
// was not made here.
const actionMark = 0x6d657773_61637431 // "mewsact1"

// actionID hides the number of a host action, which would tell one customer how
// much happens at the others: it is one block of AES, unique as the number is.
func (s *Service) actionID(seq int64) string {
	var b [aes.BlockSize]byte
	binary.BigEndian.PutUint64(b[:], uint64(seq))
	binary.BigEndian.PutUint64(b[8:], actionMark)
	s.actionIDs.Encrypt(b[:], b[:])
	return hex.EncodeToString(b[:])
}

// parseActionID reads what actionID made.
func (s *Service) parseActionID(id string) (seq int64, ok bool) {
	b, err := hex.DecodeString(strings.TrimSpace(id))
	if err != nil || len(b) != aes.BlockSize {
		return 0, false
	}
	s.actionIDs.Decrypt(b, b)
	seq = int64(binary.BigEndian.Uint64(b))
	return seq, binary.BigEndian.Uint64(b[8:]) == actionMark && seq > 0
}
