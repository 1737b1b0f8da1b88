package dockerfile_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"example.com/tutor/checker"
	"example.com/tutor/checker/facts/dockerfile"
)

func parse(t testing.TB, text string) *dockerfile.File {
	t.Helper()
	f, err := dockerfile.Parse("Dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTarget(t *testing.T) {
	f := parse(t, "FROM a AS Build\nFROM b\nFROM c AS test\nFROM d AS test\nFROM e\n")
	for target, want := range map[string]int{
		"": 4, "build": 0, "BUILD": 0, "Build": 0, "0": 0, "1": 1, "4": 4, "test": 3, // the nearer of two
		"5": -1, "-1": -1, "nothing": -1, "b": -1, " build": -1, "0x1": -1,
	} {
		got, ok := f.Target(target)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q is stage %d, %v, want %d", target, got, ok, want)
		}
	}
	// A number may be a name.
	f = parse(t, "FROM a\nFROM b AS one-1\n")
	if got, ok := f.Target("one-1"); !ok || got != 1 {
		t.Errorf("got %d, %v", got, ok)
	}
}

func TestChain(t *testing.T) {
	for name, tt := range map[string]struct {
		text   string
		args   map[string]string
		stages []int
		base   string
	}{
		"one stage":                 {"FROM scratch\n", nil, []int{0}, "scratch"},
		"two stages":                {"FROM golang:1.26 AS build\nFROM scratch\n", nil, []int{1}, "scratch"},
		"an alias":                  {"FROM golang:1.26 AS build\nFROM build\n", nil, []int{1, 0}, "golang:1.26"},
		"an alias in other letters": {"FROM golang:1.26 AS Build\nFROM BUILD\n", nil, []int{1, 0}, "golang:1.26"},
		"alias of an alias":         {"FROM scratch AS a\nFROM x AS y\nFROM a AS b\nFROM b\n", nil, []int{3, 2, 0}, "scratch"},
		"a later stage":             {"FROM b AS a\nFROM scratch AS b\nFROM a\n", nil, []int{2, 0}, "b"},
		"the nearer of two":         {"FROM one AS a\nFROM two AS a\nFROM a\n", nil, []int{2, 1}, "two"},
		"named like its image":      {"FROM golang AS golang\nFROM golang AS golang\nFROM golang\n", nil, []int{2, 1, 0}, "golang"},
		"scratch as a name":         {"FROM golang:1.26 AS scratch\nFROM scratch\n", nil, []int{1, 0}, "golang:1.26"},
		"a number is an image":      {"FROM golang:1.26\nFROM 0\n", nil, []int{1}, "0"},

		"ARG":                      {"ARG V=1.26\nFROM golang:$V\n", nil, []int{0}, "golang:1.26"},
		"ARG in braces":            {"ARG V=1.26\nFROM golang:${V}-alpine\n", nil, []int{0}, "golang:1.26-alpine"},
		"ARG with quotes":          {"ARG V=\"1.26\"\nARG N='golang'\nFROM $N:$V\n", nil, []int{0}, "golang:1.26"},
		"ARG overridden":           {"ARG V=1.26\nFROM golang:$V\n", map[string]string{"V": "1.25"}, []int{0}, "golang:1.25"},
		"ARG given only":           {"ARG V\nFROM golang:$V\n", map[string]string{"V": "1.25"}, []int{0}, "golang:1.25"},
		"ARG not declared":         {"FROM golang:${V:-1.26}\n", map[string]string{"V": "1.25"}, []int{0}, "golang:1.26"},
		"ARG declared too late":    {"FROM x AS y\nARG V=1.26\nFROM golang:$V\n", nil, []int{1}, "golang:"},
		"ARG by default":           {"ARG V\nFROM golang:${V:-1.26}\n", nil, []int{0}, "golang:1.26"},
		"ARG by default, not used": {"ARG V=1.25\nFROM golang:${V:-1.26}\n", nil, []int{0}, "golang:1.25"},
		"ARG with a plus":          {"ARG V=1.25\nFROM golang${V:+:1.26}\n", nil, []int{0}, "golang:1.26"},
		"ARG of an ARG":            {"ARG A=1.26\nARG B=golang:$A\nFROM $B\n", nil, []int{0}, "golang:1.26"},
		"ARG of an ARG overridden": {"ARG A=1.26\nARG B=golang:$A\nFROM $B\n", map[string]string{"A": "1.25"}, []int{0}, "golang:1.25"},
		"several in one line":      {"ARG A=golang B=1.26\nFROM $A:$B\n", nil, []int{0}, "golang:1.26"},
		"scratch by ARG":           {"ARG B=scratch\nFROM ${B}\n", nil, []int{0}, "scratch"},
		"an alias by ARG":          {"ARG S=build\nFROM golang:1.26 AS build\nFROM $S\n", nil, []int{1, 0}, "golang:1.26"},
		"the platform":             {"FROM scratch AS final-" + runtime.GOARCH + "\nFROM final-${TARGETARCH}\n", nil, []int{1, 0}, "scratch"},
		"the system":               {"FROM a AS on-linux\nFROM on-$TARGETOS$TARGETVARIANT\n", nil, []int{1, 0}, "a"},
		"what is no substitution":  {"ARG A=1\nFROM x:${A\n", nil, []int{0}, "x:${A"},
	} {
		t.Run(name, func(t *testing.T) {
			f := parse(t, tt.text)
			chain := f.Chain(len(f.Stages)-1, tt.args)
			if !slices.Equal(chain.Stages, tt.stages) || chain.Base != tt.base {
				t.Errorf("got %v on %q, want %v on %q", chain.Stages, chain.Base, tt.stages, tt.base)
			}
		})
	}
}

