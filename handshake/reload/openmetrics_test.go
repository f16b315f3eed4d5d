package reload

import (
	"strings"
	"testing"
	"time"
)

func TestWriteOpenMetrics(t *testing.T) {
	loaded := time.UnixMilli(1_790_000_000_500)
	for _, test := range []struct {
		name   string
		ledger Ledger
		want   string
	}{
		{"nothing was ever served", Ledger{}, `# TYPE tlslab_reload counter
# HELP tlslab_reload Reloads by what became of them.
# TYPE tlslab_reload_events counter
# HELP tlslab_reload_events Events of the file system by kind.
# TYPE tlslab_reload_failing gauge
# HELP tlslab_reload_failing Whether the newest reload did not succeed.
tlslab_reload_failing 0
# EOF
`},
		{"everything", Ledger{
			Generation: 42, Epoch: 3, NotAfter: loaded.Add(time.Hour), Loaded: loaded, Failing: "mismatch",
			Reloads: map[Outcome]uint64{{Refused, "mismatch"}: 2, {Refused, "chain"}: 1, {Result: OK}: 7},
			Events:  map[string]uint64{"write": 9, "a \"b\" \\ \n": 1},
		}, `# TYPE tlslab_reload counter
# HELP tlslab_reload Reloads by what became of them.
tlslab_reload_total{result="ok",reason=""} 7
tlslab_reload_total{result="refused",reason="chain"} 1
tlslab_reload_total{result="refused",reason="mismatch"} 2
# TYPE tlslab_reload_events counter
# HELP tlslab_reload_events Events of the file system by kind.
tlslab_reload_events_total{kind="a \"b\" \\ \n"} 1
tlslab_reload_events_total{kind="write"} 9
# TYPE tlslab_certificate_generation gauge
# HELP tlslab_certificate_generation Serial number of the certificate that is served.
tlslab_certificate_generation 42
# TYPE tlslab_certificate_epoch gauge
# HELP tlslab_certificate_epoch Under what sessions may be resumed.
tlslab_certificate_epoch 3
# TYPE tlslab_certificate_not_after_seconds gauge
# UNIT tlslab_certificate_not_after_seconds seconds
# HELP tlslab_certificate_not_after_seconds When the certificate that is served expires.
tlslab_certificate_not_after_seconds 1790003600
# TYPE tlslab_certificate_loaded_timestamp_seconds gauge
# UNIT tlslab_certificate_loaded_timestamp_seconds seconds
# HELP tlslab_certificate_loaded_timestamp_seconds When it was loaded.
tlslab_certificate_loaded_timestamp_seconds 1790000000.500
# TYPE tlslab_reload_failing gauge
# HELP tlslab_reload_failing Whether the newest reload did not succeed.
tlslab_reload_failing 1
# EOF
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got strings.Builder
			if err := test.ledger.WriteOpenMetrics(&got); err != nil {
				t.Fatal(err)
			}
			if got.String() != test.want {
				t.Errorf("got\n%s\nwant\n%s", got.String(), test.want)
			}
		})
	}
}
