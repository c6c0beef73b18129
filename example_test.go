package mews_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/mewshq/mews"
)

// Store a file, then find it by its bytes.
func Example() {
	ca, err := os.ReadFile(os.Getenv("MEWS_CA"))
	if err != nil {
		log.Fatal(err)
	}
	client, err := mews.NewClientFromEnv(mews.WithCA(ca)) // FALCON_BASE_URL, FALCON_CLIENT_ID, FALCON_CLIENT_SECRET
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()

	file, err := os.Open("sample.exe")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	if _, err := client.Samples().Upload(ctx, file, mews.UploadOptions{FileName: "sample.exe", Label: mews.LabelMalware}); err != nil {
		log.Fatal(err)
	}

	search, err := client.MalQuery().ExactSearch(ctx, mews.SearchRequest{
		Patterns: []mews.Pattern{{Type: "ascii", Value: "This program cannot be run"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	found, err := client.MalQuery().Wait(ctx, search.ReqID, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range found.Resources {
		fmt.Println(r.SHA256, r.FileType, r.Label)
	}
}
