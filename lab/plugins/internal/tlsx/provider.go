// Package tlsx is the stand-in for pulumi-resource-tls: keys, requests and certificates made with
// Go's own cryptography, with the inputs, outputs and replacement rules of pulumi-tls, which is the
// Terraform provider "tls" under a bridge.
package tlsx

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"rancher-on-pks/lab/plugins/internal/provider"
)

const version = "5.6.2"

// now is replaced in tests.
var now = time.Now

var pemText = regexp.MustCompile(`^-----BEGIN [[:alpha:] ]+-----\n(.|\s)+\n-----END [[:alpha:] ]+-----\n?$`)

type tls struct {
	provider.Base
}

// New returns the stand-in.
func New(host *provider.Host) plugin.Provider {
	return &tls{provider.NewBase("tls", version, host)}
}

func (t *tls) kind(token string) (*kind, error) {
	if known, ok := kinds[token]; ok {
		return known, nil
	}
	return nil, t.Unsupported("resource type " + token)
}

func (t *tls) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	kind, err := t.kind(string(req.Type))
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	inputs := req.News.Copy()
	for name, value := range inputs {
		if kind.inputs[string(name)].secret && !value.IsSecret() {
			inputs[name] = resource.MakeSecret(value)
		}
	}
	return plugin.CheckResponse{Properties: inputs, Failures: kind.check(req.News)}, nil
}

func (t *tls) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	kind, err := t.kind(string(req.Type))
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	olds := resource.PropertyMap{}
	for name, value := range provider.RevealMap(req.OldOutputs) {
		_, isInput := kind.inputs[string(name)]
		if isInput && value.HasValue() {
			olds[name] = value
		}
	}
	news := provider.WithIgnored(olds, kind.outputs(req.NewInputs, nil), req.IgnoreChanges)
	diff := provider.InputDiff(olds, news, func(property string) bool {
		old := olds[resource.PropertyKey(property)]
		if kind.inputs[property].pem {
			return old.IsString() && pemText.MatchString(old.StringValue())
		}
		return property != "earlyRenewalHours"
	})
	if kind.expires && due(req.OldOutputs, news) {
		if diff.DetailedDiff == nil {
			diff.DetailedDiff = map[string]plugin.PropertyDiff{}
		}
		diff.Changes = plugin.DiffSome
		diff.ReplaceKeys = append(diff.ReplaceKeys, "readyForRenewal")
		diff.DetailedDiff["readyForRenewal"] = plugin.PropertyDiff{Kind: plugin.DiffUpdateReplace}
	}
	return diff, nil
}

func (t *tls) Create(_ context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	kind, err := t.kind(string(req.Type))
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	computed := resource.PropertyMap{}
	if req.Preview {
		for name := range kind.computed {
			computed[resource.PropertyKey(name)] = provider.Unknown()
		}
		return plugin.CreateResponse{Properties: kind.outputs(req.Properties, computed)}, nil
	}
	settings := provider.Plain(kind.outputs(req.Properties, nil))
	id, values, err := kind.create(settings)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	for name, value := range values {
		computed[resource.PropertyKey(name)] = resource.NewPropertyValue(value)
	}
	computed["id"] = resource.NewProperty(id)
	return plugin.CreateResponse{ID: resource.ID(id), Properties: kind.outputs(req.Properties, computed)}, nil
}

// Update changes earlyRenewalHours, which concerns the next renewal and not the certificate itself.
func (t *tls) Update(_ context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	kind, err := t.kind(string(req.Type))
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	computed := resource.PropertyMap{"id": resource.NewProperty(string(req.ID))}
	for name := range kind.computed {
		computed[resource.PropertyKey(name)] = req.OldOutputs[resource.PropertyKey(name)]
	}
	return plugin.UpdateResponse{Properties: kind.outputs(req.NewInputs, computed)}, nil
}

// Read keeps what the state says: there is nothing outside. Only the time may have come to renew.
func (t *tls) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	kind, err := t.kind(string(req.Type))
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	if len(req.State) == 0 {
		return plugin.ReadResponse{}, fmt.Errorf("%s cannot be imported: a key or certificate is nowhere but in the state",
			req.Type)
	}
	state := req.State.Copy()
	if kind.expires && due(state, state) {
		state["readyForRenewal"] = resource.NewProperty(true)
	}
	result := plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: state}
	return plugin.ReadResponse{ReadResult: result}, nil
}

// Delete forgets the key or certificate.
func (t *tls) Delete(context.Context, plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return plugin.DeleteResponse{}, nil
}

// due tells whether the certificate in the state is inside its early-renewal period or expired.
func due(state, settings resource.PropertyMap) bool {
	end := provider.Reveal(state["validityEndTime"])
	early := provider.Reveal(settings["earlyRenewalHours"])
	if !end.IsString() {
		return false
	}
	expiry, err := time.Parse(time.RFC3339, end.StringValue())
	if err != nil {
		return false
	}
	if early.IsNumber() {
		expiry = expiry.Add(-time.Duration(early.NumberValue()) * time.Hour)
	}
	return !now().Before(expiry)
}
