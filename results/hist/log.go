package hist

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Interval is one line of an interval log: what was recorded from Start for Length.
type Interval struct {
	Tag       string // tells series apart; without comma and space; may be empty
	Start     time.Time
	Length    time.Duration
	Histogram *Histogram
}

// WriteLog writes an HdrHistogram interval log (.hlog, version 1.3), which HdrHistogram's log readers, plotters and
// HistogramLogProcessor take: times in seconds since the first interval's start, maxima in milliseconds.
func WriteLog(w io.Writer, intervals ...Interval) error {
	if len(intervals) == 0 {
		return errors.New("interval log: no intervals")
	}
	start := intervals[0].Start
	seconds := float64(start.UnixMilli()) / 1e3
	var out strings.Builder
	fmt.Fprintf(&out, "#[Histogram log format version 1.3]\n")
	fmt.Fprintf(&out, "#[StartTime: %.3f (seconds since epoch), %s]\n", seconds, start.UTC().Format(time.RFC3339))
	fmt.Fprintf(&out, "#[BaseTime: %.3f (seconds since epoch)]\n", seconds)
	fmt.Fprintf(&out, "%q,%q,%q,%q\n", "StartTimestamp", "Interval_Length", "Interval_Max", "Interval_Compressed_Histogram")
	for _, i := range intervals {
		if err := i.append(&out, start); err != nil {
			return fmt.Errorf("interval log: %w", err)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (i *Interval) append(out *strings.Builder, base time.Time) error {
	begin := i.Start.Sub(base)
	if strings.ContainsAny(i.Tag, ", \t\r\n") {
		return fmt.Errorf("tag %q has a comma or a space", i.Tag)
	}
	if begin < 0 || i.Length < 0 {
		return fmt.Errorf("interval from %v for %v: neither may be negative", begin, i.Length)
	}
	if i.Tag != "" {
		fmt.Fprintf(out, "Tag=%s,", i.Tag)
	}
	const millisecond = float64(time.Millisecond)
	fmt.Fprintf(out, "%.3f,%.3f,%.6f,%s\n",
		begin.Seconds(), i.Length.Seconds(), float64(i.Histogram.Max())/millisecond, i.Histogram.EncodeV2())
	return nil
}
