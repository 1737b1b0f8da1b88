// Package clean is the command that removes what killed runs left on the
// engine.
package clean

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tutor/checker/engine"
	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
	"example.com/tutor/cmd/internal/sanitize"
)

// CleanOptions are what the command depends on and its arguments.
type CleanOptions struct {
	IO        *iostreams.IOStreams
	Tr        *i18n.Translator
	Engine    func(context.Context) (*engine.Engine, error)
	Leftovers func(context.Context, *engine.Engine) ([]engine.Leftover, error)
	Clean     func(context.Context, *engine.Engine, []engine.Leftover, func(engine.Leftover, error)) error

	All    bool
	DryRun bool
}

// NewCmdClean returns the command.
func NewCmdClean(f *cmdutil.Factory, runF func(*CleanOptions) error) *cobra.Command {
	opts := &CleanOptions{
		IO: f.IO, Tr: f.Tr, Engine: f.Engine,
		Leftovers: func(ctx context.Context, e *engine.Engine) ([]engine.Leftover, error) { return e.Leftovers(ctx) },
		Clean: func(ctx context.Context, e *engine.Engine, found []engine.Leftover, each func(engine.Leftover, error)) error {
			return e.Clean(ctx, found, each)
		},
	}
	t := f.Tr.T
	cmd := &cobra.Command{
		Use:     "clean",
		Short:   t("clean.short"),
		Long:    t("clean.long"),
		Example: "$ tutor clean --dry-run\n$ tutor clean\n$ tutor clean --all",
		Args:    cmdutil.Args(f, 0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(opts)
			}
			return cleanRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.All, "all", false, t("clean.flag.all"))
	cmd.Flags().BoolVar(&opts.DryRun, "dry-run", false, t("clean.flag.dry-run"))
	return cmd
}

func cleanRun(ctx context.Context, o *CleanOptions) error {
	eng, err := o.Engine(ctx)
	if err != nil {
		return err
	}
	found, err := o.Leftovers(ctx, eng)
	if err != nil {
		return err
	}
	var chosen []engine.Leftover
	foreign := 0
	outcome := make(map[string]string) // by kind and ID
	for _, l := range found {
		switch {
		case l.Owner == engine.Alive: // whoever wants it gone stops that run
			outcome[key(l)] = o.Tr.T("clean.in-use")
		case l.Owner == engine.Dead, o.All:
			chosen = append(chosen, l)
			outcome[key(l)] = o.Tr.T("clean.would-remove")
		default:
			outcome[key(l)] = o.Tr.T("clean.not-mine")
			foreign++
		}
	}
	var failed error
	if !o.DryRun {
		failed = o.Clean(ctx, eng, chosen, func(l engine.Leftover, err error) {
			if err != nil {
				outcome[key(l)] = o.Tr.T("clean.failed", i18n.Vars{"Cause": sanitize.Line(err.Error())})
			} else {
				outcome[key(l)] = o.Tr.T("clean.removed")
			}
		})
	}
	if len(found) == 0 {
		fmt.Fprintln(o.IO.Out, o.Tr.T("clean.nothing"))
		return failed
	}
	table(o, found, outcome)
	fmt.Fprintln(o.IO.Out)
	style := o.IO.OutStyle()
	say := func(text string) { fmt.Fprint(o.IO.Out, layout.Prose(style, text, o.IO.Width(), "", "")) }
	switch {
	case failed != nil:
	case o.DryRun:
		say(o.Tr.N("clean.sum-dry", len(chosen)))
	default:
		say(o.Tr.N("clean.sum", len(chosen)))
	}
	if foreign > 0 {
		say(o.Tr.N("clean.kept", foreign))
	}
	return failed
}

func key(l engine.Leftover) string { return string(l.Kind) + "\x00" + l.ID }

// table writes a row for each object.
func table(o *CleanOptions, found []engine.Leftover, outcome map[string]string) {
	t := o.Tr.T
	rows := [][]string{{t("clean.column.kind"), t("clean.column.name"), t("clean.column.session"), t("clean.column.outcome")}}
	for _, l := range found {
		rows = append(rows, []string{
			t("clean.kind." + string(l.Kind)), sanitize.Line(l.Name), short(sanitize.Line(l.Session)), outcome[key(l)],
		})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], layout.Width(cell))
		}
	}
	for n, row := range rows {
		var cells []string
		for i, cell := range row {
			cells = append(cells, layout.Pad(cell, widths[i]))
		}
		line := strings.TrimRight(strings.Join(cells, "  "), " ")
		if n == 0 {
			line = o.IO.OutStyle().Bold(line)
		}
		fmt.Fprintln(o.IO.Out, line)
	}
}

// short cuts the ID of a session as docker does its own.
func short(id string) string {
	if len(id) > 12 {
		return id[:12]
	}
	return id
}
