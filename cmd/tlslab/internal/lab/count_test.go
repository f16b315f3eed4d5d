package lab

import (
	"context"
	"encoding/json"
	"testing"
	"time"
	"os"
	"fmt"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/scenarios"
	"github.com/tlslab/tlslab/results/exact"
)

func TestZZ(t *testing.T) {
	text, err := os.ReadFile("../../../../scenarios/exact.yaml")
	if err != nil { t.Fatal(err) }
	if x:=os.Getenv("TEXT"); x!="" {text=[]byte(x)}
	scenario, err := scenarios.Parse("exact.yaml", text)
	if err != nil { t.Fatal(err) }
	plan, err := scenario.Plan(1, scenarios.Machine{GOOS: "linux", GOARCH: "amd64", Level: 1})
	if err != nil { t.Fatal(err) }
	b, err := variant.NewBuilder()
	if err != nil { t.Fatal(err) }
	began := time.Now()
	r := &Run{lab: &Lab{Builder: b, Tool: os.Args[0], Speak: func(s string) { fmt.Println(time.Since(began), s) }}, plan: plan, places: map[string]placement{"std": {}}, binaries: map[string]*variant.Binary{}}
	for _,v:=range plan.Variants { bin, err := b.Build(context.Background(), v.Build)
	if err != nil { t.Fatal(err) }
	r.places[v.Name]=placement{}
	r.binaries[v.Name] = bin }
	if os.Getenv("SYS")!="" {
		c:=count{Run:r}
		r.secrets,_=issue(plan.Cells,time.Now())
		for i:=0;i<4;i++ { all:=[]exact.Counts{}; for _,cc:=range plan.Cells {all=append(all,exact.Counts{Cell:cc.Name,Variant:"std"})}
		fmt.Println(c.countSyscalls(t.Context(),all),c.gaps)
		for _,x:=range all {fmt.Println(x.Cell,x.Syscalls)} }
		return
	}
	all, gaps, err := r.Count(t.Context())
	fmt.Println(time.Since(began))
	x, _ := json.MarshalIndent(all, "", " ")
	os.WriteFile(os.Getenv("ZZOUT"), x, 0o600)
	fmt.Println(gaps, err)
	for _, c := range all { fmt.Println(c.Cell, c.Values(), c.Syscalls, c.Key) }
}
