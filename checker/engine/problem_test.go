package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/docker/docker/client"
)

// The texts are those of real engines: 20.10.24 asked here, the others from
// reports of their users.
func TestKindOf(t *testing.T) {
	for name, tt := range map[string]struct {
		err   string
		want  ProblemKind
		image string
	}{
		"20.10: no name resolution": {
			`failed to solve with frontend dockerfile.v0: failed to create LLB definition: failed to do request: Head "https://registry-1.docker.io/v2/library/alpine/manifests/3.20": dial tcp: lookup registry-1.docker.io: Temporary failure in name resolution`,
			NoImage, "alpine:3.20",
		},
		"20.10: time-out, address without quotes": {
			"failed to solve with frontend dockerfile.v0: failed to create LLB definition: failed to do request: Head https://registry-1.docker.io/v2/library/python/manifests/3.6: dial tcp 3.211.199.249:443: i/o timeout",
			NoImage, "python:3.6",
		},
		"24: TLS handshake": {
			`failed to solve: golang:1.21: failed to resolve source metadata for docker.io/library/golang:1.21: failed to do request: Head "https://registry-1.docker.io/v2/library/golang/manifests/1.21": net/http: TLS handshake timeout`,
			NoImage, "golang:1.21",
		},
		"28: deadline": {
			`failed to solve: DeadlineExceeded: eclipse-temurin:17-jre-noble: failed to resolve source metadata for docker.io/library/eclipse-temurin:17-jre-noble: failed to do request: Head "https://registry-1.docker.io/v2/library/eclipse-temurin/manifests/17-jre-noble": dial tcp: lookup registry-1.docker.io: i/o timeout`,
			NoImage, "eclipse-temurin:17-jre-noble",
		},
		"another registry keeps its name": {
			`failed to do request: Head "https://ghcr.io/v2/team/base/manifests/v1": dial tcp: lookup ghcr.io: no such host`,
			NoImage, "ghcr.io/team/base:v1",
		},
		"a registry with a port": {
			`failed to do request: Head "http://localhost:5000/v2/base/manifests/v1": dial tcp 127.0.0.1:5000: connect: connection refused`,
			NoImage, "localhost:5000/base:v1",
		},
		"by digest": {
			`failed to do request: Head "https://registry-1.docker.io/v2/library/debian/manifests/sha256:58ce6f1271ae": dial tcp: lookup registry-1.docker.io: no such host`,
			NoImage, "debian@sha256:58ce6f1271ae",
		},
		"graph driver: not on the engine":     {"Error response from daemon: No such image: golang:1.26", NoImage, "golang:1.26"},
		"containerd store: not on the engine": {"Error response from daemon: No such image: docker.io/library/golang:1.26", NoImage, "golang:1.26"},
		"Podman: not on the engine":           {"Error response from daemon: no such image: golang:1.26: image not known", NoImage, "golang:1.26"},

		"20.10: pull limit": {
			"failed to solve with frontend dockerfile.v0: failed to create LLB definition: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
			PullLimit, "",
		},
		"28: pull limit": {
			"failed to solve: arm64v8/debian:12: failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/arm64v8/debian/manifests/sha256:53692cdc49e2b0ab: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
			PullLimit, "arm64v8/debian:12",
		},
		"29: pull limit in the log of a step": {
			"failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/debian/manifests/sha256:58ce6f1271ae: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.",
			PullLimit, "debian@sha256:58ce6f1271ae",
		},

		"28: disk full under BuildKit": {
			"failed to solve: ResourceExhausted: failed to read dockerfile: failed to create temp dir: mkdir /var/lib/docker/tmp/buildkit-mount2667628103: no space left on device",
			DiskFull, "",
		},
		"20.10: disk full under a container": {
			"Error response from daemon: mkdir /var/lib/docker/overlay2/7ba2-init: no space left on device",
			DiskFull, "",
		},

		"29: client too old": {"Error response from daemon: client version 1.43 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version", APITooOld, ""},
		"client too new":     {"Error response from daemon: client version 1.41 is too new. Maximum supported API version is 1.39", APITooOld, ""},

		"unknown authority":         {`error during connect: Get "https://10.0.0.1:2376/_ping": tls: failed to verify certificate: x509: certificate signed by unknown authority`, BadTLS, ""},
		"no certificate was shown":  {`error during connect: Get "https://10.0.0.1:2376/_ping": remote error: tls: certificate required`, BadTLS, ""},
		"plain to an encrypted one": {"Error response from daemon: Client sent an HTTP request to an HTTPS server.", BadTLS, ""},
		"plain to an old encrypted one": {
			`Get "http://10.0.0.1:2376/_ping": net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15\x03\x01".` + "\n* Are you trying to connect to a TLS-enabled daemon without TLS?",
			BadTLS, "",
		},
		"encrypted to a plain one": {`error during connect: Get "https://10.0.0.1:2375/_ping": http: server gave HTTP response to HTTPS client`, BadTLS, ""},

		"the session's stream ends": {"failed to solve: Unavailable: error reading from server: EOF: transport is closing", Lost, ""},
		"reset":                     {"read unix @->/run/docker.sock: connection reset by peer", Lost, ""},

		// What is not the network's fault must not be taken for it.
		"20.10: no such repository": {"pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed", Failed, ""},
		"24: no such tag":           {"failed to solve: docker.io/library/golang:9.99: not found", Failed, "golang:9.99"},
		"28: no such repository": {
			"failed to solve: nobody/nothing:1: failed to resolve source metadata for docker.io/nobody/nothing:1: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
			Failed, "nobody/nothing:1",
		},
		"an address that a program could not reach": {"dial tcp 10.0.0.1:443: i/o timeout", Failed, ""},
		"a conflict": {"Error response from daemon: conflict: unable to delete 71d6e3a98ecb", Failed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := kindOf(errors.New(tt.err), Endpoint{}); got != tt.want {
				t.Errorf("kind is %q, want %q", got, tt.want)
			}
			if got := imageIn(tt.err); got != tt.image {
				t.Errorf("image is %q, want %q", got, tt.image)
			}
		})
	}
}

