package counted

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"testing"
)

// TestSide is one side of handshakes where it is asked to be: see [Arguments]. Otherwise it starts itself as both.
func TestSide(t *testing.T) {
	if flag.Arg(0) != sideArgument {
		bothSides(t)
		return
	}
	answers := json.NewEncoder(os.Stdout)
	if err := answers.Encode(Greet(seedable)); err != nil {
		t.Fatal(err)
	}
	var o Order
	if err := json.NewDecoder(bufio.NewReader(os.Stdin)).Decode(&o); err != nil {
		t.Fatal("read order: ", err)
	}
	seed(t, o.Seed)
	if err := answers.Encode(Run(t.Context(), os.NewFile(Stream, "stream"), o)); err != nil {
		t.Fatal(err)
	}
}

func bothSides(t *testing.T) {}
