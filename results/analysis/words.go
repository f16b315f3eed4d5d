package analysis

import (
	"fmt"
	"strings"
)

// plural counts things: "1 block", "12 blocks".
func plural(n int, thing string) string { return fmt.Sprintf("%d %s", n, several(n, thing)) }

func several(n int, thing string) string {
	if n == 1 || strings.HasSuffix(thing, "s") {
		return thing
	}
	return thing + "s"
}

// part is how many of all things: "2 of 8 groups", "all 8 groups", "both groups", "the only group".
func part(n, of int, thing string) string {
	switch {
	case n == of && of == 1:
		return "the only " + thing
	case n == of && of == 2:
		return "both " + several(of, thing)
	case n == of:
		return "all " + plural(of, thing)
	}
	return fmt.Sprintf("%d of %s", n, plural(of, thing))
}
