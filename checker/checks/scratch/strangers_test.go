package scratch

import (
	"io/fs"
	"maps"
	"slices"
	"testing"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/layers"
)

// entries makes files of an image: a path that ends in a slash is a folder, one
// with an arrow a link.
func entries(paths ...string) (all []engine.Entry) {
	for _, p := range paths {
		e := engine.Entry{Path: p, Mode: 0o644}
		switch {
		case p[len(p)-1] == '/':
			e.Path, e.Mode = p[:len(p)-1], fs.ModeDir|0o755
		case p[0] == '@':
			e.Path, e.Mode, e.Link = p[1:], fs.ModeSymlink|0o777, "target"
		}
		all = append(all, e)
	}
	return all
}

func TestSort(t *testing.T) {
	for name, tt := range map[string]struct {
		files []engine.Entry
		want  map[string][]string
	}{
		"innocent": {entries(
			"/", "/app", "/etc/", "/etc/passwd", "/etc/group", "/etc/ssl/certs/ca-certificates.crt", "/usr/share/zoneinfo/Europe/Berlin", "/usr/local/go/lib/time/zoneinfo.zip",
			"/etc/nsswitch.conf", "/tmp/", "/sh/", "/go/", "/busybox/", "/app.golang", "/gopher", "/data/dockerfile.md", "/shell", "/bin/service", "/lib/", "/templates/index.html", "/go.mod.txt",
			"/ash.json", "/libc.txt", "/pkg/app", "/licenses/gcc.txt", "/bin/", "/bin/golang", "/@eaDir/", "/goroot.txt",
		), nil},

		"a shell":           {entries("/bin/sh"), map[string][]string{"os": {"/bin/sh"}}},
		"a shell by link":   {entries("@/bin/sh", "/bin/dash"), map[string][]string{"os": {"/bin/sh", "/bin/dash"}}},
		"busybox":           {entries("/bin/busybox", "@/bin/sh", "@/bin/ls"), map[string][]string{"os": {"/bin/busybox", "/bin/sh"}}},
		"in an odd place":   {entries("/opt/tools/bash"), map[string][]string{"os": {"/opt/tools/bash"}}},
		"a package manager": {entries("/usr/bin/dpkg", "/sbin/apk"), map[string][]string{"os": {"/usr/bin/dpkg", "/sbin/apk"}}},
		"a release":         {entries("/etc/os-release", "@/usr/lib/os-release", "/etc/alpine-release", "/etc/debian_version"), map[string][]string{"os": {"/etc/os-release", "/usr/lib/os-release", "/etc/alpine-release", "/etc/debian_version"}}},
		"glibc": {
			entries("/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libc-2.31.so", "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-linux.so.2", "/lib/ld-linux-armhf.so.3"),
			map[string][]string{"os": {"/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libc-2.31.so", "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-linux.so.2", "/lib/ld-linux-armhf.so.3"}},
		},
		"musl": {
			entries("/lib/ld-musl-x86_64.so.1", "@/lib/libc.musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"),
			map[string][]string{"os": {"/lib/ld-musl-x86_64.so.1", "/lib/libc.musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"}},
		},

		"Go": {
			entries("/usr/local/go/bin/go", "/usr/local/go/VERSION", "/usr/local/go/src/fmt/print.go", "/usr/local/go/src/runtime/proc.go", "/usr/local/go/pkg/tool/linux_amd64/compile", "/app"),
			map[string][]string{"toolchain": {"/usr/local/go/bin/go", "/usr/local/go/VERSION", "/usr/local/go/src/fmt/print.go", "/usr/local/go/src/runtime/proc.go", "/usr/local/go/pkg/tool/linux_amd64/compile"}},
		},
		"Go in an odd place, without its program": {
			entries("/x/src/runtime/proc.go", "/x/src/fmt/print.go", "/y/main.go"),
			map[string][]string{"toolchain": {"/x/src/runtime/proc.go", "/x/src/fmt/print.go"}, "sources": {"/y/main.go"}},
		},
		"Go's tools alone": {entries("/t/pkg/tool/", "/t/pkg/tool/linux_amd64/link", "/t/pkg/include/asm.h"), map[string][]string{"toolchain": {"/t/pkg/tool/linux_amd64/link", "/t/pkg/include/asm.h"}}},
		"Go in /usr":       {entries("/usr/bin/go", "/usr/share/zoneinfo/UTC"), map[string][]string{"toolchain": {"/usr/bin/go"}}},
		"Go in the root":   {entries("/bin/go", "/app"), map[string][]string{"toolchain": {"/bin/go"}}},
		"compilers":        {entries("/usr/bin/gcc", "@/usr/bin/cc1", "/usr/bin/golangci-lint"), map[string][]string{"toolchain": {"/usr/bin/gcc", "/usr/bin/cc1", "/usr/bin/golangci-lint"}}},
		// A program called go is taken for Go: nobody names a service so.
		"a program called go": {entries("/app/go"), map[string][]string{"toolchain": {"/app/go"}}},

		"sources": {
			entries("/src/main.go", "/src/go.mod", "/src/go.sum", "/go.work", "/Dockerfile", "/testing.dockerfile", "/a.Dockerfile", "/.dockerignore", "/.gitignore"),
			map[string][]string{"sources": {"/src/main.go", "/src/go.mod", "/src/go.sum", "/go.work", "/Dockerfile", "/testing.dockerfile", "/a.Dockerfile", "/.dockerignore", "/.gitignore"}},
		},
		"a repository": {
			entries("/src/.git/", "/src/.git/HEAD", "/src/.git/objects/aa/", "/src/.git/objects/aa/bb"),
			map[string][]string{"sources": {"/src/.git", "/src/.git/HEAD", "/src/.git/objects/aa/bb"}},
		},
		"of each kind": {
			entries("/bin/sh", "/go/bin/go", "/main.go"),
			map[string][]string{"os": {"/bin/sh"}, "toolchain": {"/go/bin/go"}, "sources": {"/main.go"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(map[string][]string)
			var order []string
			for code, strangers := range sort(tt.files) {
				order = append(order, code)
				for _, e := range strangers {
					got[code] = append(got[code], e.Path)
				}
			}
			if !maps.EqualFunc(got, tt.want, slices.Equal) {
				t.Errorf("got\n%v, want\n%v", got, tt.want)
			}
			if !slices.IsSortedFunc(order, func(a, b string) int { return slices.Index(Codes, a) - slices.Index(Codes, b) }) {
				t.Errorf("the codes come as %q", order)
			}
		})
	}
}

func TestSortStops(t *testing.T) {
	n := 0
	for range sort(entries("/bin/sh", "/go/bin/go", "/main.go")) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("went on to %d", n)
	}
}

