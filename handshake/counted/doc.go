// Package counted holds one side of a handshake as a test program, so that what it does can be counted: see its tests.
package counted
