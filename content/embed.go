// Package content holds the course that ships inside tutor: lessons,
// applications and exercises as plain files. It imports the standard library
// only.
package content

import (
	"embed"
	"io/fs"
)

// Folders that begin with an underscore stay out of ./... yet are embedded by
// "all:", and so are dot-files; a folder with a go.mod would be left out
// silently, hence go.mod.tmpl, renamed when a tree is handed out.
//
//go:embed all:_apps all:exercises
var files embed.FS

// FS returns the course's folder.
func FS() fs.FS { return files }
