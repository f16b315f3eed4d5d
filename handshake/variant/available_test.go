package variant

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		build Build
		want  string // empty: possible
	}{
		{Build{}, ""},
		{Build{Backend: Std, Toolchain: "go1.26.8"}, ""},
		{Build{Backend: FIPS140, GOFIPS140: "certified"}, ""},
		{Build{Backend: "openssl"}, `unknown backend "openssl"`},
		{Build{GOFIPS140: "latest"}, `gofips140 "latest" with the std backend`},
		{Build{Backend: FIPS140, GOFIPS140: "off"}, "gofips140 off"},
		{Build{GOAMD64: "v5"}, `unknown goamd64 "v5"`},
		{Build{Toolchain: "1.26.8"}, `unknown toolchain "1.26.8"`},
		{Build{Experiment: []string{"runtimesecret"}}, ""},
		{Build{Experiment: []string{"runtimesecret,boringcrypto"}}, `unknown experiment "runtimesecret,boringcrypto"`},
		{Build{Experiment: []string{""}}, `unknown experiment ""`},
		{Build{Experiment: []string{"boringcrypto"}}, "experiment boringcrypto is a backend"},
		{Build{Source: Source{Path: ".", Ref: "main"}}, "a path and a ref"},
	} {
		err := Available(test.build)
		if test.want == "" && err != nil {
			t.Errorf("%+v: %v", test.build, err)
		}
		if test.want != "" && (!errors.Is(err, ErrImpossible) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: got %v, want %s", test.build, err, test.want)
		}
	}
}

func TestAMD64Levels(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		if err := Available(Build{GOAMD64: "v1"}); !errors.Is(err, ErrImpossible) {
			t.Errorf("goamd64 on %s: %v", runtime.GOARCH, err)
		}
		return
	}
	level := amd64Level()
	for i, name := range []string{"v1", "v2", "v3", "v4"} {
		if err := Available(Build{GOAMD64: name}); (err == nil) != (i < level) {
			t.Errorf("goamd64 %s on a CPU of level %d: %v", name, level, err)
		}
	}
}

func TestAvailableTools(t *testing.T) {
	boring := Build{Backend: BoringCrypto}
	if checkBackend(boring) == nil {
		t.Setenv("CC", "/nonexistent/cc")
		if err := Available(boring); !errors.Is(err, ErrNoCompiler) {
			t.Errorf("got %v, want %v", err, ErrNoCompiler)
		}
	}
	if err := Available(Build{}); err != nil {
		t.Errorf("std needs no C compiler, yet %v", err)
	}
	t.Setenv("PATH", "/nonexistent")
	if err := Available(Build{}); !errors.Is(err, ErrNoGo) {
		t.Errorf("got %v, want %v", err, ErrNoGo)
	}
}
