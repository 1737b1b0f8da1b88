// Package service is the fact of the submission's service running in a
// container of its own, under the image's user: hardened (read-only root, no
// capabilities, no new privileges) or plain.
package service

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/daemon"
	"example.com/tutor/checker/facts/image"
	"example.com/tutor/checker/facts/probe"
	"example.com/tutor/checker/facts/rootfs"
	"example.com/tutor/checker/facts/roots"
	"example.com/tutor/checker/logtail"
)

// Contract is what an exercise says of the service that the image runs.
type Contract struct {
	Port   int    // TCP port that it listens on
	Health string // path that answers 200 once it is ready
}

// Ready is how long a service may take until it answers.
const Ready = 10 * time.Second

// Spec describes a run of the service.
type Spec struct {
	Build build.Spec
	Contract
	// Hardened is: read-only root, no capabilities, no new privileges. Without
	// it the service runs as plain "docker run" does, with the session's own
	// authority added to the roots of the image.
	Hardened bool
}

// String names the run in progress.
func (s Spec) String() string {
	if s.Hardened {
		return s.Build.String() + ", hardened"
	}
	return s.Build.String()
}

// Service is the service, running and healthy.
type Service struct {
	// UID is the effective user ID of its process.
	UID int
	// URL is where the probe reaches it, without a path.
	URL string
	// HasAuthority tells that the session's authority is among its roots.
	HasAuthority bool
}

// Fact runs the service. One that does not start or answer is a LearnerError
// of the check "hardened".
var Fact = &checker.Fact[Spec, *Service]{
	Name: "service",
	Slot: "container",
	Requires: func(s Spec) []checker.Need {
		needs := []checker.Need{daemon.Fact.For(checker.None{}), image.Fact.For(s.Build), probe.Fact.For(checker.None{})}
		if !s.Hardened {
			needs = append(needs, rootfs.Fact.For(s.Build), roots.Fact.For(s.Build))
		}
		return needs
	},
	Compute: compute,
}

func compute(ctx context.Context, sc *checker.Scope, spec Spec) (*Service, error) {
	eng, err := daemon.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return nil, err
	}
	img, err := image.Fact.Of(ctx, sc, spec.Build)
	if err != nil {
		return nil, err
	}
	pr, err := probe.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return nil, err
	}
	r := &run{probe: pr, img: img, contract: spec.Contract}
	if len(img.Config.Cmd) == 0 && len(img.Config.Entrypoint) == 0 {
		return nil, r.fault(checker.Finding{Code: "no-command", Got: "no CMD, no ENTRYPOINT", Want: "CMD"})
	}
	var name [6]byte
	rand.Read(name[:]) // never fails since Go 1.24
	host := "s" + hex.EncodeToString(name[:])
	svc := &Service{URL: fmt.Sprintf("http://%s:%d", host, spec.Port)}
	r.url = svc.URL
	r.container, err = eng.CreateContainer(ctx, engine.ContainerOptions{
		Session: sc.Session().ID(), Image: img.Build.Image, Hardened: spec.Hardened, Network: pr.Network, Aliases: []string{host},
	})
	if err != nil {
		return nil, r.startFault(err)
	}
	sc.Session().Cleanup("container of the service", r.container.Remove)
	if !spec.Hardened {
		if svc.HasAuthority, err = addAuthority(ctx, sc, spec, r.container, pr.Authority); err != nil {
			return nil, err
		}
	}
	if err := r.container.Start(ctx); err != nil {
		return nil, r.startFault(err)
	}
	if err := r.healthy(ctx); err != nil {
		return nil, err
	}
	svc.UID, err = r.container.UID(ctx)
	return svc, err
}

