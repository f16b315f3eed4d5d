package standalone

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// The sockets of a server, in the order in which a child inherits them.
const (
	httpSocket = iota
	nodeSocket
	adminSocket
)

// sockets are listeners; nil: not asked for.
type sockets [3]net.Listener

func (s Settings) addresses() [3]string { return [3]string{s.Listen, s.Node, s.Admin} }

// listen opens what is asked for, or nothing.
func (s Settings) listen() (open sockets, err error) {
	for i, address := range s.addresses() {
		switch {
		case address == "":
			continue
		case i == adminSocket:
			open[i], err = listenAdmin(address)
		default:
			open[i], err = net.Listen("tcp", address)
		}
		if err != nil {
			open[i] = nil // an interface that holds no listener
			open.close()
			return sockets{}, err
		}
	}
	return open, nil
}

func (k sockets) close() {
	for _, l := range k {
		if l != nil {
			l.Close()
		}
	}
}

// address is where a socket listens; empty: nowhere.
func (k sockets) address(i int) string {
	if k[i] == nil {
		return ""
	}
	return k[i].Addr().String()
}

// files are copies of the descriptors, for a child.
func (k sockets) files() (files []*os.File, err error) {
	for _, l := range k {
		if l == nil {
			continue
		}
		f, err := l.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			closeAll(files)
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// inherit takes over the listeners that a parent handed down from descriptor first on.
func (s Settings) inherit(first uintptr) (open sockets, err error) {
	for i, address := range s.addresses() {
		if address == "" {
			continue
		}
		f := os.NewFile(first, address)
		first++
		if open[i], err = net.FileListener(f); err != nil {
			return open, fmt.Errorf("inherit %s: %w", address, err)
		}
		f.Close() // the listener has a copy
	}
	return open, nil
}

// listenAdmin makes a socket that nobody but its owner can connect to. What a server that was killed left behind is
// removed: a socket that nobody listens on.
func listenAdmin(path string) (net.Listener, error) {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSocket != 0 {
		conn, err := net.Dial("unix", path)
		if err == nil {
			conn.Close()
			return nil, fmt.Errorf("admin socket %s: a server listens there already", path)
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			os.Remove(path) // where that fails, listening does and says why
		}
	}
	defer syscall.Umask(syscall.Umask(0o177)) // not chmod: the socket could be connected to before
	return net.Listen("unix", path)
}
