package analysis

import (
	"errors"
	"fmt"

	"github.com/montanaflynn/stats"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

func seriesOf(m results.Manifest, blocks []judged) ([]Series, error) {
	var all []Series
	for _, cell := range m.Cells {
		used := counted(cell, blocks)
		for _, variant := range cell.Variants {
			s, err := oneSeries(cell.Name, variant, blocksOf(blocks, cell.Name, variant), used[variant])
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", cell.Name, variant, err)
			}
			all = append(all, s)
		}
	}
	return all, nil
}

// oneSeries sums up the blocks of a variant in a cell; its values rest on those that are used.
func oneSeries(cell, variant string, blocks, used []judged) (Series, error) {
	var pooled results.Block
	var use []float64
	s := Series{Cell: cell, Variant: variant, Blocks: len(blocks)}
	for _, j := range blocks {
		addClient(&s.Client, &j.raw.Client.Ledger)
		addServer(&s.Server, &j.raw.Server.Ledger)
		s.ClientBound = s.ClientBound || j.clientBound()
		if u, ok := generatorUse(j.raw); ok {
			use = append(use, u)
		}
	}
	s.Valid, s.CPU, s.Signer = len(used), cpuOf(used), signerOf(blocks)
	for _, j := range used {
		if err := addBlock(&pooled, j.raw); err != nil {
			return s, err
		}
	}
	var err error
	if s.GeneratorUse, err = stats.Median(use); err != nil {
		s.GeneratorUse = -1
	}
	s.Values = pooledValues(&pooled, used)
	c := &pooled.Client
	s.Handshake, s.Service, s.Response, s.Lateness = c.Handshake, c.Service, c.Response, c.Lateness
	return s, nil
}

// counted is the blocks that each variant's values in a cell rest on: the valid ones, and of these the quiet ones where
// every variant has enough for an interval. Were one variant's quiet and another's not, their values could not be
// compared.
func counted(cell results.Cell, blocks []judged) map[string][]judged {
	valid, undisturbed := map[string][]judged{}, map[string][]judged{}
	for _, j := range blocks {
		if j.Block.Cell != cell.Name || !j.Valid {
			continue
		}
		valid[j.Variant] = append(valid[j.Variant], j)
		if len(j.alarms(quiet)) == 0 {
			undisturbed[j.Variant] = append(undisturbed[j.Variant], j)
		}
	}
	for variant := range valid {
		if len(undisturbed[variant]) < effect.MinGroups(alpha) {
			return valid
		}
	}
	return undisturbed
}

// pooledValues leaves out what some block did not measure: its handshakes would count as free. The share of TLS is that
// of all samples of the blocks that have a profile.
func pooledValues(pooled *results.Block, blocks []judged) map[string]float64 {
	values := valuesOf(pooled)
	for name := range values {
		for _, j := range blocks {
			if _, err := j.measure(name); errors.Is(err, errNotMeasured) {
				delete(values, name)
			}
		}
	}
	if share, ok := timeOf(blocks).TLSShare(); ok {
		values[tlsShare] = share
	}
	return values
}

// addBlock adds up what the metrics are made of, so that a metric of the sum is total by total.
func addBlock(sum, b *results.Block) error {
	addClient(&sum.Client.Ledger, &b.Client.Ledger)
	addServer(&sum.Server.Ledger, &b.Server.Ledger)
	addCPU(&sum.Client.CPU, b.Client.CPU)
	addCPU(&sum.Server.CPU, b.Server.CPU)
	sum.Client.Wall += b.Client.Wall
	sum.Client.BytesIn += b.Client.BytesIn
	sum.Client.BytesOut += b.Client.BytesOut
	sum.Server.Runtime.AllocObjects += b.Server.Runtime.AllocObjects
	sum.Server.Runtime.AllocBytes += b.Server.Runtime.AllocBytes
	sum.Server.Runtime.MutexWait += b.Server.Runtime.MutexWait
	return mergeTimes(sum, b)
}

func mergeTimes(sum, b *results.Block) error {
	s, c := &sum.Client, &b.Client
	if err := s.Handshake.Merge(&c.Handshake); err != nil {
		return err
	}
	if err := s.Service.Merge(&c.Service); err != nil {
		return err
	}
	if err := s.Response.Merge(&c.Response); err != nil {
		return err
	}
	return s.Lateness.Merge(&c.Lateness)
}

func addCPU(sum *handshake.CPU, c handshake.CPU) {
	sum.User += c.User
	sum.System += c.System
}

func addClient(sum, l *handshake.ClientLedger) {
	sum.Began += l.Began
	sum.Connected += l.Connected
	sum.Confirmed += l.Confirmed
	sum.Unconfirmed += l.Unconfirmed
	sum.Failed += l.Failed
	sum.Mismatched += l.Mismatched
	addCounts(&sum.Errors, l.Errors)
	addShape(&sum.Shape, &l.Shape)
}

func addServer(sum, l *handshake.ServerLedger) {
	sum.Accepted += l.Accepted
	sum.Completed += l.Completed
	sum.Rejected += l.Rejected
	addCounts(&sum.Reasons, l.Reasons)
	addShape(&sum.Shape, &l.Shape)
}

func addShape(sum, s *handshake.Shape) {
	sum.Resumed += s.Resumed
	sum.Retried += s.Retried
	sum.Early += s.Early
	sum.Mutual += s.Mutual
	addCounts(&sum.Groups, s.Groups)
	addCounts(&sum.Suites, s.Suites)
	addCounts(&sum.Signatures, s.Signatures)
	addCounts(&sum.ALPN, s.ALPN)
}

func addCounts(sum *map[string]uint64, counts map[string]uint64) {
	if *sum == nil && len(counts) > 0 {
		*sum = map[string]uint64{}
	}
	for name, n := range counts {
		(*sum)[name] += n
	}
}
