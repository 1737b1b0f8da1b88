package main

import (
	"os/exec"
	"testing"
)

// benchmarkStart measures a run of the program from start to end: help and
// explanations must be there within 80 ms.
func benchmarkStart(b *testing.B, args ...string) {
	tutor := binary(b)
	for b.Loop() {
		if out, err := exec.Command(tutor, args...).CombinedOutput(); err != nil {
			b.Fatalf("tutor %v: %v\n%s", args, err, out)
		}
	}
}

func BenchmarkHelp(b *testing.B)    { benchmarkStart(b, "--help", "--lang", "ru") }
func BenchmarkExplain(b *testing.B) { benchmarkStart(b, "explain", "nonroot", "--lang", "ru") }
func BenchmarkVersion(b *testing.B) { benchmarkStart(b, "version") }
