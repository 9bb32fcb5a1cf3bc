// Package account is a computer's side of the account server: finding it, signing in,
// and the calls of its API below /api/v1.
//
// Its one idea is that a person's token and a computer's credential are two things. A
// Session acts for the person: it is made by signing in with the system's browser, by
// a redirect to this computer (RFC 6749 with the PKCE of RFC 7636, as RFC 8252 has it
// for native programs) or by a code that is typed elsewhere (RFC 8628). It ends within
// the hour and is not worth keeping. A Device acts for the computer: its credential
// was given to it once, lives in the system's keychain, and adds and reads files.
//
// It promises that a secret is only sent to the server it belongs to. Connections are
// TLS; the certificate is either signed by somebody the system knows or it is the one
// whose fingerprint a person has confirmed, and any other answer is *Untrusted or
// *Changed before a byte of a request is sent. Redirects are not followed. Passwords
// never come here: they are typed into the browser.
//
// Errors say whose turn it is: *Refusal is the server's decision with its code and
// sentence, ErrUnreachable goes away by itself, ErrNotHoldfast is a wrong address.
// Nothing here is kept on disk, and nothing but storage/rest and FindAgain is retried.
package account

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"holdfast/engine/storage"
	"holdfast/engine/storage/rest"
)

// Refusal is what the server decided; the codes are in its OpenAPI file.
type Refusal = rest.Refusal

// ErrUnreachable is a server that gives no answer, or none now. It is a
// storage.ErrUnreachable too.
var ErrUnreachable error = unreachable{}

type unreachable struct{}

func (unreachable) Error() string { return "the server cannot be reached" }

func (unreachable) Is(target error) bool { return target == storage.ErrUnreachable }

var (
	// ErrNotHoldfast is an answer by something else than an account server.
	ErrNotHoldfast = errors.New("something else than a Holdfast server answers at this address")
	// ErrAddress is a text that is not the address of a server.
	ErrAddress = errors.New("not the address of a server")
)

// Info is what a server says about itself, and how it is known.
type Info struct {
	ID       string // stays when its address or certificate changes
	Name     string // of the institution
	Version  string
	Provider string // name of its single sign-on, or ""
	Password bool   // people can sign in with a password of its own

	Origin      string // https://host[:port]
	Fingerprint string // SHA-256 of the pinned certificate in hex, "" when the system trusts it
}

// Server is an account server at an address.
type Server struct {
	info      Info
	transport *http.Transport
	client    *http.Client
	trusted   atomic.Bool // the system would take the pinned certificate by itself
}

// Open makes a server from what is known about it: its origin or an address as a
// person types it, and the fingerprint of its certificate or "". It asks nothing, so
// that it works while the server is down; ID, Name and the like are empty.
func Open(address, pin string) (*Server, error) { return open(address, pin, nil) }

// Find is Open, and asks the server who it is.
func Find(ctx context.Context, address, pin string) (*Server, error) {
	s, err := Open(address, pin)
	if err != nil {
		return nil, err
	}
	if err := s.ask(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// How long and how often FindAgain asks.
const (
	restartTime = 10 * time.Second
	firstPause  = 100 * time.Millisecond
	longPause   = 2 * time.Second
)

// FindAgain is Find for a server that was found before: one that does not answer is
// asked again for a while, because it may be about to start anew.
func FindAgain(ctx context.Context, address, pin string) (*Server, error) {
	return findWithin(ctx, address, pin, restartTime)
}

func findWithin(ctx context.Context, address, pin string, limit time.Duration) (*Server, error) {
	began := time.Now()
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		s, err := Find(ctx, address, pin)
		if !errors.Is(err, ErrUnreachable) || time.Since(began)+pause > limit {
			return s, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// open takes the roots that are trusted, nil for the system's.
func open(address, pin string, roots *x509.CertPool) (*Server, error) {
	origin, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{RootCAs: roots}
	s := new(Server)
	if pin != "" {
		if pin, err = parsePin(pin); err != nil {
			return nil, err
		}
		u, err := url.Parse(origin)
		if err != nil {
			return nil, ErrAddress
		}
		pinned(c, pin, u.Hostname(), &s.trusted)
	}
	s.info, s.transport = Info{Origin: origin, Fingerprint: pin}, rest.NewTransport(c)
	s.client = &http.Client{
		Transport:     s.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

// parseAddress makes an origin of what a person types: a host, perhaps with a port,
// perhaps with https:// before it. The errors do not repeat it whole, because it may
// hold a password.
func parseAddress(address string) (string, error) {
	address = strings.TrimSpace(address)
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "", ErrAddress
	case u.Scheme == "http":
		return "", fmt.Errorf("%w: it begins with http, and only https is safe", ErrAddress)
	case u.Scheme != "https":
		return "", fmt.Errorf("%w: it does not begin with https", ErrAddress)
	case u.User != nil:
		return "", fmt.Errorf("%w: it holds an @, as an e-mail address does", ErrAddress)
	case u.Hostname() == "" || strings.ContainsAny(u.Host, " \t\\"):
		return "", fmt.Errorf("%w: it names no computer", ErrAddress)
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("%w: something follows the name of the server", ErrAddress)
	}
	host := strings.ToLower(u.Host)
	if name, port, err := net.SplitHostPort(host); err == nil && (port == "443" || port == "") {
		host = name
		if strings.Contains(name, ":") {
			host = "[" + name + "]"
		}
	}
	return "https://" + host, nil
}

// ask learns who answers.
func (s *Server) ask(ctx context.Context) error {
	var wire struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Version string `json:"version"`
		SignIn  struct {
			Provider string `json:"provider"`
			Password bool   `json:"password"`
		} `json:"sign_in"`
	}
	err := s.call(ctx, nil, http.MethodGet, "/api/v1/server", nil, &wire)
	if r, ok := errors.AsType[*Refusal](err); ok && !errors.Is(err, ErrUnreachable) {
		return fmt.Errorf("asking %s who it is: %w (%d)", s.info.Origin, ErrNotHoldfast, r.Status)
	}
	if err != nil {
		return fmt.Errorf("asking %s who it is: %w", s.info.Origin, err)
	}
	if wire.ID == "" {
		return fmt.Errorf("asking %s who it is: %w", s.info.Origin, ErrNotHoldfast)
	}
	s.info.ID, s.info.Name, s.info.Version = wire.ID, wire.Name, wire.Version
	s.info.Provider, s.info.Password = wire.SignIn.Provider, wire.SignIn.Password
	return nil
}

// Info is what is known about the server.
func (s *Server) Info() Info { return s.info }

// NeedsPin says whether the certificate that the server showed is only known by its
// fingerprint. Of one that the system trusts for this server none need be kept.
func (s *Server) NeedsPin() bool { return s.info.Fingerprint != "" && !s.trusted.Load() }

// Transport is the pool of connections to the server, which the store of a Device
// shares.
func (s *Server) Transport() http.RoundTripper { return s.transport }

// Close lets go of idle connections.
func (s *Server) Close() { s.transport.CloseIdleConnections() }
