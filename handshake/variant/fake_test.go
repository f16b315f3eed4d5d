package variant

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/tlslab/tlslab/handshake/server"
)

// The test binary starts itself as the process under test. TLSLAB_FAKE says what that process does wrong; "good"
// does nothing wrong, "parent" starts a good child and waits. As go or compile it is that tool.
func TestMain(m *testing.M) {
	switch mode := os.Getenv("TLSLAB_FAKE"); {
	case filepath.Base(os.Args[0]) == "go":
		fakeGo()
	case os.Args[0] == "compile":
		fakeCompile()
	case mode == "":
		os.Exit(m.Run())
	case mode == "parent":
		fakeParent()
	case mode == "builder":
		fakeBuilder()
	default:
		fakeServer(mode)
	}
}

// fakeServer speaks the protocol on stdin and stdout.
func fakeServer(mode string) {
	alive()
	before(mode)
	in := json.NewDecoder(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	var settings server.Settings
	if in.Decode(&settings) != nil {
		return
	}
	answer(out, helloOf(settings))
	for {
		var r server.Request
		if err := in.Decode(&r); err == io.EOF {
			atEnd(mode)
			return
		}
		during(mode, r.Do)
		answer(out, replyTo(r.Do))
		if r.Do == "stop" && mode != "stubborn" {
			return
		}
	}
}

// alive keeps a connection to the test open for as long as this process lives; nil where the test wants none.
func alive() net.Conn {
	path := os.Getenv("TLSLAB_ALIVE")
	if path == "" {
		return nil
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		panic(err)
	}
	return conn
}

// before is what goes wrong before the settings are read.
func before(mode string) {
	switch mode {
	case "port":
		fmt.Fprintln(os.Stderr, "tlslab-server: listen tcp 127.0.0.1:443: bind: address already in use")
		os.Exit(1)
	case "refuse":
		answer(json.NewEncoder(os.Stdout), server.Reply{Error: "listen tcp 127.0.0.1:443: bind: address already in use"})
		forever()
	case "panic":
		panic("no certificate")
	case "mute":
		forever()
	case "garbage":
		fmt.Println("hello, world")
		forever()
	case "chatter":
		out := json.NewEncoder(os.Stdout)
		for range 3 {
			answer(out, server.Reply{})
		}
		forever()
	case "closed":
		os.Stdout.Close()
		forever()
	case "flood":
		fmt.Fprintln(os.Stderr, "first line")
		fmt.Fprint(os.Stderr, strings.Repeat("x", 1<<20))
		fmt.Fprintln(os.Stderr, "\nlast line")
	}
}

// during is what goes wrong when a request has been read.
func during(mode, do string) {
	switch {
	case mode == "killed" && do == "end":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		forever()
	case mode == "hang" && do == "end", mode == "stubborn" && do == "stop":
		forever()
	}
}

// atEnd is what goes wrong at the end of the input.
func atEnd(mode string) {
	if mode == "stubborn" {
		forever()
	}
}

// forever waits for a signal that nobody sends; only SIGKILL ends it.
func forever() {
	ignoreInterrupts()
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	<-c
}

func ignoreInterrupts() { signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP) }

// helloOf says what the tests want to know of the process: how many CPUs it sees, and all of its environment.
func helloOf(s server.Settings) server.Reply {
	environment := map[string]string{}
	for _, line := range os.Environ() {
		name, value, _ := strings.Cut(line, "=")
		environment[name] = value
	}
	return server.Reply{Hello: &server.Hello{
		Address: s.Listen, PID: os.Getpid(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Build: environment, GODEBUG: os.Getenv("GODEBUG"), GOMAXPROCS: runtime.NumCPU(),
	}}
}

func replyTo(do string) server.Reply {
	switch do {
	case "end":
		var report server.Report
		report.Ledger.Accepted = 7
		return server.Reply{Report: &report}
	case "profile-stop":
		return server.Reply{Profiles: []server.Profile{{Data: []byte("profile")}}}
	case "trace-stop":
		return server.Reply{Trace: &server.Trace{Data: []byte("trace"), Cut: true}}
	case "plant":
		return server.Reply{Error: "there is none"}
	case "profile-start":
		return server.Reply{Error: "a profile is running already"}
	}
	return server.Reply{}
}

func answer(out *json.Encoder, r server.Reply) {
	if err := out.Encode(r); err != nil {
		os.Exit(3)
	}
}

// fakeParent starts a child that ends with its input or, told so, only by a signal; then it waits to be killed.
func fakeParent() {
	child := map[string]string{"TLSLAB_FAKE": os.Getenv("TLSLAB_CHILD"), "TLSLAB_ALIVE": os.Getenv("TLSLAB_ALIVE")}
	p, err := Start(context.Background(), Binary{Path: os.Args[0]}, Options{Env: child})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.PID())
	bufio.NewReader(os.Stdin).ReadString('\n')
	forever()
}
