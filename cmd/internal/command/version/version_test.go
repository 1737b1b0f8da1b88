package version

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"testing"

	"example.com/tutor/cmd/internal/fake"
	"example.com/tutor/cmd/internal/iostreams"
)

func TestNewCmdVersion(t *testing.T) {
	for _, tc := range []struct{ args, format, err string }{
		{"", "text", ""},
		{"--format json", "json", ""},
		{"x", "", "One argument too many: `x`. / How to use the command: `version --help`"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			io, _, _ := iostreams.Test()
			f := fake.Factory(io, "en")
			var got VersionOptions
			if err := fake.Execute(f, NewCmdVersion(f, func(o *VersionOptions) error { got = *o; return nil }), tc.args); err != tc.err {
				t.Fatalf("error is %q, want %q", err, tc.err)
			}
			if got.Format != tc.format {
				t.Errorf("format is %q", got.Format)
			}
		})
	}
}

func TestVersionRun(t *testing.T) {
	full := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-11-24T12:00:00Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	machine := runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
	for _, tc := range []struct {
		name string
		info *debug.BuildInfo
		lang string
		want string
	}{
		{"full", full, "en", "tutor v1.2.3\nrevision abc of 2026-11-24T12:00:00Z\nbuilt from modified sources\n" + machine},
		{"Russian", full, "ru", "tutor v1.2.3\nревизия abc от 2026-11-24T12:00:00Z\nсобран из изменённых исходников\n" + machine},
		{"module only", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "en", "tutor v1.2.3\n" + machine},
		{"nothing", nil, "en", "tutor (devel)\n" + machine},
	} {
		t.Run(tc.name, func(t *testing.T) {
			io, out, _ := iostreams.Test()
			o := &VersionOptions{IO: io, Tr: fake.Factory(io, tc.lang).Tr, BuildInfo: func() (*debug.BuildInfo, bool) { return tc.info, tc.info != nil }}
			if err := versionRun(o); err != nil || out.String() != tc.want {
				t.Errorf("got %q, %v; want %q", out, err, tc.want)
			}
			o.Format = "json"
			out.Reset()
			var v version
			if err := versionRun(o); err != nil || json.Unmarshal(out.Bytes(), &v) != nil || v.Schema != Schema || v.Go != runtime.Version() {
				t.Errorf("JSON is %s, %v", out, err)
			}
		})
	}
}
