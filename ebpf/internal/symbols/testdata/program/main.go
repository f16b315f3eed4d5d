// Program uses a little of the standard library.
package main

import (
	"crypto/sha3"
	"fmt"
)

func main() { fmt.Printf("%x\n", sha3.Sum256(nil)) }
