// Package completion is the command that writes completion scripts.
package completion

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/trouble"
)

// shells are the shells that cobra has scripts for.
var shells = []string{"bash", "zsh", "fish", "powershell"}

// CompletionOptions are what the command depends on and its arguments.
type CompletionOptions struct {
	Out io.Writer

	Shell string
}

// NewCmdCompletion returns the command.
func NewCmdCompletion(f *cmdutil.Factory, runF func(*CompletionOptions) error) *cobra.Command {
	opts := &CompletionOptions{Out: f.IO.Out}
	t := f.Tr.T
	return &cobra.Command{
		Use:   "completion " + t("completion.args"),
		Short: t("completion.short"),
		Long:  t("completion.long"),
		Example: strings.Join([]string{
			`$ source <(tutor completion bash)`,
			`$ tutor completion zsh > "${fpath[1]}/_tutor"`,
			`$ tutor completion fish > ~/.config/fish/completions/tutor.fish`,
		}, "\n"),
		Args:      cmdutil.Args(f, 1, 1, "completion.which"),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Shell = args[0]
			if !slices.Contains(shells, opts.Shell) {
				return &trouble.UsageError{
					Message: t("completion.unknown", i18n.Vars{"Shell": opts.Shell}),
					Next:    f.Trouble.OneOf(opts.Shell, shells),
				}
			}
			if runF != nil {
				return runF(opts)
			}
			return completionRun(cmd.Root(), opts)
		},
	}
}

func completionRun(root *cobra.Command, o *CompletionOptions) error {
	switch o.Shell {
	case "bash":
		return root.GenBashCompletionV2(o.Out, true)
	case "zsh":
		return root.GenZshCompletion(o.Out)
	case "fish":
		return root.GenFishCompletion(o.Out, true)
	}
	return root.GenPowerShellCompletionWithDesc(o.Out)
}
