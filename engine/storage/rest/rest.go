// Package rest keeps repository files on a server that speaks restic's REST protocol,
// version 2 (restic, doc/REST_backend.rst): the account server, or a plain rest-server.
//
// Its one idea is that a name is the hash of its bytes, so an upload whose answer got
// lost can simply be made again: when the second try hears that the file is there, it
// is there because of the first. Only the config has no such name; it is compared.
//
// It promises that an error says whose turn it is. What may go away by itself (no
// answer, a server that restarts, too many requests) is borne for a while and then is
// storage.ErrUnreachable, at which a backup waits. What the server decided is never
// tried again: it is storage.ErrDenied or storage.ErrFull around a *Refusal, whose
// code and sentence are the server's own. An answer that no such server gives, such as
// the sign-in page of a hotel, is storage.ErrUnreachable too, never "no such file".
//
// What the account server lets a computer remove under a removal, which its person has
// opened, goes with the right of that in a header of its own.
//
// Beyond the protocol it sends If-None-Match: * with uploads (RFC 9110, section
// 13.1.2) and reads Holdfast-Free, both of which a plain server ignores. Redirects are
// not followed, because the credential would go along.
//
// Connections are HTTP/1.1, which carries large files with less copying than HTTP/2,
// and are pooled by the transport. Who is trusted is the business of whoever makes the
// transport; encryption, caching and checking of contents belong to the packages above.
package rest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"holdfast/engine/storage"
)

// Options say which repository and who asks.
type Options struct {
	// URL is the repository's folder, such as https://backup.college.edu/storage/.
	// Plain http is only taken for this very computer.
	URL            string
	User, Password string
	// Removal is the right of an open removal of the account server, which goes along
	// with everything that is removed; "" for none.
	Removal   string
	Transport http.RoundTripper // nil: NewTransport(nil), which Close closes
	Retry     time.Duration     // how long transient trouble is borne, 0: 20 seconds
}

// Store is a repository on a server.
type Store struct {
	base           *url.URL // ends in a slash
	user, password string
	removal        string
	client         *http.Client
	retry          time.Duration

	refused atomic.Bool // the last upload was: ask before sending the next
	closed  atomic.Bool
}

var _ storage.Store = (*Store)(nil)

// errClosed is a call after Close, a fault of the caller.
var errClosed = errors.New("the store is closed")

const (
	defaultRetry = 20 * time.Second
	typeV2       = "application/vnd.x.restic.rest.v2"
	headerFree   = "Holdfast-Free"
)

// Open makes a store. It does not ask the server anything.
func Open(o Options) (*Store, error) {
	base, err := parseBase(o.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{base: base, user: o.User, password: o.Password, removal: o.Removal, retry: o.Retry}
	if s.retry <= 0 {
		s.retry = defaultRetry
	}
	transport := o.Transport
	if transport == nil {
		transport = NewTransport(nil)
	}
	s.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

// parseBase refuses addresses that would send the credential where it can be read.
// Its errors do not hold the address, in which somebody may have typed a password.
func parseBase(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, errors.New("the address of the repository is not a URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the address of a repository holds no user, query or fragment")
	case u.Scheme == "http" && isLoopback(u.Hostname()), u.Scheme == "https":
	default:
		return nil, fmt.Errorf("the address of a repository begins with https, not %q", u.Scheme)
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	u.RawPath = ""
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// address is where a file lies, or the list of a kind when it has no name.
func (s *Store) address(k storage.Kind, name string) string {
	u := *s.base
	switch k {
	case "":
	case storage.Config:
		u.Path += string(k)
	default:
		u.Path += string(k) + "/" + name
	}
	return u.String()
}

// begin is what every call does first.
func (s *Store) begin(ctx context.Context, k storage.Kind, name string) error {
	if s.closed.Load() {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return storage.CheckName(k, name)
}

// Free asks how much of the account's quota is left; -1 from a server that does not say.
func (s *Store) Free(ctx context.Context) (int64, error) {
	if s.closed.Load() {
		return -1, errClosed
	}
	free := int64(-1)
	err := s.do(ctx, call{
		what: "asking for the free space", method: http.MethodHead, url: s.address("", ""),
		take: func(a *answer) error {
			if err := a.refusal(); err != nil && !a.is(http.StatusNotFound, http.StatusMethodNotAllowed) {
				return err
			}
			if n, err := strconv.ParseInt(a.Header.Get(headerFree), 10, 64); err == nil && n >= 0 {
				free = n
			}
			return nil
		},
	})
	if err != nil {
		return -1, s.why(ctx, err)
	}
	return free, nil
}

// Location is the address of the repository.
func (s *Store) Location() string { return s.base.String() }

// Close lets go of idle connections. Others who share them make new ones.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.client.CloseIdleConnections()
	return nil
}
