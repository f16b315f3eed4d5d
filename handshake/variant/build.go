package variant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// modulePath is the path of the module that holds the server, and of the tool's own.
const modulePath = "github.com/tlslab/tlslab"

const (
	serverPackage = "cmd/tlslab-server"
	serverName    = "tlslab-server"
)

// servers are the programs of the apps: a plain server has no line of QUIC or gRPC in it.
var servers = map[string]program{
	"plain":      theServer,
	"gateway":    {"cmd/tlslab-gateway", "tlslab-gateway", "gateway"},
	"spiffegrpc": {"cmd/tlslab-spiffegrpc", "tlslab-spiffegrpc", "spiffegrpc"},
}

// program is an executable that a Builder makes of one package of the sources.
type program struct {
	pkg  string // within the module
	name string // of the file
	kind string // of its entries in the cache
}

var theServer = program{serverPackage, serverName, "server"}

// DefaultMaxBytes is how much the cache may hold unless said otherwise.
const DefaultMaxBytes = 2 << 30

// Builder builds servers with the go command and keeps them. Its methods may be called at the same time; builds run
// one after the other, for the go command itself uses every CPU.
type Builder struct {
	Cache    string // directory of the kept servers; see the package documentation
	MaxBytes int64  // above this the least recently used entries are removed; zero or less: never
	Checkout string // root of the checkout to build from; empty: none
	Version  string // module version to build outside a checkout

	mu   sync.Mutex
	used map[string]bool // entries that this Builder has handed out: never removed by it
}

// Binary is a server that was built.
type Binary struct {
	Path string
	SBOM SBOM
}

// NewBuilder is a Builder for this process: its working directory, its executable, its module version and
// TLSLAB_CACHE.
func NewBuilder() (*Builder, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	return &Builder{Cache: cache, MaxBytes: DefaultMaxBytes, Checkout: ownCheckout(), Version: ownVersion()}, nil
}

// ownCheckout is the checkout around the working directory, else the one around the executable.
func ownCheckout() string {
	if dir, err := os.Getwd(); err == nil {
		if root := findCheckout(dir); root != "" {
			return root
		}
	}
	if exe, err := os.Executable(); err == nil {
		return findCheckout(filepath.Dir(exe))
	}
	return ""
}

// ownVersion is the module version of this program; empty where the program is another module's.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path != modulePath {
		return ""
	}
	return info.Main.Version
}

// Build builds the server of b for an app, or finds that it is built already. Cancelling ctx interrupts the go command and its
// compilers: none of them runs any more when Build returns.
// Failures that a person can end are of type [*Error].
func (b *Builder) Build(ctx context.Context, build Build, app string) (*Binary, error) {
	p, ok := servers[app]
	if !ok {
		return nil, fmt.Errorf("unknown app %q", app)
	}
	return b.build(ctx, build, p)
}

func (b *Builder) build(ctx context.Context, build Build, p program) (*Binary, error) {
	if err := build.check(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	src, err := b.source(ctx, build.Source)
	if err != nil {
		return nil, err
	}
	if err := p.in(src); err != nil {
		return nil, err
	}
	if build, err = build.absolute(); err != nil {
		return nil, err
	}
	dir, err := b.entry(p.kind + "-" + key(build, src))
	if err != nil {
		return nil, err
	}
	if err := b.compile(ctx, build, p, src, dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, p.name)
	sbom, err := ReadSBOM(path)
	if err != nil {
		return nil, err
	}
	sbom.Source = src.name
	if err := b.evict(); err != nil {
		return nil, err
	}
	return &Binary{path, sbom}, nil
}

// compile builds the program into dir.
func (b *Builder) compile(ctx context.Context, build Build, p program, src source, dir string) error {
	work, err := b.partial()
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	return runGo(ctx, build, p, src, dir, work)
}

// absolute is b with a path to its profile that holds in every directory.
func (b Build) absolute() (Build, error) {
	if b.PGO == "" {
		return b, nil
	}
	path, err := filepath.Abs(b.PGO)
	if err != nil {
		return b, fmt.Errorf("profile: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return b, because(ErrSource, "give the path of a CPU profile, relative to the scenario", "profile: %v", err)
	}
	b.PGO = path
	return b, nil
}

// key names a build: equal for equal builds of one source. The sources' content is not part of it, the go command
// sees to that.
func key(b Build, src source) string {
	b.Source = Source{} // one commit has many names
	text, err := json.Marshal([]any{b, src.id, runtime.GOOS, runtime.GOARCH})
	if err != nil {
		panic(err) // strings only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12])
}

// arguments is the go command's line: build in a tree, install of a module version; a counter is a test program.
func arguments(b Build, p program, src source, dir string) []string {
	pgo := "off"
	if b.PGO != "" {
		pgo = b.PGO
	}
	flags := []string{"-trimpath", "-buildvcs=false", "-tags=" + strings.Join(b.Tags, ","), "-pgo=" + pgo}
	if b.Layout != 0 {
		flags = append(flags, fmt.Sprintf("-ldflags=-randlayout=%d", b.Layout))
	}
	if src.dir == "" {
		return slices.Concat([]string{"install"}, flags, []string{modulePath + "/" + p.pkg + "@" + src.name})
	}
	command := []string{"build"}
	if p == theCounter {
		command = []string{"test", "-c"}
	}
	return slices.Concat(command, []string{"-o", filepath.Join(dir, p.name)}, flags, []string{"./" + p.pkg})
}

// errChanged is for a binary that is no longer what its SBOM describes.
var errChanged = errors.New("server binary has changed since it was built")

// unchanged checks the file against the SBOM. Another process that builds the same variant from edited sources
// replaces the file.
func (b Binary) unchanged() error {
	const hint = "another tlslab builds or cleans up here: give each its own TLSLAB_CACHE"
	sum, _, err := digest(b.Path)
	if err != nil {
		return &Error{fmt.Errorf("server binary: %w", err), hint}
	}
	if sum != b.SBOM.SHA256 {
		return &Error{errChanged, hint}
	}
	return nil
}
