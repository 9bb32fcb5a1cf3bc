package session

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Client is the only client there is: the app and its command.
const Client = "holdfast"

// Authorize is a request of the app, carried by the browser, to be let in (RFC 6749,
// 4.1.1).
type Authorize struct {
	Client      string // always Client
	RedirectURI string // loopback, with the port that the app listens at
	State       string
	Challenge   string // RFC 7636, S256
	Name        string // of the computer, as the app tells it
}

// ErrRedirect means that it is not known who asks or where the answer would go: it
// must be told to the person, in the browser, and sent nowhere.
var ErrRedirect = errors.New("the request does not come from the Holdfast app on this computer")

// OAuthError is a refusal that a client understands (RFC 6749, 4.1.2.1 and 5.2; RFC
// 8628, 3.5).
type OAuthError struct {
	Code        string
	Description string
	Status      int // of HTTP, where it answers a request of the client
}

func (e OAuthError) Error() string { return e.Code + ": " + e.Description }

// ParseAuthorize reads the query of the authorization endpoint. Every error but
// ErrRedirect is an OAuthError that goes back to the app: what is returned beside it
// is enough for Redirect.
func ParseAuthorize(query url.Values) (Authorize, error) {
	a := Authorize{
		Client: query.Get("client_id"), RedirectURI: query.Get("redirect_uri"), State: query.Get("state"),
		Challenge: query.Get("code_challenge"), Name: cleanName(query.Get("name")),
	}
	if len(query["client_id"]) > 1 || a.Client != Client {
		return Authorize{}, fmt.Errorf("client: %w", ErrRedirect)
	}
	if len(query["redirect_uri"]) > 1 || !isLoopback(a.RedirectURI) {
		return Authorize{}, fmt.Errorf("redirect address: %w", ErrRedirect)
	}
	for name, values := range query {
		if len(values) > 1 {
			return a, OAuthError{Code: "invalid_request", Description: "The parameter " + strconv.QuoteToASCII(shorten(name)) + " is there twice.", Status: 400}
		}
	}
	switch {
	case a.State == "" || len(a.State) > 512:
		a.State = ""
		return a, OAuthError{Code: "invalid_request", Description: "state must have 1 to 512 characters.", Status: 400}
	case query.Get("response_type") != "code":
		return a, OAuthError{Code: "unsupported_response_type", Description: "response_type must be code.", Status: 400}
	case query.Get("code_challenge_method") != "S256":
		return a, OAuthError{Code: "invalid_request", Description: "code_challenge_method must be S256.", Status: 400}
	case !isChallenge(a.Challenge):
		return a, OAuthError{Code: "invalid_request", Description: "code_challenge must be a SHA-256 in base64url.", Status: 400}
	}
	return a, nil
}

// Redirect is where the browser goes to tell the app why not.
func (a Authorize) Redirect(err error) string {
	e, ok := errors.AsType[OAuthError](err)
	if !ok {
		e = OAuthError{Code: "server_error", Description: "The server could not do it now."}
	}
	return a.answer(url.Values{"error": {e.Code}, "error_description": {e.Description}})
}

// Refused is what the person said no with.
var Refused = OAuthError{Code: "access_denied", Description: "The person said no.", Status: 400}

// Answer is where the browser goes to bring the app its code.
func (a Authorize) Answer(code string) string {
	return a.answer(url.Values{"code": {code}})
}

func (a Authorize) answer(values url.Values) string {
	if a.State != "" {
		values.Set("state", a.State)
	}
	return a.RedirectURI + "?" + values.Encode() // isLoopback lets no query through
}

// Query is the request as it came, to be carried through a sign-in or a form.
func (a Authorize) Query() url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {a.Client}, "redirect_uri": {a.RedirectURI}, "state": {a.State},
		"code_challenge": {a.Challenge}, "code_challenge_method": {"S256"}, "name": {a.Name},
	}
}

// isLoopback says whether an address is on this computer, literally: names such as
// localhost may lead elsewhere (RFC 8252, 8.3).
func isLoopback(address string) bool {
	rest, ok := strings.CutPrefix(address, "http://127.0.0.1:")
	if !ok {
		rest, ok = strings.CutPrefix(address, "http://[::1]:")
	}
	if !ok || len(address) > 512 {
		return false
	}
	port, path, ok := strings.Cut(rest, "/")
	if !ok {
		return false
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return false
	}
	for _, c := range []byte(path) { // plain characters only: no query, fragment, escape or header trick
		if !isUnreserved(c) && c != '/' {
			return false
		}
	}
	return true
}

// isUnreserved is RFC 3986, 2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func isChallenge(challenge string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	return err == nil && len(b) == 32 && len(challenge) == 43
}

// isVerifier is RFC 7636, 4.1.
func isVerifier(verifier string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	for _, c := range []byte(verifier) {
		if !isUnreserved(c) {
			return false
		}
	}
	return true
}

func shorten(s string) string {
	if len(s) > 40 {
		return s[:40]
	}
	return s
}
