package app

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
)

// help writes the help of a command: cobra's own has English words in it and
// knows nothing of widths.
func help(f *cmdutil.Factory, cmd *cobra.Command) {
	h := &helper{f: f, style: f.IO.OutStyle(), width: f.IO.Width()}
	long := cmd.Long
	if long == "" {
		long = cmd.Short
	}
	h.b.WriteString(layout.Prose(h.style, long, h.width, "", ""))
	h.section("help.usage")
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&h.b, "  %s %s\n", cmd.CommandPath(), f.Tr.T("help.command-line"))
	} else {
		fmt.Fprintf(&h.b, "  %s\n", strings.TrimSuffix(cmd.UseLine(), " [flags]"))
	}
	h.commands(cmd)
	if cmd.Example != "" {
		h.section("help.examples")
		fmt.Fprintln(&h.b, layout.Indent(cmd.Example, "  "))
	}
	h.flags("help.flags", cmd.LocalNonPersistentFlags())
	h.flags("help.global-flags", cmd.Root().PersistentFlags())
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintln(&h.b)
		h.b.WriteString(layout.Prose(h.style, f.Tr.T("help.more"), h.width, "", ""))
	}
	fmt.Fprint(f.IO.Out, h.b.String())
}

type helper struct {
	f     *cmdutil.Factory
	style iostreams.Style
	width int
	b     strings.Builder
}

func (h *helper) section(id string) { fmt.Fprintf(&h.b, "\n%s\n", h.style.Bold(h.f.Tr.T(id))) }

func (h *helper) commands(cmd *cobra.Command) {
	wide := 0
	for _, c := range cmd.Commands() {
		wide = max(wide, len(c.Name()))
	}
	for _, g := range cmd.Groups() {
		fmt.Fprintf(&h.b, "\n%s\n", h.style.Bold(g.Title))
		for _, c := range cmd.Commands() {
			if c.GroupID == g.ID && c.IsAvailableCommand() {
				h.row(layout.Pad(c.Name(), wide), c.Short)
			}
		}
	}
}

// row writes a name and what is said of it, in two columns.
func (h *helper) row(name, text string) {
	first := "  " + name + "  "
	h.b.WriteString(layout.Prose(h.style, text, h.width, first, strings.Repeat(" ", layout.Width(first))))
}

func (h *helper) flags(id string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	h.section(id)
	names, wide := make(map[string]string), 0
	flags.VisitAll(func(flag *pflag.Flag) {
		name := "    --" + flag.Name
		if flag.Shorthand != "" {
			name = "-" + flag.Shorthand + ", --" + flag.Name
		}
		if value, _ := unquote(flag); value != "" {
			name += " " + value
		}
		names[flag.Name], wide = name, max(wide, layout.Width(name))
	})
	flags.VisitAll(func(flag *pflag.Flag) {
		_, text := unquote(flag)
		if flag.DefValue != "" && flag.DefValue != "false" && flag.DefValue != "[]" {
			text += " " + h.f.Tr.T("help.default", i18n.Vars{"Value": shortDuration(flag.DefValue)})
		}
		h.row(layout.Pad(names[flag.Name], wide), text)
	})
}

// unquote parts the text of a flag into the name of its value, which stands
// in front of two colons, and what it does.
func unquote(flag *pflag.Flag) (value, text string) {
	if value, text, ok := strings.Cut(flag.Usage, " :: "); ok {
		return value, text
	}
	return "", flag.Usage
}

// shortDuration writes 15m for 15m0s.
func shortDuration(s string) string {
	return strings.TrimSuffix(s, "m0s") + map[bool]string{true: "m"}[strings.HasSuffix(s, "m0s")]
}
