package sanitize

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "RUN go build", "RUN go build"},
		{"cyrillic", "образ", "образ"},
		{"emoji joined by ZWJ stays whole", "👩‍💻", "👩‍💻"},
		{"colour", "\x1b[31mred\x1b[0m", "red"},
		{"title of the window", "a\x1b]0;owned\x07b", "ab"},
		{"hyperlink", "\x1b]8;;http://x\x1b\\here\x1b]8;;\x1b\\", "here"},
		{"clear screen and home", "\x1b[2J\x1b[Hok", "ok"},
		{"device control string", "a\x1bPq#0\x1b\\b", "ab"},
		{"C1 as runes", "a\u009b31mb", "a31mb"},
		{"C1 as a raw byte", "a\x9b31mb", "a\ufffd31mb"},
		{"broken UTF-8", "a\xffb", "a\ufffdb"},
		{"bell, backspace, delete", "a\a\b\x7fb", "ab"},
		{"right-to-left override", "user\u202etxt.exe", "usertxt.exe"},
		{"isolates", "\u2066a\u2069", "a"},
		{"zero width space", "ro\u200bot", "root"},
		{"tags", "a\U000e0041", "a"},
		{"tab", "\tgo build", "    go build"},
		{"lines are joined", "a\r\nb\n\nc\n", "a b c"},
		{"progress bar", "10%\r50%\r100%", "100%"},
		{"line separator", "a\u2028b", "ab"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Line(tc.in); got != tc.want {
				t.Errorf("Line(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func TestLineIsCut(t *testing.T) {
	got := Line(strings.Repeat("я", 10*MaxLine))
	if n := utf8.RuneCountInString(got); n != MaxLine || !strings.HasSuffix(got, ellipsis) {
		t.Errorf("has %d letters and ends %q, want %d and %q", n, got[len(got)-8:], MaxLine, ellipsis)
	}
}

func TestLines(t *testing.T) {
	got := Lines("a\n\n\x1b[1mb\x1b[0m  \r\n\n \n")
	if want := []string{"a", "", "b"}; !slices.Equal(got, want) {
		t.Errorf("Lines = %q, want %q", got, want)
	}
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{"a", "\x1b[31mx", "\x1b]0;t", "\xc2\x9b", "\x1b\x1b[[0m", "a\u202eb", "\x1b[0\x18m"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Line(s)
		if !utf8.ValidString(got) {
			t.Errorf("%q is not UTF-8", got)
		}
		if i := strings.IndexFunc(got, unicode.IsControl); i >= 0 {
			t.Errorf("%q has a control character at %d", got, i)
		}
		if utf8.RuneCountInString(got) > MaxLine {
			t.Errorf("%q is too long", got)
		}
		if again := Line(got); again != got {
			t.Errorf("Line is not stable: %q, then %q", got, again)
		}
	})
}
