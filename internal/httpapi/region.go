package httpapi

import (
	"fmt"
	"regexp"
	"strings"
)

// DefaultRegion is the X-Cs-Region word of a self-hosted server.
const DefaultRegion = "local"

var (
	vendorRegion = regexp.MustCompile(`^(AUTO|[A-Z]+[0-9]+)$`)
	regionWord   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$`)
	regionNoise  = strings.NewReplacer("-", "", "_", "", ".", "", " ", "")
)

// ValidateRegion refuses a region word that a client could take for one of the
// vendor's clouds: FalconPy would then leave this server and send its token
// there.
func ValidateRegion(word string) error {
	if !regionWord.MatchString(word) {
		return fmt.Errorf("region %q: expected 1 to 64 letters, digits, dots, dashes or underscores", word)
	}
	if vendorRegion.MatchString(regionNoise.Replace(strings.ToUpper(word))) {
		return fmt.Errorf("region %q looks like a vendor's cloud region; clients would send their tokens there", word)
	}
	return nil
}
