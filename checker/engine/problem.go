package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/client"
)

// ProblemKind says what stands between tutor and the engine's work. Each kind
// has its own sentence and its own next step in the message catalogue.
type ProblemKind string

// The kinds of problems. None of them is the learner's fault.
const (
	NotInstalled ProblemKind = "not-installed" // no socket, and no docker on PATH
	NotRunning   ProblemKind = "not-running"   // nobody answers at the address
	Permission   ProblemKind = "permission"    // the socket may not be opened
	APITooOld    ProblemKind = "api-too-old"   // older than MinAPI
	NotLinux     ProblemKind = "not-linux"     // Windows containers
	BadContext   ProblemKind = "bad-context"   // the docker context or config is broken
	BadTLS       ProblemKind = "bad-tls"       // certificates do not match
	DiskFull     ProblemKind = "disk-full"     // on the engine's machine
	NoImage      ProblemKind = "no-image"      // not on the engine, and no registry answers
	PullLimit    ProblemKind = "pull-limit"    // the registry counts pulls
	Lost         ProblemKind = "lost"          // the engine went away in the middle
	Failed       ProblemKind = "failed"        // the engine refused for another reason
)

// Problem is trouble with the engine, the machine or the network.
type Problem struct {
	Kind ProblemKind
	At   Endpoint
	// Image is the image that could not be had, for NoImage and PullLimit.
	Image string
	Err   error
}

// Error implements error.
func (p *Problem) Error() string {
	s := "engine " + string(p.Kind)
	if p.At.Host != "" {
		s += " at " + p.At.Host
	}
	return fmt.Sprintf("%s: %v", s, p.Err)
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// classify turns an error of the client into a [*Problem]; the end of ctx
// stays what it is, and nil stays nil.
func (e *Engine) classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var known *Problem
	if errors.As(err, &known) {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &Problem{Kind: kindOf(err, e.at), At: e.at, Image: imageIn(err.Error()), Err: err}
}

func kindOf(err error, at Endpoint) ProblemKind {
	text := err.Error()
	switch {
	case errors.Is(err, fs.ErrPermission), strings.Contains(text, "permission denied while trying to connect"):
		return Permission
	case badTLS.MatchString(text):
		return BadTLS
	case client.IsErrConnectionFailed(err), errors.Is(err, syscall.ECONNREFUSED):
		switch {
		case errors.Is(err, syscall.EACCES), strings.Contains(text, "permission denied"):
			return Permission
		case cutOff(err): // the client calls it a failed connection, too
			return Lost
		case nothingInstalled(at):
			return NotInstalled
		}
		return NotRunning
	case strings.Contains(text, "is too old"), strings.Contains(text, "is too new"):
		return APITooOld
	}
	return kindOfText(text, err)
}

// kindOfText judges by the engine's words where it has no code for a case.
func kindOfText(text string, err error) ProblemKind {
	var netErr net.Error
	switch {
	case strings.Contains(text, "no space left on device"):
		return DiskFull
	case strings.Contains(text, "toomanyrequests"), strings.Contains(text, "429 Too Many Requests"), strings.Contains(text, "pull rate limit"):
		return PullLimit
	case imageIn(text) != "" && unreachable.MatchString(text), noSuchImage.MatchString(text), strings.Contains(text, "reference does not exist"):
		return NoImage
	case cutOff(err), errors.As(err, &netErr), strings.Contains(text, "unexpected EOF"), strings.Contains(text, "transport is closing"),
		strings.Contains(text, "connection reset"), strings.Contains(text, "no active session"):
		return Lost
	}
	return Failed
}

// cutOff tells whether the connection ended in the middle.
func cutOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// badTLS matches the ways in which two sides do not agree about encryption.
var badTLS = regexp.MustCompile(`x509:|tls:|server gave HTTP response to HTTPS client|HTTP request to an HTTPS server|TLS-enabled daemon without TLS`)

// unreachable matches the ways in which an engine says that a registry did
// not answer, as opposed to "there is no such image".
var unreachable = regexp.MustCompile(`dial tcp|no such host|i/o timeout|TLS handshake timeout|connection refused|network is unreachable|server misbehaving|Client\.Timeout|deadline exceeded|failed to do request`)

var (
	noSuchImage = regexp.MustCompile(`(?i)no such image: ([^\s"]+)`)
	named       = []*regexp.Regexp{
		regexp.MustCompile(`load metadata for ([^\s"]+)`),
		noSuchImage,
		regexp.MustCompile(`([a-z0-9][a-z0-9._-]*(?::\d+)?(?:/[a-z0-9._-]+)*:[A-Za-z0-9._-]+): (?:failed to|not found|pull access)`),
	}
	// addressed is an image by the address of its manifest: registry, name, tag or digest.
	addressed = regexp.MustCompile(`https?://([^/\s]+)/v2/([^\s"]+?)/manifests/([\w.-]+(?::[0-9a-f]+)?)`)
)

// imageIn finds the image that a message of the engine speaks of.
func imageIn(text string) string {
	for _, re := range named {
		if m := re.FindStringSubmatch(text); m != nil {
			return familiar(strings.TrimRight(m[1], ":"))
		}
	}
	m := addressed.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	registry, name, version := m[1]+"/", m[2], ":"+m[3]
	if registry == "registry-1.docker.io/" {
		registry = "docker.io/"
	}
	if strings.Contains(m[3], ":") {
		version = "@" + m[3]
	}
	return familiar(registry + name + version)
}

// familiar shortens a normalized reference to how people write it.
func familiar(ref string) string {
	if i := strings.Index(ref, "/"); i > 0 && strings.HasPrefix(ref, "docker.io/") {
		ref = ref[i+1:]
	}
	return strings.TrimPrefix(ref, "library/")
}

// nothingInstalled tells a machine without Docker from one whose engine is
// stopped: no docker or dockerd on PATH and no socket.
func nothingInstalled(at Endpoint) bool {
	path, ok := strings.CutPrefix(at.Host, "unix://")
	if !ok || at.Source != "default" {
		return false
	}
	if _, err := os.Stat(path); err == nil {
		return false
	}
	for _, program := range []string{"docker", "dockerd", "podman"} {
		if _, err := exec.LookPath(program); err == nil {
			return false
		}
	}
	return true
}

// OtherSockets returns the addresses of engines that seem to be present
// beside the one that was tried: rootless Docker, Docker Desktop, Colima,
// Podman. They are suggested, never used unasked.
func OtherSockets(tried string) []string {
	home, _ := os.UserHomeDir()
	run := os.Getenv("XDG_RUNTIME_DIR")
	var found []string
	for _, path := range []string{
		"/var/run/docker.sock", run + "/docker.sock", home + "/.docker/run/docker.sock", home + "/.docker/desktop/docker.sock",
		home + "/.colima/default/docker.sock", home + "/.orbstack/run/docker.sock", home + "/.rd/docker.sock", run + "/podman/podman.sock",
	} {
		host := "unix://" + path
		if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeSocket != 0 && host != tried {
			found = append(found, host)
		}
	}
	return found
}

// isStatus tells whether err is the engine's answer with that status.
func isStatus(err error, status int) bool {
	switch status {
	case http.StatusNotFound:
		return cerrdefs.IsNotFound(err)
	case http.StatusConflict:
		return cerrdefs.IsConflict(err)
	}
	return false
}
