package lab

import (
	"context"
	"fmt"
	"time"
)

// Lock makes this the only measurement on the machine; it waits for another one to end. The lock goes with the
// process, however that ends.
func Lock(ctx context.Context, waiting func()) (unlock func(), err error) {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for told := false; ; told = true {
		unlock, err := tryLock()
		if err != nil {
			return nil, fmt.Errorf("lock against other runs: %w", err)
		}
		if unlock != nil {
			return unlock, nil
		}
		if !told {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another run: %w", ctx.Err())
		case <-ticker.C:
		}
	}
}
