package accel

// s390xCodes are those of files *_s390x.s and of the init functions beside them. ECDSA is not among them: Go leaves
// it to the KDSA instruction where there is one, which golang.org/x/sys/cpu does not tell.
var s390xCodes = func() codes {
	c := codes{
		AESGCM: {
			{kind: Assembly, name: "KMA", text: "CPACF: KMA", needs: []string{"aes", "aesctr", "aesgcm", "ghash"}},
			{kind: Assembly, name: "KMCTR and KIMD", text: "CPACF: KMCTR and KIMD", needs: []string{"aes", "aesctr", "ghash"}},
			{kind: Portable, name: "Go", text: "Go: AES by tables, GHASH"},
		},
		ChaCha20Poly1305: {
			{kind: Assembly, name: "vector", text: "vector instructions", needs: []string{"vx"}, xsys: true},
			{kind: Portable, name: "Go"},
		},
		SHA256:      {{kind: Assembly, name: "CPACF", needs: []string{"sha256"}}, {kind: Portable, name: "Go"}},
		SHA384:      {{kind: Assembly, name: "CPACF", needs: []string{"sha512"}}, {kind: Portable, name: "Go"}},
		X25519:      {{kind: Portable, name: "Go"}},
		SignEd25519: {{kind: Portable, name: "Go"}},
		ECDHP256: {
			{kind: Assembly, name: "P-256 assembly", text: "field and point operations by vector instructions"},
			fiat[0],
		},
		ECDHP384: fiat,
		ECDHP521: fiat,
		MLKEM: {
			{kind: Portable, name: "Go with CPACF", text: "Go, Keccak by CPACF", needs: []string{"sha3"}, mixed: true},
			{kind: Portable, name: "Go"},
		},
		SignRSA: {
			{kind: Assembly, name: "assembly", text: "multiplication in assembly"},
			{kind: Portable, name: "Go"},
		},
	}.complete()
	for _, p := range []Primitive{SignP256, VerifyP256, SignP384, VerifyP384} {
		delete(c, p)
	}
	return c
}()
