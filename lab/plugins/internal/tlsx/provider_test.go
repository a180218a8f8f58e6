package tlsx

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"rancher-on-pks/lab/plugins/internal/provider"
)

const (
	privateKey    = tokens.Type("tls:index/privateKey:PrivateKey")
	request       = tokens.Type("tls:index/certRequest:CertRequest")
	selfSigned    = tokens.Type("tls:index/selfSignedCert:SelfSignedCert")
	locallySigned = tokens.Type("tls:index/locallySignedCert:LocallySignedCert")
)

var standIn = New(provider.NewHost(nil))

func create(t *testing.T, typ tokens.Type, inputs map[string]any) (resource.ID, resource.PropertyMap) {
	t.Helper()
	news := resource.NewPropertyMapFromMap(inputs)
	checked, err := standIn.Check(context.Background(), plugin.CheckRequest{Type: typ, News: news})
	if err != nil || len(checked.Failures) > 0 {
		t.Fatal(err, checked.Failures)
	}
	made, err := standIn.Create(context.Background(), plugin.CreateRequest{Type: typ, Properties: checked.Properties})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID, made.Properties
}

func output(t *testing.T, outputs resource.PropertyMap, name resource.PropertyKey) string {
	t.Helper()
	value := provider.Reveal(outputs[name])
	if !value.IsString() {
		t.Fatalf("%s is %v", name, value)
	}
	return value.StringValue()
}

