package httpapi

import "testing"

func TestValidateRegion(t *testing.T) {
	for _, bad := range []string{"us-1", "us1", "US-2", "eu_1", "Us.Gov-1", "usgov2", "auto", "AUTO", "mars 9", "", "a\nb", "\u212A1"} {
		if ValidateRegion(bad) == nil {
			t.Errorf("ValidateRegion(%q) accepts a vendor's or malformed region", bad)
		}
	}
	for _, good := range []string{"local", "self-hosted", "lab.example", "1a"} {
		if err := ValidateRegion(good); err != nil {
			t.Errorf("ValidateRegion(%q): %v", good, err)
		}
	}
}
