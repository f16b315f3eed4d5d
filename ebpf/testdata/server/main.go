// The server of this package's tests: TLS 1.3 (where OLDEST says so also 1.2), one byte to each client, and on request
// a plant in GetCertificate. It says on standard output where it listens, and at the end of its standard input how
// many handshakes it saw.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// plants are what GetCertificate does on the way, by name.
var plants = map[string]func(size time.Duration){
	"none": func(time.Duration) {},
	"burn": func(size time.Duration) {
		for began := time.Now(); time.Since(began) < size; {
		}
	},
	"sleep":     time.Sleep,
	"nanosleep": nanosleep,
	"kernel":    readZeros,
	"lock":      waitForLock,
	"fifo":      readFIFO,
}

func waitForLock(size time.Duration) {
	var mu sync.Mutex
	mu.Lock()
	time.AfterFunc(size, mu.Unlock)
	mu.Lock()
}

func readZeros(size time.Duration) {
	zero, err := os.Open("/dev/zero")
	if err != nil {
		panic(err)
	}
	defer zero.Close()
	buffer := make([]byte, 64<<10)
	for began := time.Now(); time.Since(began) < size; {
		zero.Read(buffer)
	}
}

// readFIFO reads the FIFO that FIFO names, which this process answers late.
func readFIFO(size time.Duration) {
	fifo, err := os.OpenFile(os.Getenv("FIFO"), os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	defer fifo.Close()
	time.AfterFunc(size, func() { fifo.Write([]byte{1}) })
	fifo.Read(make([]byte, 1))
}

var completed, failed atomic.Int64

func main() {
	name, size := "none", time.Duration(0)
	if len(os.Args) == 3 {
		name = os.Args[1]
		size, _ = time.ParseDuration(os.Args[2])
	}
	plant := plants[name]
	certificate := selfSigned()
	config := &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			plant(size)
			return certificate, nil
		},
	}
	if os.Getenv("OLDEST") == "1.2" {
		config.MinVersion = tls.VersionTLS12
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	go accept(listener, config)
	io.Copy(io.Discard, os.Stdin)
	fmt.Println(completed.Load(), failed.Load())
}

func accept(listener net.Listener, config *tls.Config) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go serve(tls.Server(conn, config))
	}
}

func serve(conn *tls.Conn) {
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		failed.Add(1)
		return
	}
	completed.Add(1)
	conn.Write([]byte{1})
	io.Copy(io.Discard, conn)
}

func selfSigned() *tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
