package tool

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/checker/facts/daemon"
	"example.com/tutor/checker/facts/image"
	"example.com/tutor/checker/facts/probe"
)

// The signals by which a tool is interrupted.
const (
	// CtrlC is the signal of the terminal's Ctrl-C, which "docker run" hands on.
	CtrlC = "SIGINT"
	// Stop stands for the signal of "docker stop": the image's STOPSIGNAL.
	Stop = "STOPSIGNAL"
)

// Soon is how long an interrupted tool may take; "docker stop" kills after 10 s.
const Soon = 5 * time.Second

// up is how long a tool may take until it answers its first line. One that
// answers at the end of its input only is up by then, too.
const up = 3 * time.Second

// settle is how long a tool that has answered is watched for ending by itself.
const settle = 500 * time.Millisecond

// InterruptionSpec describes an interruption.
type InterruptionSpec struct {
	Spec          // its Call does not matter
	Signal string // CtrlC or Stop
}

// String names the interruption in progress.
func (s InterruptionSpec) String() string { return s.Build.String() + ", " + s.Signal }

// Interruption is what became of a tool that was waiting for its next line of
// stdin when the signal came.
type Interruption struct {
	// UID is the effective user ID that it had until then.
	UID int
	// Signal is the signal that was sent, by name or number.
	Signal string
	// Ended is false where it was still running after Soon.
	Ended bool
	Code  int
	Lines []string // the decisive ones of its output
}

// Interrupted starts the tool with "docker run -i", gives it one host and keeps
// its stdin open, then sends the signal. So a tool that does not heed signals
// runs for ever. One that ends before is a LearnerError of the check "stdin".
var Interrupted = &checker.Fact[InterruptionSpec, *Interruption]{
	Name: "interruption",
	Slot: "container",
	Requires: func(s InterruptionSpec) []checker.Need {
		s.Call = Both
		return []checker.Need{
			daemon.Fact.For(checker.None{}), image.Fact.For(s.Build), probe.Fact.For(checker.None{}), Fact.For(s.Spec),
		}
	},
	Compute: interrupt,
}

func interrupt(ctx context.Context, sc *checker.Scope, spec InterruptionSpec) (*Interruption, error) {
	pr, err := probe.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return nil, err
	}
	b, err := begin(ctx, sc, spec.Build, options{args: []string{spec.Stdin}, stdin: true})
	if err != nil {
		return nil, err
	}
	b.run.Stdin(pr.Trusted+"\n", false)
	waits, err := b.waits(ctx, pr.Trusted)
	if err != nil {
		return nil, err
	}
	lines := func() []string {
		r := Ran{Stdout: b.run.Stdout().String(), Stderr: b.run.Stderr().String()}
		return r.shown()
	}
	x := &Interruption{Signal: spec.Signal}
	if spec.Signal == Stop {
		x.Signal = cmp.Or(b.img.Config.StopSignal, "SIGTERM")
	}
	if waits {
		x.UID, err = b.container.UID(ctx)
	}
	if !waits || err != nil {
		state, serr := b.container.State(ctx)
		if serr != nil || state.Running {
			return nil, errors.Join(err, serr)
		}
		return nil, b.fault("stdin", checker.Finding{
			Code: "early", Got: "exit code " + strconv.Itoa(state.ExitCode), Want: "a command that waits for the next line",
			Detail: lines(), Data: map[string]string{"command": command([]string{spec.Stdin}, true)},
		})
	}
	if err := b.container.Signal(ctx, x.Signal); err != nil {
		return nil, err
	}
	state, ended, err := b.end(ctx, Soon)
	if err != nil {
		return nil, err
	}
	x.Ended, x.Code, x.Lines = ended, state.ExitCode, lines()
	return x, nil
}

// waits tells whether the tool is still running some time after it has spoken of
// host, or after a longer while.
func (b *begun) waits(ctx context.Context, host string) (bool, error) {
	for deadline, settling := time.Now().Add(up), false; ; {
		state, err := b.container.State(ctx)
		if err != nil || !state.Running || time.Now().After(deadline) {
			return state.Running, err
		}
		if !settling && strings.Contains(b.run.Stdout().String(), host) {
			deadline, settling = time.Now().Add(settle), true
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}
