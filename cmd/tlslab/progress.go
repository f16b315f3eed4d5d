package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/handshake/scorecard"
)

// progress speaks to people: one live line on a terminal, else a quiet line now and then.
type progress struct {
	w        io.Writer
	terminal bool
	width    int // of the live line, to be wiped
	told     int // tenths of the run, where there is no terminal
	blocks   int // of the run, when last heard
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, told: -1}
	if file, is := w.(*os.File); is {
		if info, err := file.Stat(); err == nil {
			p.terminal = info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
		}
	}
	return p
}

func (p *progress) say(line string) {
	p.end()
	fmt.Fprintln(p.w, "tlslab:", line)
}

func (p *progress) block(now lab.Progress) {
	line := fmt.Sprintf("block %d of %d: %s, %s, %s left", now.Done+1, now.Blocks, now.Cell, now.Variant, now.Left.Round(time.Second))
	p.step(line, now.Done, now.Blocks)
}

// job is of a scorecard.
func (p *progress) job(now scorecard.Progress) {
	p.step(fmt.Sprintf("%d of %d: %s, %s", now.Done+1, now.Of, now.Target, now.Doing), now.Done, now.Of)
}

func (p *progress) step(line string, done, of int) {
	if p.terminal {
		line = line[:min(len(line), columns(p.w)-1)]
		fmt.Fprintf(p.w, "\r%-*s", p.width, line)
		p.width = len(line)
		return
	}
	if of != p.blocks { // spare blocks came
		p.blocks, p.told = of, -1
	}
	if tenth := done * 10 / of; tenth > p.told {
		p.told = tenth
		fmt.Fprintln(p.w, "tlslab:", line)
	}
}

// columns is the terminal's width.
func columns(w io.Writer) int {
	if file, is := w.(*os.File); is {
		if size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 1 {
			return int(size.Col)
		}
	}
	return 80
}

// end wipes the live line.
func (p *progress) end() {
	if p.width > 0 {
		fmt.Fprintf(p.w, "\r%*s\r", p.width, "")
		p.width = 0
	}
}
