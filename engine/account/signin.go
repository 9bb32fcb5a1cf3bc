package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// clientID is what programs of this kind are called at the server (RFC 6749, section
// 2.2). They have no secret of their own: PKCE is what binds a code to who asked.
const clientID = "holdfast"

// ErrTimeout is a sign-in that nobody finished.
var ErrTimeout = errors.New("nobody finished signing in")

// signInTime is how long a person may take with the browser.
const signInTime = 10 * time.Minute

// SignIn is how a person signs in on this computer.
type SignIn struct {
	Name  string                 // of this computer, shown to the person and in the list of sessions
	Email string                 // fills in the page, may be empty
	Open  func(url string) error // opens the system's browser
}

// SignIn opens the system's browser and waits until the person has signed in there,
// which comes back to this computer by a redirect to a port of its own (RFC 8252,
// section 7.3). A person who says no in the browser is a *Refusal with the code
// "access_denied".
func (s *Server) SignIn(ctx context.Context, o SignIn) (*Session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, signInTime, ErrTimeout)
	defer cancel()
	session, err := s.signIn(ctx, o)
	if err != nil && errors.Is(context.Cause(ctx), ErrTimeout) {
		err = ErrTimeout
	}
	return session, wrap("signing in", err)
}

func (s *Server) signIn(ctx context.Context, o SignIn) (*Session, error) {
	listener, err := listenLoopback()
	if err != nil {
		return nil, fmt.Errorf("waiting for the browser: %w", err)
	}
	a := newAttempt(ctx, s, "http://"+listener.Addr().String()+returnPath)
	server := &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		// The page that says it is over is on its way still.
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(within) != nil {
			_ = server.Close()
		}
		<-served
	}()
	if err := o.Open(a.address(o)); err != nil {
		return nil, fmt.Errorf("opening the browser: %w", err)
	}
	select {
	case r := <-a.result:
		return r.session, r.err
	case err := <-served:
		served <- err
		return nil, fmt.Errorf("waiting for the browser: %w", err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listenLoopback takes any free port of this computer that others cannot reach.
func listenLoopback() (net.Listener, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		l, err = net.Listen("tcp6", "[::1]:0")
	}
	return l, err
}

// verifier makes the secret of RFC 7636, section 4.1, of 260 random bits.
func verifier() string { return rand.Text() + rand.Text() }

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// attempt is one time of waiting for the browser.
type attempt struct {
	ctx      context.Context // of the call that waits
	server   *Server
	redirect string
	host     string
	state    string
	verifier string

	turn   chan struct{} // one, for who may exchange the code
	result chan outcome
}

type outcome struct {
	session *Session
	err     error
}

const returnPath = "/signed-in"

func newAttempt(ctx context.Context, s *Server, redirect string) *attempt {
	u, _ := url.Parse(redirect)
	a := &attempt{
		ctx: ctx, server: s, redirect: redirect, host: u.Host, state: rand.Text(), verifier: verifier(),
		turn: make(chan struct{}, 1), result: make(chan outcome, 1),
	}
	a.turn <- struct{}{}
	return a
}

// address is what the browser opens.
func (a *attempt) address(o SignIn) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {a.redirect}, "state": {a.state},
		"code_challenge": {challenge(a.verifier)}, "code_challenge_method": {"S256"}, "name": {o.Name},
	}
	if o.Email != "" {
		q.Set("login_hint", o.Email)
	}
	return a.server.info.Origin + "/oauth/authorize?" + q.Encode()
}

// ServeHTTP takes the redirect. Anything on this computer can send requests here, so
// one that does not know the state is told so and changes nothing.
func (a *attempt) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.Path != returnPath || r.Host != a.host {
		http.NotFound(w, r)
		return
	}
	q := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(a.state)) != 1 {
		showPage(w, http.StatusBadRequest, pageStale)
		return
	}
	select {
	case <-a.turn:
	default:
		showPage(w, http.StatusOK, pageDone) // the browser came a second time
		return
	}
	session, err := a.finish(a.ctx, q)
	if err != nil {
		showPage(w, http.StatusOK, pageFailed)
	} else {
		showPage(w, http.StatusOK, pageDone)
	}
	a.result <- outcome{session, err}
}

// finish turns the code into a session.
func (a *attempt) finish(ctx context.Context, q url.Values) (*Session, error) {
	if code := q.Get("error"); code != "" {
		return nil, oauthRefusal(code, q.Get("error_description"))
	}
	return a.server.exchange(ctx, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "code": {q.Get("code")},
		"redirect_uri": {a.redirect}, "code_verifier": {a.verifier},
	})
}

// exchange asks for a token.
func (s *Server) exchange(ctx context.Context, form url.Values) (*Session, error) {
	var out struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
	}
	if err := s.form(ctx, "/oauth/token", form, &out); err != nil {
		return nil, err
	}
	if out.Token == "" {
		return nil, ErrNotHoldfast
	}
	return &Session{server: s, token: out.Token, signed: time.Now()}, nil
}
