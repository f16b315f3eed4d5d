package profile

import (
	"slices"
	"strings"
	"time"

	pprof "github.com/google/pprof/profile"
)

// Other is the operation of time that no rule knows.
const Other = "other"

// A rule says of functions, by the beginning of their names, that whatever they do, and call, belongs to an operation.
type rule struct {
	operation string
	functions []string
}

// rules are in order of precedence: a stack belongs to the first rule that one of its functions matches. So what the
// runtime does comes before what asked for it (memory that signing allocates is allocation), and the purpose before
// the means (a hash inside of a signature is signing). Paths of the FIPS 140 module are without its version.
//
// BoringCrypto's C is known by the function of package boring that calls it, whether or not C's own frames are seen.
var rules = []rule{
	{"GC", []string{
		"runtime.gc", "runtime.(*gc", "runtime.GC", "runtime.bgsweep", "runtime.bgscavenge", "runtime.sweepone",
		"runtime.(*sweepLock", "runtime.scan", "runtime.markroot", "runtime.greyobject", "runtime.wbBufFlush",
		"runtime.(*scavenge", "runtime.runFinalizers", "runtime.runfinq",
	}},
	{"scheduler", []string{"runtime.gopreempt"}}, // it enters by way of stack growth
	{"stack growth", []string{
		"runtime.morestack", "runtime.newstack", "runtime.copystack", "runtime.stackalloc", "runtime.stackfree",
		"runtime.stackcache",
	}},
	{"allocation", []string{
		"runtime.mallocgc", "runtime.newobject", "runtime.newarray", "runtime.makeslice", "runtime.growslice",
		"runtime.rawstring", "runtime.rawbyteslice", "runtime.(*mcache)", "runtime.(*mcentral)", "runtime.(*mheap)",
	}},
	{"scheduler", []string{
		// taking up and leaving goroutines
		"runtime.mcall", "runtime.mstart", "runtime.schedule", "runtime.findRunnable", "runtime.execute", "runtime.gogo",
		"runtime.gopark", "runtime.park", "runtime.goready", "runtime.ready", "runtime.gosched", "runtime.gopreempt",
		"runtime.newproc", "runtime.goexit0", "runtime.goexit1", "runtime.gdestroy", "runtime.casgstatus", "runtime.runq",
		"runtime.asyncPreempt", "runtime.sig", "runtime.doSigPreempt", "runtime.stopTheWorld", "runtime.startTheWorld",
		// threads
		"runtime.sysmon", "runtime.retake", "runtime.stopm", "runtime.startm", "runtime.newm", "runtime.wakep",
		"runtime.mPark", "runtime.handoffp", "runtime.acquirep", "runtime.releasep", "runtime.netpoll",
		"runtime.entersyscall", "runtime.reentersyscall", "runtime.exitsyscall", "runtime.cgocallback",
		// waiting for one another
		"runtime.chansend", "runtime.chanrecv", "runtime.selectgo", "runtime.sem", "runtime.lock", "runtime.unlock",
		"runtime.note", "runtime.futex", "runtime.usleep", "runtime.osyield", "runtime.(*timer", "sync.runtime_",
		// the kernel's part, where it stands alone
		"__x64_sys_futex", "__x64_sys_epoll", "__x64_sys_nanosleep", "__x64_sys_clock_nanosleep", "__x64_sys_sched_yield",
		"__arm64_sys_futex", "__arm64_sys_epoll", "__arm64_sys_nanosleep", "__arm64_sys_clock_nanosleep",
		"__arm64_sys_sched_yield", "ret_from_fork",
	}},
	{"ML-KEM", []string{"crypto/mlkem.", "crypto/internal/fips140/mlkem."}},
	{"random", []string{
		"crypto/rand.", "crypto/internal/rand.", "crypto/internal/sysrand.", "crypto/internal/entropy",
		"crypto/internal/fips140/drbg.", "crypto/internal/fips140/entropy", "internal/syscall/unix.GetRandom",
		"crypto/internal/boring.randReader", "crypto/internal/boring._Cfunc__goboringcrypto_RAND_",
		"_goboringcrypto_RAND_", "CRYPTO_rdrand", "__x64_sys_getrandom", "__arm64_sys_getrandom",
	}},
	{"key share", []string{
		"crypto/ecdh.(*nistCurve).GenerateKey", "crypto/ecdh.(*nistCurve).NewPrivateKey",
		"crypto/ecdh.(*x25519Curve).GenerateKey", "crypto/ecdh.(*x25519Curve).NewPrivateKey",
		"crypto/internal/fips140/ecdh.GenerateKey", "crypto/internal/fips140/ecdh.NewPrivateKey",
		"crypto/internal/boring.GenerateKeyECDH", "crypto/internal/boring.NewPrivateKeyECDH",
		"crypto/internal/boring.(*PrivateKeyECDH).PublicKey", "_goboringcrypto_EC_KEY_generate_key",
		"crypto/internal/boring._Cfunc__goboringcrypto_EC_KEY_generate_key",
	}},
	{"shared secret", []string{
		"crypto/ecdh.", "crypto/internal/fips140/ecdh.", "crypto/internal/boring.ECDH",
		"crypto/internal/boring.NewPublicKeyECDH",
	}},
	{"sign", []string{
		"crypto.SignMessage", "github.com/tlslab/tlslab/accel/p384", "crypto/ecdsa.Sign", "crypto/ecdsa.sign", "crypto/ecdsa.(*PrivateKey).Sign",
		"crypto/rsa.Sign", "crypto/rsa.sign", "crypto/rsa.(*PrivateKey).Sign", "crypto/ed25519.Sign",
		"crypto/ed25519.sign", "crypto/ed25519.PrivateKey.Sign", "crypto/internal/fips140/ecdsa.Sign",
		"crypto/internal/fips140/ecdsa.sign", "crypto/internal/fips140/rsa.Sign", "crypto/internal/fips140/rsa.sign",
		"crypto/internal/fips140/ed25519.Sign", "crypto/internal/fips140/ed25519.sign", "crypto/internal/boring.Sign",
		"crypto/internal/boring._Cfunc__goboringcrypto_ECDSA_sign",
		"crypto/internal/boring._Cfunc__goboringcrypto_RSA_sign", "_goboringcrypto_ECDSA_sign", "_goboringcrypto_RSA_sign",
		// of the assembly that loses its caller, what only signing uses on a server
		"crypto/internal/fips140/nistec.p256Ord", "crypto/internal/fips140/nistec.P256Ord",
	}},
	{"verify", []string{
		"crypto/x509.", "crypto/ecdsa.Verify", "crypto/ecdsa.verify", "crypto/rsa.Verify", "crypto/rsa.verify",
		"crypto/ed25519.Verify", "crypto/ed25519.verify", "crypto/internal/fips140/ecdsa.Verify",
		"crypto/internal/fips140/ecdsa.verify", "crypto/internal/fips140/rsa.Verify",
		"crypto/internal/fips140/rsa.verify", "crypto/internal/fips140/ed25519.Verify",
		"crypto/internal/fips140/ed25519.verify", "crypto/internal/boring.Verify",
		"crypto/internal/boring._Cfunc__goboringcrypto_ECDSA_verify",
		"crypto/internal/boring._Cfunc__goboringcrypto_RSA_verify", "_goboringcrypto_ECDSA_verify",
		"_goboringcrypto_RSA_verify", "crypto/tls.verifyHandshakeSignature", "crypto/tls.(*Conn).processCertsFromClient",
		"crypto/tls.(*Conn).verifyServerCertificate",
	}},
	{"HKDF", []string{
		"crypto/hkdf.", "crypto/internal/fips140/hkdf.", "crypto/internal/fips140/tls13.",
		"crypto/internal/fips140/tls12.", "crypto/tls.(*cipherSuiteTLS13).", "crypto/tls.prf",
	}},
	{"AEAD", []string{
		"crypto/cipher.", "crypto/aes.", "crypto/internal/fips140/aes", "vendor/golang.org/x/crypto/chacha20",
		"vendor/golang.org/x/crypto/internal/poly1305.", "crypto/tls.aead", "crypto/tls.(*xorNonceAEAD)",
		"crypto/tls.(*prefixNonceAEAD)", "crypto/tls.(*halfConn).encrypt", "crypto/tls.(*halfConn).decrypt",
		"crypto/tls.(*Config).encryptTicket", "crypto/tls.(*Config).decryptTicket", "crypto/internal/boring.(*aes",
		"crypto/internal/boring.newGCM", "crypto/internal/boring.NewGCM", "crypto/internal/boring.NewAES",
		"crypto/internal/boring._Cfunc_EVP_AEAD", "crypto/internal/boring._Cfunc__goboringcrypto_EVP_AEAD",
		"crypto/internal/boring._Cfunc__goboringcrypto_AES", "_goboringcrypto_EVP_AEAD", "_goboringcrypto_AES",
	}},
	{"hash", []string{
		"crypto/sha1.", "crypto/sha256.", "crypto/sha512.", "crypto/sha3.", "crypto/md5.", "crypto/hmac.",
		"crypto.Hash.New", "crypto/internal/fips140/sha256.", "crypto/internal/fips140/sha512.",
		"crypto/internal/fips140/sha3.", "crypto/internal/fips140/hmac.", "crypto/internal/fips140hash.",
		"crypto/tls.transcriptMsg", "crypto/internal/boring.NewSHA", "crypto/internal/boring.NewHMAC",
		"crypto/internal/boring.(*sha", "crypto/internal/boring.(*boringHMAC)",
		"crypto/internal/boring._Cfunc__goboringcrypto_SHA", "crypto/internal/boring._Cfunc__goboringcrypto_HMAC",
		"_goboringcrypto_SHA", "_goboringcrypto_HMAC",
	}},
	{"network", []string{
		"net.", "net_rx_action", "tcp_", "inet_", "sock_", "__sys_accept4", "__sys_connect", "__sys_send", "__sys_recv",
		"__sys_shutdown", "__sys_setsockopt", "__sys_socket",
	}},
	{"TLS messages", []string{"crypto/tls.", "vendor/golang.org/x/crypto/cryptobyte"}},
}

