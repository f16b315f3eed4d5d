package accel

// Primitive is one cryptographic operation of handshakes and records.
type Primitive string

// The primitives.
const (
	AESGCM           Primitive = "aes-gcm"
	ChaCha20Poly1305 Primitive = "chacha20-poly1305"
	SHA256           Primitive = "sha-256"
	SHA384           Primitive = "sha-384"
	HKDF             Primitive = "hkdf"
	X25519           Primitive = "x25519"
	ECDHP256         Primitive = "ecdh-p256"
	ECDHP384         Primitive = "ecdh-p384"
	ECDHP521         Primitive = "ecdh-p521"
	MLKEM            Primitive = "ml-kem"
	SignP256         Primitive = "ecdsa-p256 sign"
	VerifyP256       Primitive = "ecdsa-p256 verify"
	SignP384         Primitive = "ecdsa-p384 sign"
	VerifyP384       Primitive = "ecdsa-p384 verify"
	SignEd25519      Primitive = "ed25519 sign"
	VerifyEd25519    Primitive = "ed25519 verify"
	SignRSA          Primitive = "rsa-2048 sign"
	VerifyRSA        Primitive = "rsa-2048 verify"
)

// Kind is what sort of code a primitive runs.
type Kind string

// The kinds.
const (
	Assembly  Kind = "assembly"  // Go's, for instructions that portable code does not use
	Portable  Kind = "portable"  // Go
	BoringSSL Kind = "boringssl" // C and assembly behind cgo
	Lab       Kind = "lab"       // accel/p384
)

// Build is what, beside the CPU, decides which code runs: the build and its environment.
type Build struct {
	Go      string   // go1.26.8; empty: the toolchain of this program
	GOOS    string   // empty: this program's
	GOARCH  string   // likewise
	GOAMD64 string   // v1 to v4; empty: v1
	Backend string   // std, boringcrypto or fips140; empty: std
	FIPS    bool     // FIPS 140-3 mode is on
	GODEBUG string   // cpu.aes=off,...
	Tags    []string // purego among them: no assembly
	Accel   string   // server setting accel: std, auto, or a path of accel/p384; empty: std
}

// Path is the code that a primitive runs.
type Path struct {
	Primitive Primitive `json:"primitive"`
	Expected  Kind      `json:"expected"`
	Code      string    `json:"code"`              // in a few words: AES-NI and PCLMULQDQ, 128 bits at a time
	Why       string    `json:"why"`               // what decided
	Uses      []string  `json:"uses,omitempty"`    // features that the code uses
	Refused   []Refusal `json:"refused,omitempty"` // faster codes that there are and that cannot run, the fastest first
	Unused    []string  `json:"unused,omitempty"`  // features that would serve, that this CPU has, and that no code of this build uses
}

// Refusal is something that was not chosen.
type Refusal struct {
	Code    string `json:"code"`
	Because string `json:"because"`
}

// Choice is what to take for one part of a server's configuration.
type Choice struct {
	Subject string    `json:"subject"` // suite, group, certificate, signer
	Pick    string    `json:"pick"`
	Why     string    `json:"why"`
	Instead []Refusal `json:"instead,omitempty"` // what else there is, and why not
}
