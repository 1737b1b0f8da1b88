package tool

import (
	"maps"
	"testing"
)

// certwatch is the contract of the tool in the course.
var certwatch = Contract{
	Valid: ": valid, ", Invalid: ": not valid: ", Misuse: "example.com", Stdin: "-",
	Codes: Codes{Valid: 0, Invalid: 1, Misuse: 2},
}

func TestAnswers(t *testing.T) {
	hosts := []string{"h1.test:8443", "h12.test:9443"}
	yes := Answer{true, "h1.test:8443: valid, 59 days left"}
	no := Answer{false, "h12.test:9443: not valid: x509: h1.test:8443: valid, "}
	for name, tt := range map[string]struct {
		output string
		want   map[string]Answer
	}{
		"both":         {yes.Line + "\n" + no.Line + "\n", map[string]Answer{hosts[0]: yes, hosts[1]: no}},
		"Windows":      {yes.Line + "\r\n" + no.Line, map[string]Answer{hosts[0]: yes, hosts[1]: no}},
		"among others": {"checking\n" + no.Line + "\ndone", map[string]Answer{hosts[1]: no}},
		"other host":   {"example.com:443: valid, 30 days left\n", nil},
		"host alone":   {"h1.test:8443\nh1.test:8443: ok\n", nil},
		"within":       {"asking h1.test:8443: valid, 59 days left\n", nil},
		"nothing":      {"", nil},
	} {
		if got := certwatch.Answers(tt.output, hosts); !maps.Equal(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestContract(t *testing.T) {
	if err := certwatch.Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Contract){
		"no word for valid":      func(c *Contract) { c.Valid = "" },
		"no word for invalid":    func(c *Contract) { c.Invalid = "" },
		"one begins the other":   func(c *Contract) { c.Invalid = c.Valid + "not" },
		"no misuse":              func(c *Contract) { c.Misuse = "" },
		"no stdin":               func(c *Contract) { c.Stdin = "" },
		"codes that are alike":   func(c *Contract) { c.Codes.Misuse = c.Codes.Invalid },
		"no codes":               func(c *Contract) { c.Codes = Codes{} },
		"nothing but the counts": func(c *Contract) { *c = Contract{Codes: c.Codes} },
	} {
		c := certwatch
		spoil(&c)
		if c.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestCommand(t *testing.T) {
	for _, tt := range []struct {
		args  []string
		stdin bool
		want  string
	}{
		{nil, false, "docker run IMAGE"},
		{[]string{"a:1", "b:2"}, false, "docker run IMAGE a:1 b:2"},
		{[]string{"-"}, true, "docker run -i IMAGE -"},
		{[]string{"a b", "", "$x"}, false, `docker run IMAGE "a b" "" "$x"`},
	} {
		if got := command(tt.args, tt.stdin); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
