package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/pkg/jsonmessage"
	controlapi "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/tonistiigi/fsutil"
	"google.golang.org/protobuf/proto"
)

// BuildOptions describe one build.
type BuildOptions struct {
	Context Context
	// File is the name of the Dockerfile, for messages; Dockerfile is its text.
	File       string
	Dockerfile []byte
	// Ignore is the text of the ignore file that belongs to this Dockerfile
	// alone (File + ".dockerignore"); nil for none. The .dockerignore of the
	// context is read by BuildKit itself.
	Ignore   []byte
	Target   string
	Platform string
	Args     map[string]string
	// Secrets are what RUN --mount=type=secret finds, by ID.
	Secrets map[string][]byte
	NoCache bool
	// Tag is the name that the image gets; see [ImageName].
	Tag string
	// Key tells BuildKit which earlier context this one can be compared with:
	// the same for builds of one folder with one set of edits.
	Key string
	// OnStep is told of every change of a step; nil for nobody.
	OnStep func(Step)
	// Until ends the build when it returns true for a change of a step: the
	// rest is of no interest. Build.Ended tells that it came to that. Nil means
	// never.
	Until func(Step) bool
}

// Build is what became of a build that the engine carried out.
type Build struct {
	// ImageID is the image's digest; empty when the build failed.
	ImageID string
	// Steps are in the order in which they started.
	Steps []Step
	// Failure says why no image was made by the submission's fault; nil when
	// the build succeeded.
	Failure *Failure
	// Ended tells that Until ended it before there was an image.
	Ended bool
	// ContextFiles and ContextBytes count what was sent of the context this
	// time; BuildKit does not fetch again what it has.
	ContextFiles, ContextBytes int64
	// Sent are the files of the context that were sent, by path, with their
	// bytes. A record of the build does without.
	Sent    map[string]int64 `json:"-"`
	Elapsed time.Duration
}

// Failure is a build that stopped on the submission's fault.
type Failure struct {
	// Message is the engine's sentence.
	Message string
	// Step is the step that failed, nil when it did not come so far.
	Step *Step
	// Image is set when a base image does not exist.
	Image string
}

// Step is one vertex of a build.
type Step struct {
	Digest    string
	Name      string // "[builder 3/5] RUN go build …"
	Cached    bool
	Started   time.Time // zero while it waits
	Completed time.Time // zero while it runs
	Error     string
	// Log is the output of the step, its middle left out past logLimit.
	// BuildKit has no log for a cached step.
	Log string
}

// Elapsed is how long the step ran, up to now while it runs.
func (s Step) Elapsed() time.Duration {
	switch {
	case s.Started.IsZero():
		return 0
	case s.Completed.IsZero():
		return time.Since(s.Started)
	}
	return s.Completed.Sub(s.Started)
}

// Build builds with the engine's BuildKit. A submission's fault is in
// Build.Failure; an error is a [*Problem] or the end of ctx.
func (e *Engine) Build(ctx context.Context, o BuildOptions) (*Build, error) {
	start := time.Now()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	src, err := newContextFS(o.Context)
	if err != nil {
		return nil, fmt.Errorf("opening build context: %w", err)
	}
	// A build whose client goes away may still make its image. So the end of
	// ctx asks the engine to cancel and waits for the stream to end.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	sess, err := e.buildSession(running, o, src)
	if err != nil {
		return nil, err
	}
	defer sess.Close()
	args := make(map[string]*string)
	for _, from := range []map[string]string{e.buildArgs, o.Args} {
		for k, v := range from {
			args[k] = &v
		}
	}
	stop := context.AfterFunc(ctx, func() {
		asked, done := context.WithTimeout(running, cancelGrace)
		defer done()
		_ = e.cli.BuildCancel(asked, sess.ID()) // an engine that cannot is cut off below
		<-asked.Done()
		cancel()
	})
	defer stop()
	resp, err := e.cli.ImageBuild(running, nil, build.ImageBuildOptions{
		Version:       build.BuilderBuildKit,
		SessionID:     sess.ID(),
		BuildID:       sess.ID(),
		RemoteContext: "client-session",
		Dockerfile:    o.File,
		Target:        o.Target,
		Platform:      o.Platform,
		BuildArgs:     args,
		NoCache:       o.NoCache,
		Tags:          []string{o.Tag},
	})
	if err != nil {
		return nil, e.classify(ctx, err)
	}
	defer resp.Body.Close()
	trace := newTrace(func(s Step) {
		if o.OnStep != nil {
			o.OnStep(s)
		}
		if o.Until != nil && o.Until(s) {
			end(errUntil)
		}
	})
	id, err := trace.read(resp.Body)
	b := &Build{
		ImageID: id, Steps: trace.list(), Elapsed: time.Since(start),
		ContextFiles: src.sent.files.Load(), ContextBytes: src.sent.bytes.Load(),
		Sent: src.sentFiles(),
	}
	var refused *jsonmessage.JSONError
	switch {
	case id == "" && errors.Is(context.Cause(ctx), errUntil):
		b.Ended = true
		return b, nil
	case errors.As(err, &refused) && ctx.Err() == nil:
		b.Failure = trace.failure(refused.Message)
		if kind := machineFault(b.Failure); kind != "" {
			return nil, &Problem{Kind: kind, At: e.at, Image: cmp.Or(b.Failure.Image, imageIn(refused.Message)), Err: refused}
		}
		return b, nil
	case err != nil:
		return nil, e.classify(ctx, err)
	case id == "":
		return nil, &Problem{Kind: Lost, At: e.at, Err: io.ErrUnexpectedEOF}
	}
	return b, nil
}

