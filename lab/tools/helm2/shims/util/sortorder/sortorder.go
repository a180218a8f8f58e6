// Package sortorder replaces one whose address has gone by its successor.
package sortorder

import "github.com/fvbommel/sortorder"

// NaturalLess compares strings so that "a2" precedes "a10".
func NaturalLess(a, b string) bool { return sortorder.NaturalLess(a, b) }
