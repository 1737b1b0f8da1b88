package app

import (
	"github.com/spf13/cobra"

	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/command/check"
	"example.com/tutor/cmd/internal/command/clean"
	"example.com/tutor/cmd/internal/command/completion"
	"example.com/tutor/cmd/internal/command/course"
	"example.com/tutor/cmd/internal/command/demo"
	"example.com/tutor/cmd/internal/command/doctor"
	"example.com/tutor/cmd/internal/command/explain"
	"example.com/tutor/cmd/internal/command/start"
	"example.com/tutor/cmd/internal/command/version"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/trouble"
)

// The groups of commands in the help.
const (
	groupLearn   = "learn"
	groupAuthor  = "author"
	groupMachine = "machine"
)

// newCmdRoot returns the command that has all others.
func newCmdRoot(f *cmdutil.Factory) *cobra.Command {
	cobra.EnableCommandSorting = false // the help has them in the order in which a learner meets them
	cobra.MousetrapHelpText = ""       // started from a window, tutor shows its help like anywhere
	t := f.Tr.T
	root := &cobra.Command{
		Use:           "tutor",
		Short:         t("root.short"),
		Long:          t("root.long"),
		Example:       "$ tutor demo\n$ tutor start exercise-3\n$ tutor check",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		// With RunE an unknown command comes here and not to cobra, which
		// would speak of it in English.
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(f, cmd, args[0])
		},
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(f.IO.In)
	root.SetOut(f.IO.Out)
	root.SetErr(f.IO.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return cmdutil.FlagError(f, cmd, err) })
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help(f, cmd) })
	root.SetUsageFunc(func(cmd *cobra.Command) error { help(f, cmd); return nil })
	// The value was read before any command existed; here the flag is for the
	// parser and the help.
	root.PersistentFlags().String("lang", "", t("flag.lang"))
	_ = root.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(i18n.Languages(), cobra.ShellCompDirectiveNoFileComp))
	root.PersistentFlags().BoolP("help", "h", false, t("flag.help"))

	root.AddGroup(
		&cobra.Group{ID: groupLearn, Title: t("help.group.learn")},
		&cobra.Group{ID: groupAuthor, Title: t("help.group.author")},
		&cobra.Group{ID: groupMachine, Title: t("help.group.machine")},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupLearn,
		demo.NewCmdDemo(f, nil), start.NewCmdStart(f, nil), check.NewCmdCheck(f, nil), explain.NewCmdExplain(f, nil))
	add(groupAuthor, course.NewCmdCourse(f))
	add(groupMachine,
		doctor.NewCmdDoctor(f, nil), clean.NewCmdClean(f, nil), completion.NewCmdCompletion(f, nil), version.NewCmdVersion(f, nil))
	root.SetHelpCommand(helpCommand(f, root))
	root.SetHelpCommandGroupID(groupMachine)
	return root
}

// helpCommand is "tutor help check": the same as "tutor check --help".
func helpCommand(f *cmdutil.Factory, root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help " + f.Tr.T("help.args"),
		Short: f.Tr.T("help.short"),
		Long:  f.Tr.T("help.long"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (found []cobra.Completion, _ cobra.ShellCompDirective) {
			if len(args) == 0 {
				for _, c := range root.Commands() {
					found = append(found, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return found, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(f, root, args[0])
			}
			return cmd.Help()
		},
	}
}

func unknownCommand(f *cmdutil.Factory, root *cobra.Command, name string) error {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	e := &trouble.UsageError{Message: f.Tr.T("usage.unknown-command", i18n.Vars{"Name": name}), Next: f.Tr.T("usage.all-commands")}
	if nearest := trouble.Nearest(name, names); nearest != "" {
		e.Next = f.Tr.T("usage.nearest-command", i18n.Vars{"Nearest": nearest})
	}
	return e
}
