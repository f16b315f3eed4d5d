package reload

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteOpenMetrics writes the ledger as OpenMetrics 1.0 text. What is not known, because nothing was ever served, is
// left out. The error is that of w.
func (l Ledger) WriteOpenMetrics(w io.Writer) error {
	b := bufio.NewWriter(w)
	l.writeReloads(b)
	if l.Generation != 0 {
		gauge(b, "tlslab_certificate_generation", "", "Serial number of the certificate that is served.", "%d", l.Generation)
	}
	if !l.Loaded.IsZero() {
		gauge(b, "tlslab_certificate_epoch", "", "Under what sessions may be resumed.", "%d", l.Epoch)
		gauge(b, "tlslab_certificate_not_after_seconds", "seconds", "When the certificate that is served expires.", "%d", l.NotAfter.Unix())
		gauge(b, "tlslab_certificate_loaded_timestamp_seconds", "seconds", "When it was loaded.", "%.3f", float64(l.Loaded.UnixMilli())/1e3)
	}
	failing := 0
	if l.Failing != "" {
		failing = 1
	}
	gauge(b, "tlslab_reload_failing", "", "Whether the newest reload did not succeed.", "%d", failing)
	fmt.Fprintln(b, "# EOF")
	return b.Flush()
}

func (l Ledger) writeReloads(w io.Writer) {
	family(w, "tlslab_reload", "counter", "", "Reloads by what became of them.")
	order := func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(a.Result, b.Result), cmp.Compare(a.Reason, b.Reason))
	}
	for _, o := range slices.SortedFunc(maps.Keys(l.Reloads), order) {
		fmt.Fprintf(w, "tlslab_reload_total{result=\"%s\",reason=\"%s\"} %d\n", escape(string(o.Result)), escape(o.Reason), l.Reloads[o])
	}
	family(w, "tlslab_reload_events", "counter", "", "Events of the file system by kind.")
	for _, kind := range slices.Sorted(maps.Keys(l.Events)) {
		fmt.Fprintf(w, "tlslab_reload_events_total{kind=\"%s\"} %d\n", escape(kind), l.Events[kind])
	}
}

func gauge(w io.Writer, name, unit, help, format string, value any) {
	family(w, name, "gauge", unit, help)
	fmt.Fprintf(w, name+" "+format+"\n", value)
}

func family(w io.Writer, name, kind, unit, help string) {
	fmt.Fprintf(w, "# TYPE %s %s\n", name, kind)
	if unit != "" {
		fmt.Fprintf(w, "# UNIT %s %s\n", name, unit)
	}
	fmt.Fprintf(w, "# HELP %s %s\n", name, help)
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace
