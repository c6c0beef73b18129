package mews

import (
	"errors"
	"net/http"
)

// ErrInternal is a fault of the server; its cause stands in the server's log
// under the trace id.
var ErrInternal = errors.New("internal error") // 500

// kinds pairs each sentinel with its HTTP status, for both directions.
var kinds = []struct {
	status int
	kind   error
}{
	{http.StatusBadRequest, ErrInvalid},
	{http.StatusUnauthorized, ErrUnauthorized},
	{http.StatusForbidden, ErrForbidden},
	{http.StatusNotFound, ErrNotFound},
	{http.StatusConflict, ErrConflict},
	{http.StatusRequestEntityTooLarge, ErrTooLarge},
	{http.StatusTooManyRequests, ErrLimited},
	{http.StatusInternalServerError, ErrInternal},
	{http.StatusServiceUnavailable, ErrUnavailable},
}

// StatusOf gives the HTTP status of an error: 200 for nil, 500 for an error of
// no known kind.
func StatusOf(err error) int {
	if err == nil {
		return http.StatusOK
	}
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			return k.status
		}
	}
	return http.StatusInternalServerError
}

// KindOf gives the sentinel of an HTTP status, nil below 400. A status outside
// the table falls to the nearest kind: 414 and 431 to ErrTooLarge, any other
// 4xx to ErrInvalid, 502 and 504 to ErrUnavailable, any other 5xx to ErrInternal.
func KindOf(status int) error {
	for _, k := range kinds {
		if k.status == status {
			return k.kind
		}
	}
	switch {
	case status < 400:
		return nil
	case status == http.StatusRequestURITooLong, status == http.StatusRequestHeaderFieldsTooLarge:
		return ErrTooLarge
	case status < 500:
		return ErrInvalid
	case status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		return ErrUnavailable
	}
	return ErrInternal
}
