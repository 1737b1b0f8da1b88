// Package doctor is the command that looks at the machine: whether checks can
// run here and, where not, what to do first.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
	"example.com/tutor/cmd/internal/report"
	"example.com/tutor/cmd/internal/sanitize"
	"example.com/tutor/cmd/internal/trouble"
)

// Schema names the shape of the JSON.
const Schema = "tutor.doctor/v1"

// What is enough: a Go build wants memory, BuildKit and the temporary folder
// want room.
const (
	enoughMemory = 2e9
	enoughDisk   = 2e9
	littleDisk   = 200e6
)

// DoctorOptions are what the command depends on and its arguments.
type DoctorOptions struct {
	IO      *iostreams.IOStreams
	Tr      *i18n.Translator
	Trouble *trouble.Describer
	Engine  func(context.Context) (*engine.Engine, error)
	Info    func(context.Context, *engine.Engine) (engine.Info, error)
	// Images are the base images that the course's exercises start from.
	Images   func() []string
	HasImage func(context.Context, *engine.Engine, string) (bool, error)
	// Git returns the version of git, or an error where there is none.
	Git func(context.Context) (string, error)
	// FreeDisk returns the free bytes of the disk that dir is on.
	FreeDisk func(dir string) (uint64, error)
	Getenv   func(string) string
	TempDir  func() string

	Format string
}

// BaseImages are the images that the exercises of the course start from.
func BaseImages() []string { return []string{"golang:1.26"} }

// NewCmdDoctor returns the command.
func NewCmdDoctor(f *cmdutil.Factory, runF func(*DoctorOptions) error) *cobra.Command {
	opts := &DoctorOptions{
		IO: f.IO, Tr: f.Tr, Trouble: f.Trouble, Engine: f.Engine, Images: BaseImages,
		Info: func(ctx context.Context, e *engine.Engine) (engine.Info, error) { return e.Info(ctx) },
		HasImage: func(ctx context.Context, e *engine.Engine, ref string) (bool, error) {
			return e.HasImage(ctx, ref)
		},
		Git: gitVersion, FreeDisk: freeDisk, Getenv: os.Getenv, TempDir: os.TempDir,
	}
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   f.Tr.T("doctor.short"),
		Long:    f.Tr.T("doctor.long"),
		Example: "$ tutor doctor\n$ tutor doctor --format json",
		Args:    cmdutil.Args(f, 0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(opts)
			}
			return doctorRun(cmd.Context(), opts)
		},
	}
	cmdutil.FormatVar(f, cmd, &opts.Format)
	return cmd
}

// level is how bad an item is.
type level string

const (
	ok   level = "ok"
	warn level = "warn"
	fail level = "fail"
)

// item is one line of what was looked at.
type item struct {
	Name    string `json:"name"`
	Status  level  `json:"status"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty"`
}

// diagnosis is all that was looked at.
type diagnosis struct {
	Schema string         `json:"schema"`
	Status level          `json:"status"`
	Items  []item         `json:"items"`
	Engine *report.Engine `json:"engine,omitempty"`
}

func doctorRun(ctx context.Context, o *DoctorOptions) error {
	d := diagnosis{Schema: Schema, Status: ok}
	d.engine(ctx, o)
	d.Items = append(d.Items, git(ctx, o), terminal(o), disk(o))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, i := range d.Items {
		if i.Status == fail || i.Status == warn && d.Status == ok {
			d.Status = i.Status
		}
	}
	if err := d.write(o); err != nil {
		return err
	}
	if d.Status == fail {
		return trouble.ErrUnchecked
	}
	return nil
}

// engine looks at the engine and all that needs it.
func (d *diagnosis) engine(ctx context.Context, o *DoctorOptions) {
	eng, err := o.Engine(ctx)
	var info engine.Info
	if err == nil {
		info, err = o.Info(ctx, eng)
	}
	if err != nil {
		t := o.Trouble.Describe(err)
		d.Items = append(d.Items, item{Name: "engine", Status: fail, Message: t.Message + found(o, err), Next: t.Next})
		return
	}
	d.Engine = report.NewEngine(info)
	tr := o.Tr
	d.Items = append(d.Items,
		item{Name: "engine", Status: ok, Message: tr.T("doctor.engine", i18n.Vars{
			"Version": d.Engine.Version, "API": info.API, "Host": d.Engine.Host, "Source": source(o, info.At),
		})},
		item{Name: "buildkit", Status: ok, Message: tr.T("doctor.buildkit")},
		item{Name: "platform", Status: ok, Message: tr.T("doctor.platform", i18n.Vars{
			"OS": d.Engine.OS, "Arch": info.Arch, "CPUs": info.CPUs, "Store": store(info),
		})},
		memory(tr, info))
	for _, ref := range o.Images() {
		d.Items = append(d.Items, image(ctx, o, eng, ref))
	}
}

// found says who chose the engine that is in trouble, unless the next step
// says so.
func found(o *DoctorOptions, err error) string {
	var p *engine.Problem
	if !errors.As(err, &p) || p.At.Host == "" || p.Kind == engine.NotRunning {
		return ""
	}
	return " " + o.Tr.T("doctor.looked", i18n.Vars{"Source": source(o, p.At)})
}

