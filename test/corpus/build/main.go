// Command build collects a corpus of real, benign files for measurements: what
// is installed below /usr, and packages of the Debian distribution, unpacked.
// It makes two sets below the output folder: heavy, a heavy tail in which a few
// large files hold most of the bytes, and small, of files up to 5 MB. Every file is
// in a set once; heavy.csv and small.csv say what each is and where from. The same
// seed on the same files makes the same sets.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

// options are the command line.
type options struct {
	out      string
	bytes    int64
	seed     uint64
	packages int
	download int64
	unpacked string
	usr      string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.out, "out", "", "folder to make the corpus in (required)")
	flag.Int64Var(&o.bytes, "bytes", 1<<30, "bytes of each set")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the choice")
	flag.IntVar(&o.packages, "packages", len(packages), "most packages to download; 0 takes installed files only")
	flag.Int64Var(&o.download, "download", 1<<30, "most bytes to download")
	flag.StringVar(&o.unpacked, "unpacked", "", "folder that keeps downloaded packages for other runs (default: packages in the output folder)")
	flag.StringVar(&o.usr, "usr", "/usr", "folder of installed files")
	flag.Parse()
	if err := run(ctx, o, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

// run builds both sets. progress gets lines for a human.
func run(ctx context.Context, o options, progress io.Writer) error {
	if o.out == "" || o.bytes <= 0 {
		return errors.New("-out and a positive -bytes are needed")
	}
	roots := []root{{path: o.usr, origin: "installed"}}
	if o.unpacked == "" {
		o.unpacked = filepath.Join(o.out, "packages")
	}
	fetched, err := fetch(ctx, o.unpacked, o.packages, o.download, progress)
	if err != nil {
		return err
	}
	files, err := collect(ctx, append(fetched, roots...))
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "%d files found\n", len(files))
	for _, set := range []set{heavy, small} {
		m, err := build(ctx, o, set, files)
		if err != nil {
			return fmt.Errorf("set %s: %w", set.name, err)
		}
		fmt.Fprintf(progress, "set %s: %d files, %d bytes\n", set.name, len(m), total(m))
	}
	return nil
}
