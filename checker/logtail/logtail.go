// Package logtail picks the lines of a log that say what went wrong.
package logtail

import (
	"regexp"
	"strings"
)

// telling matches lines that people look for in the log of a build, of "go
// test" or of a service that did not start.
var telling = regexp.MustCompile(`(?i)\berror\b|\bfatal\b|\bpanic\b|FAIL|undefined:|cannot |can't |not found|no such|denied|\.go:\d+|unknown|invalid|missing|unable`)

// Decisive returns at most n lines of a log: those that tell of a fault, the
// last ones first chosen, filled up with the end of the log.
func Decisive(log string, n int) []string {
	var lines []string
	for line := range strings.Lines(log) {
		// A carriage return draws over the line: what stays to be seen is last.
		line = strings.TrimRight(line, "\r\n")
		line = line[strings.LastIndexByte(line, '\r')+1:]
		if strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) <= n {
		return lines
	}
	chosen := make([]bool, len(lines))
	left := n
	choose := func(wanted func(string) bool) {
		for i := len(lines) - 1; i >= 0 && left > 0; i-- {
			if !chosen[i] && wanted(lines[i]) {
				chosen[i] = true
				left--
			}
		}
	}
	choose(telling.MatchString)
	choose(func(string) bool { return true })
	var out []string
	for i, line := range lines {
		if chosen[i] {
			out = append(out, line)
		}
	}
	return out
}
