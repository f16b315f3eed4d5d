// Command fuzz runs every fuzz target of the module for a while, one after another: go test -fuzz takes one at a
// time. The while is a number of executions, because go test may take the end of a time for a failure ("context
// deadline exceeded").
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	each := flag.String("each", "10000x", "how long each target runs: a number of executions, or a time")
	flag.Parse()
	targets, err := list()
	if err == nil && len(targets) == 0 {
		err = fmt.Errorf("no fuzz target found")
	}
	for _, t := range targets {
		if err == nil {
			err = run("go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", *each, "-fuzzminimizetime", "10x", t.pkg)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

type target struct{ pkg, name string }

// list asks go test for the fuzz targets; a package's targets come before its own "ok" line.
func list() (targets []target, err error) {
	cmd := exec.Command("go", "test", "-list", "^Fuzz", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list targets: %w", err)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "Fuzz") {
			names = append(names, strings.TrimSpace(line))
			continue
		}
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "ok" {
			for _, name := range names {
				targets = append(targets, target{fields[1], name})
			}
			names = nil
		}
	}
	return targets, nil
}

func run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
