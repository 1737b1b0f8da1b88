package dockerfile

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"example.com/tutor/checker"
	"example.com/tutor/checker/nearest"
)

// Scratch is the name of the empty base.
const Scratch = "scratch"

// Target returns the index of the stage that a build of target makes: the
// last one for "". A stage is named by its name or its number.
func (f *File) Target(target string) (int, bool) {
	if target == "" {
		return len(f.Stages) - 1, true
	}
	return f.stage(target, len(f.Stages))
}

// named finds a stage before the index before, the nearest first: names may
// be taken twice and are compared without case.
func (f *File) named(name string, before int) (int, bool) {
	for i := before - 1; i >= 0; i-- {
		if f.Stages[i].Name != "" && strings.EqualFold(f.Stages[i].Name, name) {
			return i, true
		}
	}
	return 0, false
}

// stage finds a stage by its name or number. FROM knows no numbers.
func (f *File) stage(name string, before int) (int, bool) {
	if i, ok := f.named(name, before); ok {
		return i, true
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < before {
		return n, true
	}
	return 0, false
}

// Chain is a stage with the stages that it is built on.
type Chain struct {
	// Stages are indexes of File.Stages, the built stage first.
	Stages []int
	// Base is the image that the last of them starts from, ARGs substituted.
	Base string
}

// Chain follows the bases of stage i: FROM alias leads to that stage, ARG in
// FROM is substituted by args or the ARG's default.
func (f *File) Chain(i int, args map[string]string) Chain {
	c := Chain{Stages: []int{i}}
	for {
		c.Base = f.Expand(f.Stages[i].BaseName, args)
		next, ok := f.named(c.Base, i)
		if !ok {
			return c
		}
		c.Stages = append(c.Stages, next)
		i = next
	}
}

// Expand substitutes the ARGs before the first FROM in word, as BuildKit does
// in FROM (https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact).
func (f *File) Expand(word string, args map[string]string) string {
	lex := shell.NewLex('\\')
	env := mapEnv(maps.Clone(platformArgs))
	for _, cmd := range f.Args {
		for _, a := range cmd.Args {
			if v, given := args[a.Key]; given {
				env[a.Key] = v
			} else if a.Value != nil {
				if v, _, err := lex.ProcessWord(*a.Value, env); err == nil {
					env[a.Key] = v
				}
			}
		}
	}
	if v, _, err := lex.ProcessWord(word, env); err == nil {
		return v
	}
	return word
}

// platformArgs are there without a declaration. The engine's architecture is
// taken for this machine's, which it nearly always is.
var platformArgs = map[string]string{
	"BUILDPLATFORM": "linux/" + runtime.GOARCH, "BUILDOS": "linux", "BUILDARCH": runtime.GOARCH, "BUILDVARIANT": "",
	"TARGETPLATFORM": "linux/" + runtime.GOARCH, "TARGETOS": "linux", "TARGETARCH": runtime.GOARCH, "TARGETVARIANT": "",
}

type mapEnv map[string]string

// Get implements shell.EnvGetter.
func (m mapEnv) Get(k string) (string, bool) { v, ok := m[k]; return v, ok }

// Keys implements shell.EnvGetter.
func (m mapEnv) Keys() []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// Last returns the last instruction of type T that takes effect in the chain:
// in the built stage, else in the stage that it is built on.
func Last[T instructions.Command](f *File, c Chain) (last T, ok bool) {
	for _, i := range c.Stages {
		for _, cmd := range f.Stages[i].Commands {
			if t, is := cmd.(T); is {
				last, ok = t, true
			}
		}
		if ok {
			return last, true
		}
	}
	return last, false
}

// MeansStage returns the stage that was meant by an image which is taken from
// (FROM, COPY --from) and whose name is nearly a stage's: "builder" for a
// stage "build". It returns "" where no stage is near.
func (f *File) MeansStage(image string) string {
	name, _, _ := strings.Cut(image, ":")
	if strings.Contains(name, "/") || f.From(image) == nil {
		return ""
	}
	var names []string
	for _, st := range f.Stages {
		names = append(names, st.Name)
	}
	return nearest.Of(name, names)
}

// From returns where the Dockerfile takes from an image, by FROM or by COPY
// --from; nil where it does not.
func (f *File) From(image string) Location {
	same := func(ref string) bool {
		ref = f.Expand(ref, nil)
		return ref == image || ref+":latest" == image
	}
	for i, st := range f.Stages {
		if _, alias := f.named(f.Expand(st.BaseName, nil), i); !alias && same(st.BaseName) {
			return st.Location
		}
		for _, cmd := range st.Commands {
			if c, ok := cmd.(*instructions.CopyCommand); ok && same(c.From) {
				return c.Location()
			}
		}
	}
	return nil
}

var stepRE = regexp.MustCompile(`^\[(?:\S+/\S+ )?(?:(\S+) )? *(\d+)/(\d+)\] (?:ONBUILD )?(\S+)(.*)`)

// Step finds the instruction that a step of a build stands for by the step's
// name, "[builder 3/5] RUN go build". A build that runs beside this one shares
// steps with it, and these are called as they are in either: so the number
// counts only where the text does not say more.
func (f *File) Step(name string) (location []parser.Range, ok bool) {
	m := stepRE.FindStringSubmatch(name)
	if m == nil {
		return nil, false
	}
	verb, text := m[4], m[4]+m[5]
	numbered := f.numbered(m[1], m[2])
	if numbered != nil && numbered.says(text) {
		return numbered.at, true
	}
	for i := range f.Stages {
		steps, _ := f.steps(i)
		for _, s := range steps {
			if s.says(text) {
				return s.at, true
			}
		}
	}
	// The text in the name has its variables expanded.
	if numbered != nil && strings.EqualFold(numbered.verb, verb) {
		return numbered.at, true
	}
	return nil, false
}

// numbered returns the step of that number in the stage called label.
func (f *File) numbered(label, number string) *step {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return nil
	}
	for i, st := range f.Stages {
		name := st.Name
		if name == "" && label != "" { // which front ends leave out for an only stage
			name = fmt.Sprintf("stage-%d", i)
		}
		if !strings.EqualFold(name, label) {
			continue
		}
		if steps, _ := f.steps(i); n <= len(steps) {
			return &steps[n-1]
		}
	}
	return nil
}

