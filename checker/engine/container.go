package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/docker/go-units"
)

// Limits of every container that tutor starts. A submission's container gets
// no more, whatever it asks for.
const (
	memoryLimit = 512 << 20 // bytes, swap included
	pidsLimit   = 256
	filesLimit  = 4096
	logFile     = "1m" // all that the engine keeps of the output
)

// ContainerOptions describe a container.
type ContainerOptions struct {
	Session string // ID of the session that owns it
	Image   string
	Cmd     []string // instead of the image's CMD; nil keeps it
	// User is instead of the image's user; "" keeps it.
	User string
	// Hardened is: read-only root, no capabilities, no new privileges.
	Hardened bool
	// Network is a network's ID, "" for none at all.
	Network string
	// Aliases are names of the container in its network.
	Aliases []string
	// Stdin is: stdin stays open, as with "docker run -i"; without it the
	// process reads nothing.
	Stdin bool
}

// Container is a container that tutor made.
type Container struct {
	e  *Engine
	ID string
}

// StartError says that a container cannot start by its image's fault: no
// command, no such program, no such user.
type StartError struct{ Message string }

// Error implements error.
func (e *StartError) Error() string { return "starting container: " + e.Message }

// creating returns the context under which an object is made: an engine that
// is no longer waited for makes it all the same, and nobody would know its ID.
// So the end of ctx waits until the object is there and can be removed.
func creating(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
}

// CreateContainer makes a container. The caller removes it.
func (e *Engine) CreateContainer(ctx context.Context, o ContainerOptions) (*Container, error) {
	pids := int64(pidsLimit)
	host := &container.HostConfig{
		NetworkMode: "none",
		LogConfig:   container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": logFile, "max-file": "1"}},
		Resources: container.Resources{
			Memory: memoryLimit, MemorySwap: memoryLimit, PidsLimit: &pids,
			Ulimits: []*units.Ulimit{{Name: "nofile", Soft: filesLimit, Hard: filesLimit}},
		},
	}
	if o.Hardened {
		host.ReadonlyRootfs = true
		host.CapDrop = []string{"ALL"}
		host.SecurityOpt = []string{"no-new-privileges"}
	}
	var nets *network.NetworkingConfig
	if o.Network != "" {
		host.NetworkMode = container.NetworkMode(o.Network)
		nets = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
			o.Network: {Aliases: o.Aliases},
		}}
	}
	made, cancel := creating(ctx)
	defer cancel()
	created, err := e.cli.ContainerCreate(made, &container.Config{
		Image: o.Image, Cmd: o.Cmd, User: o.User, Labels: sessionLabels(o.Session),
		OpenStdin: o.Stdin, StdinOnce: o.Stdin, AttachStdin: o.Stdin,
		// The image's own probe would run beside tutor's.
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}, host, nets, nil, "")
	if err != nil {
		return nil, e.startFault(ctx, err)
	}
	return &Container{e, created.ID}, nil
}

// Start starts the container. A [*StartError] is the image's fault.
func (c *Container) Start(ctx context.Context) error {
	return c.e.startFault(ctx, c.e.cli.ContainerStart(ctx, c.ID, container.StartOptions{}))
}

// startFault matches the words by which an engine says that a container did
// not start, and machineStart those by which it says that the machine, not the
// image, is to blame for that.
var (
	startFault = regexp.MustCompile(`(?i)OCI runtime create failed|runc create failed|failed to create task for container|container init` +
		`|unable to find (?:user|group)|no matching entries in (?:passwd|group)|uids and gids must be in range|invalid user` +
		`|no command specified|executable file not found|exec format error`)
	machineStart = regexp.MustCompile(`no space left on device|cannot allocate memory|too many open files|failed to start shim` +
		`|cgroup config|/sys/fs/cgroup|seccomp filter|apparmor profile|/proc/self/attr` +
		`|mounting "[a-z]+" to rootfs.*(?:permission denied|operation not permitted)`)
)

func (e *Engine) startFault(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil && startFault.MatchString(err.Error()) && !machineStart.MatchString(err.Error()) {
		return &StartError{Message: cleanStart(err.Error())}
	}
	return e.classify(ctx, err)
}

