package reload

import (
	"errors"
	"time"
)

// refusal is why what is in the files is not served.
type refusal struct {
	Outcome
	cause  error     // nil: the reason says it all
	likely time.Time // when it may be believed although nothing changes; zero: nobody knows
}

func (r *refusal) Error() string {
	if r.cause == nil {
		return r.Reason
	}
	return r.Reason + ": " + r.cause.Error()
}

// Unwrap is the cause.
func (r *refusal) Unwrap() error { return r.cause }

func refused(reason string, cause error) error {
	return &refusal{Outcome: Outcome{Refused, reason}, cause: cause}
}

func failed(reason string, cause error) error {
	return &refusal{Outcome: Outcome{Failed, reason}, cause: cause}
}

// outcome is how an error is counted.
func outcome(err error) Outcome {
	var r *refusal
	if errors.As(err, &r) {
		return r.Outcome
	}
	return Outcome{Failed, "unknown"}
}

// likely is when an error may be over although nothing changes; zero: nobody knows.
func likely(err error) time.Time {
	var r *refusal
	if errors.As(err, &r) {
		return r.likely
	}
	return time.Time{}
}
