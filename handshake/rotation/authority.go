package rotation

// Authority is an [Issuer] of this process: every generation is under one root, with a key of its own.
type Authority struct{}
