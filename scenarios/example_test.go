package scenarios_test

import (
	"errors"
	"fmt"

	"github.com/tlslab/tlslab/scenarios"
)

func ExampleParse() {
	_, err := scenarios.Parse("p384.yaml", []byte(`
variants: [{name: std}]
load: {duration: 5s}
cells: {curve: P-384}
`))
	var problems *scenarios.Errors
	if errors.As(err, &problems) {
		for _, p := range *problems {
			fmt.Println(p)
			fmt.Println("hint:", p.Hint)
		}
	}
	// Output:
	// p384.yaml:3:8: unknown key "duration" in load
	// hint: how long it lasts is set with "length"
	// p384.yaml:4:9: unknown key "curve" in cells
	// hint: the key exchange is set with "group"
}

func ExampleScenario_Plan() {
	s, err := scenarios.Load("smoke")
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := s.Plan(1, scenarios.Machine{GOOS: "linux", GOARCH: "amd64", Level: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d blocks, about %s, p >= %.3f\n", len(plan.Blocks), plan.Estimate(), plan.MinimumP())
	for _, b := range plan.Blocks[:4] {
		fmt.Println(b.Group, b.Variant)
	}
	// Output:
	// 24 blocks, about 13.2s, p >= 0.031
	// 0 std
	// 0 fips-on
	// 0 fips-on
	// 0 std
}
