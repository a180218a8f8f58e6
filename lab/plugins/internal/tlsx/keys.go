package tlsx

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // identifiers, not security
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

func createPrivateKey(inputs map[string]any) (string, map[string]any, error) {
	key, block, err := generate(inputs)
	if err != nil {
		return "", nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", nil, err
	}
	if block == nil {
		block = &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}
	}
	values := map[string]any{
		"privateKeyPem":      encode(block.Type, block.Bytes),
		"privateKeyPemPkcs8": encode("PRIVATE KEY", pkcs8),
		"publicKeyPem":       encode("PUBLIC KEY", public),
		"privateKeyOpenssh":  "", "publicKeyOpenssh": "",
		"publicKeyFingerprintMd5": "", "publicKeyFingerprintSha256": "",
	}
	// OpenSSH has no form for curve P-224: those outputs stay empty, as with the real plugin.
	if sshPublic, err := ssh.NewPublicKey(key.Public()); err == nil {
		sshPrivate, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			return "", nil, err
		}
		values["privateKeyOpenssh"] = string(pem.EncodeToMemory(sshPrivate))
		values["publicKeyOpenssh"] = string(ssh.MarshalAuthorizedKey(sshPublic))
		values["publicKeyFingerprintMd5"] = ssh.FingerprintLegacyMD5(sshPublic)
		values["publicKeyFingerprintSha256"] = ssh.FingerprintSHA256(sshPublic)
	}
	return digest(public), values, nil
}

// generate makes the key and, for the algorithms that have one, its traditional PEM block.
func generate(inputs map[string]any) (crypto.Signer, *pem.Block, error) {
	switch inputs["algorithm"] {
	case "RSA":
		key, err := rsa.GenerateKey(rand.Reader, int(inputs["rsaBits"].(float64)))
		if err != nil {
			return nil, nil, err
		}
		return key, &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}, nil
	case "ECDSA":
		curves := map[any]elliptic.Curve{
			"P224": elliptic.P224(), "P256": elliptic.P256(), "P384": elliptic.P384(), "P521": elliptic.P521(),
		}
		key, err := ecdsa.GenerateKey(curves[inputs["ecdsaCurve"]], rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		der, err := x509.MarshalECPrivateKey(key)
		return key, &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}, err
	default:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, nil, err
	}
}

// parsePrivateKey reads a PEM private key and tells its algorithm.
func parsePrivateKey(text any) (crypto.Signer, string, error) {
	block, _ := pem.Decode([]byte(text.(string)))
	if block == nil {
		return nil, "", fmt.Errorf("failed to parse private key PEM: failed to decode PEM block")
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		err = fmt.Errorf("unsupported PEM preamble/type: %s", block.Type)
	}
	if err != nil {
		return nil, "", fmt.Errorf("failed to parse private key PEM: %w", err)
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, "RSA", nil
	case *ecdsa.PrivateKey:
		return key, "ECDSA", nil
	case ed25519.PrivateKey:
		return key, "ED25519", nil
	default:
		return nil, "", fmt.Errorf("failed to parse private key PEM: unsupported private key type: %T", key)
	}
}

func encode(preamble string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: preamble, Bytes: der}))
}

// digest is the id of keys and requests: the SHA-1 of their DER form.
func digest(der []byte) string {
	sum := sha1.Sum([]byte(strings.TrimSpace(string(der)))) //nolint:gosec // an identifier
	return hex.EncodeToString(sum[:])
}
