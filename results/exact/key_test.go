package exact

import (
	"reflect"
	"slices"
	"testing"
)

func TestDifferences(t *testing.T) {
	tests := []struct {
		change func(*Key)
		want   []string
	}{
		{func(*Key) {}, nil},
		{func(k *Key) { k.Features = []string{"pclmulqdq", "aes", "avx2"} }, nil},
		{func(k *Key) { k.Go = "go1.26.7" }, []string{"toolchain: go1.26.7 against go1.26.8"}},
		{func(k *Key) { k.Counter = "perf_event" }, []string{"counter: perf_event against callgrind-3.19.0"}},
		{func(k *Key) { k.Arch, k.Level = "arm64", "v8.0" }, []string{
			"system: linux/arm64 against linux/amd64", "instruction set level: v8.0 against v1"}},
		{func(k *Key) { k.OS = "darwin" }, []string{"system: darwin/amd64 against linux/amd64"}},
		{func(k *Key) { k.GOEXPERIMENT = "boringcrypto" }, []string{"GOEXPERIMENT: boringcrypto against none"}},
		{func(k *Key) { k.GOFIPS140 = "latest" }, []string{"GOFIPS140: latest against none"}},
		{func(k *Key) { k.GODEBUG = "cpu.sha=off" }, []string{"GODEBUG: cpu.sha=off against none"}},
		{func(k *Key) { k.Tags = []string{"purego"} }, []string{"tags: purego against none"}},
		{func(k *Key) { k.PGO = "ab12" }, []string{"profile: ab12 against none"}},
		{func(k *Key) { k.Features = []string{"aes", "sha", "avx2"} }, []string{"CPU features: sha only here, pclmulqdq only there"}},
		{func(k *Key) { k.Features = []string{"aes", "avx2"} }, []string{"CPU features: none only here, pclmulqdq only there"}},
		{func(k *Key) { k.Seeded = false }, []string{"randomness: unseeded against seeded"}},
		{func(k *Key) { k.Handshakes = [2]int{5, 25} }, []string{"handshakes: 5 to 25 against 10 to 110"}},
	}
	for _, tt := range tests {
		k := key()
		tt.change(&k)
		if got := k.Differences(key()); !slices.Equal(got, tt.want) {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// Every field of a key makes another key, one that is added to the type too.
func TestDifferencesSeeEveryField(t *testing.T) {
	for i := range reflect.TypeFor[Key]().NumField() {
		var k Key
		field := reflect.ValueOf(&k).Elem().Field(i)
		switch field.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Slice:
			field.Set(reflect.ValueOf([]string{"x"}))
		default:
			field.Index(0).SetInt(1)
		}
		if len(k.Differences(Key{})) != 1 {
			t.Errorf("%s: got %q, want one difference", reflect.TypeFor[Key]().Field(i).Name, k.Differences(Key{}))
		}
	}
}
