// Package course has the commands for authors of a course.
package course

import (
	"github.com/spf13/cobra"

	"example.com/tutor/cmd/internal/cmdutil"
)

// NewCmdCourse returns the command that has those for authors.
func NewCmdCourse(f *cmdutil.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "course",
		Short:   f.Tr.T("course.short"),
		Long:    f.Tr.T("course.long"),
		Example: "$ tutor course test",
		Args:    cmdutil.Args(f, 0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(NewCmdTest(f, nil))
	return cmd
}
