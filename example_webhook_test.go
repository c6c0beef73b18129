package mews_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// A receiver of the webhook checks the signature over the bytes as they came,
// and answers 2xx to what it has taken in.
func ExampleVerifyWebhook() {
	secret := []byte("what the server reads from webhook.secret_file")
	receive := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		if err := mews.VerifyWebhook(secret, r.Header.Get(mews.WebhookHeader), body, time.Now(), 5*time.Minute); err != nil {
			http.Error(w, "refused", http.StatusUnauthorized)
			return
		}
		var event mews.DetectionEvent
		if err := json.Unmarshal(body, &event); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		for _, d := range event.Detections { // one may come twice: its ID and LastSeen tell
			fmt.Println(d.Hostname, "met", d.Value)
		}
	}

	// What the server would send.
	body := `{"event":"detections","detections":[{"hostname":"WS-7","value":"login.example.com"}]}`
	call := httptest.NewRequest(http.MethodPost, "/mews", strings.NewReader(body))
	call.Header.Set(mews.WebhookHeader, mews.WebhookSignature(secret, []byte(body), time.Now()))
	receive(httptest.NewRecorder(), call)
	call = httptest.NewRequest(http.MethodPost, "/mews", strings.NewReader(body))
	answer := httptest.NewRecorder()
	receive(answer, call)
	fmt.Println(answer.Code)
	// Output:
	// WS-7 met login.example.com
	// 401
}
