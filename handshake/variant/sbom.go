package variant

// SBOM says what a server binary is made of, read from the binary itself.
type SBOM struct {
	SHA256         string            `json:"sha256"`
	Bytes          int64             `json:"bytes"`
	Go             string            `json:"go"`
	Path           string            `json:"path"` // main package
	Modules        []Module          `json:"modules"`
	Settings       map[string]string `json:"settings"` // build settings: -tags, CGO_ENABLED, GOAMD64, GOFIPS140, DefaultGODEBUG, ...
	DefaultGODEBUG string            `json:"default_godebug"`
	Symbol         string            `json:"symbol"` // crypto/internal/boring/sig.BoringCrypto or .StandardCrypto: the decisive tell
	Source         string            `json:"source"` // module version, git commit, or "checkout"
}

// Module is one dependency.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum,omitempty"`
}
