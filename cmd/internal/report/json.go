package report

import (
	"encoding/json"
	"io"
)

// JSON writes any report of tutor as indented JSON: letters of all scripts
// and signs as they are.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
