package rotation_test

import (
	"crypto/tls"
	"fmt"
	"os"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// A writer that dies after its first rename leaves a certificate whose key is not there yet; the next one is done.
func Example() {
	dir, err := os.MkdirTemp("", "tlslab-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	authority, err := rotation.NewAuthority(time.Now(), handshake.ECDSAP256, "edge.example.test")
	if err != nil {
		fmt.Println(err)
		return
	}
	first, _ := authority.Issue(1)
	second, _ := authority.Issue(2)
	third, _ := authority.Issue(3)

	place := rotation.Place{Dir: dir, Method: rotation.Rename}
	files := place.Files()
	serves := func() {
		pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("generation", pair.Leaf.SerialNumber)
	}
	fmt.Println(place.Prepare(first))
	serves()
	_, err = rotation.Take(rotation.Until(place.Steps(second), "rename tls.crt"))
	fmt.Println(err)
	serves()
	_, err = rotation.Take(place.Steps(third))
	fmt.Println(err)
	serves()
	// Output:
	// <nil>
	// generation 1
	// <nil>
	// tls: private key does not match public key
	// <nil>
	// generation 3
}
