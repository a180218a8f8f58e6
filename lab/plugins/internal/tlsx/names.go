package tlsx

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"

	"rancher-on-pks/lab/plugins/internal/provider"
)

// keyUsages are the values of allowedUses for the key usage extension (RFC 5280 section 4.2.1.3).
var keyUsages = map[string]x509.KeyUsage{
	"digital_signature":  x509.KeyUsageDigitalSignature,
	"content_commitment": x509.KeyUsageContentCommitment,
	"key_encipherment":   x509.KeyUsageKeyEncipherment,
	"data_encipherment":  x509.KeyUsageDataEncipherment,
	"key_agreement":      x509.KeyUsageKeyAgreement,
	"cert_signing":       x509.KeyUsageCertSign,
	"crl_signing":        x509.KeyUsageCRLSign,
	"encipher_only":      x509.KeyUsageEncipherOnly,
	"decipher_only":      x509.KeyUsageDecipherOnly,
}

// extendedKeyUsages are those for the extended key usage extension (RFC 5280 section 4.2.1.12).
var extendedKeyUsages = map[string]x509.ExtKeyUsage{
	"any_extended":                      x509.ExtKeyUsageAny,
	"server_auth":                       x509.ExtKeyUsageServerAuth,
	"client_auth":                       x509.ExtKeyUsageClientAuth,
	"code_signing":                      x509.ExtKeyUsageCodeSigning,
	"email_protection":                  x509.ExtKeyUsageEmailProtection,
	"ipsec_end_system":                  x509.ExtKeyUsageIPSECEndSystem,
	"ipsec_tunnel":                      x509.ExtKeyUsageIPSECTunnel,
	"ipsec_user":                        x509.ExtKeyUsageIPSECUser,
	"timestamping":                      x509.ExtKeyUsageTimeStamping,
	"ocsp_signing":                      x509.ExtKeyUsageOCSPSigning,
	"microsoft_server_gated_crypto":     x509.ExtKeyUsageMicrosoftServerGatedCrypto,
	"netscape_server_gated_crypto":      x509.ExtKeyUsageNetscapeServerGatedCrypto,
	"microsoft_commercial_code_signing": x509.ExtKeyUsageMicrosoftCommercialCodeSigning,
	"microsoft_kernel_code_signing":     x509.ExtKeyUsageMicrosoftKernelCodeSigning,
}

func usageNames() []string {
	all := slices.Collect(maps.Keys(keyUsages))
	all = slices.AppendSeq(all, maps.Keys(extendedKeyUsages))
	slices.Sort(all)
	return all
}

// names are what a certificate is for.
type names struct {
	subject pkix.Name
	dns     []string
	ips     []net.IP
	uris    []*url.URL
}

func parseNames(inputs map[string]any) (*names, error) {
	parsed := &names{dns: provider.Texts(inputs["dnsNames"])}
	if parts, ok := inputs["subject"].(map[string]any); ok {
		parsed.subject = distinguishedName(parts)
	}
	for _, text := range provider.Texts(inputs["ipAddresses"]) {
		ip := net.ParseIP(text)
		if ip == nil {
			return nil, fmt.Errorf("invalid IP address: failed to parse %q", text)
		}
		parsed.ips = append(parsed.ips, ip)
	}
	for _, text := range provider.Texts(inputs["uris"]) {
		uri, err := url.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("invalid URI: failed to parse %q: %w", text, err)
		}
		parsed.uris = append(parsed.uris, uri)
	}
	return parsed, nil
}

func distinguishedName(parts map[string]any) pkix.Name {
	single := func(part string) []string {
		if value, ok := parts[part].(string); ok {
			return []string{value}
		}
		return nil
	}
	name := pkix.Name{
		Organization:       single("organization"),
		OrganizationalUnit: single("organizationalUnit"),
		StreetAddress:      provider.Texts(parts["streetAddresses"]),
		Locality:           single("locality"),
		Province:           single("province"),
		Country:            single("country"),
		PostalCode:         single("postalCode"),
	}
	name.CommonName, _ = parts["commonName"].(string)
	name.SerialNumber, _ = parts["serialNumber"].(string)
	if address, ok := parts["emailAddress"].(string); ok {
		name.ExtraNames = []pkix.AttributeTypeAndValue{{
			Type:  asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1},
			Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(address)},
		}}
	}
	return name
}