func TestFound(t *testing.T) {
	df, err := dockerfile.Parse("Dockerfile", []byte("FROM golang:1.26 AS build\nFROM scratch\nCOPY --from=build /bin /bin\nCOPY app /\n"))
	if err != nil {
		t.Fatal(err)
	}
	final := df.Stages[1]
	at := func(i int) dockerfile.Location { return final.Commands[i].Location() }
	in := func(layer int, paths ...string) []engine.Entry {
		all := entries(paths...)
		for i := range all {
			all[i].Layer = layer
		}
		return all
	}
	known := []layers.Layer{{At: at(0), Entries: entries("/x")}, {At: at(1), Entries: entries("/x")}}
	eight := []string{"/bin/a.go", "/bin/b.go", "/bin/c.go", "/bin/d.go", "/bin/e.go", "/bin/f.go", "/bin/g.go", "/bin/h.go"}
	for name, tt := range map[string]struct {
		strangers []engine.Entry
		list      []layers.Layer
		line      int
		got       string
		detail    []string
	}{
		"one":                          {in(0, "/bin/sh"), known, 3, "/bin/sh", []string{"/bin/sh"}},
		"of another layer":             {in(1, "/main.go"), known, 4, "/main.go", []string{"/main.go"}},
		"what people know first":       {in(0, "/bin/a.so", "/bin/sh"), known, 3, "/bin/sh", []string{"/bin/sh", "/bin/a.so"}},
		"many":                         {in(0, eight...), known, 3, "/bin/a.go", append(slices.Clone(eight[:6]), "… (8)")},
		"as many as are shown":         {in(0, eight[:6]...), known, 3, "/bin/a.go", eight[:6]},
		"layers are not known":         {in(0, "/bin/sh"), []layers.Layer{{At: at(0)}}, 2, "/bin/sh", []string{"/bin/sh"}},
		"of no instruction":            {in(0, "/bin/sh"), []layers.Layer{{Entries: entries("/x")}}, 2, "/bin/sh", []string{"/bin/sh"}},
		"of a layer that is not there": {in(7, "/bin/sh"), known, 2, "/bin/sh", []string{"/bin/sh"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := found("os", tt.strangers, tt.list, df, final.Location)
			if f.Code != "os" || f.Place.Line != tt.line || f.Got != tt.got || !slices.Equal(f.Detail, tt.detail) || f.Source != df.Line(tt.line) {
				t.Errorf("got %+v, want %s in line %d", f, tt.got, tt.line)
			}
		})
	}
}
