package mews_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/server"
)

// A host reports a file, an analyst releases it, and the host carries that out.
func ExampleQuarantineService() {
	client, stop := local()
	defer stop()
	ctx := context.Background()

	file := strings.NewReader("the bytes of the file")
	record, err := client.Quarantine().Report(ctx, mews.QuarantineReport{
		Hostname: "web-1", Username: "bob", Agent: true,
		Paths: []mews.QuarantinePath{{Path: "/home/bob/tool.bin"}},
	}, file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(record.State, record.Paths[0].Filename)

	done, err := client.Quarantine().UpdateByQuery(ctx, mews.QuarantineQueryUpdate{
		Action: mews.ActionRelease, Filter: "hostname:'web-*'+state:'quarantined'", Comment: "our own tool",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("released:", done.Meta.Writes.ResourcesAffected)

	actions, err := client.Agent().Actions(ctx, record.AID, 0)
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range actions {
		fmt.Println("the host is asked to", a.Action, a.Paths[0].Path)
		if _, err := client.Agent().Acknowledge(ctx, mews.ActionAck{ID: a.ID, Outcome: mews.ActionAcknowledged}); err != nil {
			log.Fatal(err)
		}
	}

	now, err := client.Quarantine().Get(ctx, record.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(now.Resources[0].State, now.Resources[0].Paths[0].State)
	// Output:
	// quarantined tool.bin
	// released: 1
	// the host is asked to release /home/bob/tool.bin
	// released released
}

// Walk every record that a filter selects, and count them by host.
func ExampleQuarantineService_All() {
	client, stop := local()
	defer stop()
	ctx := context.Background()

	var reports []mews.QuarantineReport
	for i := range 5 {
		reports = append(reports, mews.QuarantineReport{
			Hostname: fmt.Sprintf("web-%d", i%2), SHA256: fmt.Sprintf("%064x", i), DateCreated: fmt.Sprintf("2024-05-0%dT00:00:00Z", i+1),
		})
	}
	if _, err := client.Quarantine().Import(ctx, reports); err != nil {
		log.Fatal(err)
	}

	query := mews.RecordQuery{Filter: "date_created:>='2024-05-02'", Sort: "date_created|asc", Limit: 2}
	for id, err := range client.Quarantine().All(ctx, query) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(id[len(id)-4:])
	}
	results, err := client.Quarantine().Aggregate(ctx, mews.AggregateRequest{Type: mews.AggregateTerms, Field: "hostname"})
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range results[0].Buckets {
		fmt.Println(b.Label, b.Count)
	}
	// Output:
	// 0001
	// 0002
	// 0003
	// 0004
	// web-0 3
	// web-1 2
}

// A filter with a mistake is ErrInvalid, and says where it is.
func ExampleQuarantineService_Query() {
	client, stop := local()
	defer stop()
	_, err := client.Quarantine().Query(context.Background(), mews.RecordQuery{Filter: "hostname:'web-1'+"})
	fmt.Println(errors.Is(err, mews.ErrInvalid), strings.Contains(err.Error(), "FQL error at 18"))
	// Output: true true
}

// local starts a server of its own for an example.
func local() (client *mews.Client, stop func()) {
	dir, err := os.MkdirTemp("", "mews-example-")
	check(err)
	cfg, err := server.Load("", nil, map[string]any{
		"data": filepath.Join(dir, "data"), "listen": "127.0.0.1:0", "insecure_http": true,
	})
	check(err)
	s, err := server.Start(context.Background(), cfg, io.Discard)
	check(err)
	ready := s.Ready()
	client, err = mews.NewClient(ready.BaseURL, mews.WithCredentials(ready.ClientID, ready.ClientSecret))
	check(err)
	return client, func() {
		check(client.Close())
		check(s.Close(context.Background()))
		check(os.RemoveAll(dir))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
