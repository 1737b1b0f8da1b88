package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/pkg/jsonmessage"
	controlapi "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// recorded returns what an engine 20.10.24 answered to a build:
//
//	ok       FROM golang:1.26 AS b
//	         RUN echo to the log; echo to the errors >&2; date >/x
//	         FROM scratch
//	         COPY --from=b /x /x
//	failed   FROM golang:1.26 AS b
//	         RUN echo this one can
//	         RUN echo cannot go on >&2; exit 3
//	         FROM golang:1.26
//	         RUN sleep 10
//	         COPY --from=b /x /x
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "trace", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTraceOfSuccess(t *testing.T) {
	var told []Step
	trace := newTrace(func(s Step) { told = append(told, s) })
	id, err := trace.read(bytes.NewReader(recorded(t, "ok")))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(id, "sha256:") || len(id) != len("sha256:")+64 {
		t.Errorf("the image's ID is %q", id)
	}
	var names []string
	for _, s := range trace.list() {
		names = append(names, s.Name)
		if s.Started.IsZero() || s.Completed.IsZero() || s.Error != "" || s.Digest == "" || s.Elapsed() < 0 {
			t.Errorf("step %+v, want one that came to its end", s)
		}
		want := ""
		if strings.Contains(s.Name, "RUN") {
			want = "to the errors\nto the log\n" // as they arrived
		}
		if s.Log != want {
			t.Errorf("log of %q is %q, want %q", s.Name, s.Log, want)
		}
	}
	slices.Sort(names)
	want := []string{
		"[b 1/2] FROM docker.io/library/golang:1.26",
		"[b 2/2] RUN echo to the log; echo to the errors >&2; date >/x",
		"[internal] load .dockerignore",
		"[internal] load build definition from Dockerfile",
		"[internal] load metadata for docker.io/library/golang:1.26",
		"[stage-1 1/1] COPY --from=b /x /x",
		"exporting to image",
	}
	if !slices.Equal(names, want) {
		t.Errorf("steps are\n%s\nwant\n%s", strings.Join(names, "\n"), strings.Join(want, "\n"))
	}
	// Progress shows a step before it is through.
	running := slices.ContainsFunc(told, func(s Step) bool {
		return strings.Contains(s.Name, "RUN") && !s.Started.IsZero() && s.Completed.IsZero()
	})
	if !running {
		t.Error("nobody was told that RUN was running")
	}
}

func TestTraceOfFailure(t *testing.T) {
	trace := newTrace(nil)
	id, err := trace.read(bytes.NewReader(recorded(t, "failed")))
	var refused *jsonmessage.JSONError
	if !errors.As(err, &refused) || id != "" {
		t.Fatalf("got %q and %v, want the engine's refusal", id, err)
	}
	f := trace.failure(refused.Message)
	// The step beside it was cancelled and is not to blame.
	if f.Step == nil || f.Step.Name != "[b 3/3] RUN echo cannot go on >&2; exit 3" {
		t.Fatalf("blames %+v", f.Step)
	}
	if f.Step.Log != "cannot go on\n" || !strings.HasSuffix(f.Step.Error, "exit code: 3") || f.Image != "" {
		t.Errorf("got %+v with step %+v", f, f.Step)
	}
	if kind := machineFault(f); kind != "" {
		t.Errorf("the machine is blamed: %s", kind)
	}
}

