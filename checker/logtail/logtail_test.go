package logtail_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/tutor/checker/logtail"
)

func TestDecisive(t *testing.T) {
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "line %d\n", i)
	}
	for name, tt := range map[string]struct {
		log  string
		n    int
		want []string
	}{
		"nothing":              {"", 3, nil},
		"none are wanted":      {"a\nb\n", 0, nil},
		"all fit":              {"a\nb\nc\n", 3, []string{"a", "b", "c"}},
		"empty lines go":       {"a\n\n \t\nb\n", 2, []string{"a", "b"}},
		"no end":               {"a\nb", 2, []string{"a", "b"}},
		"the end of DOS":       {"a\r\nb\r\n", 2, []string{"a", "b"}},
		"drawn over":           {"10%\r20%\r100%\nmain.go:1: undefined: x\r\n", 5, []string{"100%", "main.go:1: undefined: x"}},
		"the last ones":        {many.String(), 2, []string{"line 98", "line 99"}},
		"a fault is chosen":    {"a\nx.go:7: undefined: y\nb\nc\nd\n", 2, []string{"x.go:7: undefined: y", "d"}},
		"faults in order":      {"error 1\na\nerror 2\nb\n", 3, []string{"error 1", "error 2", "b"}},
		"the last faults":      {"error 1\nerror 2\nerror 3\nfine\n", 2, []string{"error 2", "error 3"}},
		"go test":              {"=== RUN TestA\n--- FAIL: TestA (0.00s)\n    a_test.go:8: got 4, want 2\nok x\nFAIL\nFAIL\tx\t0.1s\nexit\ndone\n", 4, []string{"--- FAIL: TestA (0.00s)", "    a_test.go:8: got 4, want 2", "FAIL", "FAIL\tx\t0.1s"}},
		"whatever the letters": {"a\nERROR x\nPanic: y\nb\nc\n", 2, []string{"ERROR x", "Panic: y"}},
		"words, not parts":     {"terrors\nfatalism\nhispanic\na\nb\n", 2, []string{"a", "b"}},
		"more words": {"permission denied\nno such file\ncommand not found\ninvalid flag\nmissing go.sum\nunknown option\nunable to x\ncannot y\ncan't z\na\nb\nc\n", 9, []string{
			"permission denied", "no such file", "command not found", "invalid flag", "missing go.sum", "unknown option", "unable to x", "cannot y", "can't z",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := logtail.Decisive(tt.log, tt.n); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
