package layout

import (
	"testing"

	"example.com/tutor/cmd/internal/iostreams"
)

func TestProse(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		width    int
		want     string
	}{
		{"fits", "one two", 20, "> one two\n"},
		{"wraps", "one two three", 9, "> one two\n  three\n"},
		{"cyrillic counts letters, not bytes", "раз два три", 9, "> раз два\n  три\n"},
		{"what is typed stays whole", "run `tutor start exercise-4` now", 12, "> run\n  `tutor start exercise-4`\n  now\n"},
		{"a hyphen is no place to break", "--only --only", 9, "> --only\n  --only\n"},
		{"paragraphs", "one\n\ntwo\n", 20, "> one\n\n  two\n"},
		{"no-break space", "12\u00a0s gone", 6, "> 12 s\n  gone\n"},
		{"lonely quote", "it`s", 20, "> it`s\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Prose(iostreams.Style{}, tc.in, tc.width, "> ", "  "); got != tc.want {
				t.Errorf("got\n%q, want\n%q", got, tc.want)
			}
		})
	}
}

func TestProseColour(t *testing.T) {
	got := Prose(iostreams.Style{Color: true}, "run `a b`.", 80, "", "")
	if want := "run \x1b[36ma b\x1b[39m.\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
