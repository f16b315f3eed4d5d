package attribution

import (
	"cmp"
	"slices"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/hist"
)

// merge adds up what the accounts list by name.
func (e *Explained) merge(blocks []Observed) {
	for _, b := range blocks {
		a := b.Account
		for _, s := range a.Syscalls {
			e.addSyscall(&s)
		}
		for _, f := range a.Files {
			e.addFile(f)
		}
		for _, p := range a.Preemptors {
			e.addPreemptor(p)
		}
		for _, p := range a.Probes {
			e.addProbe(p)
		}
		for i := range a.Handshakes {
			e.Retransmits += int64(a.Handshakes[i].Retransmits)
		}
		e.addGaps(a.Gaps...)
		e.addHistogram(&e.AcceptWait, &a.AcceptWait, "accept wait")
	}
	for i := range e.Syscalls {
		e.Syscalls[i].PerHandshake = ratio(float64(e.Syscalls[i].Count), float64(e.Handshakes))
	}
	slices.SortStableFunc(e.Syscalls, func(a, b Syscall) int { return cmp.Compare(b.Time.Sum(), a.Time.Sum()) })
	slices.SortStableFunc(e.Files, func(a, b account.FileRead) int { return cmp.Compare(b.Time, a.Time) })
	slices.SortStableFunc(e.Preemptors, func(a, b account.Preemptor) int { return cmp.Compare(b.Time, a.Time) })
}

func (e *Explained) addSyscall(s *account.Syscall) {
	i := slices.IndexFunc(e.Syscalls, func(known Syscall) bool { return known.Name == s.Name })
	if i < 0 {
		i = len(e.Syscalls)
		e.Syscalls = append(e.Syscalls, Syscall{Syscall: account.Syscall{Name: s.Name}})
	}
	sum := &e.Syscalls[i].Syscall
	sum.Count += s.Count
	sum.Errors += s.Errors
	sum.Again += s.Again
	sum.Time.Add(s.Time)
	what := "latency of " + s.Name
	e.addHistogram(&sum.Latency, &s.Latency, what)
	e.addHistogram(&sum.Parts.Kernel, &s.Parts.Kernel, what)
	e.addHistogram(&sum.Parts.RunQueue, &s.Parts.RunQueue, what)
	e.addHistogram(&sum.Parts.Blocked, &s.Parts.Blocked, what)
}

// addHistogram merges exactly; of two layouts the coarser one is kept.
func (e *Explained) addHistogram(sum, h *hist.Histogram, what string) {
	if h.Count() == 0 {
		return
	}
	more, err := *h, error(nil)
	if sum.Count() > 0 && sum.Layout() != h.Layout() {
		coarser := min(sum.Layout(), h.Layout())
		*sum, err = sum.Coarsen(coarser)
		if err == nil {
			more, err = h.Coarsen(coarser)
		}
	}
	if err == nil {
		err = sum.Merge(&more)
	}
	if err != nil {
		e.addGaps(account.Gap{What: what, Reason: err.Error()})
	}
}

func (e *Explained) addFile(f account.FileRead) {
	i := slices.IndexFunc(e.Files, func(known account.FileRead) bool { return known.Path == f.Path })
	if i < 0 {
		e.Files = append(e.Files, f)
		return
	}
	e.Files[i].Count += f.Count
	e.Files[i].Bytes += f.Bytes
	e.Files[i].Time += f.Time
}

func (e *Explained) addPreemptor(p account.Preemptor) {
	i := slices.IndexFunc(e.Preemptors, func(known account.Preemptor) bool { return known.Command == p.Command })
	if i < 0 {
		e.Preemptors = append(e.Preemptors, p)
		return
	}
	e.Preemptors[i].Time += p.Time
}

// addProbe adds up hits; the price is the highest that was measured.
func (e *Explained) addProbe(p account.Probe) {
	i := slices.IndexFunc(e.Probes, func(known account.Probe) bool {
		return known.Name == p.Name && known.Site == p.Site && known.Cheap == p.Cheap
	})
	if i < 0 {
		e.Probes = append(e.Probes, p)
		return
	}
	e.Probes[i].Hits += p.Hits
	e.Probes[i].Price = max(e.Probes[i].Price, p.Price)
}

func (e *Explained) addGaps(gaps ...account.Gap) {
	for _, g := range gaps {
		if !slices.Contains(e.Gaps, g) {
			e.Gaps = append(e.Gaps, g)
		}
	}
}
