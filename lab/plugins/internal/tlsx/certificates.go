package tlsx

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 5280 section 4.2.1.2 has key identifiers in SHA-1
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// parseKeyAndNames reads the key, its algorithm, and what the certificate is for.
func parseKeyAndNames(inputs map[string]any) (crypto.Signer, string, *names, error) {
	key, algorithm, err := parsePrivateKey(inputs["privateKeyPem"])
	if err != nil {
		return nil, "", nil, err
	}
	names, err := parseNames(inputs)
	return key, algorithm, names, err
}

func createRequest(inputs map[string]any) (string, map[string]any, error) {
	key, algorithm, names, err := parseKeyAndNames(inputs)
	if err != nil {
		return "", nil, err
	}
	template := &x509.CertificateRequest{
		Subject: names.subject, DNSNames: names.dns, IPAddresses: names.ips, URIs: names.uris,
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return "", nil, fmt.Errorf("error creating certificate request: %w", err)
	}
	return digest(der), map[string]any{
		"certRequestPem": encode("CERTIFICATE REQUEST", der),
		"keyAlgorithm":   algorithm,
	}, nil
}

func createSelfSigned(inputs map[string]any) (string, map[string]any, error) {
	key, algorithm, names, err := parseKeyAndNames(inputs)
	if err != nil {
		return "", nil, err
	}
	template := &x509.Certificate{
		Subject: names.subject, DNSNames: names.dns, IPAddresses: names.ips, URIs: names.uris,
	}
	id, values, err := issue(inputs, template, template, key.Public(), key)
	if err != nil {
		return "", nil, err
	}
	values["keyAlgorithm"] = algorithm
	return id, values, nil
}

func createLocallySigned(inputs map[string]any) (string, map[string]any, error) {
	request, err := parse(inputs["certRequestPem"], "CERTIFICATE REQUEST", x509.ParseCertificateRequest)
	if err != nil {
		return "", nil, fmt.Errorf("failed to parse certificate request PEM: %w", err)
	}
	caKey, algorithm, err := parsePrivateKey(inputs["caPrivateKeyPem"])
	if err != nil {
		return "", nil, fmt.Errorf("CA private key: %w", err)
	}
	ca, err := parse(inputs["caCertPem"], "CERTIFICATE", x509.ParseCertificate)
	if err != nil {
		return "", nil, fmt.Errorf("failed to parse CA certificate PEM: %w", err)
	}
	template := &x509.Certificate{
		Subject: request.Subject, DNSNames: request.DNSNames,
		IPAddresses: request.IPAddresses, URIs: request.URIs,
	}
	id, values, err := issue(inputs, template, ca, request.PublicKey, caKey)
	if err != nil {
		return "", nil, err
	}
	values["caKeyAlgorithm"] = algorithm
	return id, values, nil
}

// issue signs the template with the issuer's key, with validity, uses and extensions as given.
func issue(
	inputs map[string]any, template, issuer *x509.Certificate, public crypto.PublicKey, signer crypto.Signer,
) (string, map[string]any, error) {
	hours := inputs["validityPeriodHours"].(float64)
	template.NotBefore = now()
	template.NotAfter = template.NotBefore.Add(time.Duration(hours) * time.Hour)
	template.BasicConstraintsValid = true
	var err error
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128)); err != nil {
		return "", nil, err
	}
	for _, use := range inputs["allowedUses"].([]any) {
		template.KeyUsage |= keyUsages[use.(string)]
		if extended, ok := extendedKeyUsages[use.(string)]; ok {
			template.ExtKeyUsage = append(template.ExtKeyUsage, extended)
		}
	}
	template.IsCA, _ = inputs["isCaCertificate"].(bool)
	if length, given := inputs["maxPathLength"].(float64); given && length >= 0 {
		template.MaxPathLen = int(length)
	}
	if template.IsCA && len(template.Subject.ToRDNSequence()) == 0 {
		return "", nil, fmt.Errorf("invalid certificate subject: a certificate authority needs at least one distinguished name")
	}
	if template.IsCA || inputs["setSubjectKeyId"] == true {
		if template.SubjectKeyId, err = keyIdentifier(public); err != nil {
			return "", nil, err
		}
	}
	if inputs["setAuthorityKeyId"] == true {
		if len(issuer.SubjectKeyId) == 0 {
			return "", nil, fmt.Errorf("invalid certificate authority: could not determine authority key identifier")
		}
		template.AuthorityKeyId = issuer.SubjectKeyId
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, signer)
	if err != nil {
		return "", nil, fmt.Errorf("failed to create certificate: %w", err)
	}
	early, _ := inputs["earlyRenewalHours"].(float64)
	return template.SerialNumber.String(), map[string]any{
		"certPem":           encode("CERTIFICATE", der),
		"validityStartTime": template.NotBefore.Format(time.RFC3339Nano),
		"validityEndTime":   template.NotAfter.Format(time.RFC3339Nano),
		"readyForRenewal":   early >= hours,
	}, nil
}

// keyIdentifier is the SHA-1 of the public key's bits (RFC 5280 section 4.2.1.2, method 1).
func keyIdentifier(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	}
	sum := sha1.Sum(info.Key.Bytes) //nolint:gosec // as the RFC has it
	return sum[:], nil
}

// parse reads a PEM block of that type.
func parse[T any](text any, preamble string, read func([]byte) (*T, error)) (*T, error) {
	block, _ := pem.Decode([]byte(text.(string)))
	if block == nil {
		return nil, fmt.Errorf("failed to decode PEM of expected type %q from bytes", preamble)
	}
	if block.Type != preamble {
		return nil, fmt.Errorf("invalid PEM type - expected %q, got %q", preamble, block.Type)
	}
	return read(block.Bytes)
}