// cleanStart leaves the part of a start error that speaks of the image.
func cleanStart(text string) string {
	text = strings.TrimPrefix(text, "Error response from daemon: ")
	if i := strings.LastIndex(text, "starting container process caused: "); i >= 0 {
		text = text[i+len("starting container process caused: "):]
	}
	if i := strings.Index(text, "unable to start container process: "); i >= 0 {
		text = text[i+len("unable to start container process: "):]
	}
	return strings.TrimSuffix(strings.TrimSpace(text), ": unknown")
}

// refusal matches what runc's init leaves as the only output when the kernel
// refuses the program: an interpreter or library that is not there, a program
// for another system. The container has "started" by then.
var refusal = regexp.MustCompile(`^(exec \S+: |.*exec user process caused:? ).*\s*$`)

// Refusal returns the fault of a container that has ended with no other output
// than that its program could not be executed; nil for any other output.
func Refusal(output string) *StartError {
	if !refusal.MatchString(output) {
		return nil
	}
	return &StartError{Message: strings.TrimSpace(output)}
}

// State is the state of a container.
type State struct {
	Running   bool
	ExitCode  int
	OOMKilled bool
	pid       int
}

// State asks for the container's state.
func (c *Container) State(ctx context.Context) (State, error) {
	in, err := c.e.cli.ContainerInspect(ctx, c.ID)
	if err != nil {
		return State{}, c.e.classify(ctx, err)
	}
	return State{Running: in.State.Running, ExitCode: in.State.ExitCode, OOMKilled: in.State.OOMKilled, pid: in.State.Pid}, nil
}

// Wait returns when the container has stopped.
func (c *Container) Wait(ctx context.Context) (State, error) {
	done, fault := c.e.cli.ContainerWait(ctx, c.ID, container.WaitConditionNotRunning)
	select {
	case <-done:
		return c.State(ctx)
	case err := <-fault:
		return State{}, c.e.classify(ctx, err)
	}
}

// UID returns the user ID of the container's first process as the kernel
// knows it inside the container.
func (c *Container) UID(ctx context.Context) (int, error) {
	s, err := c.State(ctx)
	if err != nil {
		return 0, err
	}
	top, err := c.e.cli.ContainerTop(ctx, c.ID, []string{"-eo", "pid,uid"})
	if err != nil {
		return 0, c.e.classify(ctx, fmt.Errorf("listing processes: %w", err))
	}
	pid := strconv.Itoa(s.pid)
	i := slices.IndexFunc(top.Processes, func(p []string) bool { return len(p) >= 2 && p[0] == pid })
	if i < 0 {
		return 0, &Problem{Kind: Failed, At: c.e.at, Err: fmt.Errorf("listing processes: process %s is not among them", pid)}
	}
	uid, err := strconv.Atoi(top.Processes[i][1])
	if err != nil {
		return 0, &Problem{Kind: Failed, At: c.e.at, Err: fmt.Errorf("listing processes: user %q is no number", top.Processes[i][1])}
	}
	first, err := c.e.firstUID(ctx)
	return uid - first, err
}

// firstUID is the host's user ID that containers see as 0 where the engine
// remaps user namespaces: it stands in the name of the engine's folder
// (/var/lib/docker/231072.231072), 0 elsewhere.
// See https://docs.docker.com/engine/security/userns-remap/.
func (e *Engine) firstUID(ctx context.Context) (int, error) {
	info, err := e.cli.Info(ctx)
	if err != nil {
		return 0, e.classify(ctx, err)
	}
	if !slices.ContainsFunc(info.SecurityOptions, func(o string) bool { return strings.Contains(o, "name=userns") }) {
		return 0, nil
	}
	uid, _, _ := strings.Cut(path.Base(info.DockerRootDir), ".")
	n, err := strconv.Atoi(uid)
	if err != nil {
		return 0, &Problem{Kind: Failed, At: e.at, Err: fmt.Errorf("reading the first user ID from %s: %w", info.DockerRootDir, err)}
	}
	return n, nil
}

