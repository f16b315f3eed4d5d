package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/metric"
	"github.com/tlslab/tlslab/results/profile"
)

const (
	leastShare    = 0.02 // of some variant's CPU time, for a package to have a row of its own
	packagesShown = 8    // in a cell
	inBrief       = 3    // packages that a terminal shows of a variant
)

// glosses say what a package's time went into, where its name does not.
var glosses = map[string]string{
	"boringcrypto (cgo)":                         "BoringCrypto's C and assembly",
	"crypto/internal/boring":                     "Go's bridge to BoringCrypto",
	"crypto/internal/fips140/aes":                "AES",
	"crypto/internal/fips140/aes/gcm":            "AES-GCM",
	"crypto/internal/fips140/bigmod":             "modular arithmetic: RSA, and the scalars of ECDSA",
	"crypto/internal/fips140/drbg":               "random numbers",
	"crypto/internal/fips140/edwards25519":       "Ed25519",
	"crypto/internal/fips140/hkdf":               "key schedule",
	"crypto/internal/fips140/hmac":               "key schedule, Finished",
	"crypto/internal/fips140/mlkem":              "ML-KEM",
	"crypto/internal/fips140/nistec":             "P-256 in assembly; point formulas of P-384 and P-521",
	"crypto/internal/fips140/nistec/fiat":        "portable field arithmetic of P-384 and P-521",
	"crypto/internal/fips140/sha256":             "SHA-256: transcript, key schedule",
	"crypto/internal/fips140/sha3":               "SHA-3: ML-KEM",
	"crypto/internal/fips140/sha512":             "SHA-384, SHA-512",
	"crypto/internal/fips140/tls13":              "key schedule",
	"crypto/internal/fips140/edwards25519/field": "X25519, Ed25519",
	"crypto/tls":  "messages, states, records",
	"crypto/x509": "certificates",
	"github.com/tlslab/tlslab/handshake/server": "the lab's server around crypto/tls",
	"internal/poll":                         "sockets",
	"net":                                   "sockets",
	"runtime":                               "scheduler, memory, entering and leaving C",
	"syscall":                               "the kernel, entered by system calls",
	"vendor/golang.org/x/crypto/cryptobyte": "reading and writing of messages",
}

// Bars are stacked bars under each other on one linear axis from zero.
type Bars struct {
	Caption string
	By      string // what a segment is; empty: a package
	Shown   bool   // the caption stands above the bars
	Bare    bool   // the heads are no variants: they have no line of their own
	Rows    []Bar
}

// Bar is one variant.
type Bar struct {
	Head     Head
	Total    string
	Segments []Segment
}

// Segment is a part of a bar; places are shares of the longest bar's width, as "12.5%".
type Segment struct {
	At, Width, Middle string
	Key               int  // number of the package in the whole report; 0: all other packages
	Labelled          bool // wide enough for its number
	Description       string
}

// CPU says which packages the servers' processor time went into, by their CPU profiles.
func CPU(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "cpu", Title: "Where the server's CPU time goes", Short: "CPU time"}
	keys := packageKeys(a)
	s.Items = append(s.Items, Item{Page: true, Text: "Self time by Go package: the share of the profiles' samples that fell into it, " +
		"times server CPU per handshake. A call into C counts for the C library. Numbers and colours stand for the same package in all cells."})
	for _, c := range a.Manifest.Cells {
		series := profiled(seriesOf(a, c.Name))
		if len(series) == 0 {
			continue
		}
		shown := packagesOf(series)
		s.Items = append(s.Items, Item{Page: true, Heading: c.Name})
		if bars := stacked(a, series, shown, keys); bars != nil {
			bars.Caption = "Server CPU per handshake by package, " + c.Name
			s.Items = append(s.Items, Item{Page: true, Bars: bars})
		}
		s.Items = append(s.Items,
			Item{Page: true, Table: packageTable(c.Name, series, shown, keys)},
			Item{Page: true, Fold: "Functions with the most self time", Table: functionTable(c.Name, series)},
			Item{Terminal: true, Table: briefTable(c.Name, series)})
	}
	if doubt := roughShares(a.Series); doubt != "" {
		s.Items = append(s.Items, Item{Doubt: doubt})
	}
	return s, len(s.Items) > 1
}

