package harness

import (
	"os"
	"time"

	"github.com/mewshq/mews"
)

// Client opens a Go client for this server. Extra options may replace the
// credentials.
func (s *Server) Client(opts ...mews.Option) (*mews.Client, error) {
	pem, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, err
	}
	base := []mews.Option{mews.WithCA(pem), mews.WithCredentials(s.ClientID, s.ClientSecret), mews.WithTimeout(2 * time.Minute)}
	return mews.NewClient(s.BaseURL, append(base, opts...)...)
}
