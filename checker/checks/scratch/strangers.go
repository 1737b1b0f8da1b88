package scratch

import (
	"io/fs"
	"iter"
	"path"
	"regexp"
	"slices"
	"strings"

	"example.com/tutor/checker/engine"
)

// programs are what an operating system or a toolchain brings, by base name.
var programs = map[string]string{
	"sh": "os", "ash": "os", "bash": "os", "dash": "os", "zsh": "os", "busybox": "os", "toybox": "os",
	"apt": "os", "apt-get": "os", "dpkg": "os", "apk": "os", "rpm": "os", "yum": "os", "dnf": "os", "microdnf": "os",
	"os-release": "os", "debian_version": "os", "alpine-release": "os",
	"go": "toolchain", "gofmt": "toolchain", "gcc": "toolchain", "cc1": "toolchain", "golangci-lint": "toolchain",
}

// libc matches the C library and its loader, glibc's and musl's.
var libc = regexp.MustCompile(`^(libc\.so\.\d+|libc-\d.*\.so|ld-linux[\w-]*\.so\.\d+|ld-musl-\w+\.so\.\d+|libc\.musl-\w+\.so\.\d+)$`)

// toolchainParts are folders of a Go distribution.
var toolchainParts = regexp.MustCompile(`/pkg/(tool|include)/|/go/src/runtime/`)

// sourceFiles matches what belongs to the repository and not to the image.
var sourceFiles = regexp.MustCompile(`^(.*\.go|go\.mod|go\.sum|go\.work|.*[dD]ockerfile|\.dockerignore|\.gitignore)$`)

// sort returns the files that do not belong into an image made from scratch,
// by the code of their finding, in the order of Codes.
func sort(all []engine.Entry) iter.Seq2[string, []engine.Entry] {
	found := make(map[string][]engine.Entry)
	goroots := goRoots(all)
	for _, e := range all {
		if code := kind(e, goroots); code != "" {
			found[code] = append(found[code], e)
		}
	}
	return func(yield func(string, []engine.Entry) bool) {
		for _, code := range Codes {
			if len(found[code]) > 0 && !yield(code, found[code]) {
				return
			}
		}
	}
}

func kind(e engine.Entry, goroots []string) string {
	base := path.Base(e.Path)
	// A link counts too: it is how busybox and merged /usr bring their names.
	if !e.Mode.IsRegular() && e.Mode&fs.ModeSymlink == 0 {
		if e.Mode.IsDir() && base == ".git" {
			return "sources"
		}
		return ""
	}
	switch {
	case programs[base] != "":
		return programs[base]
	case libc.MatchString(base):
		return "os"
	case toolchainParts.MatchString(e.Path), slices.ContainsFunc(goroots, func(r string) bool { return strings.HasPrefix(e.Path, r) }):
		return "toolchain"
	case sourceFiles.MatchString(base), strings.Contains(e.Path, "/.git/"):
		return "sources"
	}
	return ""
}

// goRoots finds folders of Go distributions: what is below them is one thing,
// not thousands of sources.
func goRoots(all []engine.Entry) []string {
	var roots []string
	for _, e := range all {
		for _, mark := range []string{"bin/go", "src/runtime/proc.go", "pkg/tool"} {
			if root, ok := strings.CutSuffix(e.Path, "/"+mark); ok && root != "" && root != "/usr" {
				roots = append(roots, root+"/")
			}
		}
	}
	return roots
}
