package edge

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
)

// serveHTTP serves over TLS on a free port until it is stopped, and says nothing about bad connections.
func serveHTTP(s *http.Server) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", loopback)
	if err != nil {
		return "", nil, err
	}
	s.ErrorLog = log.New(io.Discard, "", 0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if s.TLSConfig == nil {
			s.Serve(listener)
		} else {
			s.ServeTLS(listener, "", "")
		}
	}()
	return listener.Addr().String(), func() {
		s.Close()
		<-done
	}, nil
}

// fetch makes a request and reads the answer to its end.
func fetch(ctx context.Context, by http.RoundTripper, url string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := by.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response, err
}

// shakeHTTP makes a handshake and one request, whose answer is the server's confirmation.
func shakeHTTP(address string, config *tls.Config) error {
	conn, err := dial(address, config)
	if err != nil {
		return err
	}
	defer reset(conn)
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}