// TestKindOfClient judges errors as the client makes them.
func TestKindOfClient(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want ProblemKind
	}{
		"nobody answers":     {client.ErrorConnectionFailed("unix:///nowhere.sock"), NotRunning}, //nolint:staticcheck // the client itself makes it so
		"refused":            {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, NotRunning},
		"socket is closed":   {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EACCES)}, Permission},
		"no permission":      {fmt.Errorf("reading: %w", fs.ErrPermission), Permission},
		"docker's own words": {errors.New("permission denied while trying to connect to the Docker daemon socket at unix:///run/docker.sock"), Permission},
		"end of the stream":  {fmt.Errorf("reading build progress: %w", io.EOF), Lost},
		"cut off":            {fmt.Errorf("reading build progress: %w", io.ErrUnexpectedEOF), Lost},
		"broken pipe":        {fmt.Errorf("write: %w", syscall.EPIPE), Lost},
		"reset":              {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, Lost},
		"any other":          {errors.New("what a pity"), Failed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := kindOf(tt.err, Endpoint{Host: "unix:///nowhere.sock", Source: "DOCKER_HOST"}); got != tt.want {
				t.Errorf("kind of %q is %q, want %q", tt.err, got, tt.want)
			}
		})
	}
}

func TestClassify(t *testing.T) {
	e := &Engine{at: Endpoint{Host: "unix:///x.sock"}}
	alive := t.Context()
	interrupted := errors.New("interrupted by the learner")
	dead, cancel := context.WithCancelCause(alive)
	cancel(interrupted)

	if err := e.classify(dead, nil); err != nil {
		t.Errorf("nothing became %v", err)
	}
	// The end of the context explains whatever error came with it.
	if err := e.classify(dead, io.ErrUnexpectedEOF); !errors.Is(err, interrupted) {
		t.Errorf("got %v, want the cause of the context's end", err)
	}
	err := e.classify(alive, fmt.Errorf("saving: %w", errors.New("No such image: a:1")))
	var p *Problem
	if !errors.As(err, &p) || p.Kind != NoImage || p.Image != "a:1" || p.At != e.at {
		t.Fatalf("got %#v", err)
	}
	if got, want := p.Error(), "engine no-image at unix:///x.sock: saving: No such image: a:1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// A problem is judged once, where most is known of it.
	if again := e.classify(alive, fmt.Errorf("later: unexpected EOF: %w", err)); !errors.As(again, &p) || p.Kind != NoImage {
		t.Errorf("got %v, want the first judgement", again)
	}
	if got := (&Problem{Kind: BadContext, Err: io.EOF}).Error(); got != "engine bad-context: EOF" {
		t.Errorf("without address: %q", got)
	}
}