// Logs returns the last lines of the container's output, both streams, at
// most limit bytes.
func (c *Container) Logs(ctx context.Context, lines int, limit int64) (string, error) {
	r, err := c.e.cli.ContainerLogs(ctx, c.ID, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(lines)})
	if err != nil {
		return "", c.e.classify(ctx, fmt.Errorf("reading logs: %w", err))
	}
	defer r.Close()
	var out bytes.Buffer
	// A log that is cut in the middle of a frame is still worth showing.
	if _, err := stdcopy.StdCopy(&out, &out, io.LimitReader(r, limit)); err != nil && out.Len() == 0 && !errors.Is(err, io.EOF) {
		return "", c.e.classify(ctx, fmt.Errorf("reading logs: %w", err))
	}
	return out.String(), nil
}

// File is a file to be copied into a container.
type File struct {
	Path     string // absolute; folders on the way are made
	Text     []byte
	Mode     int64
	UID, GID int
}

// CopyIn writes files into a container that is not hardened.
func (c *Container) CopyIn(ctx context.Context, files ...File) error {
	var buf bytes.Buffer
	tw := tar.NewWriter(&buf)
	for _, f := range files {
		h := &tar.Header{Name: strings.TrimPrefix(f.Path, "/"), Mode: f.Mode, Uid: f.UID, Gid: f.GID, Size: int64(len(f.Text)), ModTime: time.Now()}
		if err := tw.WriteHeader(h); err != nil {
			return fmt.Errorf("copying %s into container: %w", f.Path, err)
		}
		if _, err := tw.Write(f.Text); err != nil {
			return fmt.Errorf("copying %s into container: %w", f.Path, err)
		}
	}
	if err := tw.Close(); err != nil {
		return fmt.Errorf("copying into container: %w", err)
	}
	err := c.e.cli.CopyToContainer(ctx, c.ID, "/", &buf, container.CopyToContainerOptions{})
	if err != nil {
		return c.e.classify(ctx, fmt.Errorf("copying into container: %w", err))
	}
	return nil
}

// Exec runs a command inside the running container and returns its output.
// A command that exits with another code than 0 is no error.
func (c *Container) Exec(ctx context.Context, cmd ...string) (stdout, stderr []byte, code int, err error) {
	made, err := c.e.cli.ContainerExecCreate(ctx, c.ID, container.ExecOptions{Cmd: cmd, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return nil, nil, 0, c.e.classify(ctx, fmt.Errorf("running %s in container: %w", cmd[0], err))
	}
	conn, err := c.e.cli.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return nil, nil, 0, c.e.classify(ctx, fmt.Errorf("running %s in container: %w", cmd[0], err))
	}
	defer conn.Close()
	// The connection knows nothing of ctx once it is taken over.
	stop := context.AfterFunc(ctx, conn.Close)
	defer stop()
	var out, errs bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &errs, conn.Reader); err != nil {
		return nil, nil, 0, c.e.classify(ctx, fmt.Errorf("running %s in container: %w", cmd[0], err))
	}
	in, err := c.e.cli.ContainerExecInspect(ctx, made.ID)
	if err != nil {
		return nil, nil, 0, c.e.classify(ctx, err)
	}
	return out.Bytes(), errs.Bytes(), in.ExitCode, nil
}

// Remove kills and removes the container with its anonymous volumes. One that
// is gone already is fine.
func (c *Container) Remove(ctx context.Context) error {
	return c.e.gone(ctx, c.e.cli.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true}))
}

// gone takes "no such object" for success.
func (e *Engine) gone(ctx context.Context, err error) error {
	if isStatus(err, http.StatusNotFound) {
		return nil
	}
	return e.classify(ctx, err)
}

// CreateNetwork makes a network without a way out.
func (e *Engine) CreateNetwork(ctx context.Context, session string) (id string, err error) {
	create, cancel := creating(ctx)
	defer cancel()
	made, err := e.cli.NetworkCreate(create, imageRepo+"-"+session, network.CreateOptions{
		Driver: "bridge", Internal: true, Labels: sessionLabels(session),
	})
	if err != nil {
		return "", e.classify(ctx, fmt.Errorf("making network: %w", err))
	}
	return made.ID, nil
}

// RemoveNetwork removes a network; one that is gone already is fine.
func (e *Engine) RemoveNetwork(ctx context.Context, id string) error {
	return e.gone(ctx, e.cli.NetworkRemove(ctx, id))
}
