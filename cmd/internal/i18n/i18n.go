// Package i18n has every word of the command line in Russian and English. A
// message has an ID, which is its way through the file of its language:
// "check.flag.only". Values are put in by name: {{.Exercise}}.
//
// Russian is written first; a test holds both files to the same IDs and the
// same values, and every call in the code to the files.
package i18n

import (
	"embed"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"example.com/tutor/checker"
)

//go:embed ru.yaml en.yaml
var files embed.FS

// Vars are the values of a message.
type Vars map[string]any

// Translator speaks one language. Its file is read when the first message is
// asked for.
type Translator struct {
	lang      string
	localizer func() *goi18n.Localizer
}

// New returns the translator of a language of [checker.Languages].
func New(lang string) *Translator {
	return &Translator{lang: lang, localizer: sync.OnceValue(func() *goi18n.Localizer {
		tag := language.Make(lang)
		bundle := goi18n.NewBundle(tag)
		bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
		text, err := files.ReadFile(lang + ".yaml")
		if err != nil {
			panic(err) // not one of checker.Languages
		}
		bundle.MustParseMessageFileBytes(text, lang+".yaml")
		return goi18n.NewLocalizer(bundle, lang)
	})}
}

// Lang returns the language: "ru" or "en".
func (t *Translator) Lang() string { return t.lang }

// T returns the message id with the values in it.
func (t *Translator) T(id string, vars ...Vars) string {
	return t.localize(&goi18n.LocalizeConfig{MessageID: id, TemplateData: merged(vars)})
}

// N returns the message id in the form that goes with n, which is the value
// {{.N}} of it.
func (t *Translator) N(id string, n int, vars ...Vars) string {
	data := merged(vars)
	data["N"] = n
	return t.localize(&goi18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: n})
}

func (t *Translator) localize(c *goi18n.LocalizeConfig) string {
	text, err := t.localizer().Localize(c)
	if err != nil {
		return c.MessageID // tests see to it that there is none
	}
	return strings.TrimRight(text, "\n")
}

// Seconds returns a duration as people write it: "0,4 с", "1 мин 12 с".
func (t *Translator) Seconds(d time.Duration) string {
	if d = d.Round(100 * time.Millisecond); d < time.Minute {
		return t.T("unit.seconds", Vars{"S": t.decimal(d.Seconds())})
	}
	d = d.Round(time.Second)
	minutes, seconds := int(d/time.Minute), int(d%time.Minute/time.Second)
	if seconds == 0 {
		return t.T("unit.minutes", Vars{"M": minutes})
	}
	return t.T("unit.minutes-seconds", Vars{"M": minutes, "S": seconds})
}

// Bytes returns a size as people write it: "1,5 ГБ".
func (t *Translator) Bytes(n int64) string {
	units := []string{"unit.bytes", "unit.kb", "unit.mb", "unit.gb", "unit.tb"}
	v, i := float64(n), 0
	for v >= 1000 && i < len(units)-1 {
		v /= 1000
		i++
	}
	return t.T(units[i], Vars{"V": t.decimal(v)})
}

// decimal writes v with at most one digit behind the point.
func (t *Translator) decimal(v float64) string {
	digits := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	if t.lang == "ru" {
		return strings.Replace(digits, ".", ",", 1)
	}
	return digits
}

func merged(vars []Vars) Vars {
	all := make(Vars)
	for _, v := range vars {
		maps.Copy(all, v)
	}
	return all
}

// Languages are the languages there are.
func Languages() []string { return checker.Languages }
