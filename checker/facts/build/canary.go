package build

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"

	"example.com/tutor/checker/engine"
)

// Canaries are the names of secrets with which a build is tried out: values
// that nobody else knows, so that whoever finds one knows where it came from.
// Each field is a list with spaces, so that Spec stays comparable.
type Canaries struct {
	Arguments string // build arguments
	Secrets   string // IDs for RUN --mount=type=secret
	Files     string // files of the context
}

// Canary returns the value of the session's secret of that name: letters that
// no shell, no URL and no configuration file would quote.
func Canary(session, name string) string {
	sum := sha256.Sum256([]byte(session + "\x00" + name))
	return "canary" + hex.EncodeToString(sum[:12])
}

// lay gives the canaries to a build. A file that the submission has itself is
// replaced in memory.
func (c Canaries) lay(session string, o *engine.BuildOptions) {
	if c == (Canaries{}) {
		return
	}
	o.Args, o.Context.Overlay = maps.Clone(o.Args), maps.Clone(o.Context.Overlay)
	if o.Args == nil {
		o.Args = make(map[string]string)
	}
	if o.Context.Overlay == nil {
		o.Context.Overlay = make(map[string][]byte)
	}
	o.Secrets = make(map[string][]byte)
	for _, name := range strings.Fields(c.Arguments) {
		o.Args[name] = Canary(session, name)
	}
	for _, id := range strings.Fields(c.Secrets) {
		o.Secrets[id] = []byte(Canary(session, id))
	}
	for _, file := range strings.Fields(c.Files) {
		o.Context.Overlay[file] = []byte("TOKEN=" + Canary(session, file) + "\n")
	}
}
