package mews_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// Any operation can be carried out by its name, with its parameters by theirs.
func ExampleClient_Command() {
	client, stop := local()
	defer stop()
	ctx := context.Background()

	made, err := client.Command(ctx, "indicator_create_v1", mews.Params{Body: map[string]any{
		"indicators": []map[string]any{{
			"type": "domain", "value": "bad.example", "action": "detect", "severity": "high",
			"platforms": []string{"linux"}, "applied_globally": true,
		}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(made.StatusCode)

	found, err := client.Command(ctx, "IOC.indicator_combined", mews.Params{Values: map[string]any{
		"filter": "type:'domain'", "limit": 10,
	}})
	if err != nil {
		log.Fatal(err)
	}
	var list []mews.Indicator
	if err := found.Decode(&list); err != nil {
		log.Fatal(err)
	}
	fmt.Println(list[0].Value, list[0].Action, "of", found.Meta.Pagination.Total)
	// Output:
	// 201
	// bad.example detect of 1
}

// All goes through the pages of any operation, in whichever way it pages.
func ExampleClient_All() {
	client, stop := local()
	defer stop()
	ctx := context.Background()
	for i := range 5 {
		report := mews.QuarantineReport{
			Hostname: fmt.Sprintf("web-%d", i), SHA256: fmt.Sprintf("%064d", i),
			Paths: []mews.QuarantinePath{{Path: "/tmp/x"}},
		}
		if _, err := client.Quarantine().Report(ctx, report, nil); err != nil {
			log.Fatal(err)
		}
	}
	n := 0
	for id, err := range client.All(ctx, "QueryDevicesByFilterScroll", mews.Params{Values: map[string]any{"limit": 2}}) {
		if err != nil {
			log.Fatal(err)
		}
		n += len(id) / 32
	}
	fmt.Println(n, "hosts")
	// Output: 5 hosts
}

// A path is called as it is; the reply is whole, and taken apart if it is an
// envelope.
func ExampleClient_Do() {
	client, stop := local()
	defer stop()
	reply, err := client.Do(context.Background(), "GET", "/iocs/queries/platforms/v1?limit=2", mews.Params{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.StatusCode, reply.Header.Get("Content-Type"), string(reply.Resources[0]))
	// Output: 200 application/json "windows"
}

// A download is read as it comes. When its connection is cut it goes on.
func ExampleClient_CommandStream() {
	client, stop := local()
	defer stop()
	ctx := context.Background()
	sample, err := client.Samples().Upload(ctx, strings.NewReader("not malware at all"), mews.UploadOptions{FileName: "a.bin"})
	if err != nil {
		log.Fatal(err)
	}
	download, err := client.CommandStream(ctx, "GetSampleV3", mews.Params{Values: map[string]any{
		"ids": sample.SHA256, "password_protected": true,
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer download.Close()
	var archive bytes.Buffer
	if _, err := io.Copy(&archive, download); err != nil {
		log.Fatal(err)
	}
	fmt.Println(download.Header.Get("Content-Type"), strings.HasPrefix(archive.String(), "PK"))
	// Output: application/zip true
}

// Every call, typed ones too, can leave its reply: status, headers and body.
func ExampleWithResponse() {
	client, stop := local()
	defer stop()
	var reply mews.ResponseInfo
	ctx := mews.WithResponse(context.Background(), &reply)
	if _, err := client.MalQuery().Quotas(ctx); err != nil {
		log.Fatal(err)
	}
	limit, _, _ := reply.RateLimit()
	fmt.Println(reply.StatusCode, limit > 0, reply.TraceID() != "", bytes.HasPrefix(reply.Body, []byte(`{"meta":`)))
	// Output: 200 true true true
}

// Failures are of a few kinds, and carry what the server said.
func ExampleError() {
	client, stop := local()
	defer stop()
	_, err := client.Hosts().Get(context.Background(), strings.Repeat("0", 32))
	var e *mews.Error
	switch {
	case errors.Is(err, mews.ErrNotFound) && errors.As(err, &e):
		fmt.Println(e.Code, e.ID, e.TraceID != "")
	case errors.Is(err, mews.ErrLimited) && errors.As(err, &e):
		fmt.Println("again at", e.RetryAt.Format(time.TimeOnly))
	default:
		log.Fatal(err)
	}
	// Output: 404 00000000000000000000000000000000 true
}

// What a name means can be asked without a server.
func ExampleLookupOperation() {
	op, err := mews.LookupOperation("SpotlightVulnerabilities.QueryVulnerabilities")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(op.ID, op.PEP8, op.Method, op.Path, op.Scopes, op.Paging)
	_, err = mews.LookupOperation("QueryVulnerabilities") // the vendor has another one of these letters
	fmt.Println(err)
	// Output:
	// queryVulnerabilities query_vulnerabilities GET /spotlight/queries/vulnerabilities/v1 [spotlight-vulnerabilities:read] after
	// no operation is called "QueryVulnerabilities"; do you mean SpotlightVulnerabilities.queryVulnerabilities, SpotlightVulnerabilities.combinedQueryVulnerabilities or SpotlightVulnerabilities.getVulnerabilities?
}

// A client of the vendor's cloud: by the name of the region, through a proxy,
// on behalf of a member customer.
func ExampleNewClient() {
	client, err := mews.NewClient("us-2",
		mews.WithCredentials(os.Getenv("FALCON_CLIENT_ID"), os.Getenv("FALCON_CLIENT_SECRET")),
		mews.WithMemberCID("0123456789abcdef0123456789abcdef"),
		mews.WithProxy("http://proxy.example:3128"),
		mews.WithUserAgent("my-integration/1.0"),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close() // revokes the token
	for host, err := range client.Hosts().All(context.Background(), mews.RecordQuery{Filter: "platform_name:'Linux'"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(host)
	}
}

// Clients may share one token. Its owner renews it and revokes it.
func ExampleWithTokenSource() {
	owner, stop := local()
	defer stop()
	second, err := mews.NewClient(owner.BaseURL(), mews.WithTokenSource(owner.TokenSource()))
	if err != nil {
		log.Fatal(err)
	}
	a, errA := owner.TokenSource().Token(context.Background())
	b, errB := second.TokenSource().Token(context.Background())
	fmt.Println(a == b, errA, errB)
	// Output: true <nil> <nil>
}
