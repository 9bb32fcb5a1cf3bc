// Package mailtest is a mail server for tests: real SMTP (RFC 5321) on the loopback
// address, which keeps what it is sent, and refuses when it is told to.
package mailtest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Letter is what arrived.
type Letter struct {
	From, To string // of the envelope
	Header   netmail.Header
	Subject  string // decoded
	Text     string // decoded, with \n
}

// Server is a mail server that runs until the test ends.
type Server struct {
	Address string         // host:port
	Roots   *x509.CertPool // who signed its certificate; nil when it has none

	username, password string // what a client must sign in with; "" for nothing

	mu      sync.Mutex
	letters []Letter
	refuse  func(to string) error
	offered int // recipients that were named, refused ones too
	arrived chan struct{}
}

// Sink is a mail server without TLS ("none").
func Sink(t testing.TB) *Server {
	t.Helper()
	return start(t, &Server{}, false)
}

// SinkTLS is a mail server with a certificate for 127.0.0.1 that wants a user name and
// a password: by STARTTLS, or from the first byte when direct is true.
func SinkTLS(t testing.TB, username, password string, direct bool) *Server {
	t.Helper()
	https := httptest.NewTLSServer(nil) // for its certificate
	defer https.Close()
	roots := x509.NewCertPool()
	roots.AddCert(https.Certificate())
	return start(t, &Server{Roots: roots, username: username, password: password}, direct, https.TLS.Certificates...)
}

func start(t testing.TB, s *Server, direct bool, certificates ...tls.Certificate) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Address, s.arrived = listener.Addr().String(), make(chan struct{})
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	server.Domain, server.ErrorLog = "mail.test", silent{}
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	if len(certificates) > 0 {
		server.TLSConfig = &tls.Config{Certificates: certificates}
		if direct {
			listener = tls.NewListener(listener, server.TLSConfig)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(listener) // ends with an error when it is closed
	}()
	t.Cleanup(func() {
		listener.Close() // for a server that has not come to know it yet
		server.Close()
		<-done
	})
	return s
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// Refuse answers recipients with what the function returns; nil takes them again. An
// *smtp.SMTPError is sent as it is.
func (s *Server) Refuse(refuse func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// Refusal is an answer for Refuse, such as (550, "5.1.1", "no such user").
func Refusal(code int, enhanced [3]int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode(enhanced), Message: text}
}

// Letters gives what arrived, oldest first.
func (s *Server) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Letter(nil), s.letters...)
}

// Offered is how often a recipient was named to the server, refused or not.
func (s *Server) Offered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offered
}

// Wait gives what arrived once there are n letters; it fails the test after three
// minutes.
func (s *Server) Wait(t testing.TB, n int) []Letter {
	t.Helper()
	late := time.After(3 * time.Minute)
	for {
		s.mu.Lock()
		letters, arrived := append([]Letter(nil), s.letters...), s.arrived
		s.mu.Unlock()
		if len(letters) >= n {
			return letters
		}
		select {
		case <-arrived:
		case <-late:
			t.Fatalf("%d of %d letters arrived", len(letters), n)
		}
	}
}

// session is one connection to the server.
type session struct {
	server   *Server
	signedIn bool
	from, to string
}

func (s *session) AuthMechanisms() []string {
	if s.server.username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != s.server.username || password != s.server.password {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.username != "" && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	s.server.offered++
	refuse := s.server.refuse
	s.server.mu.Unlock()
	if refuse != nil {
		if err := refuse(to); err != nil {
			return err
		}
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	if m.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		return errors.New("only quoted-printable is understood")
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.letters = append(s.server.letters, Letter{s.from, s.to, m.Header, subject, strings.ReplaceAll(string(text), "\r\n", "\n")})
	close(s.server.arrived)
	s.server.arrived = make(chan struct{})
	return nil
}

func (s *session) Reset()        { s.from, s.to = "", "" }
func (s *session) Logout() error { return nil }
