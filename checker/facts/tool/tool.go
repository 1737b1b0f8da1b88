// Package tool is the fact of the submission's command-line tool being called
// as "docker run IMAGE ARGUMENTS" does it: a container from its start to its
// end, stdout and stderr apart. The tool judges the TLS certificates of hosts;
// it is asked about the probe's two servers in their internal network, whose
// names are made anew each time, so that it cannot know the answers.
package tool

import (
	"context"
	"encoding/json"
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

// Contract is what an exercise says of the tool that the image is.
type Contract struct {
	// Valid and Invalid are how a line on stdout goes on after the host,
	// HOST:PORT: its certificate is accepted or not.
	Valid   string `yaml:"valid"`
	Invalid string `yaml:"invalid"`
	// Misuse is an argument that the tool must complain of.
	Misuse string `yaml:"misuse"`
	// Stdin is the argument by which it reads hosts from stdin, one a line.
	Stdin string `yaml:"stdin"`
	// Codes are its exit codes.
	Codes Codes `yaml:"codes"`
}

// Codes are the exit codes of a tool.
type Codes struct {
	Valid   int `yaml:"valid"`   // every host has a valid certificate
	Invalid int `yaml:"invalid"` // one has none
	Misuse  int `yaml:"misuse"`  // wrong arguments
}

// Validate refuses a contract that nothing can be judged by.
func (c Contract) Validate() error {
	k := c.Codes
	switch {
	case c.Valid == "" || c.Invalid == "" || c.Misuse == "" || c.Stdin == "":
		return errors.New("tool must have valid, invalid, misuse and stdin")
	case strings.HasPrefix(c.Valid, c.Invalid) || strings.HasPrefix(c.Invalid, c.Valid):
		return errors.New("valid and invalid of tool must differ from their beginning")
	case k.Valid == k.Invalid || k.Invalid == k.Misuse || k.Misuse == k.Valid:
		return errors.New("the three codes of tool must differ")
	}
	return nil
}

// Call is a way of calling the tool.
type Call string

// The calls.
const (
	// Bare is without arguments.
	Bare Call = "bare"
	// Trusted asks about a server with a certificate that it must accept.
	Trusted Call = "trusted"
	// Both asks about that server, then about one that it must refuse.
	Both Call = "both"
	// Misused has the wrong argument.
	Misused Call = "misused"
	// Piped gives it both hosts on stdin, the last line without its end.
	Piped Call = "piped"
)

// Limit is how long a call may take.
const Limit = 15 * time.Second

// Spec describes a call.
type Spec struct {
	Build build.Spec
	Contract
	Call Call
}

// String names the call in progress.
func (s Spec) String() string { return s.Build.String() + ", " + string(s.Call) }

// Ran is a call that has ended.
type Ran struct {
	// Command is what a learner would type for it, but for the image's name.
	Command string
	// Hosts are the hosts that it asked about.
	Hosts          []string
	Stdout, Stderr string // at most outputBytes each
	Code           int
	// HasAuthority tells that the session's authority is among its roots.
	HasAuthority bool
}

// Fact calls the tool. Where it cannot be called, does not end or does not
// speak of the hosts that it was asked about, that is a LearnerError of the
// check "entrypoint"; a tool that reads without an end is one of "stdin".
var Fact = &checker.Fact[Spec, *Ran]{Name: "tool", Slot: "container", Compute: compute}

func init() { Fact.Requires = needs } // it needs itself, for another call

func needs(s Spec) []checker.Need {
	list := append(roots.Needs(s.Build),
		daemon.Fact.For(checker.None{}), image.Fact.For(s.Build), probe.Fact.For(checker.None{}))
	if s.Call != Both {
		// A tool that does not take its arguments is not worth another call.
		s.Call = Both
		list = append(list, Fact.For(s))
	}
	return list
}

func compute(ctx context.Context, sc *checker.Scope, spec Spec) (*Ran, error) {
	pr, err := probe.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return nil, err
	}
	r := &Ran{}
	o := options{authority: pr.Authority}
	switch spec.Call {
	case Trusted:
		r.Hosts = []string{pr.Trusted}
		o.args = r.Hosts
	case Both:
		r.Hosts = []string{pr.Trusted, pr.Foreign}
		o.args = r.Hosts
	case Misused:
		o.args = []string{spec.Misuse}
	case Piped:
		r.Hosts = []string{pr.Trusted, pr.Foreign}
		o.args, o.stdin = []string{spec.Stdin}, true
	}
	r.Command = command(o.args, o.stdin)
	b, err := begin(ctx, sc, spec.Build, o)
	if err != nil {
		return nil, err
	}
	r.HasAuthority = b.hasAuthority
	if o.stdin {
		b.run.Stdin(strings.Join(r.Hosts, "\n"), true)
	}
	state, ended, err := b.end(ctx, Limit)
	if err != nil {
		return nil, err
	}
	r.Stdout, r.Stderr, r.Code = b.run.Stdout().String(), b.run.Stderr().String(), state.ExitCode
	if !ended {
		return nil, b.fault(spec.ownerOf(), checker.Finding{
			Code: "endless", Got: "still running after " + Limit.String(), Want: "a command that ends",
			Detail: r.shown(), Data: map[string]string{"command": r.Command},
		})
	}
	if start := engine.Refusal(r.Stdout + r.Stderr); start != nil {
		return nil, b.startFault(start)
	}
	if spec.Call == Both && len(spec.Answers(r.Stdout+"\n"+r.Stderr, r.Hosts)) < len(r.Hosts) {
		got := fmt.Sprintf("exit code %d, no output", r.Code)
		if lines := r.shown(); len(lines) > 0 {
			got = lines[0]
		}
		return nil, b.fault("entrypoint", checker.Finding{
			Code: "ignored", Got: got, Want: r.Hosts[0] + spec.Valid, Detail: r.shown(),
			Data: map[string]string{"command": r.Command},
		})
	}
	return r, nil
}

