package staple_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/tlslab/tlslab/handshake/staple"
)

// ask sends a request to a responder by HTTP.
func ask(t *testing.T, r *staple.Responder, q *http.Request) (status int, body []byte) {
	t.Helper()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	if got := w.Header().Get("Content-Type"); w.Code == http.StatusOK && got != "application/ocsp-response" {
		t.Errorf("got content type %q", got)
	}
	return w.Code, w.Body.Bytes()
}

func get(path string) *http.Request { return httptest.NewRequest(http.MethodGet, path, nil) }

func post(body io.Reader) *http.Request { return httptest.NewRequest(http.MethodPost, "/", body) }

func TestServeHTTP(t *testing.T) {
	a := newAuthority(t, "root")
	r := a.responder(t)
	for serial, status := range []staple.Status{staple.Good, staple.Revoked, staple.Unknown} {
		leaf := a.leaf(t, int64(serial+10)).certificate
		r.Set(leaf.SerialNumber, status)
		for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			request, err := ocsp.CreateRequest(leaf, a.certificate, &ocsp.RequestOptions{Hash: hash})
			if err != nil {
				t.Fatal(err)
			}
			encoded := base64.StdEncoding.EncodeToString(request)
			for way, q := range map[string]*http.Request{
				"post": post(bytes.NewReader(request)),
				"get":  get("/" + url.PathEscape(encoded)),
				"bare": get("/" + encoded),
			} {
				code, body := ask(t, r, q)
				got, err := ocsp.ParseResponseForCert(body, leaf, a.certificate)
				if err != nil {
					t.Errorf("%s of %v by %v: %d, %v", way, status, hash, code, err)
					continue
				}
				if got.Status != int(status) || got.IssuerHash != hash || got.NextUpdate.Sub(got.ThisUpdate) != time.Hour {
					t.Errorf("%s of %v by %v: got %+v", way, status, hash, got)
				}
			}
		}
	}
}

func TestServeHTTPRefuses(t *testing.T) {
	a, foreign := newAuthority(t, "root"), newAuthority(t, "foreign root")
	r := a.responder(t)
	request, err := ocsp.CreateRequest(foreign.leaf(t, 7).certificate, foreign.certificate, nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		q    *http.Request
		code int
		want string
	}{
		"another issuer": {post(bytes.NewReader(request)), 200, string(ocsp.UnauthorizedErrorResponse)},
		"no request":     {post(strings.NewReader("")), 200, string(ocsp.MalformedRequestErrorResponse)},
		"too much":       {post(bytes.NewReader(make([]byte, 1<<20))), 200, string(ocsp.MalformedRequestErrorResponse)},
		"no base 64":     {get("/%00"), 200, string(ocsp.MalformedRequestErrorResponse)},
		"a long path":    {get("/" + strings.Repeat("A", 1<<16)), 200, string(ocsp.MalformedRequestErrorResponse)},
		"another method": {httptest.NewRequest(http.MethodPut, "/", bytes.NewReader(request)), 405, ""},
	}
	for name, tt := range tests {
		if code, body := ask(t, r, tt.q); code != tt.code || string(body) != tt.want {
			t.Errorf("%s: got %d, %x; want %d, %x", name, code, body, tt.code, tt.want)
		}
	}
}

func TestPost(t *testing.T) {
	a := newAuthority(t, "root")
	leaf := a.leaf(t, 7).certificate
	r := a.responder(t)
	r.Set(leaf.SerialNumber, staple.Good)
	answers := httptest.NewServer(r)
	defer answers.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	for url, want := range map[string]error{answers.URL: nil, gone.URL: staple.ErrMissing, "http://127.0.0.1:0": staple.ErrMissing} {
		fetch, err := staple.Post(http.DefaultClient, url, leaf, a.certificate)
		if err != nil {
			t.Fatal(err)
		}
		stapler := staple.NewStapler(leaf, a.certificate, fetch)
		stapler.Refresh(t.Context())
		if err := staple.Check(stapler.Staple(), leaf, a.certificate, time.Now()); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// FuzzServeHTTP has anything for a request. What comes back is an OCSP response.
func FuzzServeHTTP(f *testing.F) {
	a := newAuthority(f, "root")
	r := a.responder(f)
	request, err := ocsp.CreateRequest(a.leaf(f, 7).certificate, a.certificate, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(false, request)
	f.Add(true, []byte(base64.StdEncoding.EncodeToString(request)))
	f.Fuzz(func(t *testing.T, byGet bool, b []byte) {
		q := post(bytes.NewReader(b))
		if byGet {
			q = get("/")
			q.URL.Path = "/" + string(b)
		}
		code, body := ask(t, r, q)
		_, err := ocsp.ParseResponse(body, a.certificate)
		if code != http.StatusOK || err != nil && !errors.As(err, new(ocsp.ResponseError)) {
			t.Errorf("got %d, %v of %x", code, err, body)
		}
	})
}
