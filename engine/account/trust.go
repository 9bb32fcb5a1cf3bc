package account

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode"
)

// Untrusted is a server whose certificate is signed by nobody the system knows. A
// person can compare the fingerprint with the one the institution tells, and Find is
// asked again with it.
type Untrusted struct {
	Fingerprint string // SHA-256 of the certificate, hex
	err         error
}

func (u *Untrusted) Error() string {
	return "the server's certificate is signed by nobody this computer knows; its fingerprint is " + u.Fingerprint
}

func (u *Untrusted) Unwrap() error { return u.err }

// Changed is a server whose certificate is not the one that was confirmed: it was
// renewed, or another server answers.
type Changed struct{ Fingerprint string }

func (c *Changed) Error() string {
	return "the server's certificate is not the one that was confirmed; its fingerprint is " + c.Fingerprint
}

// Stranger tells the store not to ask again.
func (c *Changed) Stranger() bool { return true }

// ErrCertificate is a certificate of a known authority that is not good for this
// server now: it is for another name, or its time is over. No fingerprint is offered,
// because that is how somebody between us and the server looks.
var ErrCertificate = errors.New("the server's certificate is not valid for it")

// ErrFingerprint is a text that is not the fingerprint of a certificate.
var ErrFingerprint = errors.New("the fingerprint of a certificate is 64 hexadecimal digits")

// parsePin takes a fingerprint as it is printed and as people copy it, in groups or
// with openssl's "sha256 Fingerprint=" before it.
func parsePin(pin string) (string, error) {
	pin = strings.ToLower(pin)
	if _, after, ok := strings.Cut(pin, "="); ok {
		pin = after
	}
	pin = strings.TrimPrefix(strings.TrimSpace(pin), "sha256")
	pin = strings.Map(func(r rune) rune {
		if r == ':' || r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, pin)
	if b, err := hex.DecodeString(pin); err != nil || len(b) != sha256.Size {
		return "", ErrFingerprint
	}
	return pin, nil
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// pinned makes the one certificate the only one that is taken. Its names and dates do
// not count: whoever confirmed it knows which server it is. The check is made when a
// session is resumed too, which VerifyPeerCertificate would not be. Trusted is told
// whether the system would take that certificate for the host by itself.
func pinned(c *tls.Config, pin, host string, trusted *atomic.Bool) {
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return &Changed{}
		}
		if is := fingerprint(state.PeerCertificates[0]); is != pin {
			return &Changed{Fingerprint: is}
		}
		trusted.Store(verifies(state.PeerCertificates, x509.VerifyOptions{Roots: c.RootCAs, DNSName: host}))
		return nil
	}
}

// verifies looks for a chain with the certificates that were shown.
func verifies(chain []*x509.Certificate, o x509.VerifyOptions) bool {
	o.Intermediates = x509.NewCertPool()
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(o)
	return err == nil
}

// noAnswer says why a request got none.
func noAnswer(err error, roots *x509.CertPool) error {
	if changed, ok := errors.AsType[*Changed](err); ok {
		return changed
	}
	bad, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok {
		if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
			return fmt.Errorf("%w (%w)", ErrNotHoldfast, err) // no TLS is spoken there
		}
		return fmt.Errorf("%w (%w)", ErrUnreachable, err)
	}
	if len(bad.UnverifiedCertificates) == 0 || signedByKnown(bad.UnverifiedCertificates, roots) {
		return fmt.Errorf("%w (%w)", ErrCertificate, bad.Err)
	}
	return &Untrusted{Fingerprint: fingerprint(bad.UnverifiedCertificates[0]), err: bad}
}

// signedByKnown looks for a chain without asking for a name, at a moment when the
// certificate was valid.
func signedByKnown(chain []*x509.Certificate, roots *x509.CertPool) bool {
	return verifies(chain, x509.VerifyOptions{Roots: roots, CurrentTime: chain[0].NotAfter, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
}
