package profile

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// The stacks were sampled in servers of each backend: operation, backend, functions from the innermost outwards.
func TestOperationOfRealStacks(t *testing.T) {
	text, err := os.ReadFile("testdata/stacks.tsv")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		want, backend, stack := fields[0], fields[1], fields[2:]
		seen[backend+" "+want] = true
		if got := Operation(stack); got != want {
			t.Errorf("%s: got %q, want %q: %v", backend, got, want, stack)
		}
	}
	for _, backend := range []string{"std", "fips140", "boringcrypto"} {
		for _, o := range []string{"key share", "shared secret", "sign", "HKDF", "AEAD", "hash", "network", "scheduler", "GC"} {
			if !seen[backend+" "+o] {
				t.Errorf("no stack of %s in %s", o, backend)
			}
		}
	}
}

func TestOperation(t *testing.T) {
	for _, c := range []struct{ want, stack string }{
		{"sign", "crypto/internal/fips140/v1.0.0-c2097c7c/sha512.block crypto/internal/fips140/v1.0.0-c2097c7c/ecdsa.signGeneric"},
		{"ML-KEM", "crypto/internal/fips140/v1.0.0-c2097c7c/mlkem.ntt crypto/tls.(*Conn).serverHandshake"},
		{"verify", "crypto/internal/fips140/nistec.p256Sqr crypto/internal/fips140/ecdsa.Verify[go.shape.int] crypto/ecdsa.VerifyASN1 crypto/tls.(*Conn).serverHandshake"},
		{"verify", "runtime.mapaccess2 crypto/x509.(*Certificate).Verify crypto/tls.(*Conn).processCertsFromClient"},
		{"verify", "runtime.cgocall crypto/internal/boring._Cfunc__goboringcrypto_ECDSA_verify crypto/internal/boring.VerifyECDSA"},
		{"sign", "runtime.cgocall crypto/internal/boring._Cfunc__goboringcrypto_ECDSA_sign"},
		{"sign", "crypto/internal/fips140/bigmod.addMulVVW2048 crypto/internal/fips140/rsa.SignPSS crypto/rsa.SignPSS"},
		{"allocation", "runtime.memclrNoHeapPointers runtime.mallocgc crypto/internal/fips140/ecdsa.Sign"},
		{"GC", "runtime.gcDrainN runtime.gcAssistAlloc1 runtime.systemstack runtime.gcAssistAlloc runtime.mallocgc crypto/tls.(*Conn).Write"},
		{"scheduler", "runtime.schedule runtime.goschedImpl runtime.gopreempt_m runtime.newstack runtime.morestack main.work"},
		{"stack growth", "runtime.adjustframe runtime.copystack runtime.newstack runtime.morestack crypto/mlkem.NewEncapsulationKey768"},
		{"network", "tcp_sendmsg_locked __x64_sys_write syscall.write internal/poll.(*FD).Write net.(*conn).Write crypto/tls.(*Conn).flush"},
		{"scheduler", "futex_wake __x64_sys_futex runtime.futex runtime.futexwakeup runtime.notewakeup runtime.startm"},
		{"scheduler", "do_epoll_wait internal/runtime/syscall/linux.EpollWait runtime.netpoll runtime.findRunnable runtime.schedule runtime.mcall"},
		{"scheduler", "__schedule schedule do_nanosleep hrtimer_nanosleep __x64_sys_nanosleep"},
		{"network", "sk_wait_data tcp_recvmsg inet_recvmsg sock_read_iter vfs_read"},
		{"TLS messages", "crypto/tls.(*serverHelloMsg).marshal crypto/tls.(*Conn).serverHandshake runtime.goexit"},
		{Other, "main.work runtime.goexit"},
		{Other, ""},
	} {
		if got := Operation(strings.Fields(c.stack)); got != c.want {
			t.Errorf("got %q, want %q: %s", got, c.want, c.stack)
		}
	}
}

func TestRulesNameOperations(t *testing.T) {
	for _, r := range rules {
		if !slices.Contains(Operations(), r.operation) {
			t.Errorf("no operation is called %q", r.operation)
		}
	}
}

// Go's own profile of signing: the operation of most of its time is known.
func TestOperationsOfRealProfile(t *testing.T) {
	p, err := Parse(busy(t))
	if err != nil {
		t.Fatal(err)
	}
	var sum time.Duration
	operations := p.Operations(PhaseLabel)
	for _, values := range operations {
		for value, cpu := range values {
			sum += cpu
			if value != "" {
				t.Errorf("a profile without phases has %v in %q", cpu, value)
			}
		}
	}
	if sum != p.CPU {
		t.Errorf("operations have %v of %v", sum, p.CPU)
	}
	if testing.Short() {
		t.Skip("short: make race, where the detector's own code, which has no callers, takes most of the time")
	}
	if got := operations["sign"][""]; got < p.CPU/2 {
		t.Errorf("signing has %v of %v of a loop that signs: %v", got, p.CPU, operations)
	}
}