func TestFamiliar(t *testing.T) {
	for ref, want := range map[string]string{
		"docker.io/library/golang:1.26":               "golang:1.26",
		"docker.io/team/app:1":                        "team/app:1",
		"library/golang:1.26":                         "golang:1.26",
		"golang:1.26":                                 "golang:1.26",
		"ghcr.io/library/golang:1.26":                 "ghcr.io/library/golang:1.26",
		"localhost:5000/app":                          "localhost:5000/app",
		"docker.io/library/golang:1.26@sha256:0123":   "golang:1.26@sha256:0123",
		"docker.io.example.com/library/golang:latest": "docker.io.example.com/library/golang:latest",
	} {
		if got := familiar(ref); got != want {
			t.Errorf("%s became %q, want %q", ref, got, want)
		}
	}
}

// machine makes this machine look as if it had these programs and sockets. It
// returns the folder of the sockets.
func machine(t *testing.T, programs, sockets []string) string {
	t.Helper()
	// The path of a socket has little room.
	dir, err := os.MkdirTemp("", "tutor-machine-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		if err := os.WriteFile(filepath.Join(bin, p), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range sockets {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, s)), 0o755); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("unix", filepath.Join(dir, s))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	}
	t.Setenv("PATH", bin)
	t.Setenv("HOME", dir)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	return dir
}

func TestNothingInstalled(t *testing.T) {
	for name, tt := range map[string]struct {
		programs, sockets []string
		host, source      string // host: in the machine's folder
		want              bool
	}{
		"bare machine":          {nil, nil, "docker.sock", "default", true},
		"docker is there":       {[]string{"docker"}, nil, "docker.sock", "default", false},
		"only the engine":       {[]string{"dockerd"}, nil, "docker.sock", "default", false},
		"Podman":                {[]string{"podman"}, nil, "docker.sock", "default", false},
		"a socket":              {nil, []string{"docker.sock"}, "docker.sock", "default", false},
		"somebody chose it":     {nil, nil, "docker.sock", "DOCKER_HOST", false},
		"the context chose it":  {nil, nil, "docker.sock", "config", false},
		"program of other name": {[]string{"docker-compose"}, nil, "docker.sock", "default", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := machine(t, tt.programs, tt.sockets)
			at := Endpoint{Host: "unix://" + filepath.Join(dir, tt.host), Source: tt.source}
			if got := nothingInstalled(at); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			want := NotRunning
			if tt.want {
				want = NotInstalled
			}
			if got := kindOf(client.ErrorConnectionFailed(at.Host), at); got != want { //nolint:staticcheck // the client itself makes it so
				t.Errorf("kind is %q, want %q", got, want)
			}
		})
	}
	if nothingInstalled(Endpoint{Host: "tcp://10.0.0.1:2375", Source: "default"}) {
		t.Error("an engine elsewhere needs nothing here")
	}
}

func TestOtherSockets(t *testing.T) {
	dir := machine(t, nil, []string{"docker.sock", ".colima/default/docker.sock", "podman/podman.sock"})
	if err := os.MkdirAll(filepath.Join(dir, ".rd"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".rd/docker.sock"), nil, 0o644); err != nil { // a file is no socket
		t.Fatal(err)
	}
	found := OtherSockets("unix://" + dir + "/docker.sock")
	// This machine's own engine is among them where there is one.
	found = slices.DeleteFunc(found, func(s string) bool { return s == "unix:///var/run/docker.sock" })
	want := []string{"unix://" + dir + "/.colima/default/docker.sock", "unix://" + dir + "/podman/podman.sock"}
	if !slices.Equal(found, want) {
		t.Errorf("got %q, want %q", found, want)
	}
}