func TestLast(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want string // USER, "" for none
		line int
	}{
		"none":                      {"FROM scratch\n", "", 0},
		"one":                       {"FROM scratch\nUSER 1\n", "1", 2},
		"the last of two":           {"FROM scratch\nUSER 1\nUSER 2\n", "2", 3},
		"of another stage":          {"FROM a AS b\nUSER 1\nFROM scratch\n", "", 0},
		"of the base":               {"FROM a AS b\nUSER 1\nFROM b\n", "1", 2},
		"over the base":             {"FROM a AS b\nUSER 1\nFROM b\nUSER 2\nRUN x\n", "2", 4},
		"of the base's base":        {"FROM a AS b\nUSER 1\nFROM b AS c\nFROM c\nCOPY x /\n", "1", 2},
		"not of a later base stage": {"FROM a AS b\nUSER 1\nFROM b AS c\nUSER 2\nFROM b\n", "1", 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := parse(t, tt.text)
			cmd, ok := dockerfile.Last[*instructions.UserCommand](f, f.Chain(len(f.Stages)-1, nil))
			if ok != (tt.want != "") {
				t.Fatalf("found is %v", ok)
			}
			if ok && (cmd.User != tt.want || f.At(cmd.Location()).Line != tt.line) {
				t.Errorf("got USER %s in line %d, want %s in %d", cmd.User, f.At(cmd.Location()).Line, tt.want, tt.line)
			}
		})
	}
}

func TestMarkCommand(t *testing.T) {
	for text, want := range map[string]string{
		"FROM scratch\nCMD [\"a\"]\nENTRYPOINT [\"b\"]\n":                   "CMD [\"a\"]",
		"FROM scratch\nENTRYPOINT [\"b\"]\nCMD [\"a\"]\nCMD [\"c\"]\n":      "CMD [\"c\"]",
		"FROM scratch\nENTRYPOINT [\"b\"]\n":                                "ENTRYPOINT [\"b\"]",
		"FROM a AS b\nCMD [\"a\"]\nFROM b\nENTRYPOINT [\"b\"]\n":            "CMD [\"a\"]",
		"FROM a AS b\nCMD [\"a\"]\nFROM scratch AS final\nCOPY x /\n":       "FROM scratch AS final",
		"FROM a AS b\nENTRYPOINT [\"a\"]\nFROM b\nUSER 1\n":                 "ENTRYPOINT [\"a\"]",
		"ARG A\n\n# comment\nFROM \\\n  scratch\nCOPY x /\n":                "FROM \\",
		"FROM scratch\nHEALTHCHECK CMD x\nONBUILD CMD [\"a\"]\nLABEL a=b\n": "FROM scratch",
	} {
		f := parse(t, text)
		got := f.MarkCommand(checker.Finding{Code: "x"}, f.Chain(len(f.Stages)-1, nil))
		if got.Source != want || got.Code != "x" || got.Place.File != "Dockerfile" || f.Line(got.Place.Line) != want {
			t.Errorf("%q: got %+v, want %q", text, got, want)
		}
	}
}

