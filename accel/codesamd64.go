package accel

// amd64Codes are those of files *_amd64.s and of the init functions beside them.
var amd64Codes = func() codes {
	field25519 := []code{
		{kind: Assembly, name: "field assembly", text: "Go, field multiplication in assembly (MULQ)"},
		{kind: Portable, name: "Go"},
	}
	c := codes{
		AESGCM: {
			{kind: Assembly, name: "AES-NI", text: "AES-NI and PCLMULQDQ, 128 bits at a time",
				needs: []string{"aes", "pclmulqdq", "sse4_1", "ssse3"}},
			{kind: Portable, name: "AES-NI without PCLMULQDQ", text: "AES-NI block by block, GHASH in Go",
				needs: []string{"aes", "sse4_1", "ssse3"}, mixed: true},
			{kind: Portable, name: "Go", text: "Go: AES by tables, GHASH"},
		},
		ChaCha20Poly1305: {
			{kind: Assembly, name: "AVX2", text: "AVX2, cipher and authenticator in one pass",
				needs: []string{"avx2", "bmi2", "ssse3"}, xsys: true},
			{kind: Assembly, name: "SSSE3", text: "SSSE3, cipher and authenticator in one pass",
				needs: []string{"ssse3"}, xsys: true},
			{kind: Portable, name: "Go with Poly1305 assembly", text: "Go, Poly1305 in assembly (MULQ)", mixed: true},
			{kind: Portable, name: "Go"},
		},
		SHA256: {
			{kind: Assembly, name: "SHA-NI", needs: []string{"avx", "sha_ni", "sse4_1", "ssse3"}},
			{kind: Assembly, name: "AVX2", needs: []string{"avx", "avx2", "bmi2"}},
			{kind: Portable, name: "Go"},
		},
		SHA384: {
			{kind: Assembly, name: "AVX2", needs: []string{"avx", "avx2", "bmi2"}},
			{kind: Portable, name: "Go"},
		},
		X25519:      field25519,
		SignEd25519: field25519,
		ECDHP256: {
			{kind: Assembly, name: "P-256 assembly", text: "field and point operations in assembly (MULQ)"},
			fiat[0],
		},
		ECDHP384: fiat,
		ECDHP521: fiat,
		MLKEM: {
			{kind: Portable, name: "Go with Keccak assembly", text: "Go, Keccak in assembly without vectors", mixed: true},
			{kind: Portable, name: "Go"},
		},
		SignRSA: {
			{kind: Assembly, name: "ADX", text: "multiplication in assembly (MULX, ADCX, ADOX)", needs: []string{"adx", "bmi2"}},
			{kind: Assembly, name: "MULQ", text: "multiplication in assembly (MULQ)"},
			{kind: Portable, name: "Go"},
		},
	}
	return c.complete()
}()

// complete fills in what shares its code with another primitive.
func (c codes) complete() codes {
	c[SignP256], c[VerifyP256] = c[ECDHP256], c[ECDHP256]
	c[SignP384], c[VerifyP384] = c[ECDHP384], c[ECDHP384]
	c[VerifyEd25519] = c[SignEd25519]
	c[VerifyRSA] = c[SignRSA]
	return c
}
