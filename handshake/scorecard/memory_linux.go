package scorecard

import (
	"bufio"
	"debug/buildinfo"
	"fmt"
	"os"
	"strings"
)

// Stretches of memory are read in pieces, each with its margins, into which a key may reach.
const (
	piece  = 4 << 20
	margin = 4 << 10
)

// remember looks for the keys that were served and are no longer: all but the newest two. One of these may still be what
// somebody holds who began before the last rotation.
func (s *soak) remember() (*Memory, error) {
	retired := s.issued[:max(0, len(s.issued)-2)]
	x, err := indexOf(retired)
	if err != nil {
		return nil, err
	}
	m := &Memory{Rotations: len(s.issued), Retired: len(retired)}
	f := &found{map[int]bool{}, map[string]int{}}
	for _, pid := range members(s.cmd.Process.Pid) {
		n, err := x.scan(pid, f)
		if err != nil {
			return nil, err
		}
		m.Scanned += n
	}
	m.Found, m.Copies, m.Erased = len(f.keys), f.copies, erases(s.cmd.Process.Pid)
	return m, nil
}

// scan searches all memory that a process may write and shares with nobody.
func (x *index) scan(pid int, f *found) (scanned int64, err error) {
	memory, err := os.Open(proc(pid, "mem"))
	if err != nil {
		return 0, err
	}
	defer memory.Close()
	maps, err := os.Open(proc(pid, "maps"))
	if err != nil {
		return 0, err
	}
	defer maps.Close()
	buffer := make([]byte, piece+2*margin)
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to uint64
		var rights string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &rights); err != nil {
			return scanned, fmt.Errorf("map of memory: %w", err)
		}
		if !strings.HasPrefix(rights, "rw") || !strings.HasSuffix(rights, "p") {
			continue
		}
		scanned += int64(to - from)
		for at := int64(from); at < int64(to); at += piece {
			begin, end := max(int64(from), at-margin), min(int64(to), at+piece+margin)
			n, _ := memory.ReadAt(buffer[:end-begin], begin) // a guard page, or a stretch that went meanwhile
			x.search(buffer[:n], int(at-begin), int(at-begin)+piece, f)
		}
	}
	return scanned, nil
}

// erases: the program was built with memory that forgets secrets.
func erases(pid int) bool {
	info, err := buildinfo.ReadFile(proc(pid, "exe"))
	if err != nil {
		return false // no Go program
	}
	for _, s := range info.Settings {
		if s.Key == "GOEXPERIMENT" && strings.Contains(s.Value, "runtimesecret") {
			return true
		}
	}
	return false
}
