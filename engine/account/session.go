package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// freshFor is a little less than the quarter of an hour for which the server takes a
// sign-in for fresh.
const freshFor = 14 * time.Minute

// Session acts for a person who has signed in. What it asks for may be refused with
// the code "fresh_sign_in_needed" (sign in again) or "unauthenticated" (it is over).
type Session struct {
	server *Server
	token  string
	signed time.Time // zero when it is not known
}

// Session makes one of a token that was kept.
func (s *Server) Session(token string) *Session { return &Session{server: s, token: token} }

// Token is the session's secret.
func (s *Session) Token() string { return s.token }

// Fresh says whether this session was signed in just now, here.
func (s *Session) Fresh() bool { return !s.signed.IsZero() && time.Since(s.signed) < freshFor }

func (s *Session) call(ctx context.Context, method, path string, in, out any) error {
	return s.server.call(ctx, bearer(s.token), method, path, in, out)
}

// Account tells about the person's account.
func (s *Session) Account(ctx context.Context) (Account, error) {
	return accountOf(ctx, s.call)
}

// Computers lists the computers of the account.
func (s *Session) Computers(ctx context.Context) ([]Computer, error) {
	return computersOf(ctx, s.call)
}

// Settings reads the settings that a computer of the account has kept at the server,
// as JSON.
func (s *Session) Settings(ctx context.Context, id string) ([]byte, error) {
	return settingsOf(ctx, s.call, id)
}

// granted is a computer with the credential it was given.
type granted struct {
	Computer   Computer `json:"computer"`
	Credential string   `json:"credential"`
}

func (s *Session) grant(ctx context.Context, what, path string, in any) (Computer, string, error) {
	var out granted
	if err := s.call(ctx, http.MethodPost, path, in, &out); err != nil {
		return Computer{}, "", fmt.Errorf("%s: %w", what, err)
	}
	if _, _, ok := splitCredential(out.Credential); !ok || out.Computer.ID == "" {
		return Computer{}, "", fmt.Errorf("%s: %w", what, ErrNotHoldfast)
	}
	return out.Computer, out.Credential, nil
}

// Register takes a seat for a new computer and gives its credential, which is told
// only this once.
func (s *Session) Register(ctx context.Context, c NewComputer) (Computer, string, error) {
	return s.grant(ctx, "registering this computer", "/api/v1/computers", c)
}

// Authorize gives a computer that has a seat a new credential; the old one ends. The
// generation is that of the grant it had: one that was replaced since is refused.
func (s *Session) Authorize(ctx context.Context, id string, generation int) (Computer, string, error) {
	in := struct {
		Generation int `json:"generation"`
	}{generation}
	return s.grant(ctx, "authorizing the computer", computerPath(id, "/authorize"), in)
}

// Replace puts a new computer in the place of another, which learns of it.
func (s *Session) Replace(ctx context.Context, id string, c NewComputer) (Computer, string, error) {
	return s.grant(ctx, "replacing the computer", computerPath(id, "/replace"), c)
}

// Deauthorize ends a computer's credential.
func (s *Session) Deauthorize(ctx context.Context, id string) error {
	return wrap("deauthorizing the computer", s.call(ctx, http.MethodPost, computerPath(id, "/deauthorize"), nil, nil))
}

// GiveUp gives a computer's seat free because it has that of another one now.
func (s *Session) GiveUp(ctx context.Context, id, successor string) error {
	return wrap("giving up a seat", s.call(ctx, http.MethodDelete, computerPath(id, "?successor="+url.QueryEscape(successor)), nil, nil))
}

// Remove gives a computer's seat free.
func (s *Session) Remove(ctx context.Context, id string) error {
	return wrap("removing the computer", s.call(ctx, http.MethodDelete, computerPath(id, ""), nil, nil))
}

// keptKey is a secret on its way into the key store or out of it; JSON has it in base64.
type keptKey struct {
	Secret  []byte `json:"secret"`
	KeyFile string `json:"key_file"`
	First   bool   `json:"first,omitempty"`
}

