// Package probe is the fact of tutor's helper container: it stands in an
// internal network of the session's own, serves TLS there and makes requests
// to the submission's services. Everything goes through the engine, so it
// works the same with an engine on this machine, in a virtual machine (Docker
// Desktop) or far away.
package probe

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/daemon"
)

//go:embed helper/main.go
var helper []byte

// dockerfile builds the helper in the base image that the course's exercises
// need anyway, without any module and so without a network.
const dockerfile = `FROM golang:1.26 AS build
WORKDIR /helper
COPY main.go .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /helper/helper main.go

FROM scratch
COPY --from=build /helper/helper /helper
ENTRYPOINT ["/helper"]
`

// Probe is the running helper.
type Probe struct {
	// Network is the ID of the internal network to put services into.
	Network string
	// Authority is the certificate, in PEM, of the authority that a service
	// shall trust.
	Authority []byte
	// Trusted and Foreign are addresses (HOST:PORT) of TLS servers: the first
	// has a certificate of Authority, the second one of an authority that
	// nobody knows.
	Trusted, Foreign string

	container *engine.Container
}

// Fact starts the helper.
var Fact = &checker.Fact[checker.None, *Probe]{
	Name:     "helper",
	Slot:     "container",
	Requires: func(checker.None) []checker.Need { return []checker.Need{daemon.Fact.For(checker.None{})} },
	Compute:  compute,
}

func compute(ctx context.Context, sc *checker.Scope, _ checker.None) (*Probe, error) {
	eng, err := daemon.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return nil, err
	}
	s := sc.Session()
	p := &Probe{}
	built := make(chan error, 1)
	tag := engine.ImageName(s.ID(), "helper")
	s.Cleanup("image "+tag, func(ctx context.Context) error { return eng.RemoveImage(ctx, tag) })
	go func() { built <- build(ctx, eng, tag) }()
	p.Network, err = eng.CreateNetwork(ctx, s.ID())
	if err == nil {
		s.Cleanup("network", func(ctx context.Context) error { return eng.RemoveNetwork(ctx, p.Network) })
	}
	if berr := <-built; berr != nil {
		return nil, berr
	}
	if err != nil {
		return nil, err
	}
	servers, err := newServers()
	if err != nil {
		return nil, err
	}
	p.Authority, p.Trusted, p.Foreign = servers.authority, servers.trusted.addr(), servers.foreign.addr()
	p.container, err = eng.CreateContainer(ctx, engine.ContainerOptions{
		Session: s.ID(), Image: tag, Cmd: []string{"serve", servers.config()}, Hardened: true,
		Network: p.Network, Aliases: []string{servers.trusted.host, servers.foreign.host}, User: "65532:65532",
	})
	if err != nil {
		return nil, fmt.Errorf("making helper container: %w", err)
	}
	s.Cleanup("helper container", p.container.Remove)
	if err := p.container.Start(ctx); err != nil {
		return nil, fmt.Errorf("starting helper container: %w", err)
	}
	return p, nil
}

func build(ctx context.Context, eng *engine.Engine, tag string) error {
	b, err := eng.Build(ctx, engine.BuildOptions{
		Context: engine.Context{Overlay: map[string][]byte{"main.go": helper}},
		File:    "Dockerfile", Dockerfile: []byte(dockerfile), Tag: tag, Key: "tutor-helper",
	})
	if err != nil {
		return fmt.Errorf("building helper: %w", err)
	}
	if b.Failure != nil {
		return fmt.Errorf("building helper: %s", b.Failure.Message)
	}
	return nil
}

// Request is a GET request from inside the network.
type Request struct {
	URL string
	// Wait is how long to try again while nobody answers.
	Wait time.Duration
}

// Answer is what came back; Error says why nothing did.
type Answer struct {
	Status int
	Body   string // at most 64 KB
	Error  string
}

// Get makes requests one after the other.
func (p *Probe) Get(ctx context.Context, requests ...Request) ([]Answer, error) {
	type wire struct {
		URL    string `json:"url"`
		WaitMS int64  `json:"wait_ms"`
	}
	var out []wire
	for _, r := range requests {
		out = append(out, wire{r.URL, r.Wait.Milliseconds()})
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	stdout, stderr, code, err := p.container.Exec(ctx, "/helper", "get", string(text))
	if err != nil {
		return nil, err
	}
	if code != 0 {
		return nil, fmt.Errorf("running helper: exit code %d: %s", code, stderr)
	}
	var answers []Answer
	if err := json.Unmarshal(stdout, &answers); err != nil {
		return nil, fmt.Errorf("reading the helper's answer: %w", err)
	}
	if len(answers) != len(requests) {
		return nil, fmt.Errorf("reading the helper's answer: %d answers to %d requests", len(answers), len(requests))
	}
	return answers, nil
}
