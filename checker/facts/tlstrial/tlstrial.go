// Package tlstrial is the fact of the submission's service or tool meeting two
// TLS servers: one whose authority stands among the image's roots, one that
// nobody knows.
package tlstrial

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"example.com/tutor/checker"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/probe"
	"example.com/tutor/checker/facts/service"
	"example.com/tutor/checker/facts/tool"
)

// Spec describes a trial, of a service or of a tool.
type Spec struct {
	Service service.Spec // not hardened
	// Request is the path that makes the service connect to {host}.
	Request string
	// Accepted is the field of the JSON answer that is true when the service
	// took the certificate for valid.
	Accepted string

	// Tool is asked instead of the service where it has a contract.
	Tool tool.Spec
}

func (s Spec) ofTool() bool { return s.Tool.Contract != tool.Contract{} }

// Build is the build of the image on trial.
func (s Spec) Build() build.Spec {
	if s.ofTool() {
		return s.Tool.Build
	}
	return s.Service.Build
}

// String names the trial in progress.
func (s Spec) String() string {
	if s.ofTool() {
		return s.Tool.Build.String()
	}
	return s.Service.String()
}

// Want is the part of an answer that says whether a certificate was accepted.
func (s Spec) Want(accepted bool) string {
	switch {
	case !s.ofTool():
		return fmt.Sprintf("%q: %v", s.Accepted, accepted)
	case accepted:
		return "HOST:PORT" + s.Tool.Valid
	}
	return "HOST:PORT" + s.Tool.Invalid
}

// Trial is what the service or tool said of the two servers.
type Trial struct {
	// Tried is false where the image has no roots to add an authority to.
	Tried bool
	// Trusted and Foreign are the verdicts on the two servers.
	Trusted, Foreign Verdict
}

// Verdict is the answer about one server.
type Verdict struct {
	Accepted bool
	Answer   string // as it was given
}

// Fact asks the plain run of the service, or the tool, about both servers.
var Fact = &checker.Fact[Spec, *Trial]{
	Name: "tls trial",
	Requires: func(s Spec) []checker.Need {
		if s.ofTool() {
			return []checker.Need{tool.Fact.For(s.call()), probe.Fact.For(checker.None{})}
		}
		return []checker.Need{service.Fact.For(s.Service), probe.Fact.For(checker.None{})}
	},
	Compute: func(ctx context.Context, sc *checker.Scope, spec Spec) (*Trial, error) {
		pr, err := probe.Fact.Of(ctx, sc, checker.None{})
		if err != nil {
			return nil, err
		}
		if spec.ofTool() {
			return spec.callTool(ctx, sc, pr)
		}
		return spec.askService(ctx, sc, pr)
	},
}

// call is the call of the tool that asks about both servers.
func (s Spec) call() tool.Spec {
	s.Tool.Call = tool.Both
	return s.Tool
}

func (s Spec) callTool(ctx context.Context, sc *checker.Scope, pr *probe.Probe) (*Trial, error) {
	ran, err := tool.Fact.Of(ctx, sc, s.call())
	if err != nil {
		return nil, err
	}
	if !ran.HasAuthority {
		return &Trial{}, nil
	}
	answers := s.Tool.Answers(ran.Stdout+"\n"+ran.Stderr, ran.Hosts)
	verdict := func(host string) Verdict {
		return Verdict{Accepted: answers[host].Accepted, Answer: cut(answers[host].Line)}
	}
	return &Trial{Tried: true, Trusted: verdict(pr.Trusted), Foreign: verdict(pr.Foreign)}, nil
}

func (s Spec) askService(ctx context.Context, sc *checker.Scope, pr *probe.Probe) (*Trial, error) {
	svc, err := service.Fact.Of(ctx, sc, s.Service)
	if err != nil {
		return nil, err
	}
	if !svc.HasAuthority {
		return &Trial{}, nil
	}
	ask := func(addr string) probe.Request {
		return probe.Request{URL: svc.URL + strings.ReplaceAll(s.Request, "{host}", url.QueryEscape(addr))}
	}
	answers, err := pr.Get(ctx, ask(pr.Trusted), ask(pr.Foreign))
	if err != nil {
		return nil, err
	}
	return &Trial{Tried: true, Trusted: s.verdict(answers[0]), Foreign: s.verdict(answers[1])}, nil
}

// maxAnswer bounds what is shown of an answer, in bytes.
const maxAnswer = 300

func (s Spec) verdict(a probe.Answer) Verdict {
	if a.Error != "" {
		return Verdict{Answer: a.Error}
	}
	v := Verdict{Answer: cut(strings.TrimSpace(a.Body))}
	if v.Answer == "" {
		v.Answer = fmt.Sprintf("status %d, nothing else", a.Status)
	}
	var fields map[string]any
	if json.Unmarshal([]byte(a.Body), &fields) == nil {
		v.Accepted, _ = fields[s.Accepted].(bool)
	}
	return v
}

func cut(answer string) string {
	if len(answer) > maxAnswer {
		return answer[:maxAnswer] + "…"
	}
	return answer
}
