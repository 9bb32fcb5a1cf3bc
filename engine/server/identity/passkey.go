package identity

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"holdfast/engine/server/database"
)

const (
	mostPasskeys = 20 // a person
	longestLabel = 64 // characters
)

// Passkey is one that a person registered.
type Passkey struct {
	ID, Name      string
	Created, Used time.Time // Used is zero before the first sign-in
}

// newWebAuthn asks for discoverable credentials and for the authenticator's own check
// of the person (PIN, finger): a passkey is two factors by itself.
func newWebAuthn(origin, host, name string) (*webauthn.WebAuthn, error) {
	required := true
	w, err := webauthn.New(&webauthn.Config{
		RPID:                  host,
		RPDisplayName:         name,
		RPOrigins:             []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &required,
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			UserVerification:   protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys for %s: %w", origin, err)
	}
	return w, nil
}

// Passkeys says whether there can be any: not when the server is reached by an IP address.
func (s *Service) Passkeys() bool { return s.webauthn != nil }

// user is a person as go-webauthn wants one. The user handle is the person's id.
type user struct {
	id, name string
	records  []webauthn.Credential
}

func (u user) WebAuthnID() []byte                         { return []byte(u.id) }
func (u user) WebAuthnName() string                       { return u.name }
func (u user) WebAuthnDisplayName() string                { return u.name }
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.records }

type passkeyCeremony struct{ Session webauthn.SessionData }

// BeginPasskey gives the JSON for navigator.credentials.create; name is what the
// authenticator shows (the e-mail).
func (s *Service) BeginPasskey(ctx context.Context, person, name string) (options []byte, ceremony string, err error) {
	if s.webauthn == nil || person == "" {
		return nil, "", ErrRefused
	}
	records, err := s.records(ctx, s.db, person)
	if err != nil {
		return nil, "", err
	}
	if len(records) >= mostPasskeys {
		return nil, "", fmt.Errorf("%w: there are %d passkeys already", ErrRefused, len(records))
	}
	exclude := make([]protocol.CredentialDescriptor, len(records))
	for i := range records {
		exclude[i] = records[i].Descriptor()
	}
	creation, session, err := s.webauthn.BeginRegistration(user{person, name, records}, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, "", fmt.Errorf("begin a passkey: %w", err)
	}
	return s.beginPasskey(ctx, ceremonyPasskey, person, creation, session)
}

func (s *Service) beginPasskey(ctx context.Context, kind, person string, options any, session *webauthn.SessionData) ([]byte, string, error) {
	session.Expires = time.Time{} // the ceremony's row expires, by this service's clock
	text, err := json.Marshal(options)
	if err != nil {
		return nil, "", err
	}
	ceremony, err := s.begin(ctx, kind, person, passkeyCeremony{*session})
	return text, ceremony, err
}

// FinishPasskey keeps the passkey that the browser made, under a label.
func (s *Service) FinishPasskey(ctx context.Context, person, ceremony, label string, response []byte) error {
	if s.webauthn == nil {
		return ErrRefused
	}
	var c passkeyCeremony
	owner, err := s.use(ctx, ceremonyPasskey, ceremony, &c)
	if err != nil {
		return err
	}
	if owner != person {
		return ErrRefused
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return fmt.Errorf("%w: read the passkey: %w", ErrRefused, err)
	}
	record, err := s.webauthn.CreateCredential(user{id: person}, c.Session, parsed)
	if err != nil {
		return fmt.Errorf("%w: check the passkey: %w", ErrRefused, err)
	}
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, "INSERT INTO identity_passkey (id, person, name, record, created, used) VALUES ($1, $2, $3, $4, $5, 0)",
		passkeyID(record.ID), person, labelOf(label), text, database.Millis(s.now()))
	if database.IsTaken(err) {
		return fmt.Errorf("%w: the passkey is registered already", ErrRefused)
	}
	return err
}

