// Package certs is the check that a program in the image can tell good TLS
// certificates from bad ones: a bundle of authorities stands where Go looks,
// it parses, it holds today's public roots, and the running program takes a
// server of an authority in it and refuses one of another.
package certs

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/explain"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/image"
	"example.com/tutor/checker/facts/layers"
	"example.com/tutor/checker/facts/rootfs"
	"example.com/tutor/checker/facts/roots"
	"example.com/tutor/checker/facts/service"
	"example.com/tutor/checker/facts/tlstrial"
	"example.com/tutor/checker/facts/tool"
	"example.com/tutor/checker/facts/user"
)

//go:embed doc.*.md
var docs embed.FS

// Name is the check's name.
const Name = "certs"

// Doc explains the check.
var Doc = explain.FS(docs)

// Codes are the codes of its findings.
var Codes = []string{"missing", "broken", "roots", "unreadable", "refused", "accepted"}

// Params are what an exercise says.
type Params struct {
	// Request is the path by which the service is asked to connect to {host}.
	Request string `yaml:"request"`
	// Accepted is the field of its JSON answer that is true when it took the
	// server's certificate for valid.
	Accepted string `yaml:"accepted"`
}

// Validate refuses parameters that make no sense.
func (p Params) Validate() error {
	switch {
	case !strings.HasPrefix(p.Request, "/") || !strings.Contains(p.Request, "{host}"):
		return errors.New("request must be a path with {host} in it")
	case p.Accepted == "":
		return errors.New("accepted must name a field of the answer")
	}
	return nil
}

// New returns the check for a service.
func New(spec service.Spec, params Params) checker.Check {
	spec.Hardened = false // so that the session's authority can be added
	return check(tlstrial.Spec{Service: spec, Request: params.Request, Accepted: params.Accepted})
}

// NewTool returns the check for a command-line tool.
func NewTool(spec tool.Spec) checker.Check { return check(tlstrial.Spec{Tool: spec}) }

func check(trial tlstrial.Spec) checker.Check {
	b := trial.Build()
	return checker.Check{
		Name: Name, Codes: Codes, Doc: Doc,
		Requires: []checker.Need{
			image.Fact.For(b), layers.Fact.For(b), rootfs.Fact.For(b), roots.Fact.For(b), user.Fact.For(b), tlstrial.Fact.For(trial),
		},
		Run: func(ctx context.Context, p *checker.Pass) error {
			if err := bundle(ctx, p, b); err != nil || p.Faulty() {
				return err
			}
			t, err := tlstrial.Fact.Of(ctx, p, trial)
			if err != nil {
				return err
			}
			if !t.Tried {
				return errors.New("trying TLS: no authority could be added to the image's roots")
			}
			if !t.Trusted.Accepted {
				p.Report(checker.Finding{Code: "refused", Got: t.Trusted.Answer, Want: trial.Want(true)})
			}
			if t.Foreign.Accepted {
				p.Report(checker.Finding{Code: "accepted", Got: t.Foreign.Answer, Want: trial.Want(false)})
			}
			return nil
		},
	}
}

// bundle judges the authorities that lie in the image.
func bundle(ctx context.Context, p *checker.Pass, spec build.Spec) error {
	img, err := image.Fact.Of(ctx, p, spec)
	if err != nil {
		return err
	}
	found, err := roots.Fact.Of(ctx, p, spec)
	if err != nil {
		return err
	}
	list, err := layers.Fact.Of(ctx, p, spec)
	if err != nil {
		return err
	}
	df := img.Build.File
	i, _ := df.Target(spec.Target) // the build has made it, so it is there
	at := func(layer int) dockerfile.Location {
		if layer >= 0 && layer < len(list) && list[layer].Entries != nil && list[layer].At != nil {
			return list[layer].At
		}
		return df.Stages[i].Location
	}
	if len(found.Files) == 0 {
		f := checker.Finding{Code: "missing", Got: "none", Want: found.Looked[0], Detail: found.Looked}
		if found.Elsewhere != "" {
			f.Got = found.Elsewhere
		}
		p.Report(df.Mark(f, at(-1)))
		return nil
	}
	where := df.Mark(checker.Finding{}, at(found.Files[0].Layer))
	report := func(f checker.Finding) {
		f.Place, f.Source = where.Place, where.Source
		p.Report(f)
	}
	if len(found.Broken) > 0 {
		report(checker.Finding{Code: "broken", Got: fmt.Sprintf("%s: %d", found.Broken[0], len(found.Certs)), Want: "PEM", Detail: found.Broken})
		return nil
	}
	u, err := user.Fact.Of(ctx, p, spec)
	if err != nil {
		return err
	}
	files, err := rootfs.Fact.Of(ctx, p, spec)
	if err != nil {
		return err
	}
	closed, err := unreadable(ctx, u, found.Files[0], files)
	if err != nil {
		return err
	}
	if closed != "" && u.Known {
		report(checker.Finding{Code: "unreadable", Got: closed, Want: fmt.Sprintf("readable by UID %d", u.UID)})
	}
	if lacking := lackingRoots(found.Certs); len(lacking) > 0 {
		report(checker.Finding{Code: "roots", Got: fmt.Sprint(len(found.Certs)), Want: strings.Join(lacking, ", "), Detail: lacking})
	}
	return nil
}

// unreadable returns the file, or the folder on the way to it, that the user
// may not read, with its mode and owner; "" when all is open.
func unreadable(ctx context.Context, u *user.User, e engine.Entry, files engine.Files) (string, error) {
	say := func(e engine.Entry) string { return fmt.Sprintf("%s %s %d:%d", e.Mode, e.Path, e.UID, e.GID) }
	if !u.CanRead(e) {
		return say(e), nil
	}
	for dir := path.Dir(e.Path); dir != "/"; dir = path.Dir(dir) {
		d, err := engine.Stat(ctx, files, dir)
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			continue // a folder that no layer describes is open
		}
		if err != nil {
			return "", err
		}
		if !u.CanEnter(d) {
			return say(d), nil
		}
	}
	return "", nil
}
