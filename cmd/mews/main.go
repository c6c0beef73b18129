// Command mews is the server and the command line of mews.
package main

import (
	"context"
	"os"

	"github.com/mewshq/mews/internal/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args, cli.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
