// Package demo is the command that shows in a minute what tutor does: it
// checks a starter, which fails, and then its solution.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
	"example.com/tutor/cmd/internal/live"
	"example.com/tutor/cmd/internal/report"
	"example.com/tutor/cmd/internal/trouble"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/submission"
	"example.com/tutor/exercises/workspace"
)

// shown is the exercise that the demo goes through.
const shown = "exercise-3"

// DemoOptions are what the command depends on and its arguments.
type DemoOptions struct {
	IO      *iostreams.IOStreams
	Tr      *i18n.Translator
	Trouble *trouble.Describer
	Reports *report.Maker
	Course  func() *exercises.Course
	Engine  func(context.Context) (*engine.Engine, error)
	Start   func(*exercises.Exercise, workspace.Options) (*workspace.Workspace, bool, error)
	Write   func(exercises.Tree, string) error
	Submit  func(context.Context, *exercises.Exercise, submission.Options) ([]checker.Result, error)

	Dir  string
	Keep bool
}

// NewCmdDemo returns the command.
func NewCmdDemo(f *cmdutil.Factory, runF func(*DemoOptions) error) *cobra.Command {
	opts := &DemoOptions{
		IO: f.IO, Tr: f.Tr, Trouble: f.Trouble, Reports: f.Reports(), Course: f.Course, Engine: f.Engine,
		Start: workspace.Start, Write: workspace.Write, Submit: submission.Check,
	}
	t := f.Tr.T
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   t("demo.short"),
		Long:    t("demo.long"),
		Example: "$ tutor demo\n$ tutor demo --dir ~/demo",
		Args:    cmdutil.Args(f, 0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(opts)
			}
			return demoRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&opts.Dir, "dir", "", t("demo.flag.dir"))
	cmd.Flags().BoolVar(&opts.Keep, "keep", false, t("demo.flag.keep"))
	_ = cmd.RegisterFlagCompletionFunc("dir", cmdutil.Folders)
	return cmd
}

// demo is one performance.
type demo struct {
	*DemoOptions
	ex  *exercises.Exercise
	dir string
}

func demoRun(ctx context.Context, o *DemoOptions) (err error) {
	ex, err := o.Course().Exercise(shown)
	if err != nil {
		return err
	}
	solution, err := ex.Solution()
	if err != nil {
		return err
	}
	d := &demo{DemoOptions: o, ex: ex, dir: o.Dir}
	if d.dir == "" {
		tmp, err := os.MkdirTemp("", "tutor-demo-")
		if err != nil {
			return fmt.Errorf("making the demo's folder: %w", err)
		}
		if !o.Keep {
			defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
		}
		d.dir = filepath.Join(tmp, shown)
	}

	d.say(o.Tr.T("demo.intro"))
	d.section(o.Tr.T("demo.part-start"))
	w, _, err := o.Start(ex, workspace.Options{Dir: d.dir, Lang: o.Tr.Lang()})
	if err != nil {
		return err
	}
	d.dir = w.Dir
	d.say(o.Tr.T("demo.started", i18n.Vars{"Exercise": ex.Name, "Title": ex.Title(o.Tr.Lang()), "Dir": d.dir}))

	d.section(o.Tr.T("demo.part-check"))
	if err := d.check(ctx, checker.Failed); err != nil {
		return err
	}
	d.say(o.Tr.T("demo.failed"))

	d.section(o.Tr.T("demo.part-fix"))
	if err := o.Write(solution, d.dir); err != nil {
		return fmt.Errorf("laying the solution over the starter: %w", err)
	}
	d.say(o.Tr.T("demo.solution"))
	d.file(solution["Dockerfile"])
	if err := d.check(ctx, checker.Passed); err != nil {
		return err
	}
	d.section(o.Tr.T("demo.part-you"))
	d.say(o.Tr.T("demo.end"))
	if o.Dir != "" || o.Keep {
		d.say(o.Tr.T("demo.kept", i18n.Vars{"Dir": d.dir}))
	}
	return nil
}

// check checks the folder and shows the results. It returns an error unless
// the outcome is the one that the demo promises.
func (d *demo) check(ctx context.Context, want checker.Status) error {
	title := d.ex.Title(d.Tr.Lang())
	progress := live.New(live.Options{
		Context: ctx, IO: d.IO, Tr: d.Tr, Title: d.ex.Name + ": " + title, Checks: d.ex.CheckNames(),
	})
	start := time.Now()
	results, err := d.Submit(ctx, d.ex, submission.Options{Engine: d.Engine, Dir: d.dir, Listen: progress.Listen})
	progress.Close()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	r := d.Reports.Make(d.ex.Name, title, d.dir, results, time.Since(start))
	text := &report.Text{Tr: d.Tr, Style: d.IO.OutStyle(), Width: d.IO.Width(), Again: "tutor check", NoEnding: true}
	if err := text.Write(d.IO.Out, r); err != nil {
		return err
	}
	switch r.Status {
	case want:
		return nil
	case checker.Errored:
		return trouble.ErrUnchecked
	}
	d.say(d.Tr.T("demo.wrong"))
	return trouble.ErrFailed
}

func (d *demo) say(text string) {
	fmt.Fprint(d.IO.Out, layout.Prose(d.IO.OutStyle(), text, d.IO.Width(), "", "")+"\n")
}

func (d *demo) section(title string) {
	style := d.IO.OutStyle()
	rule := style.Rule(d.IO.Width() - layout.Width(title) - 4)
	fmt.Fprintf(d.IO.Out, "%s %s %s\n\n", style.Dim(style.Rule(2)), style.Bold(title), style.Dim(rule))
}

// file shows a file of the course.
func (d *demo) file(text []byte) {
	io.WriteString(d.IO.Out, layout.Indent(string(text), "  "+d.IO.OutStyle().Dim(d.IO.OutStyle().Bar())+" ")+"\n")
}
