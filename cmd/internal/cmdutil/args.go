package cmdutil

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/trouble"
)

// Args accepts min to max arguments. missing is the message for the first
// that is not there.
func Args(f *Factory, min, max int, missing string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < min:
			return &trouble.UsageError{Message: f.Tr.T(missing), Next: seeHelp(f, cmd)}
		case len(args) > max:
			return &trouble.UsageError{
				Message: f.Tr.T("usage.extra", i18n.Vars{"Arg": args[max]}),
				Next:    seeHelp(f, cmd),
			}
		}
		return nil
	}
}

func seeHelp(f *Factory, cmd *cobra.Command) string {
	return f.Tr.T("usage.see-help", i18n.Vars{"Command": cmd.CommandPath()})
}

// FlagError puts an error of the flag parser into words.
func FlagError(f *Factory, cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		value   *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
		usage   *trouble.UsageError
	)
	switch {
	case errors.As(err, &usage):
		return err
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + unknown.GetSpecifiedName()
		}
		return &trouble.UsageError{
			Message: f.Tr.T("usage.unknown-flag", i18n.Vars{"Flag": name}),
			Next:    nearestFlag(f, cmd, unknown.GetSpecifiedName()),
		}
	case errors.As(err, &value):
		return &trouble.UsageError{
			Message: f.Tr.T("usage.flag-value", i18n.Vars{"Flag": "--" + value.GetFlag().Name}),
			Next:    seeHelp(f, cmd),
		}
	case errors.As(err, &invalid):
		flag := invalid.GetFlag()
		return &trouble.UsageError{
			Message: f.Tr.T("usage.flag-invalid", i18n.Vars{"Flag": "--" + flag.Name, "Value": invalid.GetValue()}),
			Next:    allowed(f, cmd, flag, invalid.GetValue()),
		}
	case errors.As(err, &syntax):
		return &trouble.UsageError{
			Message: f.Tr.T("usage.flag-syntax", i18n.Vars{"Flag": syntax.GetSpecifiedFlag()}),
			Next:    seeHelp(f, cmd),
		}
	}
	return &trouble.UsageError{Message: err.Error(), Next: seeHelp(f, cmd)}
}

func nearestFlag(f *Factory, cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	if nearest := trouble.Nearest(name, names); nearest != "" {
		return f.Tr.T("usage.nearest-flag", i18n.Vars{"Flag": "--" + nearest})
	}
	return seeHelp(f, cmd)
}

// allowed says what a flag takes.
func allowed(f *Factory, cmd *cobra.Command, flag *pflag.Flag, given string) string {
	switch v := flag.Value.(type) {
	case *enum:
		return f.Trouble.OneOf(given, v.allowed)
	case *pairs:
		return f.Tr.T("usage.needs-pair", i18n.Vars{"Flag": "--" + flag.Name})
	}
	if flag.Value.Type() == "duration" {
		return f.Tr.T("usage.needs-duration", i18n.Vars{"Flag": "--" + flag.Name})
	}
	return seeHelp(f, cmd)
}

// enum is the value of a flag that takes one of a few words.
type enum struct {
	value   *string
	allowed []string
}

func (e *enum) String() string { return *e.value }
func (e *enum) Type() string   { return "string" }
func (e *enum) Set(s string) error {
	if !slices.Contains(e.allowed, s) {
		return fmt.Errorf("must be one of %s", strings.Join(e.allowed, ", "))
	}
	*e.value = s
	return nil
}

// EnumVar defines a flag that takes one of a few words and completes them.
func EnumVar(cmd *cobra.Command, p *string, name, value, usage string, allowed ...string) {
	*p = value
	cmd.Flags().Var(&enum{p, allowed}, name, usage)
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp))
}

// pairs is the value of a flag that takes NAME=VALUE any number of times.
type pairs struct{ value *map[string]string }

func (p *pairs) String() string { return "" }
func (p *pairs) Type() string   { return "string" }
func (p *pairs) Set(s string) error {
	k, v, ok := strings.Cut(s, "=")
	if !ok || k == "" {
		return errors.New("must be NAME=VALUE")
	}
	if *p.value == nil {
		*p.value = make(map[string]string)
	}
	(*p.value)[k] = v
	return nil
}

// PairsVar defines a flag that takes NAME=VALUE any number of times.
func PairsVar(flags *pflag.FlagSet, p *map[string]string, name, usage string) {
	flags.Var(&pairs{p}, name, usage)
}

// FormatVar defines --format: text or JSON.
func FormatVar(f *Factory, cmd *cobra.Command, p *string) {
	EnumVar(cmd, p, "format", "text", f.Tr.T("flag.format"), "text", "json")
}
