package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// completion makes the command that prints completions before cobra would, so that
// the reference knows it, and by the names that people type.
func completion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Short = "Print the script that completes commands in a shell"
		for _, shell := range c.Commands() {
			if shell.Name() == "powershell" {
				shell.Aliases = []string{"pwsh"}
			}
		}
	}
}

// completeFields completes --fields, a list parted by commas: each field once.
func completeFields(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before, last := "", typed
	if i := strings.LastIndexByte(typed, ','); i >= 0 {
		before, last = typed[:i+1], typed[i+1:]
	}
	taken := strings.Split(before, ",")
	var list []string
	for _, f := range rowFields(c) {
		if strings.HasPrefix(f, last) && !slices.Contains(taken, f) {
			list = append(list, before+f)
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
