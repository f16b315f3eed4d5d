package staple

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Bounds of what is read from a network, in bytes. A request is about 100 of them, a response below 1,000 unless it
// carries a delegate's certificate.
const (
	maxRequest  = 4 << 10
	maxResponse = 64 << 10
)

const (
	requestType  = "application/ocsp-request"
	responseType = "application/ocsp-response"
)

// ServeHTTP answers over HTTP (RFC 6960, appendix A): a POST with the request as its body, or a GET with the request in
// base 64 as its path. The path may contain slashes one after the other, which a [http.ServeMux] would not let
// through.
func (r *Responder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	var request []byte
	var err error
	switch q.Method {
	case http.MethodGet:
		request, err = requestOf(q.URL.Path)
	case http.MethodPost:
		request, err = io.ReadAll(http.MaxBytesReader(w, q.Body, maxRequest))
	default:
		w.Header().Set("Allow", "GET, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	response := ocsp.MalformedRequestErrorResponse
	if err == nil {
		response = r.Answer(request, time.Now())
	}
	w.Header().Set("Content-Type", responseType)
	_, _ = w.Write(response) // a client that has gone does not miss it
}

// requestOf is the request in the path of a GET.
func requestOf(path string) ([]byte, error) {
	encoded := strings.TrimPrefix(path, "/")
	if len(encoded) > base64.StdEncoding.EncodedLen(maxRequest) {
		return nil, fmt.Errorf("%d characters", len(encoded))
	}
	return base64.StdEncoding.DecodeString(encoded)
}

// Fetch asks once for the status of a certificate. It returns the response, DER, which nobody has judged yet.
type Fetch func(ctx context.Context) ([]byte, error)

// Post is a [Fetch] from a responder at a URL, by POST.
func Post(client *http.Client, url string, leaf, issuer *x509.Certificate) (Fetch, error) {
	request, err := ocsp.CreateRequest(leaf, issuer, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for a staple: %w", err)
	}
	return func(ctx context.Context) ([]byte, error) {
		q, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(request))
		if err != nil {
			return nil, err
		}
		q.Header.Set("Content-Type", requestType)
		response, err := client.Do(q)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("responder: %s", response.Status)
		}
		return io.ReadAll(io.LimitReader(response.Body, maxResponse))
	}, nil
}
