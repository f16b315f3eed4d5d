package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// keepBeside writes a member that is one JSON value beside the blocks. It must pass the check, as a block must.
func keepBeside[T any](w *Writer, name string, v T, check func(T) error) error {
	if err := check(v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return w.Put(name, append(data, '\n'))
}

// readBeside reads what [keepBeside] wrote; nil where there is none. A bundle put together by hand has no members.
func readBeside[T any](b *Bundle, name string, check func(T) error) (*T, error) {
	data, err := b.Member(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var v T
	if err := decode(data, &v); err != nil {
		return nil, corrupt(name, "%w", err)
	}
	if err := check(v); err != nil {
		return nil, corrupt(name, "%w", err)
	}
	return &v, nil
}
