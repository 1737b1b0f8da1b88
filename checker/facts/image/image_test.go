package image

import (
	"slices"
	"testing"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/dockerfile"
)

// TestFinding says in the submission's terms why a build failed.
func TestFinding(t *testing.T) {
	df, err := dockerfile.Parse("Dockerfile", []byte(`ARG V=9.99
FROM golang:${V}-alpine AS build
WORKDIR /src
RUN go build ./...
FROM golang:${V}
COPY --from=biuld /x /
COPY --from=busybox:1 /y /
`))
	if err != nil {
		t.Fatal(err)
	}
	step := func(name, err, log string) *engine.Step { return &engine.Step{Name: name, Error: err, Log: log} }
	for name, tt := range map[string]struct {
		failure engine.Failure
		want    checker.Finding
	}{
		"a command": {
			engine.Failure{Message: "failed to solve: exit code: 1", Step: step("[build 3/3] RUN go build ./...", "executor failed running [/bin/sh -c go build]: exit code: 1\nmore", "a.go:3: undefined: x\n")},
			checker.Finding{
				Code: "step", Place: checker.Place{File: "Dockerfile", Line: 4}, Source: "RUN go build ./...",
				Got: "executor failed running [/bin/sh -c go build]: exit code: 1", Detail: []string{"a.go:3: undefined: x"},
			},
		},
		"a step of nowhere": {
			engine.Failure{Message: "m", Step: step("[internal] load build context", "invalid excludepatterns", "")},
			checker.Finding{Code: "step", Place: checker.Place{File: "Dockerfile"}, Got: "invalid excludepatterns"},
		},
		"no step": {
			engine.Failure{Message: "dockerfile parse error line 2: unknown instruction: COPI\n\nmore"},
			checker.Finding{Code: "step", Place: checker.Place{File: "Dockerfile"}, Got: "dockerfile parse error line 2: unknown instruction: COPI"},
		},
		"a base": {
			engine.Failure{Message: "not found", Image: "golang:9.99", Step: step("[internal] load metadata for docker.io/library/golang:9.99", "not found", "")},
			checker.Finding{Code: "base", Place: checker.Place{File: "Dockerfile", Line: 5}, Source: "FROM golang:${V}", Got: "golang:9.99", Want: "an image that exists"},
		},
		"a base whose name begins like another's": {
			engine.Failure{Message: "not found", Image: "golang:9.99-alpine"},
			checker.Finding{Code: "base", Place: checker.Place{File: "Dockerfile", Line: 2}, Source: "FROM golang:${V}-alpine AS build", Got: "golang:9.99-alpine", Want: "an image that exists"},
		},
		"an image to copy from": {
			engine.Failure{Message: "not found", Image: "busybox:1"},
			checker.Finding{Code: "base", Place: checker.Place{File: "Dockerfile", Line: 7}, Source: "COPY --from=busybox:1 /y /", Got: "busybox:1", Want: "an image that exists"},
		},
		"a stage that is mistyped": {
			engine.Failure{Message: "pull access denied", Image: "biuld:latest"},
			checker.Finding{Code: "base", Place: checker.Place{File: "Dockerfile", Line: 6}, Source: "COPY --from=biuld /x /", Got: "biuld:latest", Want: "the stage build"},
		},
		"a front end": {
			engine.Failure{Message: "not found", Image: "docker/dockerfile:99"},
			checker.Finding{Code: "base", Place: checker.Place{File: "Dockerfile"}, Got: "docker/dockerfile:99", Want: "an image that exists"},
		},
		"no name at all": {
			engine.Failure{Message: `failed to create LLB definition: failed to parse stage name "golang:": invalid reference format`},
			checker.Finding{Code: "base", Place: checker.Place{File: "Dockerfile"}, Got: "golang:", Want: "an image that exists"},
		},
		"an empty name": {
			engine.Failure{Message: "failed to create LLB definition: base name (${NOTHING}) should not be blank"},
			checker.Finding{Code: "base", Place: checker.Place{File: "Dockerfile"}, Got: "${NOTHING}", Want: "an image that exists"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := finding(&build.Build{File: df, Build: &engine.Build{Failure: &tt.failure}})
			if got.Code != tt.want.Code || got.Place != tt.want.Place || got.Source != tt.want.Source || got.Got != tt.want.Got || got.Want != tt.want.Want || !slices.Equal(got.Detail, tt.want.Detail) {
				t.Errorf("got\n%+v, want\n%+v", got, tt.want)
			}
		})
	}
}
