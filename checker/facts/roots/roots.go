// Package roots is the fact of the certificate authorities that a Go program
// in the image trusts, found the way crypto/x509 finds them on Linux.
package roots

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"path"
	"strings"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/image"
	"example.com/tutor/checker/facts/rootfs"
)

// Where crypto/x509 looks: the first file that there is, and every file in
// the folders (Go source: crypto/x509/root_linux.go, root_unix.go).
var (
	bundles = []string{
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/pki/tls/cacert.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/cert.pem",
	}
	folders = []string{"/etc/ssl/certs", "/etc/pki/tls/certs"}
)

// maxBundle bounds a file with certificates, in bytes; the public roots take
// about 220 KB.
const maxBundle = 8 << 20

// Roots are the authorities of an image.
type Roots struct {
	// Bundle is the file that was found first; its Path is "" when there is
	// none.
	Bundle engine.Entry
	// Folder is the first folder that has files with certificates, "" if none.
	Folder string
	// Files are all files that a Go program reads, the bundle first.
	Files []engine.Entry
	// Certs are the authorities in them.
	Certs []*x509.Certificate
	// Broken are the paths of files with a certificate that does not parse or
	// is cut off, or with none at all where the bundle should be.
	Broken []string
	// Looked are the places that were looked at, in their order.
	Looked []string
	// Elsewhere is a file with certificates where Go does not look, "" if none.
	Elsewhere string
}

// Fact finds the authorities.
var Fact = &checker.Fact[build.Spec, *Roots]{
	Name:     "roots",
	Requires: func(s build.Spec) []checker.Need { return []checker.Need{image.Fact.For(s), rootfs.Fact.For(s)} },
	Compute: func(ctx context.Context, sc *checker.Scope, spec build.Spec) (*Roots, error) {
		img, err := image.Fact.Of(ctx, sc, spec)
		if err != nil {
			return nil, err
		}
		files, err := rootfs.Fact.Of(ctx, sc, spec)
		if err != nil {
			return nil, err
		}
		return Find(ctx, img.Config.Env, files)
	},
}

// Find finds the authorities of a program that runs with the environment env
// (NAME=value) on these files.
func Find(ctx context.Context, env []string, files engine.Files) (*Roots, error) {
	r := &Roots{}
	lookBundles, lookFolders := bundles, folders
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "SSL_CERT_FILE="); ok && v != "" {
			lookBundles = []string{v}
		}
		if v, ok := strings.CutPrefix(kv, "SSL_CERT_DIR="); ok && v != "" {
			lookFolders = strings.Split(v, ":")
		}
	}
	r.Looked = append(append(r.Looked, lookBundles...), lookFolders...)
	for _, p := range lookBundles {
		text, e, err := engine.ReadFile(ctx, files, p, maxBundle)
		if skip, err := missing(err); err != nil {
			return nil, err
		} else if skip {
			continue
		}
		r.Bundle = e
		r.add(e, text, true)
		break
	}
	for _, dir := range lookFolders {
		if err := r.addFolder(ctx, files, dir); err != nil {
			return nil, err
		}
	}
	if len(r.Files) == 0 {
		return r, r.searchElsewhere(ctx, files)
	}
	return r, nil
}

// missing tells the absence of a readable file from an engine that does not
// answer.
func missing(err error) (bool, error) {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return true, nil
	}
	return false, err
}

func (r *Roots) addFolder(ctx context.Context, files engine.Files, dir string) error {
	list, err := files.List(ctx, dir)
	if skip, err := missing(err); skip || err != nil {
		return err
	}
	for _, e := range list {
		// Links within the folder are second names of files that are read anyway.
		if e.Mode&fs.ModeSymlink != 0 && !strings.Contains(e.Link, "/") || e.Mode.IsDir() {
			continue
		}
		text, target, err := engine.ReadFile(ctx, files, e.Path, maxBundle)
		if skip, err := missing(err); err != nil {
			return err
		} else if skip || target.Path == r.Bundle.Path {
			continue
		}
		if r.add(target, text, false) && r.Folder == "" {
			r.Folder = path.Clean(dir)
		}
	}
	return nil
}

// add takes the certificates of a file; it tells whether there was one. A
// file of another kind in a folder is nothing, where the bundle should be it
// is broken.
func (r *Roots) add(e engine.Entry, text []byte, bundle bool) bool {
	certs, ok := parse(text)
	if len(certs) == 0 && !bundle && ok {
		return false
	}
	r.Files = append(r.Files, e)
	r.Certs = append(r.Certs, certs...)
	if !ok || len(certs) == 0 {
		r.Broken = append(r.Broken, e.Path)
	}
	return len(certs) > 0
}

var begin = []byte("-----BEGIN CERTIFICATE-----")

// parse returns the certificates of a PEM file; ok is false when one does not
// parse or is cut off, which a Go program passes over in silence.
func parse(text []byte) (certs []*x509.Certificate, ok bool) {
	blocks := bytes.Count(text, begin)
	for {
		var b *pem.Block
		b, text = pem.Decode(text)
		if b == nil {
			return certs, len(certs) == blocks
		}
		if b.Type != "CERTIFICATE" || len(b.Headers) != 0 {
			continue
		}
		if c, err := x509.ParseCertificate(b.Bytes); err == nil {
			certs = append(certs, c)
		}
	}
}

// searchElsewhere looks for a bundle in a place where Go does not look, for
// the sake of the finding's words. Only a small image is searched.
func (r *Roots) searchElsewhere(ctx context.Context, files engine.Files) error {
	if r, ok := files.(*rootfs.Rootfs); ok && r.Layers == nil {
		return nil
	}
	all, err := files.All(ctx)
	if err != nil {
		return err
	}
	for _, e := range all {
		switch path.Ext(e.Path) {
		case ".crt", ".pem", ".cer":
		default:
			continue
		}
		if !e.Mode.IsRegular() {
			continue
		}
		text, _, err := engine.ReadFile(ctx, files, e.Path, maxBundle)
		if _, err := missing(err); err != nil {
			return err
		}
		if certs, _ := parse(text); len(certs) > 0 {
			r.Elsewhere = e.Path
			return nil
		}
	}
	return nil
}
