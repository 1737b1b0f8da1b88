// Package fake has what the tests of the command line pretend: a course, a
// describer that depends on no machine, and results of every kind.
package fake

import (
	"context"
	"errors"
	"strings"
	"testing/fstest"
	"time"

	"github.com/spf13/cobra"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/explain"
	"example.com/tutor/cmd/internal/cmdutil"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/trouble"
	"example.com/tutor/exercises"
)

// Factory returns a factory whose course has two exercises and whose engine
// does not answer.
func Factory(io *iostreams.IOStreams, lang string) *cmdutil.Factory {
	tr := i18n.New(lang)
	return &cmdutil.Factory{
		IO: io, Tr: tr,
		Trouble: &trouble.Describer{Tr: tr, OS: "linux", Others: func(string) []string { return nil }},
		Course:  Course,
		Engine:  func(context.Context) (*engine.Engine, error) { return nil, NotRunning() },
		Checks:  Checks,
		Render:  explain.Render,
	}
}

// Execute runs a command as the root command would, and returns its error in
// words: "message / next step", "" for none.
func Execute(f *cmdutil.Factory, cmd *cobra.Command, args string) string {
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return cmdutil.FlagError(f, cmd, err) })
	cmd.SetOut(f.IO.Out)
	cmd.SetErr(f.IO.Err)
	cmd.SetArgs(strings.Fields(args))
	err := cmd.ExecuteContext(context.Background())
	if err == nil {
		return ""
	}
	t := f.Trouble.Describe(err)
	return t.Message + " / " + t.Next
}

// NotRunning is the problem of an engine that does not answer.
func NotRunning() *engine.Problem {
	return &engine.Problem{
		Kind: engine.NotRunning, At: engine.Endpoint{Host: "unix:///var/run/docker.sock", Source: "default"},
		Err: errors.New("dial unix /var/run/docker.sock: connect: connection refused"),
	}
}

// Course returns a course with exercise-3 and exercise-4.
func Course() *exercises.Course {
	files := fstest.MapFS{}
	for name, title := range map[string][2]string{
		"exercise-3": {"Образ для продакшена", "An image for production"},
		"exercise-4": {"Кэш слоёв", "The layer cache"},
	} {
		dir := "exercises/" + name + "/"
		files[dir+"exercise.yaml"] = &fstest.MapFile{Data: []byte("name: " + name + "\ntitle: {ru: " + title[0] + ", en: " + title[1] + "}\n" +
			"build: {file: Dockerfile}\nservice: {port: 8080, health: /healthz}\n" +
			"checks:\n  - check: builds\n  - check: size\n    with: {max: 12MB}\n  - check: nonroot\n")}
		files[dir+"task.ru.md"] = &fstest.MapFile{Data: []byte("# Задание\n")}
		files[dir+"task.en.md"] = &fstest.MapFile{Data: []byte("# Task\n")}
		files[dir+"_starter/Dockerfile"] = &fstest.MapFile{Data: []byte("FROM golang:1.26\n")}
		files[dir+"_starter/go.mod.tmpl"] = &fstest.MapFile{Data: []byte("module example.com/x\n")}
		files[dir+"_starter/cmd/x/main.go"] = &fstest.MapFile{Data: []byte("package main\n")}
		files[dir+"_solution/Dockerfile"] = &fstest.MapFile{Data: []byte("FROM scratch\n")}
	}
	return exercises.Open(files)
}

// doc makes an explanation in two languages.
func doc(ru, en checker.Doc) func(string) (checker.Doc, error) {
	return func(lang string) (checker.Doc, error) {
		if lang == "ru" {
			return ru, nil
		}
		return en, nil
	}
}

// Checks returns checks with explanations and nothing to run.
func Checks() []checker.Check {
	return []checker.Check{
		{Name: "builds", Codes: []string{"step"}, Doc: doc(
			checker.Doc{Title: "Образ собирается", Markdown: "## Почему это важно\n\nНечего проверять.\n", Findings: map[string]checker.FindingDoc{"step": {
				Message: "команда в `Dockerfile` завершилась с ошибкой",
				Why:     "образа, который не собрался, нет",
				Next:    "прочитайте последние строки ниже, исправьте команду и повторите `docker build .`",
			}}},
			checker.Doc{Title: "The image builds", Markdown: "## Why it matters\n\nThere is nothing to check.\n", Findings: map[string]checker.FindingDoc{"step": {
				Message: "a command in the `Dockerfile` failed",
				Why:     "an image that was not built does not exist",
				Next:    "read the last lines below, fix the command and repeat `docker build .`",
			}}})},
		{Name: "size", Codes: []string{"over"}, Doc: doc(
			checker.Doc{Title: "Образ укладывается в отведённый размер", Markdown: "## Почему это важно\n\nКаждый слой скачивают.\n", Findings: map[string]checker.FindingDoc{"over": {
				Message: "образ тяжелее, чем ему отведено",
				Why:     "каждый слой скачивает и хранит каждая машина, на которой работает образ",
				Next:    "начните с самого тяжёлого слоя; откуда взялись остальные, покажет `docker history`",
			}}},
			checker.Doc{Title: "The image fits its budget", Markdown: "## Why it matters\n\nEvery layer is pulled.\n", Findings: map[string]checker.FindingDoc{"over": {
				Message: "the image is heavier than its budget",
				Why:     "every machine that runs the image downloads and keeps every layer",
				Next:    "begin with the heaviest layer; where the others come from is shown by `docker history`",
			}}})},
		{Name: "nonroot", Codes: []string{"root", "by-name"}, Doc: doc(
			checker.Doc{Title: "Процесс работает не от root", Markdown: "## Почему это важно\n\nroot в контейнере — root на хосте.\n", Findings: map[string]checker.FindingDoc{
				"root":    {Message: "процесс работает от root", Why: "через дыру в программе взломщик получит права root", Next: "добавьте `USER 10001:10001` после последнего `FROM`"},
				"by-name": {Message: "пользователь назван именем, {{.Got}}", Why: "по имени нельзя заранее узнать, что это не root", Next: "замените имя номером"},
			}},
			checker.Doc{Title: "The process does not run as root", Markdown: "## Why it matters\n\nRoot inside is root outside.\n", Findings: map[string]checker.FindingDoc{
				"root":    {Message: "the process runs as root", Why: "a hole in the program hands out the rights of root", Next: "add `USER 10001:10001` after the last `FROM`"},
				"by-name": {Message: "the user is named, {{.Got}}", Why: "a name does not say beforehand that it is not root", Next: "put a number in place of the name"},
			}})},
	}
}

