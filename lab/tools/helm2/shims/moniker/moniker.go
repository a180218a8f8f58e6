// Package moniker replaces one that no module proxy serves: it names releases that have no name. All of
// this project's have one.
package moniker

import (
	"crypto/rand"
	"strings"
)

// Namer makes up names.
type Namer interface {
	Name() string
	NameSep(sep string) string
}

type random struct{}

// New returns a Namer.
func New() Namer { return random{} }

// Name returns a random name.
func (r random) Name() string { return r.NameSep(" ") }

// NameSep returns a random name of two parts with sep between them.
func (random) NameSep(sep string) string { return "release" + sep + strings.ToLower(rand.Text()) }