// Operations are the names that [Operation] gives, those of the handshake's own work first.
func Operations() []string {
	return []string{
		"key share", "shared secret", "ML-KEM", "sign", "verify", "HKDF", "AEAD", "hash", "random", "TLS messages",
		"network", "scheduler", "GC", "allocation", "stack growth", Other,
	}
}

// Operation says what the processor was busy with, from the functions on a stack, innermost first.
func Operation(stack []string) string {
	return operations{}.of(stack)
}

// operations remembers the first rule that each function matches: a profile has few functions and many stacks.
type operations map[string]int

func (known operations) of(stack []string) string {
	first := len(rules)
	for _, function := range stack {
		first = min(first, known.rule(function))
	}
	if first == len(rules) {
		return Other
	}
	return rules[first].operation
}

func (known operations) rule(function string) int {
	if i, ok := known[function]; ok {
		return i
	}
	i := 0
	name := unversioned(function)
	for i < len(rules) && !rules[i].matches(name) {
		i++
	}
	known[function] = i
	return i
}

func (r rule) matches(function string) bool {
	return slices.ContainsFunc(r.functions, func(prefix string) bool { return strings.HasPrefix(function, prefix) })
}

// unversioned takes the version of the FIPS 140 module out of a function's package:
// crypto/internal/fips140/v1.0.0-c2097c7c/ecdsa.Sign.
func unversioned(function string) string {
	const module = "crypto/internal/fips140/"
	rest, inside := strings.CutPrefix(function, module)
	version, rest, nested := strings.Cut(rest, "/")
	if !inside || !nested || !strings.HasPrefix(version, "v") || strings.Contains(version, ".(") {
		return function
	}
	return module + rest
}

// Operations is the CPU time of each operation by the value of a label, which is empty where a sample has none. An
// operation without time is left out.
func (p *Profile) Operations(label string) map[string]map[string]time.Duration {
	known, sum := operations{}, map[string]map[string]time.Duration{}
	for _, s := range p.raw.Sample {
		cpu := time.Duration(s.Value[p.cpu])
		if cpu == 0 {
			continue
		}
		operation, value := known.of(names(s.Location)), ""
		if values := s.Label[label]; len(values) > 0 {
			value = values[0]
		}
		if sum[operation] == nil {
			sum[operation] = map[string]time.Duration{}
		}
		sum[operation][value] += cpu
	}
	return sum
}

// names are the functions of a stack, innermost first, those that were inlined too.
func names(stack []*pprof.Location) (all []string) {
	for _, l := range stack {
		for _, line := range l.Line {
			if line.Function != nil {
				all = append(all, line.Function.Name)
			}
		}
	}
	return all
}
