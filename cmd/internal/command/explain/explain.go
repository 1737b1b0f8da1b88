// Package explain is the command that explains a check.
package explain

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tutor/checker"
	"example.com/tutor/checker/suite"
	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
	"example.com/tutor/cmd/internal/markdown"
)

// ExplainOptions are what the command depends on and its arguments.
type ExplainOptions struct {
	IO     *iostreams.IOStreams
	Tr     *i18n.Translator
	Checks func() []checker.Check

	Check string
	Plain bool
}

// NewCmdExplain returns the command.
func NewCmdExplain(f *cmdutil.Factory, runF func(*ExplainOptions) error) *cobra.Command {
	opts := &ExplainOptions{IO: f.IO, Tr: f.Tr, Checks: f.Checks}
	t := f.Tr.T
	cmd := &cobra.Command{
		Use:               "explain " + t("explain.args"),
		Short:             t("explain.short"),
		Long:              t("explain.long"),
		Example:           "$ tutor explain\n$ tutor explain nonroot\n$ tutor explain nonroot --plain > nonroot.md",
		Args:              cmdutil.Args(f, 0, 1, ""),
		ValidArgsFunction: cmdutil.CompleteCheck(f),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Check = args[0]
			}
			if runF != nil {
				return runF(opts)
			}
			return explainRun(opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Plain, "plain", false, t("explain.flag.plain"))
	return cmd
}

func explainRun(o *ExplainOptions) error {
	checks := o.Checks()
	if o.Check == "" {
		return list(o, checks)
	}
	var known []string
	for _, c := range checks {
		// Output names a check with its label: "nonroot/app".
		if name, _, _ := strings.Cut(o.Check, "/"); c.Name == name {
			return one(o, c)
		}
		known = append(known, c.Name)
	}
	return &suite.UnknownError{Name: o.Check, Known: known}
}

// list names every check with its title.
func list(o *ExplainOptions, checks []checker.Check) error {
	style := o.IO.OutStyle()
	names := 0
	for _, c := range checks {
		names = max(names, layout.Width(c.Name))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", style.Bold(o.Tr.T("explain.all")))
	for _, c := range checks {
		doc, err := c.Doc(o.Tr.Lang())
		if err != nil {
			return err
		}
		first := "  " + layout.Pad(c.Name, names) + "  "
		b.WriteString(layout.Prose(style, doc.Title, o.IO.Width(), first, strings.Repeat(" ", layout.Width(first))))
	}
	fmt.Fprintln(&b)
	b.WriteString(layout.Prose(style, o.Tr.T("explain.more"), o.IO.Width(), "", ""))
	_, err := fmt.Fprint(o.IO.Out, b.String())
	return err
}

func one(o *ExplainOptions, c checker.Check) error {
	doc, err := c.Doc(o.Tr.Lang())
	if err != nil {
		return err
	}
	text := page(o.Tr, c, doc)
	if !o.Plain {
		text = markdown.Render(text, o.IO.Width(), o.IO.OutStyle())
	}
	_, err = fmt.Fprint(o.IO.Out, text)
	return err
}

// page is the explanation as one Markdown text, with the codes at its end.
func page(tr *i18n.Translator, c checker.Check, doc checker.Doc) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n", c.Name, doc.Title)
	b.WriteString(strings.TrimSpace(doc.Markdown) + "\n\n")
	fmt.Fprintf(&b, "## %s\n\n", tr.T("explain.codes"))
	for _, code := range c.Codes {
		fmt.Fprintf(&b, "- `%s`", code)
		// A sentence with values in it says nothing without a finding.
		if why := doc.Findings[code].Why; why != "" && !strings.Contains(why, "{{") {
			fmt.Fprintf(&b, " — %s", strings.TrimSpace(why))
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}
