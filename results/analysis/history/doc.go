// Package history is what earlier runs of a scenario measured, and where they changed.
package history
