package analysis

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/profile"
)

const (
	fewSamples   = 100 // of fewer, a share of 10 % may as well be 4 % or 16 %
	topFunctions = 10
)

// CPU is where the processor time of a series' servers went, by the samples of their profiles.
type CPU struct {
	Blocks    int // that have a profile
	Samples   int64
	Sampled   time.Duration   // what the samples stand for
	Spent     time.Duration   // what the system counted for the same blocks; sampling misses the shortest stretches
	Packages  []profile.Share // self time, the largest first
	Functions []profile.Share // likewise, the largest ten
	All       []profile.Share // likewise, all of them
	Warnings  []string        // doubts about the shares
}

// readProfiles gives each block its CPU profile, if it has one. The error says which profile is none, or contradicts
// the blocks. A profile of a block that the bundle has not is that of a block that was discarded.
func readProfiles(b *results.Bundle, blocks []judged) error {
	for _, name := range b.Profiles() {
		data, err := b.Member(name)
		if err != nil {
			return err
		}
		p, err := profile.Parse(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := assign(p, blocks); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// assign gives a profile to the block that its labels name. One without samples has no labels, and nothing to say.
func assign(p *profile.Profile, blocks []judged) error {
	if p.Samples == 0 {
		return nil
	}
	var label [3]string
	for i, key := range []string{"block", "cell", "variant"} {
		values := p.Labels[key]
		if len(values) != 1 {
			return fmt.Errorf("%d values of the label %s, should be one", len(values), key)
		}
		label[i] = values[0]
	}
	index, err := strconv.Atoi(label[0])
	if err != nil {
		return fmt.Errorf("label block: %w", err)
	}
	at := slices.IndexFunc(blocks, func(j judged) bool { return j.Index == index })
	if at < 0 {
		return nil
	}
	j := &blocks[at]
	if j.Block.Cell != label[1] || j.Variant != label[2] {
		return fmt.Errorf("labelled %s, %s, but block %d is %s, %s", label[1], label[2], index, j.Block.Cell, j.Variant)
	}
	if j.time != nil {
		return fmt.Errorf("a second profile of block %d", index)
	}
	j.time = p.Time()
	if share, ok := j.time.TLSShare(); ok {
		j.Values[tlsShare] = share
	}
	return nil
}

// timeOf adds up the times of the profiles of some blocks.
func timeOf(blocks []judged) *profile.Time {
	sum := &profile.Time{}
	for _, j := range blocks {
		if j.time != nil {
			sum.Add(j.time)
		}
	}
	return sum
}

// cpuOf adds up the profiles of some blocks; nil: they have none.
func cpuOf(blocks []judged) *CPU {
	c, sum := &CPU{}, timeOf(blocks)
	for _, j := range blocks {
		if j.time != nil {
			c.Blocks++
			c.Spent += j.raw.Server.CPU.Total()
		}
	}
	if c.Blocks == 0 {
		return nil
	}
	c.Samples, c.Sampled = sum.Samples, sum.CPU
	c.Packages, c.Functions, c.All = sum.Packages(), sum.Functions(topFunctions), sum.Functions(0)
	if c.Samples < fewSamples {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%s: the shares are rough, it takes %d", plural(int(c.Samples), "sample"), fewSamples))
	}
	return c
}
