package engine

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/docker/cli/cli/config"
	dockercontext "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
)

// MinAPI is the oldest version of the Engine API that tutor works with
// (Docker 20.10, the first whose BuildKit is on by default for all clients).
const MinAPI = "1.41"

// Engine is a connection to a Docker Engine.
type Engine struct {
	cli *client.Client
	at  Endpoint
	// buildArgs are handed to every build: proxies and what the user gave.
	buildArgs map[string]string
}

// Endpoint says which engine is used and who chose it.
type Endpoint struct {
	// Host is the address: unix:///var/run/docker.sock, tcp://…, ssh://….
	Host string
	// Source is "DOCKER_HOST", "DOCKER_CONTEXT", "config" (the current context
	// of the docker command) or "default".
	Source string
	// Context is the name of the docker context, "" for none.
	Context string
	// TLS tells whether the connection is encrypted by certificates.
	TLS bool
}

// Connect finds the engine in the order of the docker command (DOCKER_HOST,
// DOCKER_CONTEXT, the current context, the default socket) and asks it for
// its version. Whatever goes wrong comes back as a [*Problem].
// See https://docs.docker.com/engine/manage-resources/contexts/.
func Connect(ctx context.Context) (*Engine, error) {
	at, opts, err := locate()
	if err != nil {
		return nil, &Problem{Kind: BadContext, At: at, Err: err}
	}
	cli, err := client.NewClientWithOpts(opts...)
	if err != nil {
		return nil, &Problem{Kind: BadContext, At: at, Err: err}
	}
	e := &Engine{cli: cli, at: at, buildArgs: proxyArgs(at.Host)}
	if err := e.ping(ctx); err != nil {
		cli.Close()
		return nil, err
	}
	return e, nil
}

func (e *Engine) ping(ctx context.Context) error {
	ping, err := e.cli.Ping(ctx)
	if err != nil {
		return e.classify(ctx, err)
	}
	e.cli.NegotiateAPIVersionPing(ping)
	if v := e.cli.ClientVersion(); versions.LessThan(v, MinAPI) {
		return &Problem{Kind: APITooOld, At: e.at, Err: fmt.Errorf("engine speaks API %s, tutor needs %s", v, MinAPI)}
	}
	if ping.OSType != "" && ping.OSType != "linux" {
		return &Problem{Kind: NotLinux, At: e.at, Err: fmt.Errorf("engine runs %s containers", ping.OSType)}
	}
	return nil
}

// Close closes the connection.
func (e *Engine) Close() error { return e.cli.Close() }

// At says which engine this is.
func (e *Engine) At() Endpoint { return e.at }

// locate resolves the endpoint without talking to it.
func locate() (Endpoint, []client.Opt, error) {
	if host := os.Getenv(client.EnvOverrideHost); host != "" {
		return locateHost(Endpoint{Host: host, Source: client.EnvOverrideHost})
	}
	// Load warns on its writer about a broken file; the error below says it too.
	cfg, err := config.Load(config.Dir())
	if err != nil {
		return Endpoint{}, nil, fmt.Errorf("reading %s/config.json: %w", config.Dir(), err)
	}
	at := Endpoint{Context: os.Getenv("DOCKER_CONTEXT"), Source: "DOCKER_CONTEXT"}
	if at.Context == "" {
		at.Context, at.Source = cfg.CurrentContext, "config"
	}
	if at.Context == "" || at.Context == "default" {
		return locateHost(Endpoint{Host: client.DefaultDockerHost, Source: "default"})
	}
	s := store.New(config.ContextStoreDir(), store.NewConfig(
		func() any { return &map[string]any{} },
		store.EndpointTypeGetter(dockercontext.DockerEndpoint, func() any { return &dockercontext.EndpointMeta{} }),
	))
	meta, err := s.GetMetadata(at.Context)
	if err != nil {
		return at, nil, fmt.Errorf("reading docker context %q: %w", at.Context, err)
	}
	m, err := dockercontext.EndpointFromContext(meta)
	if err != nil {
		return at, nil, fmt.Errorf("reading docker context %q: %w", at.Context, err)
	}
	at.Host = m.Host
	ep, err := dockercontext.WithTLSData(s, at.Context, m)
	if err != nil {
		return at, nil, fmt.Errorf("reading the certificates of docker context %q: %w", at.Context, err)
	}
	at.TLS = ep.TLSData != nil
	opts, err := ep.ClientOpts()
	return at, opts, err
}

