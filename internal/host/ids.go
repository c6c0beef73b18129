package host

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// aidDigits is the length of a host's id.
const aidDigits = 32

// ID is the id of a host: its own, or one that is derived from its name. False:
// it has neither.
func (s *Service) ID(cid store.CID, h telemetry.Host) (aid string, ok bool) {
	if aid, ok = ParseID(h.AID); ok {
		return aid, true
	}
	if h.AID != "" || h.Hostname == "" {
		return "", false
	}
	return s.derive(cid, h.Hostname), true
}

// derive makes the id of a host that tells only its name. It is keyed, so that
// ids of one customer tell nothing about another's hosts.
func (s *Service) derive(cid store.CID, hostname string) string {
	mac := hmac.New(sha256.New, s.idKey[:])
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(cid))))
	mac.Write([]byte(cid))
	mac.Write([]byte(strings.ToLower(hostname)))
	return hex.EncodeToString(mac.Sum(nil)[:aidDigits/2])
}

// ParseID gives an id in the form in which it is stored.
func ParseID(id string) (aid string, ok bool) {
	id = strings.ToLower(strings.TrimSpace(id))
	return id, IsID(id)
}

// IsID tells whether an id has that form: 32 lower-case hex digits.
func IsID(aid string) bool {
	if len(aid) != aidDigits {
		return false
	}
	for i := range len(aid) {
		if c := aid[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