// source says who chose the engine.
func source(o *DoctorOptions, at engine.Endpoint) string {
	switch at.Source {
	case "DOCKER_HOST":
		return o.Tr.T("doctor.source.host")
	case "DOCKER_CONTEXT":
		return o.Tr.T("doctor.source.variable", i18n.Vars{"Context": sanitize.Line(at.Context)})
	case "config":
		return o.Tr.T("doctor.source.config", i18n.Vars{"Context": sanitize.Line(at.Context)})
	}
	return o.Tr.T("doctor.source.default")
}

func store(info engine.Info) string {
	store := info.Store
	if info.Containerd {
		store += " (containerd)"
	}
	if info.Rootless {
		store += ", rootless"
	}
	return sanitize.Line(store)
}

func memory(tr *i18n.Translator, info engine.Info) item {
	i := item{Name: "memory", Status: ok, Message: tr.T("doctor.memory", i18n.Vars{"Size": tr.Bytes(info.MemoryBytes)})}
	if info.MemoryBytes < enoughMemory {
		i.Status, i.Next = warn, tr.T("doctor.memory-next", i18n.Vars{"Enough": tr.Bytes(enoughMemory)})
	}
	return i
}

func image(ctx context.Context, o *DoctorOptions, eng *engine.Engine, ref string) item {
	vars := i18n.Vars{"Image": ref}
	switch has, err := o.HasImage(ctx, eng, ref); {
	case err != nil:
		t := o.Trouble.Describe(err)
		return item{Name: "image", Status: fail, Message: t.Message, Next: t.Next}
	case has:
		return item{Name: "image", Status: ok, Message: o.Tr.T("doctor.image", vars)}
	}
	return item{Name: "image", Status: warn, Message: o.Tr.T("doctor.no-image", vars), Next: o.Tr.T("doctor.no-image-next", vars)}
}

func git(ctx context.Context, o *DoctorOptions) item {
	version, err := o.Git(ctx)
	if err != nil {
		return item{Name: "git", Status: warn, Message: o.Tr.T("doctor.no-git"), Next: o.Tr.T("doctor.no-git-next")}
	}
	return item{Name: "git", Status: ok, Message: sanitize.Line(version)}
}

func gitVersion(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "git", "--version").Output()
	return strings.TrimSpace(string(out)), err
}

func terminal(o *DoctorOptions) item {
	tr := o.Tr
	kind := o.Getenv("TERM")
	if kind == "" {
		kind = "-"
	}
	size := tr.T("doctor.no-terminal")
	if o.IO.OutTTY() {
		w, h := o.IO.Size()
		size = fmt.Sprintf("%d×%d", w, h)
		if !o.IO.Unicode {
			size = fmt.Sprintf("%dx%d", w, h)
		}
	}
	colors := tr.T("doctor.no-colors")
	if o.IO.OutStyle().Color {
		colors = tr.T("doctor.colors")
	}
	i := item{Name: "terminal", Status: ok, Message: tr.T("doctor.terminal", i18n.Vars{"Kind": sanitize.Line(kind), "Size": size, "Colors": colors})}
	if !o.IO.Unicode {
		i.Status, i.Message, i.Next = warn, i.Message+", "+tr.T("doctor.no-utf8"), tr.T("doctor.no-utf8-next")
	}
	return i
}

func disk(o *DoctorOptions) item {
	tr, dir := o.Tr, o.TempDir()
	free, err := o.FreeDisk(dir)
	if err != nil {
		return item{Name: "disk", Status: warn, Message: tr.T("doctor.no-disk", i18n.Vars{"Dir": dir, "Cause": sanitize.Line(err.Error())}), Next: tr.T("doctor.disk-next")}
	}
	i := item{Name: "disk", Status: ok, Message: tr.T("doctor.disk", i18n.Vars{"Dir": dir, "Free": tr.Bytes(int64(free))})}
	switch {
	case free < littleDisk:
		i.Status, i.Next = fail, tr.T("doctor.disk-next")
	case free < enoughDisk:
		i.Status, i.Next = warn, tr.T("doctor.disk-next")
	}
	return i
}

func (d *diagnosis) write(o *DoctorOptions) error {
	if o.Format == "json" {
		return report.JSON(o.IO.Out, d)
	}
	style := o.IO.OutStyle()
	as := map[level]checker.Status{ok: checker.Passed, warn: checker.Errored, fail: checker.Failed}
	words, names := 0, 0
	for _, i := range d.Items {
		words = max(words, layout.Width(o.Tr.T("doctor.level."+string(i.Status))))
		names = max(names, layout.Width(o.Tr.T("doctor.name."+i.Name)))
	}
	var b strings.Builder
	for _, i := range d.Items {
		first := style.Mark(as[i.Status]) + " " + style.Status(as[i.Status], layout.Pad(o.Tr.T("doctor.level."+string(i.Status)), words)) +
			"  " + layout.Pad(o.Tr.T("doctor.name."+i.Name), names) + "  "
		rest := strings.Repeat(" ", layout.Width(first))
		b.WriteString(layout.Prose(style, i.Message, o.IO.Width(), first, rest))
		if i.Next != "" {
			b.WriteString(layout.Prose(style, i.Next, o.IO.Width(), rest+style.Arrow()+" ", rest+"  "))
		}
	}
	fmt.Fprintln(&b)
	b.WriteString(layout.Prose(style, o.Tr.T("doctor.sum."+string(d.Status)), o.IO.Width(), "", ""))
	_, err := fmt.Fprint(o.IO.Out, b.String())
	return err
}
