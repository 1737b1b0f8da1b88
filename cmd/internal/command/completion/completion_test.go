package completion

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"example.com/tutor/cmd/internal/fake"
	"example.com/tutor/cmd/internal/iostreams"
)

func TestNewCmdCompletion(t *testing.T) {
	for _, tc := range []struct{ args, shell, err string }{
		{"bash", "bash", ""},
		{"", "", "For which shell? There are bash, zsh, fish and powershell. / How to use the command: `completion --help`"},
		{"bsh", "", "There is no shell `bsh`. / Did you mean `bash`? There are: bash, zsh, fish, powershell."},
		{"bash zsh", "", "One argument too many: `zsh`. / How to use the command: `completion --help`"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			io, _, _ := iostreams.Test()
			f := fake.Factory(io, "en")
			var got CompletionOptions
			if err := fake.Execute(f, NewCmdCompletion(f, func(o *CompletionOptions) error { got = *o; return nil }), tc.args); err != tc.err {
				t.Fatalf("error is %q, want %q", err, tc.err)
			}
			if got.Shell != tc.shell {
				t.Errorf("shell is %q", got.Shell)
			}
		})
	}
}

func TestCompletionRun(t *testing.T) {
	for _, shell := range shells {
		var b strings.Builder
		if err := completionRun(&cobra.Command{Use: "tutor"}, &CompletionOptions{Out: &b, Shell: shell}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "tutor") || !strings.Contains(b.String(), cobra.ShellCompRequestCmd) {
			t.Errorf("%s: the script does not ask tutor", shell)
		}
	}
}
