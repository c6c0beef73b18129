package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// A versionRow says what this program is.
type versionRow struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func newVersionCommand(g *globals) *cobra.Command {
	return rowsOf[versionRow](&cobra.Command{
		Use: "version", Short: "Show the version of this program", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			row := versionRow{version(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
			if !g.output.forPeople() {
				return g.write(viewOf(&mews.Envelope[versionRow]{Resources: []versionRow{row}}, "version", "go", "os", "arch"))
			}
			_, err := fmt.Fprintf(g.Out, "mews %s %s %s/%s\n", row.Version, row.Go, row.OS, row.Arch)
			return err
		},
	})
}

// version is what the build recorded: a release's tag, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
