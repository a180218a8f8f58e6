// Package libopenapi stands for the module of this name in the lab's build of the engine: only `pulumi cloud` reads
// OpenAPI documents, those of Pulumi Cloud, and the real module takes a quarter of the build. The packages below
// have what that command is compiled with.
package libopenapi

import (
	"errors"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// Document is never there.
type Document struct{}

// DocumentModel is never there either.
type DocumentModel struct{ Model v3.Document }

var errLeftOut = errors.New("the lab's engine is built without this command's OpenAPI library; install Pulumi to use it")

// NewDocument always fails.
func NewDocument([]byte) (Document, error) { return Document{}, errLeftOut }

// BuildV3Model always fails.
func (Document) BuildV3Model() (*DocumentModel, error) { return nil, errLeftOut }