func (s Spec) ownerOf() string {
	if s.Call == Piped {
		return "stdin"
	}
	return "entrypoint"
}

// Answer is what the tool says of a host.
type Answer struct {
	Accepted bool
	Line     string
}

// Answers finds the answers about hosts in the lines of an output.
func (c Contract) Answers(output string, hosts []string) map[string]Answer {
	found := make(map[string]Answer)
	for line := range strings.Lines(output) {
		if host, a, ok := c.answer(strings.TrimRight(line, "\r\n"), hosts); ok {
			found[host] = a
		}
	}
	return found
}

// IsAnswer tells whether a line is an answer about one of the hosts.
func (c Contract) IsAnswer(line string, hosts []string) bool {
	_, _, ok := c.answer(line, hosts)
	return ok
}

func (c Contract) answer(line string, hosts []string) (host string, a Answer, ok bool) {
	for _, host := range hosts {
		switch rest, ok := strings.CutPrefix(line, host); {
		case ok && strings.HasPrefix(rest, c.Valid):
			return host, Answer{true, line}, true
		case ok && strings.HasPrefix(rest, c.Invalid):
			return host, Answer{false, line}, true
		}
	}
	return "", Answer{}, false
}

// shownLines is how many lines of output a finding shows.
const shownLines = 8

// shown are the decisive lines of the output, stdout first.
func (r *Ran) shown() []string { return logtail.Decisive(r.Stdout+"\n"+r.Stderr, shownLines) }

// command is the call as a learner would type it.
func command(args []string, stdin bool) string {
	words := []string{"docker", "run"}
	if stdin {
		words = append(words, "-i")
	}
	words = append(words, "IMAGE")
	for _, a := range args {
		if strings.ContainsAny(a, " '\"$&|;<>()*?\\") || a == "" {
			a = strconv.Quote(a)
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

// outputBytes bounds what is kept of a stream.
const outputBytes = 64 << 10

// options say how a container of the tool is made.
type options struct {
	args      []string
	stdin     bool
	authority []byte // to be added to its roots, nil for none
}

// begun is the tool in a container of its own.
type begun struct {
	sc           *checker.Scope
	img          *image.Image
	container    *engine.Container
	run          *engine.Run
	hasAuthority bool
}

// begin starts the tool, under the image's user, as plain "docker run" does.
func begin(ctx context.Context, sc *checker.Scope, spec build.Spec, o options) (*begun, error) {
	eng, err := daemon.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return nil, err
	}
	img, err := image.Fact.Of(ctx, sc, spec)
	if err != nil {
		return nil, err
	}
	pr, err := probe.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return nil, err
	}
	b := &begun{sc: sc, img: img}
	if len(img.Config.Entrypoint) == 0 {
		// What stands after the image's name would be taken for a program.
		f := checker.Finding{Code: "none", Got: "CMD " + listed(img.Config.Cmd), Want: "ENTRYPOINT"}
		if len(img.Config.Cmd) == 0 {
			f.Got = "no ENTRYPOINT, no CMD"
		}
		return nil, b.fault("entrypoint", f)
	}
	b.container, err = eng.CreateContainer(ctx, engine.ContainerOptions{
		Session: sc.Session().ID(), Image: img.Build.Image, Cmd: o.args, Network: pr.Network, Stdin: o.stdin,
	})
	if err != nil {
		return nil, b.startFault(err)
	}
	sc.Session().Cleanup("container of the tool", b.container.Remove)
	if o.authority != nil {
		if b.hasAuthority, err = roots.AddAuthority(ctx, sc, spec, b.container, o.authority); err != nil {
			return nil, err
		}
	}
	b.run, err = b.container.Run(ctx, outputBytes)
	if err != nil {
		return nil, b.startFault(err)
	}
	return b, nil
}

// listed writes words as a Dockerfile does.
func listed(words []string) string {
	text, err := json.Marshal(words)
	if err != nil {
		panic(err) // strings always marshal
	}
	return strings.ReplaceAll(string(text), `","`, `", "`)
}

// end waits for the end; after the limit the container is killed, and ended is
// false.
func (b *begun) end(ctx context.Context, limit time.Duration) (s engine.State, ended bool, err error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s, err = b.run.End(limited)
	if err == nil || limited.Err() == nil || ctx.Err() != nil {
		return s, err == nil, err
	}
	return s, false, b.container.Signal(ctx, "SIGKILL")
}

func (b *begun) startFault(err error) error {
	var start *engine.StartError
	if !errors.As(err, &start) {
		return err
	}
	return b.fault("entrypoint", checker.Finding{Code: "not-started", Got: start.Message, Want: "a process that starts"})
}

// fault puts the place of ENTRYPOINT into the finding and makes it owner's.
func (b *begun) fault(owner string, f checker.Finding) error {
	return &checker.LearnerError{Owner: owner, Finding: Mark(b.sc, b.img, f)}
}

// Mark puts the place of the instruction by which the tool is started into a
// finding.
func Mark(from checker.Asker, img *image.Image, f checker.Finding) checker.Finding {
	return img.Build.File.MarkEntrypoint(f, img.Chain(from))
}