// TestTraceCutOff cuts the stream at every byte: that is never a success and
// never the submission's fault.
func TestTraceCutOff(t *testing.T) {
	whole := bytes.TrimSpace(recorded(t, "ok"))
	e := &Engine{}
	for n := range len(whole) {
		id, err := newTrace(nil).read(bytes.NewReader(whole[:n]))
		if id != "" {
			t.Fatalf("cut after %d bytes: image %s", n, id)
		}
		if err == nil {
			continue // between two messages; Build makes a Problem of it
		}
		var p *Problem
		if !errors.As(e.classify(t.Context(), err), &p) || p.Kind != Lost {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
	if id, err := newTrace(nil).read(bytes.NewReader(whole)); id == "" || err != nil {
		t.Errorf("whole: image %q, %v", id, err)
	}
}

// vertex is a step of a made-up build.
type vertex struct {
	name, err, log string
	cached         bool
}

// stream returns what an engine would answer; message is its last word, "" for
// an image.
func stream(t testing.TB, message string, vertexes ...vertex) []byte {
	t.Helper()
	var out bytes.Buffer
	send := func(id string, aux any) {
		text, err := json.Marshal(map[string]any{"id": id, "aux": aux})
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(text, '\n'))
	}
	for i, v := range vertexes {
		digest, now := fmt.Sprintf("sha256:%064d", i), timestamppb.Now()
		status := &controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{{
			Digest: digest, Name: v.name, Started: now, Completed: now, Error: v.err, Cached: v.cached,
		}}}
		if v.log != "" {
			status.Logs = []*controlapi.VertexLog{{Vertex: digest, Timestamp: now, Stream: 1, Msg: []byte(v.log)}}
		}
		raw, err := proto.Marshal(status)
		if err != nil {
			t.Fatal(err)
		}
		send("moby.buildkit.trace", raw)
	}
	if message == "" {
		send("moby.image.id", map[string]string{"ID": "sha256:1234"})
	} else {
		fmt.Fprintf(&out, `{"errorDetail":{"message":%q},"error":%q}`+"\n", message, message)
	}
	return out.Bytes()
}

