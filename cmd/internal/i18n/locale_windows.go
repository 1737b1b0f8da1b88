package i18n

import "golang.org/x/sys/windows"

// systemLocale is what the system says where no variable does: Windows sets
// none.
func systemLocale() string {
	langs, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil || len(langs) == 0 {
		return ""
	}
	return langs[0]
}
