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
	"strconv"
	"strings"
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/daemon"
	"example.com/tutor/checker/facts/image"
	"example.com/tutor/checker/facts/probe"
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
			needs = append(needs, roots.Needs(s.Build)...)
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
	r := &run{probe: pr, img: img, contract: spec.Contract, args: build.Args.Of(sc)}
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
		if svc.HasAuthority, err = roots.AddAuthority(ctx, sc, spec.Build, r.container, pr.Authority); err != nil {
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

// run is one container of the service on its way up.
type run struct {
	container *engine.Container
	url       string
	probe     *probe.Probe
	img       *image.Image
	contract  Contract
	args      map[string]string // of the build
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
		f = df.MarkCommand(f, df.Chain(i, r.args))
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
		if errors.As(err, &learner) {
			if start := engine.Refusal(strings.Join(learner.Finding.Detail, "\n")); start != nil {
				return r.startFault(start)
			}
		}
		return err
	}
}

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
