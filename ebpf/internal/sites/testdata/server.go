// Program server runs TLS 1.3 handshakes with itself: for every line "KIND N" on stdin it makes N handshakes of that
// kind and answers "done".
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"time"
)

func main() {
	fmt.Println("ready")
	pair := certificate()
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "server", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	server := &tls.Config{Certificates: []tls.Certificate{pair}}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var kind string
		var n int
		if _, err := fmt.Sscan(lines.Text(), &kind, &n); err != nil {
			log.Fatal(err)
		}
		s, c := server, client.Clone()
		resumed, fails := false, false
		switch kind {
		case "full":
			c.ClientSessionCache = nil
		case "ticket": // full, and keeps the ticket for those that are resumed
		case "resumed":
			resumed = true
		case "mutual":
			s = server.Clone()
			s.ClientAuth, c.Certificates, c.ClientSessionCache = tls.RequireAnyClientCert, s.Certificates, nil
		case "retried":
			s = server.Clone()
			s.CurvePreferences, c.CurvePreferences = []tls.CurveID{tls.CurveP384}, []tls.CurveID{tls.CurveP256, tls.CurveP384}
			c.ClientSessionCache = nil
		case "refused":
			s = server.Clone()
			s.ClientAuth, c.ClientSessionCache, fails = tls.RequireAnyClientCert, nil, true
		case "vanished":
			c.ClientSessionCache, fails = nil, true
			c.VerifyConnection = func(tls.ConnectionState) error { return io.EOF }
		}
		for range n {
			if err := handshake(s, c, resumed); (err != nil) != fails {
				log.Fatalf("%s: %v", kind, err)
			}
		}
		fmt.Println("done")
	}
}

// handshake connects a client to a server and reads one byte, behind which the ticket has come.
func handshake(serverConfig, clientConfig *tls.Config, resumed bool) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			served <- err
			return
		}
		defer conn.Close()
		server := tls.Server(conn, serverConfig)
		if err := server.Handshake(); err != nil {
			served <- err
			return
		}
		_, err = server.Write([]byte{1})
		served <- err
	}()
	conn, err := net.DialTimeout("tcp", listener.Addr().String(), time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	client := tls.Client(conn, clientConfig)
	if err := client.Handshake(); err != nil {
		conn.Close()
		<-served
		return err
	}
	_, err = client.Read(make([]byte, 1))
	if failed := <-served; failed != nil {
		return failed
	}
	if err == nil && resumed && !client.ConnectionState().DidResume {
		return fmt.Errorf("not resumed")
	}
	return err
}

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		log.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
