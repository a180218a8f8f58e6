// Package v3 has the fields of an OpenAPI document that `pulumi cloud` reads.
package v3

import (
	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

type (
	byName[V any] = *orderedmap.Map[string, V]
	Document      struct {
		Info       *base.Info
		Paths      *struct{ PathItems byName[*PathItem] }
		Components *struct{ Schemas byName[*base.SchemaProxy] }
	}
	PathItem  struct{ Get, Post, Put, Delete, Patch, Head *Operation }
	Operation struct {
		OperationId, Summary, Description string
		Tags                              []string
		Parameters                        []*struct {
			Name, In, Description string
			Required              *bool
			Schema                *base.SchemaProxy
		}
		RequestBody *struct{ Content byName[*MediaType] }
		Responses   *struct {
			Codes   byName[*Response]
			Default *Response
		}
		Deprecated *bool
		Extensions byName[*yaml.Node]
	}
	Response struct {
		Description string
		Content     byName[*MediaType]
	}
	MediaType struct{ Schema *base.SchemaProxy }
)
