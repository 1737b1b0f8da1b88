// Package start is the command that hands out an exercise.
package start

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/workspace"
)

// StartOptions are what the command depends on and its arguments.
type StartOptions struct {
	IO     *iostreams.IOStreams
	Tr     *i18n.Translator
	Course func() *exercises.Course
	Start  func(*exercises.Exercise, workspace.Options) (*workspace.Workspace, bool, error)

	Exercise string
	Dir      string
}

// NewCmdStart returns the command.
func NewCmdStart(f *cmdutil.Factory, runF func(*StartOptions) error) *cobra.Command {
	opts := &StartOptions{IO: f.IO, Tr: f.Tr, Course: f.Course, Start: workspace.Start}
	t := f.Tr.T
	return &cobra.Command{
		Use:               "start " + t("start.args"),
		Short:             t("start.short"),
		Long:              t("start.long"),
		Example:           "$ tutor start exercise-3\n$ tutor start exercise-3 ~/docker/first --lang en",
		Args:              cmdutil.Args(f, 1, 2, "start.which"),
		ValidArgsFunction: cmdutil.CompleteExercise(f, true),
		RunE: func(_ *cobra.Command, args []string) error {
			opts.Exercise = args[0]
			if len(args) > 1 {
				opts.Dir = args[1]
			}
			if runF != nil {
				return runF(opts)
			}
			return startRun(opts)
		},
	}
}

func startRun(o *StartOptions) error {
	ex, err := o.Course().Exercise(o.Exercise)
	if err != nil {
		return err
	}
	files, err := ex.Starter()
	if err != nil {
		return err
	}
	w, repo, err := o.Start(ex, workspace.Options{Dir: o.Dir, Lang: o.Tr.Lang()})
	if err != nil {
		return err
	}
	style, out := o.IO.OutStyle(), o.IO.Out
	prose := func(text string) { fmt.Fprint(out, layout.Prose(style, text, o.IO.Width(), "", "")) }
	fmt.Fprintln(out, style.Bold(ex.Name+": "+ex.Title(o.Tr.Lang())))
	prose(o.Tr.T("start.handed", i18n.Vars{"Dir": w.Dir}))
	fmt.Fprintln(out)
	fmt.Fprint(out, Tree(style, filepath.Base(w.Dir), append(files.Paths(), "README.md"), map[string]string{
		"README.md": o.Tr.T("start.readme"),
	}))
	fmt.Fprintln(out)
	if repo {
		prose(o.Tr.T("start.repo"))
	} else {
		prose(o.Tr.T("start.no-repo"))
	}
	fmt.Fprintln(out)
	fmt.Fprintln(out, style.Bold(o.Tr.T("start.then")))
	fmt.Fprintln(out, "  "+style.Command("cd "+shown(w.Dir)))
	fmt.Fprintln(out, "  "+o.Tr.T("start.read"))
	fmt.Fprintln(out, "  "+style.Command("tutor check"))
	return nil
}

// shown is how dir is typed from here, with quotes where a shell wants them.
func shown(dir string) string {
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, dir); err == nil && filepath.IsLocal(rel) {
			dir = rel
		}
	}
	if strings.ContainsAny(dir, " '\"$&()") {
		return `"` + strings.ReplaceAll(dir, `"`, `\"`) + `"`
	}
	return dir
}

// Tree draws the files as a tree below top, with a remark beside some paths.
func Tree(style iostreams.Style, top string, paths []string, remarks map[string]string) string {
	slices.Sort(paths)
	paths = slices.Compact(paths)
	var b strings.Builder
	fmt.Fprintln(&b, "  "+style.Bold(top+"/"))
	branch(&b, style, "  ", "", paths, remarks)
	return b.String()
}

// branch draws what is below the folder dir: files and folders side by side.
func branch(b *strings.Builder, style iostreams.Style, indent, dir string, paths []string, remarks map[string]string) {
	var names []string
	below := make(map[string][]string)
	for _, p := range paths {
		name, rest, folder := strings.Cut(p, "/")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if folder {
			below[name] = append(below[name], rest)
		}
	}
	for i, name := range names {
		last := i == len(names)-1
		line := indent + style.Dim(style.Branch(last))
		rest := below[name]
		// A folder that holds nothing but a folder needs no line of its own.
		full := name
		for len(rest) > 0 {
			first, _, folder := strings.Cut(rest[0], "/")
			if !folder || slices.ContainsFunc(rest, func(p string) bool { return !strings.HasPrefix(p, first+"/") }) {
				break
			}
			full += "/" + first
			for j := range rest {
				rest[j] = strings.TrimPrefix(rest[j], first+"/")
			}
		}
		switch {
		case len(rest) > 0:
			fmt.Fprintln(b, line+style.Bold(full+"/"))
			branch(b, style, indent+style.Dim(style.Trunk(last)), dir+full+"/", rest, remarks)
		case remarks[dir+name] != "":
			fmt.Fprintln(b, line+name+"  "+style.Dim(remarks[dir+name]))
		default:
			fmt.Fprintln(b, line+name)
		}
	}
}
