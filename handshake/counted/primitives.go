package counted

// Timing is an order to time cryptographic operations one by one, natively: what makes them fast in hardware is what a
// counter of instructions does not see.
type Timing struct {
	RSA        []byte         `json:"rsa"`                  // a private key of 2048 bits, PKCS #8; equal for all processes that are compared
	Accel      string         `json:"accel,omitempty"`      // who signs with a P-384 key: std, auto, or a path of accel/p384; empty: std
	Iterations map[string]int `json:"iterations,omitempty"` // in one batch, by operation; of those left out, as many as take a batch's time here
}

// Ready is the answer to a [Timing].
type Ready struct {
	Error      string            `json:"error,omitempty"`
	Operations []Operation       `json:"operations"` // all that there are, missing ones too, in the order of reports
	Iterations map[string]int    `json:"iterations"`
	Missing    map[string]string `json:"missing,omitempty"` // operations that this build, mode or CPU refuses, and why
}

// Operation is one operation that can be timed.
type Operation struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes,omitempty"` // that it treats; zero: it is not about an amount
}

// MostOperations is no less than the number of operations that there are.
const MostOperations = 40

// Turn is one batch of each operation: the nanoseconds of CPU that one operation took the process, by getrusage(2).
type Turn map[string]float64

// TimingArguments are those of the test program that make it time: it reads a [Timing] from its standard input and
// says [Ready], then takes a [Turn] for each empty line that it reads, and ends with its input. Each value is a line of
// JSON. It is to have one P and no garbage collection of its own.
//
// # Why processes take turns
//
// A neighbour that slows the machine down for a second slows down a whole process. Processes that take turns of a tenth
// of that are slowed down alike, and their ratios stay.
func TimingArguments() []string { return []string{"-test.run=^TestPrimitives$", timingArgument} }

const timingArgument = "primitives"
