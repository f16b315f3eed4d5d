// Package hist is the lab's one histogram: counts of nanosecond values in log-linear buckets.
//
// # Layout
//
// A [Layout] of b bits cuts every octave [2^k, 2^(k+1)) into 2^b buckets of equal width; values below 2^(b+1) have
// a bucket each. A bucket is therefore never wider than 2^-b of the values in it: 0.1 % at 10 bits ([Fine], what
// the generator records), 12.5 % at 3 bits, which is little enough for a table in the kernel. A layout of fewer
// bits only drops low bits of the bucket number, so every fine bucket lies in exactly one coarse one and
// [Histogram.Coarsen] gives what recording coarsely would have given.
//
// This is the layout of HdrHistogram (https://hdrhistogram.org) with a lowest discernible value of 1: 10 bits are
// its 3 significant digits. [Histogram.EncodeV2] and [WriteLog] speak its formats, so its tools read ours.
//
// # Why not percentiles of percentiles
//
// Histograms add up: the merged histogram of ten blocks is the histogram of all their handshakes, while the mean of
// ten p99s is no quantile of anything. So blocks keep histograms and quantiles are read last.
//
// # Exact and not exact
//
// Count, minimum, maximum and sum are those of the recorded values. A quantile is the upper edge of its bucket,
// within 2^-b above the true one. A [Recorder] counts concurrently without locks or allocation; its
// [Recorder.Snapshot] is a Histogram.
package hist
