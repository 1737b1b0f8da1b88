// Package tlstrial is the fact of the submission's service meeting two TLS
// servers: one whose authority stands among the image's roots, one that
// nobody knows.
package tlstrial

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"example.com/tutor/checker"
	"example.com/tutor/checker/facts/probe"
	"example.com/tutor/checker/facts/service"
)

// Spec describes a trial.
type Spec struct {
	Service service.Spec // not hardened
	// Request is the path that makes the service connect to {host}.
	Request string
	// Accepted is the field of the JSON answer that is true when the service
	// took the certificate for valid.
	Accepted string
}

// String names the trial in progress.
func (s Spec) String() string { return s.Service.String() }

// Trial is what the service said of the two servers.
type Trial struct {
	// Tried is false where the image has no roots to add an authority to.
	Tried bool
	// Trusted and Foreign are the verdicts on the two servers.
	Trusted, Foreign Verdict
}

// Verdict is the service's answer about one server.
type Verdict struct {
	Accepted bool
	Answer   string // as the service gave it
}

// Fact asks the plain run of the service about both servers.
var Fact = &checker.Fact[Spec, *Trial]{
	Name: "tls trial",
	Requires: func(s Spec) []checker.Need {
		return []checker.Need{service.Fact.For(s.Service), probe.Fact.For(checker.None{})}
	},
	Compute: compute,
}

func compute(ctx context.Context, sc *checker.Scope, spec Spec) (*Trial, error) {
	svc, err := service.Fact.Of(ctx, sc, spec.Service)
	if err != nil {
		return nil, err
	}
	pr, err := probe.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return nil, err
	}
	if !svc.HasAuthority {
		return &Trial{}, nil
	}
	ask := func(addr string) probe.Request {
		return probe.Request{URL: svc.URL + strings.ReplaceAll(spec.Request, "{host}", url.QueryEscape(addr))}
	}
	answers, err := pr.Get(ctx, ask(pr.Trusted), ask(pr.Foreign))
	if err != nil {
		return nil, err
	}
	return &Trial{Tried: true, Trusted: spec.verdict(answers[0]), Foreign: spec.verdict(answers[1])}, nil
}

// maxAnswer bounds what is shown of an answer, in bytes.
const maxAnswer = 300

func (s Spec) verdict(a probe.Answer) Verdict {
	if a.Error != "" {
		return Verdict{Answer: a.Error}
	}
	v := Verdict{Answer: strings.TrimSpace(a.Body)}
	if len(v.Answer) > maxAnswer {
		v.Answer = v.Answer[:maxAnswer] + "…"
	}
	if v.Answer == "" {
		v.Answer = fmt.Sprintf("status %d, nothing else", a.Status)
	}
	var fields map[string]any
	if json.Unmarshal([]byte(a.Body), &fields) == nil {
		v.Accepted, _ = fields[s.Accepted].(bool)
	}
	return v
}
