package scenarios

import (
	"bytes"
	_ "embed" // the schema
)

//go:embed scenario.v1.schema.json
var schema []byte

// Schema is the JSON Schema (draft-07) of scenario files, for editors. It accepts whatever [Parse] accepts; Parse
// also finds what a schema cannot say.
func Schema() []byte { return bytes.Clone(schema) }