// named returns the check of that name, with a label.
func named(name, label string) checker.Check {
	for _, c := range Checks() {
		if c.Name == name {
			c.Label = label
			return c
		}
	}
	panic("no check " + name)
}

// Mixed are results of every kind, with texts that would harm a terminal.
func Mixed() []checker.Result {
	return []checker.Result{
		{Check: named("builds", ""), Status: checker.Failed, Duration: 2100 * time.Millisecond, Findings: []checker.Finding{{
			Code: "step", Level: checker.Fault, Place: checker.Place{File: "Dockerfile", Line: 7},
			Source: "RUN go build -o /out/certwatch ./cmd/\x1b[31mcertwach\x1b[0m && echo \u202eevil",
			Got:    "exit code 1", Want: "exit code 0",
			Detail: []string{"stat /src/cmd/certwach: directory not found\r\n\x1b]0;owned\x07", "\tat line 7"},
		}}},
		{Check: named("size", ""), Status: checker.Failed, Duration: 300 * time.Millisecond, Findings: []checker.Finding{{
			Code: "over", Level: checker.Fault, Place: checker.Place{File: "Dockerfile", Line: 3}, Source: "FROM golang:1.26",
			Got: "894.7 MB", Want: "≤ 12 MB", Detail: []string{"795.5 MB  FROM golang:1.26", "99.16 MB  RUN go build -o certwatch ./cmd/certwatch"},
		}}},
		{Check: named("nonroot", "app"), Status: checker.Passed, Duration: time.Second, Findings: []checker.Finding{{
			Code: "by-name", Level: checker.Advice, Place: checker.Place{File: "Dockerfile", Line: 12}, Source: "USER app", Got: "app", Want: "10001",
		}}},
		{Check: named("nonroot", "db"), Status: checker.Blocked, BlockedBy: "builds", Err: errors.New("Dockerfile:7: exit code 1")},
		{Check: named("nonroot", "job"), Status: checker.Errored, Err: &engine.Problem{Kind: engine.Lost, Err: errors.New("unexpected EOF")}},
		{Check: named("nonroot", "cli"), Status: checker.Skipped},
	}
}

// Starter are the results of a starter, which fails.
func Starter() []checker.Result {
	return []checker.Result{
		{Check: named("builds", ""), Status: checker.Passed, Duration: 2 * time.Second},
		Mixed()[1],
		{Check: named("nonroot", ""), Status: checker.Failed, Duration: time.Second, Findings: []checker.Finding{{
			Code: "root", Level: checker.Fault, Got: "UID 0", Want: "UID ≠ 0",
		}}},
	}
}

// AllPassed are the results of a solution.
func AllPassed() []checker.Result {
	return []checker.Result{
		{Check: named("builds", ""), Status: checker.Passed, Duration: 2 * time.Second},
		{Check: named("size", ""), Status: checker.Passed, Duration: 300 * time.Millisecond},
		{Check: named("nonroot", ""), Status: checker.Passed, Duration: time.Second},
	}
}

// NoEngine are the results without an engine.
func NoEngine() []checker.Result {
	var results []checker.Result
	for _, name := range []string{"builds", "size", "nonroot"} {
		results = append(results, checker.Result{Check: named(name, ""), Status: checker.Errored, Err: NotRunning()})
	}
	return results
}

// Info is an engine.
func Info() engine.Info {
	return engine.Info{
		At:      engine.Endpoint{Host: "unix:///var/run/docker.sock", Source: "default"},
		Version: "28.5.2", API: "1.51", OS: "Debian GNU/Linux 13 (trixie)", Arch: "amd64", Store: "overlay2",
		MemoryBytes: 16_000_000_000, CPUs: 8,
	}
}
