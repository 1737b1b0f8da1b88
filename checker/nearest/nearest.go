// Package nearest finds the name that was meant by one that is not known.
package nearest

import (
	"strings"

	"github.com/agext/levenshtein"
)

// like is how similar two names must be for one to have been meant by the
// other: 1 for the same, 0 for nothing in common.
const like = 0.5

// Of returns the candidate that is most like name, whatever the case of their
// letters, or "" when none is like enough to have been meant.
func Of(name string, candidates []string) string {
	best, score := "", like
	for _, c := range candidates {
		if s := levenshtein.Similarity(strings.ToLower(name), strings.ToLower(c), nil); s > score {
			best, score = c, s
		}
	}
	return best
}
