// Package identity proves who somebody is: with a local password and a second factor
// (an authenticator app, a passkey, a recovery code), with a passkey alone, or at the
// institution's OpenID Connect provider.
//
// Its one idea is that a proof belongs to the id of a person and nothing else: the
// provider's word counts for (issuer, subject), never for an e-mail address, which
// others can be given. It promises
//
//   - of passwords, recovery codes and ceremony tokens the database holds hashes only;
//   - nothing counts twice: a code of an authenticator app, a recovery code, a ceremony,
//     an answer of the provider, under racing requests too;
//   - an unknown name costs the time of a known one;
//   - nobody removes the last way to sign in;
//   - an assurance the institution asks for (acr, amr, a fresh auth_time) is there, or
//     the answer is refused;
//   - secrets of authenticator apps, which must be computed with, lie in the database
//     under a key that is not in it (Sealer): who reads the database alone has no code.
//
// Who has an account, sessions, rate limits and letters are left to the callers.
//
// Sources: RFC 9106 (Argon2), RFC 6238 (TOTP), Web Authentication Level 3, OpenID
// Connect Core 1.0, RFC 7636 (PKCE), RFC 9207 (iss), NIST SP 800-63B.
package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"holdfast/engine/server/database"
)

var (
	// ErrRefused is a proof that does not hold.
	ErrRefused = errors.New("this could not be accepted")
	// ErrWeak is wrapped in a sentence that says what is wrong with a new password.
	ErrWeak = errors.New("choose another password")
	// ErrCeremony is a step whose beginning is unknown, used or expired: start again.
	ErrCeremony = errors.New("this took too long or was done already")
	// ErrAssurance is a sign-in at the provider without what the institution asks for.
	ErrAssurance = errors.New("the sign-in was not as strong or as recent as it must be")
	// ErrProvider means that the provider is down or answers what it must not.
	ErrProvider = errors.New("the sign-in service of the institution does not work at the moment")
	// ErrLastWay means that nothing would be left to sign in with.
	ErrLastWay = errors.New("it is the last way to sign in")
	// ErrProviderOnly means that a person proves who they are at the provider and nowhere else.
	ErrProviderOnly = errors.New("the person signs in at the institution's sign-in only")
	// ErrLinked means that the identity at the provider is another person's here.
	ErrLinked = errors.New("this sign-in belongs to another account")
)

// Options of a service.
type Options struct {
	Origin   string // https://host[:port], as browsers write it
	Name     string // of the institution
	Provider *ProviderOptions
	Sealer   Sealer // of the secrets in the database
}

// Service is safe for use by several goroutines, and of several servers on one database.
type Service struct {
	db       *database.DB
	name     string
	now      func() time.Time
	sealer   Sealer
	hashing  chan struct{} // a place for each password that is hashed at once
	webauthn *webauthn.WebAuthn
	provider *provider
}

// New is a service on an open database.
func New(db *database.DB, o Options, now func() time.Time) (*Service, error) {
	u, err := url.Parse(o.Origin)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || (u.Path != "" && u.Path != "/") {
		return nil, fmt.Errorf("the origin must be https://host[:port] and nothing more")
	}
	origin := u.Scheme + "://" + u.Host
	if o.Sealer == nil {
		return nil, fmt.Errorf("the secrets of authenticator apps need a key to be sealed with")
	}
	s := &Service{db: db, name: o.Name, now: now, sealer: o.Sealer, hashing: make(chan struct{}, hashesAtOnce)}
	if s.name == "" {
		s.name = "Holdfast"
	}
	if net.ParseIP(u.Hostname()) == nil { // browsers know no passkeys for addresses
		if s.webauthn, err = newWebAuthn(origin, u.Hostname(), s.name); err != nil {
			return nil, err
		}
	}
	if o.Provider != nil {
		if s.provider, err = newProvider(*o.Provider, origin+"/sign-in/return", now); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Factors is what a person can prove with.
type Factors struct {
	Password, TOTP bool
	Passkeys       []Passkey
	RecoveryCodes  int // left
	Links          []Link
}

// Factors lists them.
func (s *Service) Factors(ctx context.Context, person string) (Factors, error) {
	return factors(ctx, s.db, person)
}

func factors(ctx context.Context, q database.Querier, person string) (Factors, error) {
	var f Factors
	var passwords, apps int
	err := q.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM identity_password WHERE person = $1),
		(SELECT count(*) FROM identity_totp WHERE person = $1 AND secret <> ''),
		(SELECT count(*) FROM identity_recovery WHERE person = $1)`, person).Scan(&passwords, &apps, &f.RecoveryCodes)
	if err != nil {
		return Factors{}, err
	}
	f.Password, f.TOTP = passwords > 0, apps > 0
	if f.Passkeys, err = passkeysOf(ctx, q, person); err != nil {
		return Factors{}, err
	}
	f.Links, err = linksOf(ctx, q, person)
	return f, err
}

// suffices says whether one can sign in with these. Recovery codes stand in for a lost
// factor and are not one.
func (f Factors) suffices() bool {
	return len(f.Links) > 0 || len(f.Passkeys) > 0 || f.Password && f.TOTP
}

// own are the tables of what a person proves with here, and of what is under way.
var own = []string{"identity_password", "identity_totp", "identity_recovery", "identity_passkey", "identity_ceremony"}

// Forget removes every factor and link of a person who was removed.
func (s *Service) Forget(ctx context.Context, person string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := take(ctx, tx, person); err != nil {
			return err
		}
		return forget(ctx, tx, person, append([]string{"identity_link"}, own...))
	})
}

// Reset removes what a person proves with here, so that all of it is set up anew by one
// who lost it: password, authenticator app, passkeys, recovery codes. Who they are at the
// provider stays; one who proves it there alone has nothing to lose here (ErrProviderOnly).
func (s *Service) Reset(ctx context.Context, person string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := take(ctx, tx, person); err != nil {
			return err
		}
		has, err := factors(ctx, tx, person)
		if err != nil {
			return err
		}
		if s.provides(has) && !has.Password && !has.TOTP && len(has.Passkeys) == 0 {
			return ErrProviderOnly
		}
		return forget(ctx, tx, person, own)
	})
}

// provides says whether the provider, as it is set now, lets the person in.
func (s *Service) provides(f Factors) bool {
	return s.provider != nil && slices.ContainsFunc(f.Links, func(l Link) bool { return l.Issuer == s.provider.options.Issuer })
}

func forget(ctx context.Context, tx *sql.Tx, person string, tables []string) error {
	for _, table := range tables {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE person = $1", person); err != nil {
			return fmt.Errorf("forget how somebody signs in: %w", err)
		}
	}
	return nil
}

// remove runs a removal that must leave a way to sign in.
func (s *Service) remove(ctx context.Context, person, query string, args ...any) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := take(ctx, tx, person); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
		left, err := factors(ctx, tx, person)
		if err != nil {
			return err
		}
		if !left.suffices() {
			return ErrLastWay
		}
		return nil
	})
}

// take makes others that change the person's factors wait for the transaction's end.
func take(ctx context.Context, tx *sql.Tx, person string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO identity (person, version) VALUES ($1, 0)
		ON CONFLICT (person) DO UPDATE SET version = identity.version + 1`, person)
	return err
}

func newToken() string { return rand.Text() }

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func affected(r sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}
