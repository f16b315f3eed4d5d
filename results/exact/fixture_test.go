package exact

import "maps"

// key is that of a seeded count on one machine.
func key() Key {
	return Key{
		Counter: "callgrind-3.19.0", Go: "go1.26.8", OS: "linux", Arch: "amd64", Level: "v1",
		Features: []string{"aes", "avx2", "pclmulqdq"}, Seeded: true, Handshakes: [2]int{10, 110},
	}
}

// counts are a handshake's: a million instructions of the server, half of that of the client.
func counts() Counts {
	return Counts{
		Cell: "full/X25519/ecdsa-p256/server-auth", Variant: "std", Key: key(),
		Server: Side{
			Instructions: map[string]float64{
				"crypto/tls": 300_000, "crypto/internal/fips140/nistec": 400_000, "crypto/sha3": 300.4,
				"vendor/golang.org/x/crypto/chacha20poly1305": 500.3, "cryptic": 20_000, "bytes": 600.3,
				"github.com/tlslab/tlslab/handshake/server": 50_000, "runtime": 200_000, "internal/runtime/maps": 20_000,
				"sync": 700.2, "sync/atomic": 99.9, "internal/bytealg": 5_000, "": 2_798.9,
			},
			Allocs: 300.04, AllocBytes: 40_000.4, Sent: 1_500,
		},
		Client: Side{
			Instructions: map[string]float64{"crypto/x509": 400_000, "encoding/asn1": 60_000, "testing": 40_000},
			Allocs:       400, AllocBytes: 50_000, Sent: 400.3,
		},
		Syscalls: map[string]float64{"read": 3, "write": 3.04, "accept4": 1},
	}
}

// with is c with other instructions of the server.
func (c Counts) with(path string, n float64) Counts {
	c.Server.Instructions = maps.Clone(c.Server.Instructions)
	c.Server.Instructions[path] = n
	return c
}

func margins() []Margin {
	return []Margin{{"instructions.crypto", 0.002}, {"instructions.other", 0.002}, {"instructions.runtime", 0.05}, {"counted.allocs", 0.005}, {"syscalls", 0.005}}
}
