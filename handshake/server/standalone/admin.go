package standalone

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

const (
	longestCommand = 4 << 10 // bytes of a line
	mostAdmins     = 16      // connections to the admin socket at once
)

// serveAdmin obeys commands on the admin socket until ctx ends.
func (s *server) serveAdmin(ctx context.Context, l net.Listener) error {
	places := make(chan struct{}, mostAdmins)
	return each(ctx, l, func(conn net.Conn) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			s.obey(conn)
		default:
			fmt.Fprintf(conn, "ERR more than %d connections\n", mostAdmins)
		}
	})
}

// obey answers one line with one line, the metrics apart.
func (s *server) obey(conn io.ReadWriter) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, longestCommand)
	for lines.Scan() {
		if _, err := io.WriteString(conn, s.answer(lines.Text())+"\n"); err != nil {
			return
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		fmt.Fprintf(conn, "ERR a command is shorter than %d bytes\n", longestCommand)
	}
}

func (s *server) answer(line string) string {
	do, err := parse(line)
	if err != nil {
		return refusal(err)
	}
	answer, err := do(s)
	if err != nil {
		return refusal(err)
	}
	return answer
}

// refusal is one line, whatever the error has in it.
func refusal(err error) string {
	return "ERR " + strings.Join(strings.Fields(err.Error()), " ")
}
