//go:build !windows

package i18n

// systemLocale is what the system says where no variable does.
func systemLocale() string { return "" }
