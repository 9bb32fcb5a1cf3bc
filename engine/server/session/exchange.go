package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"

	"holdfast/engine/server/database"
)

const codeLife = 60 * time.Second

// The grants that Exchange knows.
const (
	GrantCode   = "authorization_code"
	GrantDevice = "urn:ietf:params:oauth:grant-type:device_code"
)

// Code lets the app of a request in as person: a code for the browser to bring there
// (Authorize.Answer), good for a minute and one use. The session it becomes counts as
// fresh from this moment on, so the caller makes sure that the person has signed in
// afresh.
func (s *Service) Code(ctx context.Context, person string, a Authorize, address string) (string, error) {
	now := s.now()
	code := rand.Text()
	_, err := s.db.ExecContext(ctx, `INSERT INTO authorization_code
		(code, person, redirect_uri, challenge, name, address, created, expires, used, session)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '')`,
		hash(code), person, a.RedirectURI, a.Challenge, cleanName(a.Name), address,
		database.Millis(now), database.Millis(now.Add(codeLife)))
	if err != nil {
		return "", fmt.Errorf("keep the code: %w", err)
	}
	return code, nil
}

// Exchange is the token endpoint (RFC 6749, 4.1.3; RFC 8628, 3.4): a code becomes a
// session. What a client can do something about is an OAuthError.
func (s *Service) Exchange(ctx context.Context, form url.Values, address string) (string, Session, error) {
	for _, values := range form {
		if len(values) > 1 {
			return "", Session{}, OAuthError{Code: "invalid_request", Description: "A parameter is there twice.", Status: 400}
		}
	}
	if form.Get("client_id") != Client {
		return "", Session{}, OAuthError{Code: "invalid_client", Description: "client_id must be " + Client + ".", Status: 401}
	}
	switch form.Get("grant_type") {
	case GrantCode:
		code, verifier := form.Get("code"), form.Get("code_verifier")
		if code == "" || !isVerifier(verifier) {
			return "", Session{}, OAuthError{Code: "invalid_request", Description: "code and a code_verifier of 43 to 128 characters are needed.", Status: 400}
		}
		return s.exchangeCode(ctx, code, verifier, form.Get("redirect_uri"), address)
	case GrantDevice:
		code := form.Get("device_code")
		if code == "" {
			return "", Session{}, OAuthError{Code: "invalid_request", Description: "device_code is needed.", Status: 400}
		}
		return s.pollDevice(ctx, code, address)
	case "":
		return "", Session{}, OAuthError{Code: "invalid_request", Description: "grant_type is needed.", Status: 400}
	}
	return "", Session{}, OAuthError{Code: "unsupported_grant_type", Description: "grant_type must be " + GrantCode + " or " + GrantDevice + ".", Status: 400}
}

// exchangeCode uses a code up, whether or not what came with it is right. A code
// that comes a second time was stolen, by the first or by the second, so the session
// that the first made ends (RFC 6749, 4.1.2).
func (s *Service) exchangeCode(ctx context.Context, code, verifier, redirect, address string) (string, Session, error) {
	invalid := OAuthError{Code: "invalid_grant", Description: "This code is wrong, used or too old. Sign in again.", Status: 400}
	var token string
	var made Session
	var answer error // told after the transaction has been kept
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		token, made, answer = "", Session{}, nil
		now := s.now()
		r, err := tx.ExecContext(ctx, "UPDATE authorization_code SET used = 1 WHERE code = $1 AND used = 0", hash(code))
		if err != nil {
			return err
		}
		first := atLeastOne(r) == nil
		var person, uri, challenge, name, before string
		var created, expires int64
		err = tx.QueryRowContext(ctx, "SELECT person, redirect_uri, challenge, name, session, created, expires FROM authorization_code WHERE code = $1", hash(code)).
			Scan(&person, &uri, &challenge, &name, &before, &created, &expires)
		if errors.Is(err, sql.ErrNoRows) {
			answer = invalid
			return nil
		}
		if err != nil {
			return err
		}
		if !first {
			answer = invalid
			_, err := tx.ExecContext(ctx, "DELETE FROM session WHERE id = $1", before)
			return err
		}
		if database.Millis(now) >= expires || uri != redirect || !verifies(verifier, challenge) {
			answer = invalid
			return nil
		}
		token, made, err = create(ctx, tx, now, Session{Person: person, Kind: App, Name: name, Address: address, Fresh: database.Moment(created)})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE authorization_code SET session = $1 WHERE code = $2", made.ID, hash(code))
		return err
	})
	if err != nil {
		return "", Session{}, fmt.Errorf("exchange the code: %w", err)
	}
	return token, made, answer
}

// verifies is RFC 7636, 4.6.
func verifies(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