// step is an instruction that a build numbers.
type step struct {
	verb, text string // "RUN", "RUN go build"
	at         Location
}

// says tells whether a step called text is this one for certain.
func (s step) says(text string) bool {
	if s.verb == "FROM" { // "FROM docker.io/library/golang:1.26@sha256:…"
		image, _, _ := strings.Cut(strings.TrimPrefix(text, "FROM "), "@")
		return strings.HasPrefix(text, "FROM ") && (image == s.text || strings.HasSuffix(image, "/"+s.text))
	}
	if len(text) < len(s.text) || !strings.EqualFold(text[:len(s.text)], s.text) {
		return false
	}
	rest := text[len(s.text):]
	return rest == "" || strings.HasPrefix(rest, " (") // the beginning of a heredoc
}

// steps returns the numbered steps of stage i, and its working folder, ""
// where that is not known. BuildKit numbers FROM of an image and what makes a
// layer, which WORKDIR / does not (dockerfile2llb: prefixCommand).
func (f *File) steps(i int) (steps []step, dir string) {
	st := f.Stages[i]
	base := f.Expand(st.BaseName, nil)
	from, alias := f.named(base, i)
	switch {
	case alias:
		_, dir = f.steps(from)
	case base == Scratch:
		dir = "/"
	default:
		steps = append(steps, step{"FROM", base, st.Location})
	}
	for _, cmd := range st.Commands {
		switch c := cmd.(type) {
		case *instructions.WorkdirCommand:
			switch {
			case strings.Contains(c.Path, "$"):
				dir = ""
			case path.IsAbs(c.Path):
				dir = path.Clean(c.Path)
			case dir != "":
				dir = path.Join(dir, c.Path)
			}
			if dir == "/" {
				continue
			}
		case *instructions.AddCommand, *instructions.CopyCommand, *instructions.RunCommand:
		default:
			continue
		}
		steps = append(steps, step{strings.ToUpper(cmd.Name()), fmt.Sprint(cmd), cmd.Location()})
	}
	return steps, dir
}

// MarkCommand puts the place of the instruction that says what the image runs
// into a finding: CMD, else ENTRYPOINT, else the FROM of the built stage.
func (f *File) MarkCommand(found checker.Finding, c Chain) checker.Finding {
	if cmd, ok := Last[*instructions.CmdCommand](f, c); ok {
		return f.Mark(found, cmd.Location())
	}
	if cmd, ok := Last[*instructions.EntrypointCommand](f, c); ok {
		return f.Mark(found, cmd.Location())
	}
	return f.Mark(found, f.Stages[c.Stages[0]].Location)
}

// MarkEntrypoint puts the place of ENTRYPOINT into a finding, else what
// [File.MarkCommand] puts there.
func (f *File) MarkEntrypoint(found checker.Finding, c Chain) checker.Finding {
	if cmd, ok := Last[*instructions.EntrypointCommand](f, c); ok {
		return f.Mark(found, cmd.Location())
	}
	return f.MarkCommand(found, c)
}
