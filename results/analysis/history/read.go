package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrCorrupt is wrapped where a history is not what [Append] wrote.
var ErrCorrupt = errors.New("corrupt history")

// Read reads a history, the oldest line first. A last line without its newline that is no point is what a writer that
// was killed left: it is no error, and torn says how many bytes it has. Any other line that is no point is an error
// with its number, from 1, that wraps [ErrCorrupt].
func Read(r io.Reader) (points []Point, torn int, err error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, 0, err
	}
	lines, torn, err := parse(data)
	for _, l := range lines {
		points = append(points, l.point)
	}
	return points, torn, err
}

// line is a point as it is written, without its newline.
type line struct {
	text  []byte
	point Point
}

func parse(data []byte) (lines []line, torn int, err error) {
	for text := range bytes.Lines(data) {
		whole := bytes.TrimSuffix(text, []byte("\n"))
		p, err := decode(whole)
		switch {
		case err == nil:
			lines = append(lines, line{whole, p})
		case len(whole) == len(text): // the last line
			return lines, len(text), nil
		default:
			return nil, 0, fmt.Errorf("%w: line %d: %w", ErrCorrupt, len(lines)+1, err)
		}
	}
	return lines, 0, nil
}

// decode is strict: one point, no unknown key, nothing after it.
func decode(text []byte) (p Point, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Point{}, errors.New("cut short")
	} else if err != nil {
		return Point{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return Point{}, errors.New("something follows the point")
	}
	return p, p.check()
}

// encode writes a point as a line, with its newline.
func encode(p Point) ([]byte, error) {
	p.Schema, p.When = Schema, p.When.UTC()
	if err := p.check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(p)
	return append(text, '\n'), err
}