func TestFrom(t *testing.T) {
	f := parse(t, `ARG V=9.99
FROM golang:${V} AS build
COPY --from=busybox:1 /x /y
FROM build AS test
COPY --from=build /a /b
FROM ghcr.io/me/base
COPY --from=bulid /a /b
`)
	for image, want := range map[string]int{
		"golang:9.99": 2, "busybox:1": 3, "ghcr.io/me/base:latest": 6, "ghcr.io/me/base": 6, "bulid:latest": 7,
		"golang:1.26": 0, "nothing:1": 0, "busybox:2": 0, "": 0,
	} {
		at := f.From(image)
		if got := f.At(at).Line; got != want || (at == nil) != (want == 0) {
			t.Errorf("%s is in line %d, want %d", image, got, want)
		}
	}
	for image, want := range map[string]string{"bulid:latest": "build", "busybox:1": "", "golang:9.99": "", "ghcr.io/me/base:latest": ""} {
		if got := f.MeansStage(image); got != want {
			t.Errorf("%s means stage %q, want %q", image, got, want)
		}
	}
}

func TestStepOfNothing(t *testing.T) {
	f := parse(t, "FROM golang:1.26 AS build\nRUN x\nFROM scratch\nCOPY y /\n")
	for _, name := range []string{
		"", "RUN x", "[internal] load build context", "exporting to image", "[build] RUN x", "[build 3/3] RUN z", "[build 0/2] RUN z",
		"[other 1/2] RUN z", "[stage-0 1/2] FROM x", "[stage-2 1/1] COPY z /", "[build 2/2]RUN x", " [build 2/2] RUN x", "[build 1/2] RUN",
		"docker-image://docker.io/docker/dockerfile:1", "[build 99999999999999999999/1] X", "https://example.com/x",
	} {
		if at, ok := f.Step(name); ok {
			t.Errorf("%q is taken for line %d", name, f.At(at).Line)
		}
	}
	// Builds for several platforms say which.
	for name, want := range map[string]int{
		"[linux/amd64 build 2/2] RUN x": 2, "[linux/arm64/v8 stage-1 1/1] COPY y /": 4, "[linux/amd64->arm64 build 1/2] FROM docker.io/library/golang:1.26": 1,
		"[build 2/2] ONBUILD RUN x": 2,
	} {
		if at, ok := f.Step(name); !ok || f.At(at).Line != want {
			t.Errorf("%q is line %d, want %d", name, f.At(at).Line, want)
		}
	}
}

// TestStepOfAnother has the names that steps get from a build which runs
// beside this one.
func TestStepOfAnother(t *testing.T) {
	f := parse(t, `ARG V=1.26
FROM golang:${V} AS build
WORKDIR /src
COPY go.mod ./
RUN go mod download
RUN <<SH
go build
SH
COPY $FILES ./
FROM golang:1.25
RUN go vet
`)
	for name, want := range map[string]int{
		"[test 4/6] RUN go mod download":                       5,
		"[2/2] RUN go mod download":                            5,
		"[build 2/9] RUN go mod download":                      5, // by its number it would be WORKDIR
		"[build 5/5] COPY go.mod ./":                           4, // another COPY
		"[other 1/6] FROM docker.io/library/golang:1.25":       10,
		"[1/1] FROM docker.io/library/golang:1.26@sha256:0123": 2,
		"[stage-1 1/2] FROM docker.io/library/golang:1.26":     2,
		"[x 2/2] RUN <<SH (go build)":                          6,
		"[build 6/6] COPY a b ./":                              9, // what is expanded goes by its number
		"[stage-1 2/2] RUN go vet":                             11,
		"[stage-1 2/2] RUN go vet ./...":                       11,
		"[test 4/6] RUN go mod download -x":                    0,
		"[test 6/6] COPY a b ./":                               0,
		"[test 1/6] FROM docker.io/library/alpine:3":           0,
		"[build 2/6] RUN go test":                              0,
		"[test 1/6] FROM docker.io/library/not-a-golang:1.26":  0,
		"[linux/arm64 test 3/3] ONBUILD RUN go mod download":   5,
	} {
		at, ok := f.Step(name)
		if got := f.At(at).Line; ok != (want > 0) || got != want {
			t.Errorf("%q is line %d, want %d", name, got, want)
		}
	}
}