// KeepKey gives the institution's key store a secret that opens the key file of that
// name: standard protection.
func (s *Session) KeepKey(ctx context.Context, keyFile string, secret []byte) error {
	in := keptKey{Secret: secret, KeyFile: keyFile}
	return wrap("keeping the key", s.call(ctx, http.MethodPut, "/api/v1/keys/escrow", in, nil))
}

// KeepFirstKey is KeepKey for an account of which no key is kept; otherwise it is a
// *Refusal with the code "exists", and nothing is changed.
func (s *Session) KeepFirstKey(ctx context.Context, keyFile string, secret []byte) error {
	in := keptKey{Secret: secret, KeyFile: keyFile, First: true}
	return wrap("keeping the key", s.call(ctx, http.MethodPut, "/api/v1/keys/escrow", in, nil))
}

// ReleaseKey asks for that secret. The release is written down and the person gets a
// mail about it.
func (s *Session) ReleaseKey(ctx context.Context, reason string) (secret []byte, keyFile string, err error) {
	var out keptKey
	in := struct {
		Reason string `json:"reason"`
	}{reason}
	if err := s.call(ctx, http.MethodPost, "/api/v1/keys/release", in, &out); err != nil {
		return nil, "", fmt.Errorf("asking for the key: %w", err)
	}
	if len(out.Secret) == 0 {
		return nil, "", fmt.Errorf("asking for the key: %w", ErrNotHoldfast)
	}
	return out.Secret, out.KeyFile, nil
}

// ForgetKey takes the secret and its key file away: from now on only the person can
// open the backups.
func (s *Session) ForgetKey(ctx context.Context) error {
	return wrap("forgetting the key", s.call(ctx, http.MethodDelete, "/api/v1/keys/escrow", nil, nil))
}

// RemoveKeyFile takes a key file away, which a computer's credential may not.
func (s *Session) RemoveKeyFile(ctx context.Context, name string) error {
	return wrap("removing a key", s.call(ctx, http.MethodDelete, "/api/v1/keys/"+url.PathEscape(name), nil, nil))
}

// BeginRemoval lets a computer of the account remove what is no longer needed.
func (s *Session) BeginRemoval(ctx context.Context, computer string) (Removal, error) {
	in := struct {
		Computer string `json:"computer"`
	}{computer}
	var out Removal
	if err := s.call(ctx, http.MethodPost, "/api/v1/removals", in, &out); err != nil {
		return Removal{}, fmt.Errorf("asking for the right to remove: %w", err)
	}
	if out.Right == "" || out.Now.IsZero() {
		return Removal{}, fmt.Errorf("asking for the right to remove: %w", ErrNotHoldfast)
	}
	return out, nil
}

// End signs out.
func (s *Session) End(ctx context.Context) error {
	return wrap("signing out", s.call(ctx, http.MethodDelete, "/api/v1/session", nil, nil))
}

// caller is a Session's call or a Device's.
type caller func(ctx context.Context, method, path string, in, out any) error

func accountOf(ctx context.Context, call caller) (Account, error) {
	var a Account
	if err := call(ctx, http.MethodGet, "/api/v1/account", nil, &a); err != nil {
		return Account{}, fmt.Errorf("asking about the account: %w", err)
	}
	if a.Person.ID == "" {
		return Account{}, fmt.Errorf("asking about the account: %w", ErrNotHoldfast)
	}
	return a, nil
}

func computersOf(ctx context.Context, call caller) ([]Computer, error) {
	var out struct {
		Computers []Computer `json:"computers"`
	}
	if err := call(ctx, http.MethodGet, "/api/v1/computers", nil, &out); err != nil {
		return nil, fmt.Errorf("asking for the computers: %w", err)
	}
	return out.Computers, nil
}

func settingsOf(ctx context.Context, call caller, id string) ([]byte, error) {
	var out json.RawMessage
	if err := call(ctx, http.MethodGet, computerPath(id, "/settings"), nil, &out); err != nil {
		return nil, fmt.Errorf("asking for the settings of a computer: %w", err)
	}
	return out, nil
}

func computerPath(id, rest string) string { return "/api/v1/computers/" + url.PathEscape(id) + rest }

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// errCredential never holds what was given.
var errCredential = errors.New("not the credential of a computer")
