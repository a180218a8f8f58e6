// Command certjudge says what a Go client makes of a server's certificate: for each JSON object on a line of
// its input, one on a line of its output. Tests compare the program's verdicts with it.
package main

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"net"
	"os"
	"syscall"
)

const maxRSABits = 8192 // crypto/tls, checkKeySize

type question struct {
	Chain    string `json:"chain"`    // PEM, the server's certificate first
	Key      string `json:"key"`      // PEM, PKCS #8; empty: no handshake
	Bundle   string `json:"bundle"`   // PEM, what the client trusts
	Hostname string `json:"hostname"` // what the client asks for
}

type answer struct {
	Verify    string `json:"verify"`    // why crypto/x509 refuses; empty if it accepts
	Handshake string `json:"handshake"` // why crypto/tls refuses; empty if it accepts or the key is missing
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := json.NewEncoder(os.Stdout)
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			log.Fatalf("invalid question: %v", err)
		}
		if err := output.Encode(judge(asked)); err != nil {
			log.Fatal(err)
		}
	}
}

func judge(asked question) answer {
	chain := decode(asked.Chain)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(asked.Bundle))
	answered := answer{Verify: text(verify(chain, roots, asked.Hostname))}
	if asked.Key != "" {
		answered.Handshake = text(handshake(chain, asked.Key, roots, asked.Hostname))
	}
	return answered
}

func decode(chain string) [][]byte {
	var found [][]byte
	rest := bytes.TrimSpace([]byte(chain))
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return found
		}
		found = append(found, block.Bytes)
	}
}

// verify does what a client of crypto/tls does with the certificates of a server.
func verify(chain [][]byte, roots *x509.CertPool, hostname string) error {
	intermediates := x509.NewCertPool()
	var server *x509.Certificate
	for _, der := range chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("parse: %w", err)
		}
		if key, ok := certificate.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSABits {
			return fmt.Errorf("RSA key of %d bits", key.N.BitLen())
		}
		if server == nil {
			server = certificate
		} else {
			intermediates.AddCert(certificate)
		}
	}
	if server == nil {
		return fmt.Errorf("no certificate")
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: hostname}
	if _, err := server.Verify(options); err != nil {
		return err
	}
	switch server.PublicKey.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return nil
	}
	return fmt.Errorf("unsupported key %T", server.PublicKey)
}

func handshake(chain [][]byte, key string, roots *x509.CertPool, hostname string) error {
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		return fmt.Errorf("server: no key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if _, ok := parsed.(crypto.Signer); !ok {
		return fmt.Errorf("server: the key cannot sign")
	}
	clientEnd, serverEnd, err := socketPair()
	if err != nil {
		log.Fatal(err)
	}
	defer clientEnd.Close()
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: parsed}}}
	done := make(chan error, 1)
	go func() {
		defer serverEnd.Close()
		done <- tls.Server(serverEnd, config).Handshake()
	}()
	err = tls.Client(clientEnd, &tls.Config{RootCAs: roots, ServerName: hostname}).Handshake()
	clientEnd.Close()
	if failed := <-done; err == nil && failed != nil {
		err = fmt.Errorf("server: %w", failed)
	}
	return err
}

// socketPair returns a connection whose ends can both write at once, unlike those of net.Pipe.
func socketPair() (net.Conn, net.Conn, error) {
	var ends [2]net.Conn
	descriptors, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, err
	}
	for number, descriptor := range descriptors {
		file := os.NewFile(uintptr(descriptor), "socketpair")
		if ends[number], err = net.FileConn(file); err != nil {
			return nil, nil, err
		}
		file.Close()
	}
	return ends[0], ends[1], nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