func profiled(series []analysis.Series) []analysis.Series {
	return slices.DeleteFunc(series, func(s analysis.Series) bool { return s.CPU == nil })
}

// shareOf is a package's share of a series' CPU time; 0: no sample fell into it.
func shareOf(s analysis.Series, pkg string) float64 {
	for _, p := range s.CPU.Packages {
		if p.Name == pkg {
			return p.Fraction
		}
	}
	return 0
}

// packagesOf lists the packages of a cell that have a row of their own.
func packagesOf(series []analysis.Series) []string {
	var shown []string
	for _, s := range series {
		for _, p := range s.CPU.Packages {
			if p.Fraction >= leastShare {
				shown = append(shown, p.Name)
			}
		}
	}
	shown = ranked(names(shown...), series)
	return shown[:min(len(shown), packagesShown)]
}

// ranked sorts packages by their largest time per handshake in any of some series.
func ranked(packages []string, series []analysis.Series) []string {
	share, time := map[string]float64{}, map[string]float64{}
	for _, s := range series {
		for _, p := range s.CPU.Packages {
			share[p.Name] = max(share[p.Name], p.Fraction)
			time[p.Name] = max(time[p.Name], p.Fraction*s.Values[headline])
		}
	}
	slices.SortFunc(packages, func(x, y string) int {
		return cmp.Or(cmp.Compare(time[y], time[x]), cmp.Compare(share[y], share[x]), strings.Compare(x, y))
	})
	return packages
}

// packageKeys numbers the packages that are shown in any cell from 1, by their largest time in any of them: those
// that matter most have colours of their own.
func packageKeys(a *analysis.Analysis) map[string]int {
	all := profiled(slices.Clone(a.Series))
	var shown []string
	for _, c := range a.Manifest.Cells {
		shown = append(shown, packagesOf(profiled(seriesOf(a, c.Name)))...)
	}
	keys := map[string]int{}
	for i, name := range ranked(names(shown...), all) {
		keys[name] = i + 1
	}
	return keys
}

// stacked draws the variants of a cell; nil where server CPU per handshake is not known.
func stacked(a *analysis.Analysis, series []analysis.Series, shown []string, keys map[string]int) *Bars {
	longest := 0.0
	for _, s := range series {
		longest = max(longest, s.Values[headline])
	}
	if longest == 0 {
		return nil
	}
	b := &Bars{}
	for _, s := range series {
		if cpu := s.Values[headline]; cpu > 0 {
			head := Head{Name: s.Variant, Series: number(a.Manifest, s.Variant)}
			b.Rows = append(b.Rows, Bar{head, seconds(cpu), segments(s, shown, keys, 100*cpu/longest)})
		}
	}
	return b
}

// segments divides a bar of a length in percent.
func segments(s analysis.Series, shown []string, keys map[string]int, length float64) []Segment {
	var all []Segment
	at := 0.0
	add := func(name string, key int, share float64) {
		if width := share * length; share > 0 {
			all = append(all, Segment{px(at) + "%", px(width) + "%", px(at+width/2) + "%", key, key > 0 && width >= 4, name + ", " + spent(s, share)})
			at += width
		}
	}
	rest := 1.0
	for _, name := range shown {
		f := shareOf(s, name)
		add(name, keys[name], f)
		rest -= f
	}
	if rest > 1e-9 {
		add("other", 0, rest)
	}
	return all
}

// spent writes a share of a series' server CPU: "860 µs, 54.1 %".
func spent(s analysis.Series, share float64) string {
	return perHandshake(s, share) + ", " + percent(share)
}

func perHandshake(s analysis.Series, share float64) string {
	cpu, ok := s.Values[headline]
	if !ok {
		return noValue
	}
	return seconds(cpu * share)
}

