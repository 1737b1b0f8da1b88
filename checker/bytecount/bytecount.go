// Package bytecount reads and writes numbers of bytes as docker does: decimal,
// "12MB", "4.1 kB".
package bytecount

import (
	"fmt"

	"github.com/docker/go-units"
)

// Bytes is a number of bytes.
type Bytes int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Bytes) UnmarshalText(text []byte) error {
	n, err := units.FromHumanSize(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a size such as 12MB", text)
	}
	*b = Bytes(n)
	return nil
}

// String returns "12 MB".
func (b Bytes) String() string {
	return units.CustomSize("%.4g %s", float64(b), 1000, []string{"B", "kB", "MB", "GB"})
}
