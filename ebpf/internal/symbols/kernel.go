package symbols

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// ErrHidden means that the kernel shows its symbols without their addresses.
var ErrHidden = errors.New("the kernel hides its addresses from this user")

// OfKernel reads the functions of the running kernel.
func OfKernel() (*Table, error) {
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return nil, fmt.Errorf("symbols of the kernel: %w", err)
	}
	defer f.Close()
	return ReadKernel(f)
}

// ReadKernel reads lines of address, kind, name: ffffffff81000000 T _text.
func ReadKernel(r io.Reader) (*Table, error) {
	t := &Table{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 || !strings.Contains("tTwW", fields[1]) {
			continue
		}
		start, err := strconv.ParseUint(fields[0], 16, 64)
		if err != nil {
			return nil, fmt.Errorf("symbols of the kernel: %w", err)
		}
		if start != 0 {
			t.functions = append(t.functions, function{Range{start, 0}, fields[2], Kernel})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("symbols of the kernel: %w", err)
	}
	if len(t.functions) == 0 {
		return nil, fmt.Errorf("symbols of the kernel: %w", ErrHidden)
	}
	t.sort(math.MaxUint64)
	return t, nil
}
