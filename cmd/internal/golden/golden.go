// Package golden compares output with files in testdata. Run the tests with
// -update to write the files anew, and read the difference.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// dir is the package's folder, where tests begin; some go elsewhere.
var dir, _ = os.Getwd()

// Equal compares got with testdata/name.
func Equal(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join(dir, "testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with: go test -update", err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; if this is meant: go test -update\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}
