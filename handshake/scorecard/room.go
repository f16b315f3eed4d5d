package scorecard

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// name is that of every certificate, and what clients ask for.
const name = "localhost"

// room is what one trial has to itself: a directory, ports and a certificate authority.
type room struct {
	dir       string
	place     rotation.Place
	authority *rotation.Authority
	clients   map[string]*tls.Certificate // of the trial's own end of a node link, by the public key of the root
	words     map[string]string
}

// furnish makes a room in which generation 1 lies as the method wants it.
func furnish(parent string, method rotation.Method, ports *atomic.Uint32) (r *room, err error) {
	r = &room{}
	if r.dir, err = os.MkdirTemp(parent, "tlslab-"); err != nil {
		return nil, err
	}
	if err = r.fill(method, ports); err != nil {
		r.leave()
		return nil, err
	}
	return r, nil
}

func (r *room) fill(method rotation.Method, ports *atomic.Uint32) (err error) {
	r.place = rotation.Place{Dir: filepath.Join(r.dir, "files"), Method: method}
	for _, dir := range []string{r.place.Dir, filepath.Join(r.dir, "state"), filepath.Join(r.dir, "own")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	if r.authority, err = rotation.NewAuthority(time.Now(), handshake.ECDSAP256, name); err != nil {
		return err
	}
	first, err := r.authority.Issue(1)
	if err != nil {
		return err
	}
	r.clients = map[string]*tls.Certificate{}
	for _, a := range []*rotation.Authority{r.authority, r.authority.Next} {
		if err := r.admit(a); err != nil {
			return err
		}
	}
	if err := r.place.Prepare(first); err != nil {
		return err
	}
	return r.name(ports)
}

// admit makes the client certificate under an authority.
func (r *room) admit(a *rotation.Authority) error {
	m, err := a.Client(1)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(m.Certificate, m.Key)
	if err != nil {
		return err
	}
	parent, err := x509.ParseCertificate(pair.Certificate[len(pair.Certificate)-1])
	if err != nil {
		return err
	}
	chains, err := parent.Verify(x509.VerifyOptions{Roots: r.roots(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return err
	}
	r.clients[rootOf(chains)] = &pair
	return nil
}

// rootOf is the public key of the root that chains end with.
func rootOf(chains [][]*x509.Certificate) string {
	return string(chains[0][len(chains[0])-1].RawSubjectPublicKeyInfo)
}

// name chooses what the placeholders stand for; {pid} and {config} come later.
func (r *room) name(ports *atomic.Uint32) error {
	port, err := freePort(ports)
	if err != nil {
		return err
	}
	node, err := freePort(ports)
	if err != nil {
		return err
	}
	files := r.place.Files()
	r.words = map[string]string{
		"cert": files.Certificate, "key": files.Key, "ca": files.Authorities,
		"dir": filepath.Join(r.dir, "own"), "state": filepath.Join(r.dir, "state"),
		"host": loopback, "port": strconv.Itoa(port), "address": address(port), "node": address(node),
		"admin": filepath.Join(r.dir, "admin"), "config": filepath.Join(r.dir, "own", "config"), "pid": "",
	}
	return nil
}

// leave removes the room. A directory that an injection closed to its owner is opened first.
func (r *room) leave() error {
	_ = filepath.WalkDir(r.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	})
	return os.RemoveAll(r.dir)
}

// roots are whom clients trust.
func (r *room) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(r.authority.Roots())
	return pool
}

const loopback = "127.0.0.1"

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

// Ports of targets lie below those that systems give to connections: a port that nobody listens on while a server
// restarts is not taken by a client in the meantime, and no client connects to itself.
const (
	lowestPort  = 20000
	portsInTurn = 10000
)

// freePort is the next port in turn on which nobody listens.
func freePort(turn *atomic.Uint32) (int, error) {
	for range portsInTurn {
		port := lowestPort + int(turn.Add(1)%portsInTurn)
		if l, err := net.Listen("tcp", address(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port from %d to %d", lowestPort, lowestPort+portsInTurn-1)
}
