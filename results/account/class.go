package account

import (
	"fmt"
	"slices"
)

var classNames = [Classes]string{
	"user", "kernel", "run queue", "blocked", "network", "goroutine", "runnable", "running", "syscall",
}

// String is the class's name in reports.
func (c Class) String() string {
	if c >= Classes {
		return fmt.Sprintf("class %d", uint8(c))
	}
	return classNames[c]
}

// MarshalText writes the name.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a name.
func (c *Class) UnmarshalText(text []byte) error {
	i := slices.Index(classNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("unknown class of time %q", text)
	}
	*c = Class(i)
	return nil
}
