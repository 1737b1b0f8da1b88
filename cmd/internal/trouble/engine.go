package trouble

import (
	"slices"
	"strings"

	"example.com/tutor/checker/engine"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/sanitize"
)

// Kinds are all kinds of problems with an engine.
var Kinds = []engine.ProblemKind{
	engine.NotInstalled, engine.NotRunning, engine.Permission, engine.APITooOld, engine.NotLinux, engine.BadContext,
	engine.BadTLS, engine.DiskFull, engine.NoImage, engine.PullLimit, engine.Lost, engine.Failed,
}

// perOS are the kinds whose next step differs between systems.
var perOS = []engine.ProblemKind{engine.NotInstalled, engine.NotRunning, engine.Permission}

// problem puts trouble with the engine into words.
func (d *Describer) problem(p *engine.Problem) Trouble {
	cause := ""
	if p.Err != nil {
		cause = sanitize.Line(p.Err.Error())
	}
	image := sanitize.Line(p.Image)
	if image == "" {
		image = "golang:1.26"
	}
	vars := i18n.Vars{"Host": sanitize.Line(p.At.Host), "Context": sanitize.Line(p.At.Context), "Image": image, "Cause": cause}
	return Trouble{
		Kind:    string(p.Kind),
		Message: d.Tr.T("engine."+string(p.Kind)+".what", vars),
		Next:    d.next(p, vars),
		Cause:   cause,
	}
}

// next is the one step that is most likely to help.
func (d *Describer) next(p *engine.Problem, vars i18n.Vars) string {
	kind := p.Kind
	if slices.Contains(perOS, kind) {
		if kind == engine.NotRunning {
			switch p.At.Source {
			case "DOCKER_HOST":
				return d.Tr.T("engine.not-running.next-host", vars)
			case "DOCKER_CONTEXT", "config":
				return d.Tr.T("engine.not-running.next-context", vars)
			}
		}
		// Whoever has another engine at hand has it for a reason.
		if others := d.Others(p.At.Host); len(others) > 0 {
			vars["Other"] = others[0]
			if d.OS == "windows" {
				return d.Tr.T("engine.another.windows", vars)
			}
			return d.Tr.T("engine.another.shell", vars)
		}
		return d.Tr.T("engine."+string(kind)+".next-"+d.system(), vars)
	}
	return d.Tr.T("engine."+string(kind)+".next", vars)
}

// system is the operating system as far as next steps differ.
func (d *Describer) system() string {
	if d.OS == "darwin" || d.OS == "windows" {
		return d.OS
	}
	return "linux"
}

// Lines returns the trouble as it stands in a text: the message, the next step.
func (t Trouble) Lines() string {
	return strings.TrimSuffix(t.Message+"\n"+t.Next, "\n")
}
