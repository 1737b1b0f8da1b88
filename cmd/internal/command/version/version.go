// Package version is the command that tells which tutor this is.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/report"
)

// Schema names the shape of the JSON.
const Schema = "tutor.version/v1"

// VersionOptions are what the command depends on and its arguments.
type VersionOptions struct {
	IO        *iostreams.IOStreams
	Tr        *i18n.Translator
	BuildInfo func() (*debug.BuildInfo, bool)

	Format string
}

// version is what is known of this program.
type version struct {
	Schema   string `json:"schema"`
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

// NewCmdVersion returns the command.
func NewCmdVersion(f *cmdutil.Factory, runF func(*VersionOptions) error) *cobra.Command {
	opts := &VersionOptions{IO: f.IO, Tr: f.Tr, BuildInfo: debug.ReadBuildInfo}
	cmd := &cobra.Command{
		Use:     "version",
		Short:   f.Tr.T("version.short"),
		Long:    f.Tr.T("version.long"),
		Example: "$ tutor version\n$ tutor version --format json",
		Args:    cmdutil.Args(f, 0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			if runF != nil {
				return runF(opts)
			}
			return versionRun(opts)
		},
	}
	cmdutil.FormatVar(f, cmd, &opts.Format)
	return cmd
}

func versionRun(o *VersionOptions) error {
	v := read(o.BuildInfo)
	if o.Format == "json" {
		return report.JSON(o.IO.Out, v)
	}
	fmt.Fprintf(o.IO.Out, "tutor %s\n", v.Version)
	if v.Revision != "" {
		fmt.Fprintln(o.IO.Out, o.Tr.T("version.revision", i18n.Vars{"Revision": v.Revision, "Time": v.Time}))
		if v.Modified {
			fmt.Fprintln(o.IO.Out, o.Tr.T("version.modified"))
		}
	}
	fmt.Fprintf(o.IO.Out, "%s, %s/%s\n", v.Go, v.OS, v.Arch)
	return nil
}

func read(info func() (*debug.BuildInfo, bool)) version {
	v := version{Schema: Schema, Version: "(devel)", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	bi, ok := info()
	if !ok {
		return v
	}
	if bi.Main.Version != "" {
		v.Version = bi.Main.Version
	}
	for _, s := range bi.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
