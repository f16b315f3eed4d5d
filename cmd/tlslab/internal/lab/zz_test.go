package lab
import ("testing";"fmt";"time";"os";"encoding/json";"github.com/tlslab/tlslab/scenarios";"github.com/tlslab/tlslab/results/exact")
func TestZZ(t *testing.T){
 text,_:=os.ReadFile("../../../../scenarios/exact.yaml")
 sc,err:=scenarios.Parse("exact.yaml",text); if err!=nil{t.Fatal(err)}
 plan,err:=sc.Plan(1,scenarios.Machine{GOOS:"linux",GOARCH:"amd64",Level:4,HasCgo:true}); if err!=nil{t.Fatal(err)}
 c,_,std:=countOf(t,byCallgrind(t)); c.seeded=seededSizes; c.plan=plan
 for i:=1;i<=3;i++ {
  c.secrets,_=regularSecrets(plan.Cells,time.Now())
  var all []exact.Counts
  for _,cell:=range plan.Cells { b:=time.Now(); all=append(all,mustCount(t,c,cell,std)); fmt.Println(cell.Name,time.Since(b)) }
  x,_:=json.Marshal(all); os.WriteFile(fmt.Sprintf("/tmp/b/z%d.json",i),x,0o600)
 }
}
