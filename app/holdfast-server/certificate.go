package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// certificate is what the server shows. Its own one is made once and stays for ten
// years, because computers remember its fingerprint.
func (s *settings) certificate(now time.Time) (cert tls.Certificate, own bool, err error) {
	if s.TLSCert != "" {
		cert, err = tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
		return cert, false, err
	}
	certFile, keyFile := s.ownCertificate(), filepath.Join(s.Data, "tls", "key.pem")
	cert, err = tls.LoadX509KeyPair(certFile, keyFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return cert, true, err
	}
	if err := makeCertificate(s.Origin, certFile, keyFile, now); err != nil {
		return cert, true, fmt.Errorf("make a certificate: %w", err)
	}
	cert, err = tls.LoadX509KeyPair(certFile, keyFile)
	return cert, true, err
}

// ownCertificate is where the one lies that the server made for itself.
func (s *settings) ownCertificate() string { return filepath.Join(s.Data, "tls", "cert.pem") }

// caOption is how restic is told to trust it; "" with a certificate of an authority.
func (s *settings) caOption() string {
	if s.TLSCert != "" {
		return ""
	}
	return " --cacert " + s.ownCertificate()
}

func makeCertificate(origin, certFile, keyFile string, now time.Time) error {
	u, err := url.Parse(origin)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: u.Hostname(), Organization: []string{"Holdfast, made by the server itself"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, // so that restic --cacert and browsers can be told to trust it
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else {
		template.DNSNames = append(template.DNSNames, u.Hostname())
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(certFile), 0o700); err != nil {
		return err
	}
	// The certificate comes last: a crash in between leaves none, and both are made anew.
	if err := writePEM(keyFile, "PRIVATE KEY", private, 0o600); err != nil {
		return err
	}
	return writePEM(certFile, "CERTIFICATE", der, 0o644)
}

func writePEM(name, kind string, der []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	err = pem.Encode(f, &pem.Block{Type: kind, Bytes: der})
	return errors.Join(err, f.Sync(), f.Close())
}

// fingerprint is the SHA-256 of a certificate, as browsers and the app show it.
func fingerprint(cert tls.Certificate) string {
	sum := sha256.Sum256(cert.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// inGroups is a fingerprint as people compare it, in the two lines of the app.
func inGroups(hex string) string {
	var b strings.Builder
	for i := 0; i < len(hex); i += 4 {
		switch i {
		case 0:
			b.WriteString("  ")
		case len(hex) / 2:
			b.WriteString("\n  ")
		default:
			b.WriteByte(' ')
		}
		b.WriteString(hex[i:min(i+4, len(hex))])
	}
	return b.String() + "\n"
}
