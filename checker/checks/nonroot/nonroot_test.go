package nonroot

import (
	"testing"

	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/user"
)

func TestIsRoot(t *testing.T) {
	for _, tt := range []struct {
		u    user.User
		want bool
	}{
		{user.User{Declared: "0", Numeric: true, Known: true}, true},
		{user.User{Declared: "00:7", Numeric: true, Known: true}, true},
		{user.User{Declared: "toor", Known: true}, true},
		{user.User{Declared: "root"}, true}, // in an image without passwd
		{user.User{Declared: "root:app"}, true},
		{user.User{Declared: "root", UID: 7, Known: true}, true}, // whoever is called so
		{user.User{Declared: ":7", Known: true}, true},
		{user.User{Declared: "10001", UID: 10001, Numeric: true, Known: true}, false},
		{user.User{Declared: "app"}, false},
		{user.User{Declared: "app:root", UID: 7, Known: true}, false},
		{user.User{Declared: "rooter"}, false},
	} {
		if got := isRoot(&tt.u); got != tt.want {
			t.Errorf("USER %s is root: %v, want %v", tt.u.Declared, got, tt.want)
		}
	}
}

func TestUnset(t *testing.T) {
	for text, want := range map[string]string{
		"FROM scratch\n": "no USER",
		"FROM golang:1.26 AS build\nUSER 7\nFROM scratch\n":    "USER 7 (app.dockerfile:2, FROM golang:1.26)",
		"FROM a\nFROM b\nUSER app\nUSER 8\nFROM c\nCOPY x /\n": "USER app (app.dockerfile:3, FROM b)",
	} {
		df, err := dockerfile.Parse("app.dockerfile", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := unset(df, len(df.Stages)-1); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