// locateHost is for an address given outright; TLS then comes from
// DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.
func locateHost(at Endpoint) (Endpoint, []client.Opt, error) {
	if strings.HasPrefix(at.Host, "ssh://") {
		ep := dockercontext.Endpoint{EndpointMeta: dockercontext.EndpointMeta{Host: at.Host}}
		opts, err := ep.ClientOpts()
		return at, opts, err
	}
	at.TLS = os.Getenv(client.EnvOverrideCertPath) != "" && strings.HasPrefix(at.Host, "tcp://")
	var opts []client.Opt
	if at.TLS {
		opts = append(opts, client.WithTLSClientConfigFromEnv())
	}
	return at, append(opts,
		client.WithHost(at.Host), client.WithVersionFromEnv(), client.WithAPIVersionNegotiation(),
		client.WithHTTPHeaders(map[string]string{"User-Agent": "tutor"})), nil
}

// proxyArgs returns the proxy settings that the docker command passes to
// builds from its config file.
// See https://docs.docker.com/engine/cli/proxy/.
func proxyArgs(host string) map[string]string {
	args := make(map[string]string)
	cfg := config.LoadDefaultConfigFile(io.Discard)
	for k, v := range cfg.ParseProxyConfig(host, nil) {
		if v != nil && *v != "" {
			args[k] = *v
		}
	}
	return args
}

// WithBuildArgs adds build arguments that every build gets.
func (e *Engine) WithBuildArgs(args map[string]string) {
	for k, v := range args {
		e.buildArgs[k] = v
	}
}

// Info is what doctor shows about an engine.
type Info struct {
	At          Endpoint
	Version     string // of the engine
	API         string // spoken with it
	OS          string // operating system of the engine's machine
	Arch        string // as Go writes it: amd64, arm64
	Store       string // storage driver
	Containerd  bool   // the image store is containerd's
	Rootless    bool
	MemoryBytes int64
	CPUs        int
	Images      int
	RootDir     string
}

// Info asks the engine about itself.
func (e *Engine) Info(ctx context.Context) (Info, error) {
	i, err := e.cli.Info(ctx)
	if err != nil {
		return Info{}, e.classify(ctx, err)
	}
	v, err := e.cli.ServerVersion(ctx)
	if err != nil {
		return Info{}, e.classify(ctx, err)
	}
	info := Info{
		At: e.at, Version: i.ServerVersion, API: e.cli.ClientVersion(), OS: i.OperatingSystem, Arch: v.Arch,
		Store: i.Driver, MemoryBytes: i.MemTotal, CPUs: i.NCPU, Images: i.Images, RootDir: i.DockerRootDir,
	}
	for _, kv := range i.DriverStatus {
		info.Containerd = info.Containerd || kv[0] == "driver-type" && strings.Contains(kv[1], "containerd")
	}
	for _, o := range i.SecurityOptions {
		info.Rootless = info.Rootless || strings.Contains(o, "name=rootless")
	}
	return info, nil
}

// ID returns the engine's own identifier.
func (e *Engine) ID(ctx context.Context) (string, error) {
	i, err := e.cli.Info(ctx)
	return i.ID, e.classify(ctx, err)
}

// HasImage tells whether the engine has the image.
func (e *Engine) HasImage(ctx context.Context, ref string) (bool, error) {
	_, err := e.cli.ImageInspect(ctx, ref)
	if isStatus(err, http.StatusNotFound) {
		return false, nil
	}
	return err == nil, e.classify(ctx, err)
}
