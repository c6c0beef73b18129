package httpapi

import (
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/search"
)

func (h *harness) services(testing.TB, *Deps, *blob.Store, *search.Engine) {}