func (e *Engine) buildSession(ctx context.Context, o BuildOptions, src fsutil.FS) (*session.Session, error) {
	sess, err := session.NewSession(ctx, o.Key)
	if err != nil {
		return nil, fmt.Errorf("opening build session: %w", err)
	}
	files := memoryFS{o.File: o.Dockerfile}
	if o.Ignore != nil {
		files[o.File+".dockerignore"] = o.Ignore
	}
	sess.Allow(filesync.NewFSSyncProvider(filesync.StaticDirSource{"context": src, "dockerfile": files}))
	// The user's registry logins serve to pull base images, as with docker build.
	sess.Allow(authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
		ConfigFile: config.LoadDefaultConfigFile(io.Discard),
	}))
	if len(o.Secrets) > 0 {
		sess.Allow(secretsprovider.FromMap(o.Secrets))
	}
	go func() {
		// The error is the build's own, which ends with the session.
		_ = sess.Run(ctx, func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return e.cli.DialHijack(ctx, "/session", proto, meta)
		})
	}()
	return sess, nil
}

// errUntil is the cause of a build's end that its caller wanted.
var errUntil = errors.New("seen enough")

// cancelGrace is how long a cancelled build may take to end by itself.
const cancelGrace = 8 * time.Second

// machineFault returns the kind of problem when a failed build is not the
// submission's doing, else "".
func machineFault(f *Failure) ProblemKind {
	if f.Step != nil && strings.Contains(f.Step.Name, "RUN ") {
		// What a command prints is the submission's; only a full disk is ours.
		if strings.Contains(f.Message, "no space left on device") || strings.Contains(f.Step.Log, "no space left on device") {
			return DiskFull
		}
		return ""
	}
	ours := f.Step == nil || strings.HasPrefix(f.Step.Name, "[internal] ") // such as sending the context
	switch kind := kindOfText(f.Message, nil); {
	case kind == DiskFull, kind == PullLimit, kind == NoImage, kind == Lost && ours:
		return kind
	case strings.Contains(f.Message, "invalid excludepatterns"): // in .dockerignore
		return ""
	case f.Step != nil && f.Image == "" && ours:
		return Failed
	}
	return ""
}

// logLimit bounds the output kept of one step, in bytes: half from its start,
// half from its end.
const logLimit = 256 << 10

// trace follows the progress that BuildKit reports.
type trace struct {
	onStep func(Step)
	steps  map[string]*tracedStep
	order  []string
}

type tracedStep struct {
	Step
	log tailBuffer
}

func newTrace(onStep func(Step)) *trace {
	if onStep == nil {
		onStep = func(Step) {}
	}
	return &trace{onStep: onStep, steps: make(map[string]*tracedStep)}
}

