// Package nonroot is the check that the image's process does not run as root:
// by what the Dockerfile says and by what the kernel says.
package nonroot

import (
	"context"
	"embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"example.com/tutor/checker"
	"example.com/tutor/checker/explain"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/image"
	"example.com/tutor/checker/facts/service"
	"example.com/tutor/checker/facts/tool"
	"example.com/tutor/checker/facts/user"
)

//go:embed doc.*.md
var docs embed.FS

// Name is the check's name.
const Name = "nonroot"

// Doc explains the check.
var Doc = explain.FS(docs)

// Codes are the codes of its findings.
var Codes = []string{"unset", "root", "unresolvable", "by-name", "uid"}

// New returns the check for a service.
func New(spec service.Spec) checker.Check {
	spec.Hardened = false // no-new-privileges would hide a set-user-ID program
	return check(spec.Build, service.Fact.For(spec), func(ctx context.Context, p *checker.Pass) (int, error) {
		svc, err := service.Fact.Of(ctx, p, spec)
		if err != nil {
			return 0, err
		}
		return svc.UID, nil
	})
}

// NewTool returns the check for a command-line tool.
func NewTool(spec tool.Spec) checker.Check {
	x := tool.InterruptionSpec{Spec: spec, Signal: tool.CtrlC}
	return check(spec.Build, tool.Interrupted.For(x), func(ctx context.Context, p *checker.Pass) (int, error) {
		i, err := tool.Interrupted.Of(ctx, p, x)
		if err != nil {
			return 0, err
		}
		return i.UID, nil
	})
}

// check returns the check of a program whose process is needed to tell its UID.
func check(spec build.Spec, process checker.Need, uid func(context.Context, *checker.Pass) (int, error)) checker.Check {
	return checker.Check{
		Name: Name, Codes: Codes, Doc: Doc,
		Requires: []checker.Need{image.Fact.For(spec), user.Fact.For(spec), process},
		Run: func(ctx context.Context, p *checker.Pass) error {
			if err := declared(ctx, p, spec); err != nil || p.Faulty() {
				return err
			}
			got, err := uid(ctx, p)
			if err != nil {
				return err
			}
			if got == 0 {
				p.Report(checker.Finding{Code: "uid", Got: "UID 0", Want: "UID ≠ 0"})
			}
			return nil
		},
	}
}

// declared judges USER as the image has it.
func declared(ctx context.Context, p *checker.Pass, spec build.Spec) error {
	img, err := image.Fact.Of(ctx, p, spec)
	if err != nil {
		return err
	}
	u, err := user.Fact.Of(ctx, p, spec)
	if err != nil {
		return err
	}
	df := img.Build.File
	i, _ := df.Target(spec.Target) // the build has made it, so it is there
	chain := df.Chain(i, build.Args.Of(p))
	at := df.Stages[i].Location
	if cmd, ok := dockerfile.Last[*instructions.UserCommand](df, chain); ok {
		at = cmd.Location()
	}
	report := func(f checker.Finding) { p.Report(df.Mark(f, at)) }
	switch {
	case u.Declared == "":
		report(checker.Finding{Code: "unset", Got: unset(df, i), Want: "USER 10001"})
	case isRoot(u):
		got := "USER " + u.Declared
		if u.Known && !u.Numeric {
			got += " → UID 0"
		}
		report(checker.Finding{Code: "root", Got: got, Want: "USER 10001"})
	case !u.Known:
		report(checker.Finding{Code: "unresolvable", Got: "USER " + u.Declared, Want: "USER 10001"})
	case !u.Numeric:
		report(checker.Finding{
			Code: "by-name", Level: checker.Advice, Got: fmt.Sprintf("USER %s → UID %d", u.Declared, u.UID),
			Want: "USER " + strconv.Itoa(u.UID),
		})
	}
	return nil
}

// isRoot tells whether the user is root under any spelling. The name counts
// even in an image whose passwd file does not have it.
func isRoot(u *user.User) bool {
	name, _, _ := strings.Cut(u.Declared, ":")
	return u.Known && u.UID == 0 || name == "root"
}

// unset says what there is instead of a USER in the final stage: one in a
// stage that leaves nothing behind is easily taken for enough.
func unset(df *dockerfile.File, final int) string {
	for i, st := range df.Stages {
		for _, cmd := range st.Commands {
			if c, ok := cmd.(*instructions.UserCommand); ok && i != final {
				return fmt.Sprintf("USER %s (%s, FROM %s)", c.User, df.At(c.Location()), st.BaseName)
			}
		}
	}
	return "no USER"
}
