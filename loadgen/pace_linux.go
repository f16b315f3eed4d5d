package loadgen

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// newPace returns a sleep that wakes within about 0.1 ms, where Go's timers are rounded up to the next millisecond
// on an idle processor. A timerfd(2) in the network poller is also about twice as exact as a thread locked in
// clock_nanosleep(2), which keeps its processor from the worker that it has just woken. The sleep ends early when
// ctx does; close frees it.
func newPace(ctx context.Context) (sleep func(time.Duration) error, close func(), err error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, nil, fmt.Errorf("timerfd: %w", err)
	}
	file := os.NewFile(uintptr(fd), "timerfd")
	stop := context.AfterFunc(ctx, func() { file.SetReadDeadline(time.Unix(1, 0)) })
	var expirations [8]byte
	sleep = func(d time.Duration) error {
		if d <= 0 {
			return nil // a zero value would disarm the timer
		}
		if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}, nil); err != nil {
			return fmt.Errorf("timerfd: %w", err)
		}
		_, err := file.Read(expirations[:])
		return err
	}
	return sleep, func() { stop(); file.Close() }, nil
}
