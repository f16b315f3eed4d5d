package sites

import (
	"fmt"
	"strings"
)

// Missing is the error of a program in which not every hook has a place, or whose goroutines cannot be read.
type Missing struct {
	Go       string // the program's version of Go
	NoServer bool   // nothing of crypto/tls's server is in the program; its hooks are then not in Absent
	Absent   []Absent
	Layout   error // why the fields of runtime.g are not known; nil: they are
}

// Absent is a hook without a place.
type Absent struct {
	Hook     Hook
	Phase    int
	Function string // that has moved, changed or vanished
	Reason   string
}

// Error lists all that is missing, a line each.
func (m *Missing) Error() string {
	var lines []string
	if m.NoServer {
		lines = append(lines, ErrNoServer.Error())
	}
	for _, a := range m.Absent {
		lines = append(lines, fmt.Sprintf("%s %s (%s): hook %s cannot be placed", a.Function, a.Reason, m.Go, a))
	}
	if m.Layout != nil {
		lines = append(lines, m.Layout.Error())
	}
	return strings.Join(lines, "\n")
}

// Is makes a program without a server an ErrNoServer.
func (m *Missing) Is(target error) bool { return target == ErrNoServer && m.NoServer }

// Unwrap gives the reason for which the fields of runtime.g are not known.
func (m *Missing) Unwrap() error { return m.Layout }

// String names the hook, and the phase where the hook has several.
func (a Absent) String() string {
	switch a.Hook {
	case ServerPhase:
		return fmt.Sprintf("%s %s", a.Hook, ServerPhases[a.Phase])
	case ClientPhase:
		return fmt.Sprintf("%s %s", a.Hook, ClientPhases[a.Phase])
	}
	return string(a.Hook)
}