// BeginPasskeyLogin gives the JSON for navigator.credentials.get. With a person their
// passkeys are asked for (a second factor); without one the authenticator says whose it is.
func (s *Service) BeginPasskeyLogin(ctx context.Context, person string) (options []byte, ceremony string, err error) {
	if s.webauthn == nil {
		return nil, "", ErrRefused
	}
	verified := webauthn.WithUserVerification(protocol.VerificationRequired)
	if person == "" {
		assertion, session, err := s.webauthn.BeginDiscoverableLogin(verified)
		if err != nil {
			return nil, "", fmt.Errorf("begin a sign-in with a passkey: %w", err)
		}
		return s.beginPasskey(ctx, ceremonyPasskeyLogin, "", assertion, session)
	}
	records, err := s.records(ctx, s.db, person)
	if err != nil {
		return nil, "", err
	}
	if len(records) == 0 {
		return nil, "", ErrRefused
	}
	assertion, session, err := s.webauthn.BeginLogin(user{id: person, records: records}, verified)
	if err != nil {
		return nil, "", fmt.Errorf("begin a sign-in with a passkey: %w", err)
	}
	return s.beginPasskey(ctx, ceremonyPasskeyLogin, person, assertion, session)
}

// FinishPasskeyLogin checks the answer and says whose passkey it was.
func (s *Service) FinishPasskeyLogin(ctx context.Context, ceremony string, response []byte) (person string, err error) {
	if s.webauthn == nil {
		return "", ErrRefused
	}
	var c passkeyCeremony
	asked, err := s.use(ctx, ceremonyPasskeyLogin, ceremony, &c)
	if err != nil {
		return "", err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return "", fmt.Errorf("%w: read the passkey's answer: %w", ErrRefused, err)
	}
	id := passkeyID(parsed.RawID)
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		// The row is taken first, so that two answers of one passkey are counted in order.
		found, err := affected(tx.ExecContext(ctx, "UPDATE identity_passkey SET used = $1 WHERE id = $2", database.Millis(s.now()), id))
		if err != nil {
			return err
		}
		if !found {
			return ErrRefused
		}
		var owner string
		if err := tx.QueryRowContext(ctx, "SELECT person FROM identity_passkey WHERE id = $1", id).Scan(&owner); err != nil {
			return err
		}
		if asked != "" && asked != owner {
			return ErrRefused
		}
		records, err := s.records(ctx, tx, owner)
		if err != nil {
			return err
		}
		record, err := s.validate(user{id: owner, records: records}, asked == "", c.Session, parsed)
		if err != nil {
			return err
		}
		text, err := json.Marshal(record)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE identity_passkey SET record = $1 WHERE id = $2", text, id); err != nil {
			return err
		}
		person = owner
		return nil
	})
	if err != nil {
		return "", err
	}
	return person, nil
}

func (s *Service) validate(u user, discoverable bool, session webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	var record *webauthn.Credential
	var err error
	if discoverable {
		record, err = s.webauthn.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
			if subtle.ConstantTimeCompare(handle, u.WebAuthnID()) != 1 {
				return nil, ErrRefused
			}
			return u, nil
		}, session, parsed)
	} else {
		record, err = s.webauthn.ValidateLogin(u, session, parsed)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: check the passkey's answer: %w", ErrRefused, err)
	}
	if record.Authenticator.CloneWarning {
		return nil, fmt.Errorf("%w: the passkey's counter went back, so there may be a copy of it", ErrRefused)
	}
	return record, nil
}

// RemovePasskey ends one, unless nothing else would be left to sign in with.
func (s *Service) RemovePasskey(ctx context.Context, person, id string) error {
	return s.remove(ctx, person, "DELETE FROM identity_passkey WHERE person = $1 AND id = $2", person, id)
}

func passkeysOf(ctx context.Context, q database.Querier, person string) ([]Passkey, error) {
	rows, err := q.QueryContext(ctx, "SELECT id, name, created, used FROM identity_passkey WHERE person = $1 ORDER BY created, id", person)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Passkey
	for rows.Next() {
		var p Passkey
		var created, used int64
		if err := rows.Scan(&p.ID, &p.Name, &created, &used); err != nil {
			return nil, err
		}
		p.Created, p.Used = database.Moment(created), database.Moment(used)
		all = append(all, p)
	}
	return all, rows.Err()
}

// records are the person's passkeys as go-webauthn keeps them.
func (s *Service) records(ctx context.Context, q database.Querier, person string) ([]webauthn.Credential, error) {
	rows, err := q.QueryContext(ctx, "SELECT record FROM identity_passkey WHERE person = $1 ORDER BY created, id", person)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []webauthn.Credential
	for rows.Next() {
		var text []byte
		var c webauthn.Credential
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("read the record of a passkey: %w", err)
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

func passkeyID(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func labelOf(label string) string {
	if label = line(label, longestLabel); label != "" {
		return label
	}
	return "Passkey"
}
