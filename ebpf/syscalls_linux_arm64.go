package ebpf

// ofThisArchitecture is empty: it never had the older system calls.
var ofThisArchitecture []struct {
	name   string
	number int
	kind   kind
}
