package tlsx

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// valueType is what an input property holds.
type valueType string

const (
	text    valueType = "string"
	number  valueType = "integer"
	flag    valueType = "boolean"
	list    valueType = "list of strings"
	subject valueType = "subject"
)

// field describes one input property. Except for earlyRenewalHours every change replaces.
type field struct {
	typ      valueType
	required bool
	secret   bool
	// pem marks a key or certificate: a change replaces only when the state holds a PEM, as the
	// Terraform provider behind pulumi-tls has it.
	pem bool
	// fallback is the value of an input that is not given, and shows in the outputs.
	fallback any
	// oneOf lists the accepted values, of each element for a list.
	oneOf []string
	least float64
}

// kind describes one resource type.
type kind struct {
	inputs map[string]field
	// computed are the outputs beside the inputs; true marks a secret one.
	computed map[string]bool
	expires  bool
	create   func(inputs map[string]any) (id string, computed map[string]any, err error)
}

// outputs completes the inputs with fallbacks and computed values, and marks what is secret.
func (k *kind) outputs(inputs resource.PropertyMap, computed resource.PropertyMap) resource.PropertyMap {
	outputs := resource.PropertyMap{}
	for name, value := range inputs {
		if !value.IsNull() && !resource.IsInternalPropertyKey(name) {
			outputs[name] = value
		}
	}
	for name, spec := range k.inputs {
		if _, given := outputs[resource.PropertyKey(name)]; !given && spec.fallback != nil {
			outputs[resource.PropertyKey(name)] = resource.NewPropertyValue(spec.fallback)
		}
	}
	maps.Copy(outputs, computed)
	for name, value := range outputs {
		if (k.inputs[string(name)].secret || k.computed[string(name)]) && !value.IsSecret() {
			outputs[name] = resource.MakeSecret(value)
		}
	}
	return outputs
}

// kinds are the resource types of pulumi-tls 5.6.
var kinds = map[string]*kind{
	"tls:index/privateKey:PrivateKey": {
		inputs: map[string]field{
			"algorithm":  {typ: text, required: true, oneOf: []string{"RSA", "ECDSA", "ED25519"}},
			"ecdsaCurve": {typ: text, fallback: "P224", oneOf: []string{"P224", "P256", "P384", "P521"}},
			"rsaBits":    {typ: number, fallback: 2048},
		},
		computed: map[string]bool{
			"privateKeyPem": true, "privateKeyPemPkcs8": true, "privateKeyOpenssh": true,
			"publicKeyPem": false, "publicKeyOpenssh": false,
			"publicKeyFingerprintMd5": false, "publicKeyFingerprintSha256": false,
		},
		create: createPrivateKey,
	},
	"tls:index/certRequest:CertRequest": {
		inputs:   merge(keyInput, nameInputs),
		computed: map[string]bool{"certRequestPem": false, "keyAlgorithm": false},
		create:   createRequest,
	},
	"tls:index/selfSignedCert:SelfSignedCert": {
		inputs: merge(keyInput, nameInputs, issueInputs, map[string]field{
			"setAuthorityKeyId": {typ: flag, fallback: false},
		}),
		computed: issued("keyAlgorithm"),
		expires:  true,
		create:   createSelfSigned,
	},
	"tls:index/locallySignedCert:LocallySignedCert": {
		inputs: merge(issueInputs, map[string]field{
			"caCertPem":       {typ: text, required: true, pem: true},
			"caPrivateKeyPem": {typ: text, required: true, pem: true, secret: true},
			"certRequestPem":  {typ: text, required: true, pem: true},
		}),
		computed: issued("caKeyAlgorithm"),
		expires:  true,
		create:   createLocallySigned,
	},
}

var keyInput = map[string]field{
	"privateKeyPem": {typ: text, required: true, pem: true, secret: true},
}

var nameInputs = map[string]field{
	"dnsNames":    {typ: list},
	"ipAddresses": {typ: list},
	"uris":        {typ: list},
	"subject":     {typ: subject},
}

var issueInputs = map[string]field{
	"allowedUses":         {typ: list, required: true, oneOf: usageNames()},
	"validityPeriodHours": {typ: number, required: true},
	"earlyRenewalHours":   {typ: number, fallback: 0},
	"isCaCertificate":     {typ: flag, fallback: false},
	"maxPathLength":       {typ: number, least: -1},
	"setSubjectKeyId":     {typ: flag, fallback: false},
}

func issued(algorithm string) map[string]bool {
	return map[string]bool{
		"certPem": false, "readyForRenewal": false,
		"validityStartTime": false, "validityEndTime": false, algorithm: false,
	}
}

func merge(sets ...map[string]field) map[string]field {
	merged := map[string]field{}
	for _, set := range sets {
		maps.Copy(merged, set)
	}
	return merged
}