// TestBuildOutcome builds with a made-up engine: what the submission is to
// blame for and what the machine.
func TestBuildOutcome(t *testing.T) {
	const frontend, gateway = "failed to solve with frontend dockerfile.v0: ", "failed to solve with frontend gateway.v0: "
	run := func(err, log string) vertex { return vertex{name: "[build 4/5] RUN go test ./...", err: err, log: log} }
	metadata := func(image, err string) vertex {
		return vertex{name: "[internal] load metadata for docker.io/library/" + image, err: err}
	}
	const limit = "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
	for name, tt := range map[string]struct {
		message string
		steps   []vertex
		problem ProblemKind // "" where the submission is to blame
		step    string      // to blame; "" for none
		image   string      // that could not be had
	}{
		"20.10: a command fails": {
			message: "executor failed running [/bin/sh -c go test ./...]: exit code: 1",
			steps:   []vertex{run("executor failed running [/bin/sh -c go test ./...]: exit code: 1", "FAIL")},
			step:    "[build 4/5] RUN go test ./...",
		},
		"28: a command fails": {
			message: `failed to solve: process "/bin/sh -c go test ./..." did not complete successfully: exit code: 1`,
			steps:   []vertex{run(`process "/bin/sh -c go test ./..." did not complete successfully: exit code: 1`, "FAIL")},
			step:    "[build 4/5] RUN go test ./...",
		},
		"a command finds no network": { // and whose command it is, is not ours to know
			message: "executor failed running [/bin/sh -c go test ./...]: exit code: 1",
			steps:   []vertex{run("executor failed running [/bin/sh -c go test ./...]: exit code: 1", "dial tcp: lookup proxy.golang.org: no such host")},
			step:    "[build 4/5] RUN go test ./...",
		},
		"a command fills the disk": {
			message: "executor failed running [/bin/sh -c go test ./...]: exit code: 1",
			steps:   []vertex{run("executor failed running [/bin/sh -c go test ./...]: exit code: 1", "write /tmp/x: no space left on device")},
			problem: DiskFull,
		},
		"COPY fills the disk": {
			message: "failed to solve: failed to copy files: copy file range failed: no space left on device",
			steps:   []vertex{{name: "[2/2] COPY . .", err: "failed to copy files: copy file range failed: no space left on device"}},
			problem: DiskFull,
		},
		"COPY finds nothing": {
			message: `failed to compute cache key: "/nothing" not found: not found`,
			steps:   []vertex{{name: "[1/1] COPY nothing /", err: `"/nothing" not found: not found`}},
			step:    "[1/1] COPY nothing /",
		},
		"20.10: no such base": {
			message: frontend + "failed to create LLB definition: docker.io/library/golang:9.99: not found",
			steps:   []vertex{metadata("golang:9.99", "docker.io/library/golang:9.99: not found")},
			step:    "[internal] load metadata for docker.io/library/golang:9.99", image: "golang:9.99",
		},
		"28: no such base": {
			message: "failed to solve: golang:9.99: failed to resolve source metadata for docker.io/library/golang:9.99: docker.io/library/golang:9.99: not found",
			steps:   []vertex{metadata("golang:9.99", "docker.io/library/golang:9.99: not found")},
			step:    "[internal] load metadata for docker.io/library/golang:9.99", image: "golang:9.99",
		},
		"20.10: no such repository": {
			message: frontend + "failed to create LLB definition: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
			steps:   []vertex{metadata("golan:1.26", "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed")},
			step:    "[internal] load metadata for docker.io/library/golan:1.26", image: "golan:1.26",
		},
		"20.10: the registry does not answer": {
			message: frontend + `failed to create LLB definition: failed to do request: Head "https://registry-1.docker.io/v2/library/golang/manifests/1.26": dial tcp: lookup registry-1.docker.io: no such host`,
			steps:   []vertex{metadata("golang:1.26", `failed to do request: Head "https://registry-1.docker.io/v2/library/golang/manifests/1.26": dial tcp: lookup registry-1.docker.io: no such host`)},
			problem: NoImage, image: "golang:1.26",
		},
		"28: the registry counts": {
			message: "failed to solve: debian:12: failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/debian/manifests/sha256:58ce: 429 Too Many Requests - Server message: " + limit,
			steps:   []vertex{metadata("debian:12", "429 Too Many Requests - Server message: "+limit)},
			problem: PullLimit, image: "debian:12",
		},
		"20.10: the front end cannot be had": {
			message: frontend + gateway + `failed to do request: Head "https://registry-1.docker.io/v2/docker/dockerfile/manifests/1": dial tcp: lookup registry-1.docker.io: no such host`,
			steps:   []vertex{{name: "resolve image config for docker.io/docker/dockerfile:1", err: `failed to do request: Head "https://registry-1.docker.io/v2/docker/dockerfile/manifests/1": dial tcp: lookup registry-1.docker.io: no such host`}},
			problem: NoImage, image: "docker/dockerfile:1",
		},
		"28: no such front end": {
			message: "failed to solve: failed to resolve source metadata for docker.io/docker/dockerfile:99: docker.io/docker/dockerfile:99: not found",
			steps:   []vertex{{name: "resolve image config for docker-image://docker.io/docker/dockerfile:99", err: "docker.io/docker/dockerfile:99: not found"}},
			step:    "resolve image config for docker-image://docker.io/docker/dockerfile:99", image: "docker/dockerfile:99",
		},
		"COPY --from an image that cannot be had": {
			message: `failed to load cache key: failed to do request: Head "https://registry-1.docker.io/v2/library/busybox/manifests/1": dial tcp: lookup registry-1.docker.io: no such host`,
			problem: NoImage, image: "busybox:1",
		},
		"the engine's own parser": {
			message: frontend + "failed to create LLB definition: dockerfile parse error line 2: unknown instruction: COPI",
			steps:   []vertex{{name: "[internal] load build definition from Dockerfile"}},
		},
		"no such target": {message: frontend + `failed to create LLB definition: target stage "tests" could not be found`},
		"a broken .dockerignore": {
			message: "rpc error: code = Unknown desc = invalid excludepatterns: [[]: syntax error in pattern",
			steps:   []vertex{{name: "[internal] load build context", err: "rpc error: code = Unknown desc = invalid excludepatterns: [[]: syntax error in pattern"}},
			step:    "[internal] load build context",
		},
		"the context does not arrive": {
			message: "failed to solve: error from sender: open x: permission denied",
			steps:   []vertex{{name: "[internal] load build context", err: "error from sender: open x: permission denied"}},
			problem: Failed,
		},
		"the session is gone": {
			message: frontend + "failed to read dockerfile: no active session for 4x0: context deadline exceeded",
			steps:   []vertex{{name: "[internal] load build definition from Dockerfile", err: "no active session for 4x0: context deadline exceeded"}},
			problem: Lost,
		},
		"BuildKit is gone":     {message: "failed to receive status: rpc error: code = Unavailable desc = transport is closing", problem: Lost},
		"a shortened archive":  {message: "unexpected EOF", steps: []vertex{{name: "[2/2] ADD x.tar /", err: "unexpected EOF"}}, step: "[2/2] ADD x.tar /"},
		"others are cancelled": {message: "exit code: 1", steps: []vertex{{name: "[a 1/1] RUN x", err: "exit code: 137: context canceled"}, run("exit code: 1", "")}, step: "[build 4/5] RUN go test ./..."},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := buildWith(t, stream(t, tt.message, tt.steps...))
			if tt.problem != "" {
				p := expectProblem(t, err, tt.problem)
				if p.Image != tt.image {
					t.Errorf("the problem is about image %q, want %q", p.Image, tt.image)
				}
				return
			}
			if err != nil {
				t.Fatalf("got %v, want the submission to be blamed", err)
			}
			if b.Failure == nil || b.ImageID != "" || b.Failure.Message != tt.message {
				t.Fatalf("got %+v", b)
			}
			step := ""
			if b.Failure.Step != nil {
				step = b.Failure.Step.Name
			}
			if step != tt.step || b.Failure.Image != tt.image {
				t.Errorf("blames step %q and image %q, want %q and %q", step, b.Failure.Image, tt.step, tt.image)
			}
		})
	}
}

