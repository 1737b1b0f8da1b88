// Package app is the program: it wires the factory, builds the commands, and
// turns their errors into words and exit codes. No other package exits.
package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/explain"
	"example.com/tutor/checker/suite"
	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
	"example.com/tutor/cmd/internal/report"
	"example.com/tutor/cmd/internal/sanitize"
	"example.com/tutor/cmd/internal/trouble"
	"example.com/tutor/content"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/submission"
	"example.com/tutor/exercises/workspace"
)

// Code is an exit code.
type Code int

// The exit codes.
const (
	Passed      Code = 0   // all that was asked for is well
	Failed      Code = 1   // a check failed
	Usage       Code = 2   // tutor was called wrongly
	Unchecked   Code = 3   // the machine, the network or tutor itself
	Interrupted Code = 130 // Ctrl-C
)

// Main runs the program and returns its exit code. It is the only function
// that reads the process's arguments, environment and signals.
func Main() Code {
	ctx, stop := interruptible()
	defer stop()
	return run(ctx, iostreams.System(), os.Args[1:], os.Getenv)
}

func run(ctx context.Context, io *iostreams.IOStreams, args []string, getenv func(string) string) (code Code) {
	lang, badLang := i18n.Detect(args, getenv)
	f, closeEngine := newFactory(io, lang)
	defer closeEngine()
	root := newCmdRoot(f)
	root.SetArgs(args)
	defer func() {
		if p := recover(); p != nil { // the runtime's own exit code for it is 2, wrong usage
			code = tell(f, root, args, fmt.Errorf("panic: %v", p))
			fmt.Fprintf(io.Err, "%s", debug.Stack())
		}
	}()
	if badLang != nil && !completing(args) {
		return tell(f, root, args, badLang)
	}
	cmd, err := root.ExecuteContextC(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = cause
	}
	return tell(f, cmd, args, err)
}

// completing tells whether a shell asks for completions.
func completing(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// newFactory assigns what commands depend on; the comments say on what each
// function depends itself.
func newFactory(io *iostreams.IOStreams, lang string) (f *cmdutil.Factory, closeEngine func()) {
	tr := i18n.New(lang)
	f = &cmdutil.Factory{IO: io, Tr: tr, Trouble: trouble.NewDescriber(tr)}
	f.Course = func() *exercises.Course { return exercises.Open(content.FS()) } // content
	f.Checks = suite.Docs                                                       // nothing
	f.Render = explain.Render                                                   // nothing

	// Connects; a problem is remembered like a connection. The end of a
	// context is not: it says nothing of the engine.
	var mu sync.Mutex
	var eng *engine.Engine
	var problem error
	f.Engine = func(ctx context.Context) (*engine.Engine, error) {
		mu.Lock()
		defer mu.Unlock()
		if eng != nil || problem != nil {
			return eng, problem
		}
		e, err := engine.Connect(ctx)
		var p *engine.Problem
		if errors.As(err, &p) {
			problem = err
		}
		eng = e
		return e, err
	}
	return f, func() {
		mu.Lock()
		defer mu.Unlock()
		if eng != nil {
			_ = eng.Close() // the process ends anyway
		}
	}
}

// interruptible returns a context that Ctrl-C ends, so that what was made is
// removed again. A second Ctrl-C ends the process at once.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		cancel(trouble.ErrInterrupted)
		if _, ok := <-signals; ok {
			os.Exit(int(Interrupted))
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}

// codeOf is the one place that knows which error means which exit code.
func codeOf(err error) Code {
	var (
		usage    *trouble.UsageError
		lang     *i18n.LangError
		exercise *exercises.NotFoundError
		check    *suite.UnknownError
		lacking  *submission.UnknownCheckError
		notEmpty *workspace.NotEmptyError
		folder   *trouble.NoFolderError
	)
	switch {
	case err == nil:
		return Passed
	case errors.Is(err, trouble.ErrFailed):
		return Failed
	case errors.Is(err, trouble.ErrUnchecked):
		return Unchecked
	case errors.Is(err, trouble.ErrInterrupted), errors.Is(err, context.Canceled):
		return Interrupted
	case errors.As(err, &usage), errors.As(err, &lang), errors.As(err, &exercise), errors.As(err, &check),
		errors.As(err, &lacking), errors.As(err, &notEmpty), errors.As(err, &folder), errors.Is(err, workspace.ErrNone):
		return Usage
	}
	return Unchecked
}

// tell says what went wrong, unless the command has said it, and returns the
// exit code.
func tell(f *cmdutil.Factory, cmd *cobra.Command, args []string, err error) Code {
	code := codeOf(err)
	if err == nil || errors.Is(err, trouble.ErrFailed) || errors.Is(err, trouble.ErrUnchecked) {
		return code
	}
	t := f.Trouble.Describe(err)
	if wantsJSON(cmd, args) {
		var v any = failure{Schema: "tutor." + cmd.Name() + "/v1", Status: "errored", Error: t}
		if cmd.Name() == "check" {
			v = f.Reports().Failure(err)
		}
		_ = report.JSON(f.IO.Out, v) // a closed pipe has nobody to tell
		return code
	}
	style, width := f.IO.ErrStyle(), f.IO.Width()
	label := f.Tr.T("app.error") + " "
	if code == Interrupted {
		label = ""
	}
	fmt.Fprint(f.IO.Err, layout.Prose(style, t.Message, width, style.Bold(style.Red(label)), ""))
	if t.Next != "" {
		fmt.Fprint(f.IO.Err, layout.Prose(style, t.Next, width, "", ""))
	}
	if verbose := cmd.Flags().Lookup("verbose"); verbose != nil && verbose.Changed && t.Cause != "" {
		fmt.Fprintln(f.IO.Err, sanitize.Line(t.Cause))
	}
	return code
}

// failure is the JSON of a command that could not do anything.
type failure struct {
	Schema string          `json:"schema"`
	Status string          `json:"status"`
	Error  trouble.Trouble `json:"error"`
}

// wantsJSON tells whether the command writes JSON, even when its flags were
// not parsed to the end.
func wantsJSON(cmd *cobra.Command, args []string) bool {
	if cmd.Flags().Lookup("format") == nil {
		return false
	}
	format, _ := i18n.FlagValue(args, "format")
	return strings.EqualFold(format, "json")
}
