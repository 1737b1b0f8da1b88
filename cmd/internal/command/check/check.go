// Package check is the command that checks a learner's folder.
package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/live"
	"example.com/tutor/cmd/internal/report"
	"example.com/tutor/cmd/internal/trouble"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/submission"
	"example.com/tutor/exercises/workspace"
)

// CheckOptions are what the command depends on and its arguments.
type CheckOptions struct {
	IO      *iostreams.IOStreams
	Tr      *i18n.Translator
	Trouble *trouble.Describer
	Reports *report.Maker
	Course  func() *exercises.Course
	Engine  func(context.Context) (*engine.Engine, error)
	Info    func(context.Context, *engine.Engine) (engine.Info, error)
	Find    func(dir string) (*workspace.Workspace, error)
	Submit  func(context.Context, *exercises.Exercise, submission.Options) ([]checker.Result, error)

	Exercise  string
	Dir       string
	Only      []string
	Format    string
	BuildArgs map[string]string
	NoCache   bool
	Timeout   time.Duration
	Verbose   bool
}

// NewCmdCheck returns the command.
func NewCmdCheck(f *cmdutil.Factory, runF func(context.Context, *CheckOptions) error) *cobra.Command {
	opts := &CheckOptions{
		IO: f.IO, Tr: f.Tr, Trouble: f.Trouble, Reports: f.Reports(), Course: f.Course, Engine: f.Engine,
		Info: func(ctx context.Context, e *engine.Engine) (engine.Info, error) { return e.Info(ctx) },
		Find: workspace.Find, Submit: submission.Check,
	}
	t := f.Tr.T
	cmd := &cobra.Command{
		Use:   "check " + t("check.args"),
		Short: t("check.short"),
		Long:  t("check.long"),
		Example: strings.Join([]string{
			"$ tutor check",
			"$ tutor check exercise-3 --dir ~/exercise-3",
			"$ tutor check --only builds,size",
			"$ tutor check --format json",
		}, "\n"),
		Args:              cmdutil.Args(f, 0, 1, ""),
		ValidArgsFunction: cmdutil.CompleteExercise(f, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Exercise = args[0]
			}
			if opts.Timeout <= 0 {
				return &trouble.UsageError{
					Message: t("usage.flag-invalid", i18n.Vars{"Flag": "--timeout", "Value": opts.Timeout.String()}),
					Next:    t("usage.needs-duration", i18n.Vars{"Flag": "--timeout"}),
				}
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return checkRun(cmd.Context(), opts)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.Dir, "dir", "", t("check.flag.dir"))
	flags.StringSliceVar(&opts.Only, "only", nil, t("check.flag.only"))
	cmdutil.FormatVar(f, cmd, &opts.Format)
	cmdutil.PairsVar(flags, &opts.BuildArgs, "build-arg", t("check.flag.build-arg"))
	flags.BoolVar(&opts.NoCache, "no-cache", false, t("check.flag.no-cache"))
	flags.DurationVar(&opts.Timeout, "timeout", submission.DefaultTimeout, t("check.flag.timeout"))
	flags.BoolVarP(&opts.Verbose, "verbose", "v", false, t("check.flag.verbose"))
	_ = cmd.RegisterFlagCompletionFunc("dir", cmdutil.Folders)
	_ = cmd.RegisterFlagCompletionFunc("only", func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return completeOnly(opts, args, typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	return cmd
}

// completeOnly completes the last name of a list with commas.
func completeOnly(o *CheckOptions, args []string, typed string) []cobra.Completion {
	if len(args) > 0 {
		o.Exercise = args[0]
	}
	t, err := choose(o)
	if err != nil {
		return nil
	}
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	var found []cobra.Completion
	for _, name := range t.exercise.CheckNames() {
		if !strings.Contains(","+before, ","+name+",") {
			found = append(found, before+name)
		}
	}
	return found
}

// target is what is to be checked.
type target struct {
	exercise *exercises.Exercise
	dir      string
	// marker names the exercise that was handed out into dir, "" if none was.
	marker string
}

// choose finds the folder and the exercise: the named ones, else the exercise
// that the folder or one above it holds.
func choose(o *CheckOptions) (t target, err error) {
	t.dir = o.Dir
	if t.dir == "" {
		t.dir = "."
	}
	if t.dir, err = filepath.Abs(t.dir); err != nil {
		return t, err
	}
	if info, err := os.Stat(t.dir); err != nil || !info.IsDir() {
		return t, &trouble.NoFolderError{Dir: t.dir}
	}
	name := o.Exercise
	switch w, err := o.Find(t.dir); {
	case err == nil:
		t.dir, t.marker = w.Dir, w.Exercise
		if name == "" {
			name = w.Exercise
		}
	case !errors.Is(err, workspace.ErrNone):
		return t, err
	case name == "":
		return t, &trouble.NoExerciseError{Dir: t.dir}
	}
	t.exercise, err = o.Course().Exercise(name)
	return t, err
}

func checkRun(ctx context.Context, o *CheckOptions) error {
	t, err := choose(o)
	if err != nil {
		return err
	}
	title := t.exercise.Title(o.Tr.Lang())
	conn := &connection{connect: o.Engine}
	progress := live.New(live.Options{
		Context: ctx, IO: o.IO, Tr: o.Tr, Title: t.exercise.Name + ": " + title,
		Checks: t.exercise.CheckNames(), Verbose: o.Verbose,
	})
	start := time.Now()
	results, err := o.Submit(ctx, t.exercise, submission.Options{
		Engine: conn.get, Dir: t.dir, Only: o.Only, BuildArgs: o.BuildArgs, NoCache: o.NoCache, Timeout: o.Timeout,
		Listen: progress.Listen,
	})
	elapsed := time.Since(start)
	info, known := conn.info(ctx, o.Info)
	progress.Close()

	var left *submission.CleanupError
	if err != nil && !errors.As(err, &left) {
		return err
	}
	if ctx.Err() != nil {
		if left != nil {
			return errors.Join(context.Cause(ctx), left)
		}
		return context.Cause(ctx)
	}
	if left != nil {
		told := o.Trouble.Describe(left)
		fmt.Fprintf(o.IO.Err, "%s\n%s\n", told.Message, told.Next)
		if o.Verbose {
			fmt.Fprintln(o.IO.Err, told.Cause)
		}
	}
	r := o.Reports.Make(t.exercise.Name, title, t.dir, results, elapsed)
	if known {
		r.Engine = report.NewEngine(info)
	}
	if err := write(o, t, r); err != nil {
		return err
	}
	switch r.Status {
	case checker.Passed:
		return nil
	case checker.Failed:
		return trouble.ErrFailed
	}
	return trouble.ErrUnchecked
}

func write(o *CheckOptions, t target, r *report.Report) error {
	if o.Format == "json" {
		return report.JSON(o.IO.Out, r)
	}
	text := &report.Text{Tr: o.Tr, Style: o.IO.OutStyle(), Width: o.IO.Width(), Verbose: o.Verbose, Again: again(o)}
	if t.marker != "" && t.marker != t.exercise.Name {
		text.Note = o.Tr.T("check.other-marker", i18n.Vars{"Marker": t.marker, "Exercise": t.exercise.Name})
	}
	text.Next, text.NextTitle = following(o, t.exercise.Name)
	return text.Write(o.IO.Out, r)
}

// again is the command that repeats this one for all checks.
func again(o *CheckOptions) string {
	words := []string{"tutor", "check"}
	if o.Exercise != "" {
		words = append(words, o.Exercise)
	}
	if o.Dir != "" {
		words = append(words, "--dir", o.Dir)
	}
	return strings.Join(words, " ")
}

// following names the exercise after name in the course.
func following(o *CheckOptions, name string) (next, title string) {
	names, err := o.Course().Names()
	if err != nil {
		return "", ""
	}
	for i, n := range names[:max(len(names)-1, 0)] {
		if n != name {
			continue
		}
		if ex, err := o.Course().Exercise(names[i+1]); err == nil {
			return ex.Name, ex.Title(o.Tr.Lang())
		}
		return names[i+1], ""
	}
	return "", ""
}

// connection remembers the engine that the checks asked for, if they did.
type connection struct {
	connect func(context.Context) (*engine.Engine, error)

	mu  sync.Mutex
	eng *engine.Engine
}

func (c *connection) get(ctx context.Context) (*engine.Engine, error) {
	eng, err := c.connect(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.eng = eng
	return eng, err
}

// info asks the engine about itself; known is false where there is none to
// ask. The header does without it.
func (c *connection) info(ctx context.Context, ask func(context.Context, *engine.Engine) (engine.Info, error)) (_ engine.Info, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.eng == nil || ctx.Err() != nil {
		return engine.Info{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	info, err := ask(ctx, c.eng)
	return info, err == nil
}
