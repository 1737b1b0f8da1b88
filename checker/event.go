package checker

import "time"

// EventKind says what an [Event] tells.
type EventKind int

// The kinds of events.
const (
	// CheckStarted: Name is the check's ID.
	CheckStarted EventKind = iota
	// CheckDone: Name is the check's ID, Result its outcome.
	CheckDone
	// FactStarted: Name is the fact with its parameter.
	FactStarted
	// FactDone: Name is the fact with its parameter; Err, Elapsed are set.
	FactDone
	// StepChanged: Step has the present state of one step of a build.
	StepChanged
	// Problem: Err is something that does not stop the run, such as an
	// object that could not be removed.
	Problem
)

// Event is a piece of progress.
type Event struct {
	Kind    EventKind
	Name    string
	Result  *Result
	Step    Step
	Err     error
	Elapsed time.Duration
}

// StepState is the state of one step of a build.
type StepState string

// The states of a step.
const (
	StepRunning StepState = "running"
	StepCached  StepState = "cached"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed"
)

// Step is one step of one build as progress shows it. Text comes from the
// submission and is not fit for a terminal before it is cleaned.
type Step struct {
	Build   string // which build: "Dockerfile", "testing.dockerfile"
	ID      string // stays the same while the state changes
	Name    string // "[builder 3/5] RUN go build …"
	State   StepState
	Elapsed time.Duration
}

// Emit hands an event to the session's listener, one at a time.
func (s *Session) Emit(e Event) {
	if s.listen == nil {
		return
	}
	s.listenMu.Lock()
	defer s.listenMu.Unlock()
	s.listen(e)
}
