// Package loadgen decides when TLS 1.3 handshakes begin and records how long they took.
//
//	scenario -> Job -> Serve: NewStock, warm-up, Run -> Result
//
// [Run] drives any [Dialer] through a [Load] and keeps the client's ledger; [Stock] is the dialer on crypto/tls;
// [Serve] is the whole generator process, one [Job] on its standard input and one [Result] on its standard output.
//
// # Why a generator is its own process
//
// A stock client costs two to four times the CPU of the server. In a process of its own its cost can be read by
// getrusage(2), kept on other CPUs, and its build stays the same whatever the server's is. A cipher suite can be
// chosen too ([PinSuite]): crypto/tls allows that only for a whole process.
//
// # Why a handshake is due before it begins
//
// A closed loop asks the next handshake when the last has ended. A server that stalls for a second then fails to be
// asked during that second, and the stall shows as one slow handshake instead of hundreds: coordinated omission.
// An open loop has a [Schedule] of due times that nothing can postpone. When all workers are busy the due time is
// kept, the handshake begins late, and its response time counts from when it was due.
//
//	Due ---- Began ---- Connected ---- Complete ---- Confirmed
//	 | lateness |           | handshake time |           |
//	 |          | ------------- service time ----------- |
//	 | ------------------- response time --------------- |
//
// # Why turns
//
// The speed of a machine can change by a sixth from one half second to the next, so two servers that are measured one
// after the other differ for that alone. With [Turns] two generators, one for each server, work in alternation, in
// slices far shorter than such a change. They pass a baton, and a turn ends only when its last handshake has:
//
//	one    | handshakes .. last end |                         | handshakes
//	other                           | handshakes .. last end |
//
// An open loop's due times wait for nobody, so it passes no baton: its schedule is laid into every second slice of the
// clock, and what has not ended with its slice goes on into the other one's.
//
// # What counts
//
// Only a handshake that the server has confirmed, after it verified the client's Finished, counts as a success; see
// package handshake. A server of the app plain confirms by one byte, a gateway by the status 204 to a GET of /, over
// whichever HTTP was negotiated. Of that no more is written and read than the one answer needs, by code of the
// package's own, because the client must cost less than the server. Failures are never tried again and never dropped: each is counted under a short
// reason without address or port, such as "connect: connection refused". Every handshake is compared with what was
// asked; one of another shape stays in the ledger, as mismatched, and out of the histograms.
//
// A server that does not answer at all gives no result but an error, and soon: see [Run]. How long a generator may
// take at most is known before it starts: [Job.LongestWarmup], then [Job.Longest].
package loadgen