// buildWith builds with an engine that answers with the stream.
func buildWith(t *testing.T, answer []byte) (*Build, error) {
	t.Helper()
	return buildBy(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(answer) })
}

func buildBy(t *testing.T, answer http.HandlerFunc) (*Build, error) {
	t.Helper()
	home(t, nil)
	fakeEngine(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/build"):
			answer(w, r)
		case strings.HasSuffix(r.URL.Path, "/session"):
			// As long as the build: its own end ends the session.
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			fmt.Fprint(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
			io.Copy(io.Discard, conn)
		default:
			pong("1.41", "linux")(w, r)
		}
	}))
	e, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e.Build(t.Context(), BuildOptions{
		Context: Context{Overlay: map[string][]byte{"x": nil}}, File: "Dockerfile", Dockerfile: []byte("FROM scratch"), Tag: "x", Key: "x",
	})
}

func TestBuildWithFakeEngine(t *testing.T) {
	b, err := buildWith(t, stream(t, "", vertex{name: "[1/2] FROM x", cached: true}, vertex{name: "[2/2] RUN x", log: "done\n"}))
	if err != nil {
		t.Fatal(err)
	}
	if b.ImageID != "sha256:1234" || b.Failure != nil || len(b.Steps) != 2 || !b.Steps[0].Cached || b.Steps[1].Log != "done\n" || b.Elapsed <= 0 {
		t.Errorf("got %+v", b)
	}

	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   ProblemKind
	}{
		"nothing": {func(http.ResponseWriter, *http.Request) {}, Lost},
		"the end between two messages": {func(w http.ResponseWriter, _ *http.Request) {
			whole := stream(t, "", vertex{name: "a"})
			w.Write(whole[:bytes.IndexByte(whole, '\n')+1])
		}, Lost},
		"the connection breaks": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write(stream(t, "", vertex{name: "a"})[:50])
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, Lost},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, Failed},
		"no base64": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"id":"moby.buildkit.trace","aux":"*"}`)
		}, Failed},
		"no protobuf": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"id":"moby.buildkit.trace","aux":"AAAA"}`)
		}, Failed},
		"no ID": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"moby.image.id","aux":7}`) }, Failed},
		"no room": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"message":"mkdir /var/lib/docker/tmp/x: no space left on device"}`, 500)
		}, DiskFull},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := buildBy(t, tt.answer)
			expectProblem(t, err, tt.want)
		})
	}
}