func certificate(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestPrivateKeys(t *testing.T) {
	for algorithm, preamble := range map[string]string{
		"RSA": "RSA PRIVATE KEY", "ECDSA": "EC PRIVATE KEY", "ED25519": "PRIVATE KEY",
	} {
		id, outputs := create(t, privateKey, map[string]any{"algorithm": algorithm, "ecdsaCurve": "P256"})
		if len(id) != 40 || !strings.Contains(output(t, outputs, "privateKeyPem"), "-----BEGIN "+preamble+"-----") {
			t.Errorf("%s: id %q", algorithm, id)
		}
		if !strings.HasPrefix(output(t, outputs, "publicKeyFingerprintSha256"), "SHA256:") {
			t.Errorf("%s: no fingerprint", algorithm)
		}
		for _, name := range []resource.PropertyKey{"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"} {
			if !outputs[name].IsSecret() {
				t.Errorf("%s: %s is not secret", algorithm, name)
			}
		}
		if outputs["rsaBits"].NumberValue() != 2048 {
			t.Errorf("%s: no default in %v", algorithm, outputs)
		}
	}
}

func TestChainOfAuthorityAndServer(t *testing.T) {
	_, caKey := create(t, privateKey, map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P384"})
	_, key := create(t, privateKey, map[string]any{"algorithm": "RSA"})
	_, ca := create(t, selfSigned, map[string]any{
		"privateKeyPem": output(t, caKey, "privateKeyPem"), "isCaCertificate": true, "setAuthorityKeyId": true,
		"allowedUses": []any{"cert_signing", "crl_signing"}, "validityPeriodHours": 24,
		"subject": map[string]any{"commonName": "CA", "organization": "Example"},
	})
	_, csr := create(t, request, map[string]any{
		"privateKeyPem": output(t, key, "privateKeyPem"), "dnsNames": []any{"rancher.example"},
		"ipAddresses": []any{"10.0.0.1"}, "uris": []any{"spiffe://example/rancher"},
		"subject": map[string]any{"commonName": "rancher.example", "streetAddresses": []any{"1 Way"}},
	})
	id, leaf := create(t, locallySigned, map[string]any{
		"caCertPem": output(t, ca, "certPem"), "caPrivateKeyPem": output(t, caKey, "privateKeyPem"),
		"certRequestPem": output(t, csr, "certRequestPem"), "validityPeriodHours": 12, "setSubjectKeyId": true,
		"allowedUses": []any{"digital_signature", "key_encipherment", "server_auth"},
	})
	authority, server := certificate(t, output(t, ca, "certPem")), certificate(t, output(t, leaf, "certPem"))
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	if _, err := server.Verify(x509.VerifyOptions{Roots: roots, DNSName: "rancher.example"}); err != nil {
		t.Error(err)
	}
	if server.SerialNumber.String() != string(id) || len(server.SubjectKeyId) != 20 || len(authority.SubjectKeyId) != 20 {
		t.Errorf("serial %v, subject key id %x", server.SerialNumber, server.SubjectKeyId)
	}
	if server.IPAddresses[0].String() != "10.0.0.1" || server.URIs[0].Host != "example" {
		t.Errorf("names %v %v", server.IPAddresses, server.URIs)
	}
	if output(t, leaf, "caKeyAlgorithm") != "ECDSA" || !leaf["caPrivateKeyPem"].IsSecret() {
		t.Errorf("outputs %v", leaf)
	}
}

func TestPreviewKnowsOnlyTheInputs(t *testing.T) {
	made, err := standIn.Create(context.Background(), plugin.CreateRequest{
		Type: privateKey, Preview: true, Properties: resource.NewPropertyMapFromMap(map[string]any{"algorithm": "RSA"}),
	})
	if err != nil || made.ID != "" {
		t.Fatal(made.ID, err)
	}
	if !made.Properties["privateKeyPem"].ContainsUnknowns() || !made.Properties["privateKeyPem"].IsSecret() {
		t.Errorf("the key is %v", made.Properties["privateKeyPem"])
	}
}

func TestChangesReplaceButForTheRenewal(t *testing.T) {
	_, key := create(t, privateKey, map[string]any{"algorithm": "ED25519"})
	inputs := map[string]any{
		"privateKeyPem": output(t, key, "privateKeyPem"), "allowedUses": []any{"server_auth"},
		"validityPeriodHours": 10, "dnsNames": []any{"a"},
	}
	_, outputs := create(t, selfSigned, inputs)
	for name, test := range map[string]struct {
		change   map[string]any
		replaces bool
	}{
		"nothing":        {map[string]any{}, false},
		"a default":      {map[string]any{"setSubjectKeyId": false}, false},
		"early renewal":  {map[string]any{"earlyRenewalHours": 1}, false},
		"renewal is due": {map[string]any{"earlyRenewalHours": 10}, true},
		"another name":   {map[string]any{"dnsNames": []any{"b"}}, true},
		"unknown key":    {map[string]any{"privateKeyPem": resource.MakeComputed(resource.NewProperty(""))}, true},
	} {
		news := resource.NewPropertyMapFromMap(inputs)
		for property, value := range resource.NewPropertyMapFromMap(test.change) {
			news[property] = value
		}
		diff, err := standIn.Diff(context.Background(),
			plugin.DiffRequest{Type: selfSigned, OldOutputs: outputs, NewInputs: news})
		if err != nil {
			t.Fatal(err)
		}
		if diff.Replace() != test.replaces {
			t.Errorf("%s: %v", name, diff.DetailedDiff)
		}
		changed := name != "nothing" && name != "a default"
		if (diff.Changes == plugin.DiffSome) != changed {
			t.Errorf("%s: changes %v", name, diff.DetailedDiff)
		}
	}
}

func TestReadTellsThatRenewalIsDue(t *testing.T) {
	_, key := create(t, privateKey, map[string]any{"algorithm": "ED25519"})
	_, outputs := create(t, selfSigned, map[string]any{
		"privateKeyPem": output(t, key, "privateKeyPem"), "allowedUses": []any{"server_auth"},
		"validityPeriodHours": 10, "earlyRenewalHours": 2,
	})
	read := func() bool {
		found, err := standIn.Read(context.Background(), plugin.ReadRequest{Type: selfSigned, ID: "1", State: outputs})
		if err != nil {
			t.Fatal(err)
		}
		return found.Outputs["readyForRenewal"].BoolValue()
	}
	if read() {
		t.Error("due at once")
	}
	now = func() time.Time { return time.Now().Add(9 * time.Hour) }
	defer func() { now = time.Now }()
	if !read() {
		t.Error("not due after nine of ten hours")
	}
}

func TestCheckReportsEveryFault(t *testing.T) {
	checked, err := standIn.Check(context.Background(), plugin.CheckRequest{
		Type: selfSigned, News: resource.NewPropertyMapFromMap(map[string]any{
			"allowedUses": []any{"bogus"}, "validityPeriodHours": -1, "nonsense": true, "subject": map[string]any{"cn": "x"},
		}),
	})
	if err != nil || len(checked.Failures) != 5 {
		t.Fatal(err, checked.Failures)
	}
	_, err = standIn.Check(context.Background(), plugin.CheckRequest{Type: "tls:index/other:Other"})
	if err == nil || !strings.Contains(err.Error(), "stand-in") {
		t.Error(err)
	}
}
