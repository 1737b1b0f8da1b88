package cmdutil

import (
	"github.com/spf13/cobra"
)

// CompleteExercise completes the name of an exercise as the first argument;
// a second one is a folder where folders says so.
func CompleteExercise(f *Factory, folders bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			if folders && len(args) == 1 {
				return nil, cobra.ShellCompDirectiveFilterDirs
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		course := f.Course()
		names, err := course.Names()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var found []cobra.Completion
		for _, name := range names {
			title := ""
			if ex, err := course.Exercise(name); err == nil {
				title = ex.Title(f.Tr.Lang())
			}
			found = append(found, cobra.CompletionWithDesc(name, title))
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// CompleteCheck completes the name of a check as the only argument.
func CompleteCheck(f *Factory) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var found []cobra.Completion
		for _, c := range f.Checks() {
			title := ""
			if doc, err := c.Doc(f.Tr.Lang()); err == nil {
				title = doc.Title
			}
			found = append(found, cobra.CompletionWithDesc(c.Name, title))
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// Folders completes folders.
func Folders(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}
