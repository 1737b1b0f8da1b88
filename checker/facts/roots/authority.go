package roots

import (
	"context"
	"path"
	"slices"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/rootfs"
)

// Needs are what [AddAuthority] asks for.
func Needs(spec build.Spec) []checker.Need {
	return []checker.Need{Fact.For(spec), rootfs.Fact.For(spec)}
}

// AddAuthority makes a Go program in a container of the image trust authority,
// in PEM, too: the bundle gets it at its end, or the folder one more file. Mode
// and owner stay as the image has them. A container whose image has no roots
// is left alone, and false is returned.
func AddAuthority(ctx context.Context, from checker.Asker, spec build.Spec, c *engine.Container, authority []byte) (bool, error) {
	files, err := rootfs.Fact.Of(ctx, from, spec)
	if err != nil {
		return false, err
	}
	found, err := Fact.Of(ctx, from, spec)
	if err != nil || len(found.Certs) == 0 {
		return false, err
	}
	first := found.Files[0]
	f := engine.File{Path: first.Path, Text: authority, Mode: int64(first.Mode.Perm()), UID: first.UID, GID: first.GID}
	if found.Bundle.Path == "" {
		f.Path = path.Join(found.Folder, "tutor-authority.pem")
		return true, c.CopyIn(ctx, f)
	}
	text, _, err := engine.ReadFile(ctx, files, first.Path, first.Size)
	if err != nil {
		return false, err
	}
	f.Text = slices.Concat(text, []byte("\n"), authority)
	return true, c.CopyIn(ctx, f)
}
