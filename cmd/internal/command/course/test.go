package course

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
	"example.com/tutor/cmd/internal/sanitize"
	"example.com/tutor/cmd/internal/trouble"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/proof"
)

// TestOptions are what the command depends on and its arguments.
type TestOptions struct {
	IO     *iostreams.IOStreams
	Tr     *i18n.Translator
	Course func() *exercises.Course
	Checks func() []checker.Check
	Engine func(context.Context) (*engine.Engine, error)
	Run    func(context.Context, []proof.Case, proof.Options) ([]proof.Report, error)

	Exercises []string
	Jobs      int
	Format    string
}

// NewCmdTest returns the command.
func NewCmdTest(f *cmdutil.Factory, runF func(*TestOptions) error) *cobra.Command {
	opts := &TestOptions{IO: f.IO, Tr: f.Tr, Course: f.Course, Checks: f.Checks, Engine: f.Engine, Run: proof.Run}
	t := f.Tr.T
	cmd := &cobra.Command{
		Use:               "test " + t("course.test.args"),
		Short:             t("course.test.short"),
		Long:              t("course.test.long"),
		Example:           "$ tutor course test\n$ tutor course test exercise-3 --jobs 4\n$ tutor course test --format json > proof.json",
		ValidArgsFunction: cmdutil.CompleteExercise(f, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Exercises = args
			if opts.Jobs < 1 {
				return &trouble.UsageError{Message: t("course.test.bad-jobs"), Next: t("course.test.jobs-next")}
			}
			if runF != nil {
				return runF(opts)
			}
			return testRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().IntVar(&opts.Jobs, "jobs", 2, t("course.test.flag.jobs"))
	cmdutil.FormatVar(f, cmd, &opts.Format)
	return cmd
}

func testRun(ctx context.Context, o *TestOptions) error {
	cases, err := proof.All(o.Course(), o.Checks(), o.Exercises...)
	if err != nil {
		return err
	}
	// Now and not in the first case: without an engine there is nothing to prove.
	if _, err := o.Engine(ctx); err != nil {
		return err
	}
	start, done := time.Now(), 0
	reports, err := o.Run(ctx, cases, proof.Options{
		Engine: o.Engine, Jobs: o.Jobs,
		Done: func(r proof.Report) {
			done++
			fmt.Fprintf(o.IO.Err, "%*d/%d %s %s: %s\n", len(fmt.Sprint(len(cases))), done, len(cases),
				r.Case, o.Tr.Seconds(r.Elapsed), verdict(o.Tr, r))
		},
	})
	if err != nil {
		return err
	}
	write := writeText
	if o.Format == "json" {
		write = writeJSON
	}
	if err := write(o, o.IO.Out, reports, time.Since(start)); err != nil {
		return err
	}
	if slices.ContainsFunc(reports, func(r proof.Report) bool { return r.Err != nil }) {
		return trouble.ErrFailed
	}
	return nil
}

// verdict is a report in a few words.
func verdict(tr *i18n.Translator, r proof.Report) string {
	if r.Err != nil {
		return sanitize.Line(r.Err.Error())
	}
	if len(r.Got) == 0 {
		return tr.T("course.test.passes")
	}
	return strings.Join(r.Got, ", ")
}

// kinds are the columns of the table.
var kinds = []proof.Kind{proof.Starter, proof.Solution, proof.Mistake, proof.Before, proof.After}

// writeText writes a row an exercise: how many cases of each kind came out as
// they must, and how long they took; then the cases that did not.
func writeText(o *TestOptions, w io.Writer, reports []proof.Report, elapsed time.Duration) error {
	t := o.Tr.T
	rows := [][]string{{t("course.test.column.exercise")}}
	for _, k := range kinds {
		rows[0] = append(rows[0], t("course.test.column."+string(k)))
	}
	rows[0] = append(rows[0], t("course.test.column.time"))
	var names []string
	for _, r := range reports {
		if name := r.Case.Exercise.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		row := []string{name}
		var sum time.Duration
		for _, k := range kinds {
			right, all := 0, 0
			for _, r := range reports {
				if r.Case.Exercise.Name != name || r.Case.Kind != k {
					continue
				}
				all++
				sum += r.Elapsed
				if r.Err == nil {
					right++
				}
			}
			row = append(row, fmt.Sprintf("%d/%d", right, all))
		}
		rows = append(rows, append(row, o.Tr.Seconds(sum)))
	}
	if err := writeTable(w, o.IO.OutStyle(), rows); err != nil {
		return err
	}
	wrong := 0
	for _, r := range reports {
		if r.Err != nil {
			wrong++
			fmt.Fprintf(w, "\n%s %s\n  %s\n", o.IO.OutStyle().Mark(checker.Failed), r.Case, sanitize.Line(r.Err.Error()))
		}
	}
	vars := i18n.Vars{"Elapsed": o.Tr.Seconds(elapsed)}
	sum := o.Tr.N("course.test.proven", len(reports), vars)
	if wrong > 0 {
		sum = o.Tr.N("course.test.wrong", wrong, vars)
	}
	_, err := fmt.Fprintf(w, "\n%s\n", sum)
	return err
}

func writeTable(w io.Writer, style iostreams.Style, rows [][]string) error {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], layout.Width(cell))
		}
	}
	for n, row := range rows {
		for i, cell := range row {
			row[i] = layout.Pad(cell, widths[i])
		}
		line := strings.TrimRight(strings.Join(row, "  "), " ")
		if n == 0 {
			line = style.Bold(line)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// schema names the form of the JSON and its version.
const schema = "tutor.proof/v1"

type jsonCase struct {
	Exercise  string     `json:"exercise"`
	Kind      proof.Kind `json:"kind"`
	Name      string     `json:"name"`
	Proven    bool       `json:"proven"`
	Want      []string   `json:"want"`
	Got       []string   `json:"got"`
	Error     string     `json:"error,omitempty"`
	ElapsedMS int64      `json:"elapsed_ms"`
}

func writeJSON(_ *TestOptions, w io.Writer, reports []proof.Report, elapsed time.Duration) error {
	out := struct {
		Schema    string     `json:"schema"`
		Proven    bool       `json:"proven"`
		Cases     []jsonCase `json:"cases"`
		ElapsedMS int64      `json:"elapsed_ms"`
	}{Schema: schema, Proven: true, ElapsedMS: elapsed.Milliseconds()}
	for _, r := range reports {
		c := jsonCase{
			Exercise: r.Case.Exercise.Name, Kind: r.Case.Kind, Name: r.Case.Name, Proven: r.Err == nil,
			Want: append([]string{}, r.Case.Want...), Got: append([]string{}, r.Got...), ElapsedMS: r.Elapsed.Milliseconds(),
		}
		if r.Err != nil {
			c.Error = sanitize.Line(r.Err.Error())
			out.Proven = false
		}
		out.Cases = append(out.Cases, c)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
