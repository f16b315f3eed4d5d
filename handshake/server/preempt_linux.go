package server

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/tlslab/tlslab/handshake"
)

// preemptor is a process of its own that spins when it is ordered to. Bound to a CPU and woken, it takes that CPU from
// the thread that woke it, which has become one of the lowest class, SCHED_IDLE. A goroutine of the server itself
// could not, for it would need a P first; and a process of real-time priority would not always, for kernels since
// 6.12 have a server for usual threads that may step in between.
type preemptor struct {
	cmd    *exec.Cmd
	orders *os.File // to it: a time to spin, in nanoseconds as eight bytes
	done   *os.File // from it: a byte when it has spun
	fds    struct{ orders, done uintptr }
	thread int
	turn   sync.Mutex
}

// waitForCPU plants a wait in the run queue.
func waitForCPU(ctx context.Context, p Plant, _ *plants) (*growth, error) {
	if err := canReturn(); err != nil {
		return nil, err
	}
	other, err := startPreemptor(ctx)
	if err != nil {
		return nil, err
	}
	g := exact(p, other.displace)
	g.stop = other.stop
	return g, nil
}

// startPreemptor starts this program again as the other process.
func startPreemptor(ctx context.Context) (*preemptor, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &preemptor{cmd: exec.CommandContext(ctx, self)}
	p.cmd.Env = []string{"GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"} // no signal wakes it while it waits for orders
	in, orders, err1 := os.Pipe()
	done, out, err2 := os.Pipe()
	defer in.Close()
	defer out.Close()
	p.orders, p.done, p.cmd.Stdin, p.cmd.Stdout = orders, done, in, out
	if err = errors.Join(err1, err2); err == nil {
		err = p.cmd.Start()
	}
	if err == nil {
		err = p.greet()
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("the process that takes the CPU: %w", err)
	}
	return p, nil
}

func (p *preemptor) greet() error {
	var reply Reply
	err := json.NewEncoder(p.orders).Encode(Settings{App: preemptorApp})
	if err == nil {
		err = json.NewDecoder(bufio.NewReader(p.done)).Decode(&reply)
	}
	switch {
	case err != nil:
		return err
	case reply.Hello == nil:
		return errors.New("it said no hello")
	}
	p.thread = reply.Hello.PID
	p.fds.orders, p.fds.done = p.orders.Fd(), p.done.Fd() // which makes both block
	return syscall.SetNonblock(int(p.fds.done), true)
}

func (p *preemptor) stop() {
	p.orders.Close() // which ends it
	p.cmd.Wait()
	p.done.Close()
}

// displace lets the other process have this thread's CPU for a while, and returns how long this thread could run and
// did not. Where two handshakes want to be planted at once, the second is not.
func (p *preemptor) displace(size time.Duration) time.Duration {
	if !p.turn.TryLock() {
		return 0
	}
	defer p.turn.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := affinity(0)
	if err != nil {
		return 0
	}
	here := currentCPU()
	defer bind(0, own)
	if bind(0, here) != nil || bind(p.thread, here) != nil {
		return 0
	}
	defer setPolicy(schedOther)
	if setPolicy(schedIdle) != nil {
		return 0
	}
	return p.wait(size)
}

// wait gives its CPU to the other process, and again where it came back too early, for the system has other things
// to do. All calls are plain: the thread keeps its P meanwhile, or it would wait for one afterwards.
func (p *preemptor) wait(size time.Duration) (displaced time.Duration) {
	began, used := time.Now(), handshake.ThreadCPU()
	for displaced < size && time.Since(began) < maxWaits*size {
		p.order(size - displaced)
		for !p.idle() {
			syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
		}
		displaced = time.Since(began) - (handshake.ThreadCPU() - used)
	}
	return displaced
}

// maxWaits bounds a wait that does not add up, in sizes.
const maxWaits = 10

func (p *preemptor) order(size time.Duration) {
	var order [8]byte
	binary.LittleEndian.PutUint64(order[:], uint64(size))
	syscall.RawSyscall(syscall.SYS_WRITE, p.fds.orders, uintptr(unsafe.Pointer(&order)), unsafe.Sizeof(order))
}

// idle tells whether the other process has done what it was ordered to, or has ended.
func (p *preemptor) idle() bool {
	var done byte
	_, _, err := syscall.RawSyscall(syscall.SYS_READ, p.fds.done, uintptr(unsafe.Pointer(&done)), 1)
	return err != syscall.EAGAIN
}

// preempt is what the other process does: it spins as it is ordered until its input ends.
func preempt(replies *json.Encoder) error {
	runtime.LockOSThread()
	if err := replies.Encode(Reply{Hello: &Hello{PID: syscall.Gettid()}}); err != nil {
		return err
	}
	for {
		var order [8]byte
		// Plain: the thread keeps its P, or it would have to look for one when it is woken.
		n, _, err := syscall.RawSyscall(syscall.SYS_READ, 0, uintptr(unsafe.Pointer(&order)), unsafe.Sizeof(order))
		switch {
		case err == syscall.EINTR:
		case n < unsafe.Sizeof(order) || err != 0:
			return errorOf(err)
		default:
			spin(time.Duration(binary.LittleEndian.Uint64(order[:])))
			os.Stdout.Write(order[:1])
		}
	}
}

// cpus is a set of CPUs as the kernel has it.
type cpus [1024 / bits.UintSize]uint

// The scheduler's classes: see sched(7).
const (
	schedOther = 0
	schedIdle  = 5
)

// setPolicy moves this thread into a class.
func setPolicy(class uintptr) error {
	var priority int32 // which neither class has
	_, _, no := syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, class, uintptr(unsafe.Pointer(&priority)))
	return errorOf(no)
}

// canReturn tries, on a thread that ends with its goroutine, whether a thread of the lowest class may leave it again.
func canReturn() error {
	tried := make(chan error)
	go func() {
		runtime.LockOSThread()
		tried <- cmp.Or(setPolicy(schedIdle), setPolicy(schedOther))
	}()
	if err := <-tried; err != nil {
		return fmt.Errorf("a thread that gives way to all others may not take that back: %w: hint: it needs CAP_SYS_NICE", err)
	}
	return nil
}

func affinity(thread int) (set cpus, err error) {
	_, _, no := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, uintptr(thread), unsafe.Sizeof(set), uintptr(unsafe.Pointer(&set)))
	return set, errorOf(no)
}

func bind(thread int, set cpus) error {
	_, _, no := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(thread), unsafe.Sizeof(set), uintptr(unsafe.Pointer(&set)))
	return errorOf(no)
}

// currentCPU is the CPU that this thread is on; none where the kernel does not say.
func currentCPU() (set cpus) {
	number, known := getCPU[runtime.GOARCH]
	var cpu uint32
	if _, _, err := syscall.RawSyscall(number, uintptr(unsafe.Pointer(&cpu)), 0, 0); known && err == 0 {
		set[cpu/bits.UintSize] = 1 << (cpu % bits.UintSize)
	}
	return set
}

// getCPU has the numbers of getcpu(2), which package syscall lacks for amd64.
var getCPU = map[string]uintptr{"amd64": 309, "arm64": 168}

func errorOf(no syscall.Errno) error {
	if no == 0 {
		return nil
	}
	return no
}
