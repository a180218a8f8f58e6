// Package base has the fields of an OpenAPI schema that `pulumi cloud` reads.
package base

import (
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

type (
	Info   struct{ Version string }
	Schema struct {
		Type, Required               []string
		Description, Format, Pattern string
		Properties                   *orderedmap.Map[string, *SchemaProxy]
		AllOf, AnyOf, OneOf          []*SchemaProxy
		Items, AdditionalProperties  *DynamicValue
		Enum                         []*yaml.Node
		Default                      *yaml.Node
		Nullable, ReadOnly           *bool
		Minimum, Maximum, MultipleOf *float64
		MinLength, MaxLength         *int64
		Extensions                   *orderedmap.Map[string, *yaml.Node]
		Discriminator                *struct {
			PropertyName string
			Mapping      *orderedmap.Map[string, string]
		}
	}
	SchemaProxy  struct{}
	DynamicValue struct{ A *SchemaProxy }
	low          struct{}
)

func (*SchemaProxy) Schema() *Schema               { return nil }
func (*DynamicValue) IsA() bool                    { return false }
func (*Schema) GoLow() *low                        { return nil }
func (*Schema) MarshalJSONInline() ([]byte, error) { return nil, nil }
func (*low) Hash() uint64                          { return 0 }
