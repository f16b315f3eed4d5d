package reports_test

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results/analysis"
)

func junit(t *testing.T, a *analysis.Analysis) []byte {
	t.Helper()
	return render(t, reports.New(a).WriteJUnit)
}

func xmllint(t *testing.T, text []byte) error {
	t.Helper()
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed: package libxml2-utils")
	}
	file := filepath.Join(t.TempDir(), "junit.xml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "--nonet", "--noout", "--schema", "testdata/junit.xsd", file).CombinedOutput()
	if err != nil {
		t.Logf("%s", out)
	}
	return err
}

func TestJUnitIsValid(t *testing.T) {
	for name, a := range map[string]*analysis.Analysis{"gated": gated(), "sample": sample(), "calm": calm(), "empty": {}, "crowd": crowd(50)} {
		if err := xmllint(t, junit(t, a)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A schema that everything is valid by would be none.
func TestJUnitSchemaRefuses(t *testing.T) {
	whole := string(junit(t, gated()))
	for name, change := range map[string][2]string{
		"a case without a name": {"<testcase name=", "<testcase nom="},
		"a time in words":       {` time="`, ` time="about `},
		"a stray element":       {"<testcase ", "<testcase><properties/></testcase><testcase "},
		"an unknown attribute":  {"<skipped ", "<skipped kind=\"none\" "},
		"no count":              {` tests="`, ` number="`},
	} {
		broken := strings.Replace(whole, change[0], change[1], 1)
		if broken == whole {
			t.Fatalf("%s: nothing was changed", name)
		}
		if err := xmllint(t, []byte(broken)); err == nil {
			t.Errorf("%s is valid", name)
		}
	}
}

// XML can say neither control codes nor what is no character, not even escaped.
func TestJUnitReplacesWhatXMLForbids(t *testing.T) {
	a := calm()
	a.Manifest.Scenario.Name = "a\x00\x01\x1f\uFFFE\xff]]>\u2028z"
	a.Objectives[0].Text = "\x0b<&>\""
	var got suites
	if err := xml.Unmarshal(junit(t, a), &got); err != nil {
		t.Fatal(err)
	}
	if want := "a????\uFFFD]]> z"; got.Name != want || got.Suites[1].Cases[0].Name != " <&>\"" {
		t.Errorf("got %q, want %q; %q", got.Name, want, got.Suites[1].Cases[0].Name)
	}
}

type suites struct {
	Name     string `xml:"name,attr"`
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Suites   []struct {
		Name    string  `xml:"name,attr"`
		Skipped int     `xml:"skipped,attr"`
		Time    float64 `xml:"time,attr"`
		Cases   []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
			Out     string    `xml:"system-out"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func TestJUnitStates(t *testing.T) {
	var got suites
	if err := xml.Unmarshal(junit(t, gated()), &got); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, s := range got.Suites {
		for _, c := range s.Cases {
			state := "passed"
			switch {
			case c.Failure != nil:
				state = "failure"
			case c.Error != nil:
				state = "error"
			case c.Skipped != nil:
				state = "skipped"
			case c.Out != "":
				state = "passed, told"
			}
			states[s.Name+": "+c.Name] = state
		}
	}
	full, resumed := "full/P-384/ecdsa-p384/server-auth", "resumed/P-384/ecdsa-p384/server-auth"
	for name, want := range map[string]string{
		full + ": instructions.crypto of branch":                         "failure",
		full + ": server_cpu of branch":                                  "failure",
		full + ": syscalls of branch":                                    "error",
		full + ": handshake_rate of branch":                              "passed",
		full + ": service_p99 of branch":                                 "passed, told", // advice
		full + ": service_p50 of branch":                                 "skipped",      // not confirmed
		resumed + ": service_p50 of branch":                              "skipped",      // inconclusive
		resumed + ": instructions.crypto of branch":                      "passed",
		resumed + ": server_cpu of fips":                                 "skipped", // it cannot run there
		"full/X25519/ed25519/server-auth: server_cpu of every candidate": "skipped",
		"objectives: p(99)(service{kind=full}) < 6ms":                    "passed, told",
		"objectives: rate(failed) < 0.1%":                                "failure",
		"objectives: p(99.9)(response) < 20ms":                           "error",
		"null control: server_cpu":                                       "passed, told",
		"null control: handshake_rate":                                   "error",
		"null control: service_p50":                                      "skipped",
	} {
		if states[name] != want {
			t.Errorf("%s: got %q, want %q", name, states[name], want)
		}
	}
	failures, errors := 0, 0
	for _, s := range states {
		switch s {
		case "failure":
			failures++
		case "error":
			errors++
		}
	}
	if got.Tests != len(states) || got.Failures != failures || got.Errors != errors {
		t.Errorf("it counts %d tests, %d failures, %d errors; there are %d, %d, %d", got.Tests, got.Failures, got.Errors, len(states), failures, errors)
	}
	if s := got.Suites[0]; s.Time < 10 || s.Time > 100 {
		t.Errorf("30 blocks of about 0.6 s take %v s", s.Time)
	}
}