// read follows the stream to its end and returns the image's ID. The
// engine's refusal comes back as a *jsonmessage.JSONError.
func (t *trace) read(r io.Reader) (id string, err error) {
	dec := json.NewDecoder(r)
	for {
		var m jsonmessage.JSONMessage
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return id, nil
		} else if err != nil {
			return id, fmt.Errorf("reading build progress: %w", err)
		}
		switch {
		case m.Error != nil:
			return id, m.Error
		case m.Aux == nil:
		case m.ID == "moby.image.id":
			var result build.Result
			if err := json.Unmarshal(*m.Aux, &result); err != nil {
				return id, fmt.Errorf("reading image ID: %w", err)
			}
			id = result.ID
		case m.ID == "moby.buildkit.trace":
			var raw []byte
			var status controlapi.StatusResponse
			if err := json.Unmarshal(*m.Aux, &raw); err != nil {
				return id, fmt.Errorf("reading build progress: %w", err)
			}
			if err := proto.Unmarshal(raw, &status); err != nil {
				return id, fmt.Errorf("reading build progress: %w", err)
			}
			t.update(client.NewSolveStatus(&status))
		}
	}
}

func (t *trace) update(status *client.SolveStatus) {
	for _, v := range status.Vertexes {
		s, ok := t.steps[v.Digest.String()]
		if !ok {
			s = &tracedStep{Step: Step{Digest: v.Digest.String()}}
			t.steps[v.Digest.String()] = s
			t.order = append(t.order, v.Digest.String())
		}
		s.Name, s.Cached, s.Error = v.Name, v.Cached, v.Error
		if v.Started != nil {
			s.Started = *v.Started
		}
		if v.Completed != nil {
			s.Completed = *v.Completed
		}
		t.onStep(s.Step)
	}
	for _, l := range status.Logs {
		if s, ok := t.steps[l.Vertex.String()]; ok {
			s.log.Write(l.Data)
		}
	}
}

func (t *trace) list() []Step {
	steps := make([]Step, 0, len(t.order))
	for _, d := range t.order {
		s := t.steps[d].Step
		s.Log = t.steps[d].log.String()
		steps = append(steps, s)
	}
	return steps
}

// imageStep matches the steps that ask a registry for an image: a base, or the
// front end of "# syntax=".
var imageStep = regexp.MustCompile(`^(?:\[internal\] load metadata|resolve image config) for (?:docker-image://)?(\S+)`)

// failure finds the step that broke the build: the others were cancelled.
func (t *trace) failure(message string) *Failure {
	f := &Failure{Message: message}
	for _, s := range t.list() {
		if s.Error == "" || strings.HasSuffix(s.Error, context.Canceled.Error()) {
			continue
		}
		f.Step = &s
		if m := imageStep.FindStringSubmatch(s.Name); m != nil {
			f.Image = familiar(m[1])
		}
		break
	}
	if f.Image == "" && (f.Step == nil || !strings.Contains(f.Step.Name, "RUN ")) {
		f.Image = imageIn(message)
	}
	return f
}

// tailBuffer keeps the beginning and the end of what is written to it.
type tailBuffer struct {
	head, tail []byte
	lost       int64
}

// Write implements io.Writer and never fails.
func (b *tailBuffer) Write(p []byte) (int, error) {
	n := len(p)
	if room := logLimit/2 - len(b.head); room > 0 {
		take := min(room, len(p))
		b.head = append(b.head, p[:take]...)
		p = p[take:]
	}
	b.tail = append(b.tail, p...)
	// Cut rarely: appending to a full buffer would move it each time.
	if over := len(b.tail) - logLimit/2; over > logLimit/2 {
		b.lost += int64(over)
		b.tail = append(b.tail[:0:0], b.tail[over:]...)
	}
	return n, nil
}

// String returns what was kept, with a line that counts what was not.
func (b *tailBuffer) String() string {
	tail, lost := b.tail, b.lost
	if over := len(tail) - logLimit/2; over > 0 {
		tail, lost = tail[over:], lost+int64(over)
	}
	if lost == 0 {
		return string(b.head) + string(tail)
	}
	return fmt.Sprintf("%s\n[… %d bytes left out …]\n%s", b.head, lost, tail)
}

// OpenContext returns the build context of a folder without edits.
func OpenContext(dir string) (Context, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Context{}, fmt.Errorf("opening build context: %w", err)
	}
	return Context{Root: root}, nil
}