// addAuthority makes a Go program in the container trust authority too: the
// bundle gets it at its end, or the folder one more file. Mode and owner stay
// as the image has them. An image without roots is left alone.
func addAuthority(ctx context.Context, sc *checker.Scope, spec Spec, c *engine.Container, authority []byte) (bool, error) {
	files, err := rootfs.Fact.Of(ctx, sc, spec.Build)
	if err != nil {
		return false, err
	}
	found, err := roots.Fact.Of(ctx, sc, spec.Build)
	if err != nil || len(found.Certs) == 0 {
		return false, err
	}
	first := found.Files[0]
	f := engine.File{Path: first.Path, Text: authority, Mode: int64(first.Mode.Perm()), UID: first.UID, GID: first.GID}
	if found.Bundle.Path == "" {
		f.Path = path.Join(found.Folder, "tutor-authority.pem")
		return true, c.CopyIn(ctx, f)
	}
	text, _, err := engine.ReadFile(ctx, files, first.Path, first.Size)
	if err != nil {
		return false, err
	}
	f.Text = slices.Concat(text, []byte("\n"), authority)
	return true, c.CopyIn(ctx, f)
}

// run is one container of the service on its way up.
type run struct {
	container *engine.Container
	url       string
	probe     *probe.Probe
	img       *image.Image
	contract  Contract
}

func (r *run) startFault(err error) error {
	var start *engine.StartError
	if !errors.As(err, &start) {
		return err
	}
	return r.fault(checker.Finding{Code: "not-started", Got: start.Message, Want: "a process that starts"})
}

// fault puts the command's place into the finding and makes it the check
// hardened's.
func (r *run) fault(f checker.Finding) error {
	df := r.img.Build.File
	if i, ok := df.Target(r.img.Build.Spec.Target); ok {
		f = df.MarkCommand(f, df.Chain(i, nil))
	}
	return &checker.LearnerError{Owner: "hardened", Finding: f}
}

// logLines and logBytes bound what is shown of a service's output.
const (
	logLines = 12
	logBytes = 64 << 10
)

// healthy waits until the service answers its health path with 200, has
// exited, or [Ready] is over.
func (r *run) healthy(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type health struct {
		answer probe.Answer
		err    error
	}
	asked := make(chan health, 1)
	go func() {
		a, err := r.probe.Get(ctx, probe.Request{URL: r.url + r.contract.Health, Wait: Ready})
		if err != nil {
			asked <- health{err: err}
			return
		}
		asked <- health{answer: a[0]}
	}()
	type exit struct {
		state engine.State
		err   error
	}
	exited := make(chan exit, 1)
	go func() {
		s, err := r.container.Wait(ctx)
		exited <- exit{s, err}
	}()
	select {
	case h := <-asked:
		if h.err != nil {
			return h.err
		}
		return r.judge(ctx, h.answer)
	case x := <-exited:
		if x.err != nil {
			return x.err
		}
		f := checker.Finding{Code: "exits", Got: "exit code " + strconv.Itoa(x.state.ExitCode), Want: "a service that stays up"}
		if x.state.OOMKilled {
			f.Got = "out of memory"
		}
		err := r.withLog(ctx, f)
		var learner *checker.LearnerError
		if errors.As(err, &learner) && len(learner.Finding.Detail) == 1 && execFailed.MatchString(learner.Finding.Detail[0]) {
			return r.startFault(&engine.StartError{Message: learner.Finding.Detail[0]})
		}
		return err
	}
}

// execFailed matches what runc's init leaves as the only output when the
// kernel refuses the program: an interpreter or library that is not there, a
// program for another system. The container has "started" by then.
var execFailed = regexp.MustCompile(`^(exec \S+: |.*exec user process caused:? )`)

func (r *run) judge(ctx context.Context, a probe.Answer) error {
	want := "200 " + r.contract.Health
	switch {
	case a.Error != "":
		return r.withLog(ctx, checker.Finding{
			Code: "silent", Got: "no answer in " + Ready.String(), Want: want,
			Data: map[string]string{"port": strconv.Itoa(r.contract.Port)},
		})
	case a.Status != 200:
		return r.withLog(ctx, checker.Finding{Code: "status", Got: strconv.Itoa(a.Status) + " " + r.contract.Health, Want: want})
	}
	return nil
}

func (r *run) withLog(ctx context.Context, f checker.Finding) error {
	log, err := r.container.Logs(ctx, 200, logBytes)
	if err != nil {
		return err
	}
	f.Detail = logtail.Decisive(log, logLines)
	return r.fault(f)
}
