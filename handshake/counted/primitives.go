package counted

// Timing is an order to time cryptographic operations one by one, natively: what makes them fast in hardware is what a
// counter of instructions does not see.
type Timing struct {
	RSA        []byte         `json:"rsa"`                  // a private key of 2048 bits, PKCS #8; equal for all processes that are compared
	Iterations map[string]int `json:"iterations,omitempty"` // in one batch, by operation; nil: as many as take a batch's time here
}

// Ready is the answer to a [Timing].
type Ready struct {
	Error      string            `json:"error,omitempty"`
	Iterations map[string]int    `json:"iterations"`
	Missing    map[string]string `json:"missing,omitempty"` // operations that this build or mode refuses, and why
}

// Turn is one batch of each operation: the nanoseconds of CPU that one operation took the process, by getrusage(2).
type Turn map[string]float64

// TimingArguments are those of the test program that make it time: it reads a [Timing] from its standard input and
// says [Ready], then takes a [Turn] for each empty line that it reads, and ends with its input. Each value is a line of
// JSON. It is to have one P and no garbage collection of its own.
//
// # Why processes take turns
//
// A neighbour that slows the machine down for a second slows down a whole process. Two processes that take turns of
// less than a tenth of that are slowed down alike, and their ratio stays.
func TimingArguments() []string { return []string{"-test.run=^TestPrimitives$", timingArgument} }

const timingArgument = "primitives"