func TestBuildOfNoFolder(t *testing.T) {
	c := open(t, nil, nil)
	if err := os.Remove(c.Root.Name()); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Engine{}).Build(t.Context(), BuildOptions{Context: c}); err == nil || !strings.Contains(err.Error(), "opening build context") {
		t.Errorf("got %v", err)
	}
}

func TestStepElapsed(t *testing.T) {
	start := time.Now().Add(-time.Hour)
	if got := (Step{}).Elapsed(); got != 0 {
		t.Errorf("waiting: %v", got)
	}
	if got := (Step{Started: start, Completed: start.Add(time.Second)}).Elapsed(); got != time.Second {
		t.Errorf("done: %v", got)
	}
	if got := (Step{Started: start}).Elapsed(); got < time.Hour {
		t.Errorf("running: %v", got)
	}
}

func TestTailBuffer(t *testing.T) {
	const half = logLimit / 2
	line := func(n int) string { return strings.Repeat("x", n-1) + "\n" }
	for name, writes := range map[string][]string{
		"short":             {"a\n", "b\n"},
		"to the brim":       {line(half), line(half)},
		"at once":           {"first\n" + line(10*logLimit) + "last\n"},
		"line by line":      append(append([]string{"first\n"}, slices.Repeat([]string{line(1000)}, 2000)...), "last\n"),
		"just one too many": {line(half), line(half), "z"},
	} {
		t.Run(name, func(t *testing.T) {
			var b tailBuffer
			var all strings.Builder
			for _, w := range writes {
				all.WriteString(w)
				if n, err := b.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("wrote %d of %d: %v", n, len(w), err)
				}
				if kept := len(b.head) + len(b.tail); kept > 3*half {
					t.Fatalf("keeps %d bytes", kept)
				}
			}
			got, want := b.String(), all.String()
			if len(want) <= logLimit {
				if got != want {
					t.Errorf("changed %d bytes to %d", len(want), len(got))
				}
				return
			}
			note := fmt.Sprintf("\n[… %d bytes left out …]\n", len(want)-logLimit)
			if got != want[:half]+note+want[len(want)-half:] {
				t.Errorf("got %d bytes: %.40q…%q", len(got), got, got[max(0, len(got)-40):])
			}
		})
	}
}

func FuzzTailBuffer(f *testing.F) {
	f.Add(uint(1), uint(logLimit), uint(1))
	f.Add(uint(logLimit/2), uint(logLimit/2), uint(logLimit/2))
	f.Fuzz(func(t *testing.T, a, b, c uint) {
		var buf tailBuffer
		total := 0
		for _, n := range []uint{a, b, c} {
			n %= 4 * logLimit
			total += int(n)
			buf.Write(bytes.Repeat([]byte("x"), int(n)))
		}
		lost := 0
		if total > logLimit {
			lost = total - logLimit
		}
		if got := strings.Count(buf.String(), "x"); got != total-lost {
			t.Errorf("kept %d of %d", got, total)
		}
	})
}

// TestBuildInterrupted ends the context while the engine is at work: the
// engine is asked to cancel, and what it answers then is not the submission's
// fault.
func TestBuildInterrupted(t *testing.T) {
	home(t, nil)
	building, cancelled := make(chan struct{}), make(chan struct{})
	fakeEngine(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/build/cancel"):
			close(cancelled)
		case strings.HasSuffix(r.URL.Path, "/build"):
			answer := stream(t, "failed to solve: context canceled", vertex{name: "a", err: "context canceled"})
			w.Write(answer[:50])
			http.NewResponseController(w).Flush()
			close(building)
			<-cancelled
			w.Write(answer[50:])
		default:
			pong("1.41", "linux")(w, r)
		}
	}))
	e, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-building
		cancel(interrupted)
	}()
	_, err = e.Build(ctx, BuildOptions{Context: Context{Overlay: map[string][]byte{"x": nil}}, File: "Dockerfile", Tag: "x", Key: "x"})
	if !errors.Is(err, interrupted) {
		t.Errorf("got %v, want the cause of the context's end", err)
	}
}
