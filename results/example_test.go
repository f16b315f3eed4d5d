package results_test

import (
	"fmt"
	"os"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results"
)

// A run of one block is written, then opened.
func Example() {
	dir, err := os.MkdirTemp("", "bundle")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	spec := handshake.Spec{Group: handshake.X25519, Signature: handshake.ECDSAP256}
	m := results.Manifest{
		Seed:     1,
		Variants: []results.Variant{{Name: "std", Baseline: true}},
		Cells:    []results.Cell{{Name: spec.String(), Spec: spec, Variants: []string{"std"}}},
		Blocks:   1,
	}
	w, err := results.Create(dir, m)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()
	if err := w.Block(results.Block{Cell: spec.String(), Variant: "std"}); err != nil {
		fmt.Println(err)
		return
	}
	_, err = results.Open(os.DirFS(dir))
	fmt.Println(err)

	if _, err := w.Finish(m); err != nil {
		fmt.Println(err)
		return
	}
	b, err := results.Open(os.DirFS(dir))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(b.Blocks), "block of", b.Blocks[0].Cell)
	for _, f := range b.Files {
		fmt.Println(f.Name)
	}
	// Output:
	// not a bundle: manifest.json is missing
	// 1 block of full/X25519/ecdsa-p256/server-auth
	// blocks/0000.json
}
