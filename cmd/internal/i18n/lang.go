package i18n

import (
	"fmt"
	"slices"
	"strings"

	"example.com/tutor/checker"
)

// LangError says that --lang has a value that is no language of tutor.
type LangError struct{ Value string }

// Error implements error.
func (e *LangError) Error() string { return fmt.Sprintf("no language %q", e.Value) }

// Detect chooses the language before any command exists, since their texts
// depend on it: --lang among the arguments, else TUTOR_LANG, else the locale.
// A bad --lang is a [*LangError] beside the language to say so in.
func Detect(args []string, getenv func(string) string) (string, error) {
	var bad error
	if v, ok := FlagValue(args, "lang"); ok {
		if l := strings.ToLower(v); slices.Contains(checker.Languages, l) {
			return l, nil
		}
		bad = &LangError{Value: v}
	}
	for _, name := range []string{"TUTOR_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			return fromLocale(v), bad
		}
	}
	return fromLocale(systemLocale()), bad
}

// fromLocale turns "ru_RU.UTF-8" into "ru" and all that is not Russian into
// "en".
func fromLocale(locale string) string {
	if l := strings.ToLower(locale); l == "ru" || strings.HasPrefix(l, "ru_") || strings.HasPrefix(l, "ru-") || strings.HasPrefix(l, "ru.") || l == "russian" {
		return "ru"
	}
	return "en"
}

// FlagValue finds the value of --name among arguments that nobody has parsed
// yet; the last one counts.
func FlagValue(args []string, name string) (value string, ok bool) {
	for i, a := range args {
		switch {
		case a == "--":
			return value, ok
		case a == "--"+name && i+1 < len(args):
			value, ok = args[i+1], true
		case strings.HasPrefix(a, "--"+name+"="):
			value, ok = strings.TrimPrefix(a, "--"+name+"="), true
		}
	}
	return value, ok
}