// packageTable has packages as rows and variants as columns.
func packageTable(cell string, series []analysis.Series, shown []string, keys map[string]int) *Table {
	t := &Table{Caption: "Self time per handshake by package, " + cell, Columns: columns("package")}
	samples := Row{Cells: cells("samples")}
	others := Row{Cells: cells("other")}
	whole := Row{Cells: []Cell{{Text: titleOfMetric(headline)}}}
	most := 0
	for _, s := range series {
		t.Columns = append(t.Columns, Column{Title: s.Variant, Numeric: true})
		rest := 1.0
		for _, name := range shown {
			rest -= shareOf(s, name)
		}
		most = max(most, len(s.CPU.Packages)-countShown(s, shown))
		others.Cells = append(others.Cells, timeCell(s, rest))
		whole.Cells = append(whole.Cells, Cell{Text: perHandshake(s, 1)})
		samples.Cells = append(samples.Cells, samplesCell(s.CPU))
	}
	for _, name := range shown {
		row := Row{Cells: []Cell{{Text: name, Note: glosses[name], Key: keys[name]}}}
		for _, s := range series {
			row.Cells = append(row.Cells, timeCell(s, shareOf(s, name)))
		}
		t.Rows = append(t.Rows, row)
	}
	if most > 0 {
		others.Cells[0].Note = "up to " + plural(most, "package")
		t.Rows = append(t.Rows, others)
	}
	t.Rows = append(t.Rows, whole, samples)
	return t
}

func titleOfMetric(name string) string {
	m, _ := metric.ByName(name)
	return m.Title
}

func countShown(s analysis.Series, shown []string) int {
	n := 0
	for _, p := range s.CPU.Packages {
		if slices.Contains(shown, p.Name) {
			n++
		}
	}
	return n
}

// timeCell is the time of a share; a package without samples need not have cost nothing.
func timeCell(s analysis.Series, share float64) Cell {
	if share < 1e-9 {
		return Cell{Text: "not seen", Tone: Muted}
	}
	return Cell{Text: perHandshake(s, share), Note: percent(share)}
}

// samplesCell is how many samples there were, and how much of the time that the system counted they stand for.
func samplesCell(c *analysis.CPU) Cell {
	cell := Cell{Text: count(uint64(c.Samples))}
	if c.Spent > 0 {
		cell.Note = "show " + digits(100*c.Sampled.Seconds()/c.Spent.Seconds(), 2) + " % of its CPU time"
	}
	if len(c.Warnings) > 0 {
		cell.Tone = Doubt
	}
	return cell
}

func functionTable(cell string, series []analysis.Series) *Table {
	t := &Table{Caption: "Functions with the most self time, " + cell, Columns: numeric(columns("variant", "function", "per handshake", "share"), 2)}
	for _, s := range series {
		for _, f := range s.CPU.Functions[:min(5, len(s.CPU.Functions))] {
			t.Rows = append(t.Rows, Row{Cells: cells(s.Variant, generic(f.Name), perHandshake(s, f.Fraction), percent(f.Fraction))})
		}
	}
	return t
}

// generic leaves out the type arguments of a function: they can be longer than a line.
func generic(function string) string {
	if open, end := strings.IndexByte(function, '['), strings.LastIndexByte(function, ']'); open > 0 && end > open {
		return function[:open] + "[...]" + function[end+1:]
	}
	return function
}

// briefTable names the packages with the largest shares, a line for each variant.
func briefTable(cell string, series []analysis.Series) *Table {
	t := &Table{Caption: cell, Columns: columns("", "")}
	for _, s := range series {
		var parts []string
		for _, p := range s.CPU.Packages[:min(inBrief, len(s.CPU.Packages))] {
			parts = append(parts, short(p))
		}
		t.Rows = append(t.Rows, Row{Cells: cells(s.Variant, strings.Join(parts, ", "))})
	}
	return t
}

func short(p profile.Share) string {
	return fmt.Sprintf("%s %.0f %%", strings.TrimPrefix(p.Name, "crypto/internal/"), 100*p.Fraction)
}

// roughShares says what the first doubtful profile lacks, and how many more there are.
func roughShares(series []analysis.Series) string {
	doubtful := slices.DeleteFunc(profiled(slices.Clone(series)), func(s analysis.Series) bool { return len(s.CPU.Warnings) == 0 })
	if len(doubtful) == 0 {
		return ""
	}
	first := doubtful[0]
	text := first.Variant + ", " + first.Cell + ": " + strings.Join(first.CPU.Warnings, "; ")
	if more := len(doubtful) - 1; more > 0 {
		text += fmt.Sprintf("; likewise %d more of %s", more, plural(len(series), "series"))
	}
	return text
}
