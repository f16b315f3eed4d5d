//go:build !linux

package scorecard

import "errors"

func (s *soak) remember() (*Memory, error) {
	return nil, errors.New("another process's memory can be searched on Linux only")
}
