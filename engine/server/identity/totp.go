package identity

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"holdfast/engine/server/database"
)

const (
	stepSeconds = 30
	pendingTOTP = time.Hour // how long a new secret waits for its first code
)

// TOTP is what an authenticator app needs. It is a secret, shown once.
type TOTP struct {
	Secret string // base32, to type
	URL    string // otpauth://…
	PNG    []byte // the URL as a QR code
}

// BeginTOTP makes a new secret for the person, shown in the app under account. It
// counts once ConfirmTOTP has seen a code of it; until then an old one does.
func (s *Service) BeginTOTP(ctx context.Context, person, account string) (TOTP, error) {
	if err := s.isKey(ctx); err != nil { // it was made anew while this server runs
		return TOTP{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: strings.ReplaceAll(s.name, ":", " "), AccountName: account, Period: stepSeconds, SecretSize: 20})
	if err != nil {
		return TOTP{}, fmt.Errorf("make a secret for an authenticator app: %w", err)
	}
	image, err := key.Image(264, 264)
	if err != nil {
		return TOTP{}, err
	}
	var code bytes.Buffer
	if err := png.Encode(&code, image); err != nil {
		return TOTP{}, err
	}
	kept, err := s.seal(ctx, person, key.Secret())
	if err != nil {
		return TOTP{}, err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO identity_totp (person, secret, step, pending, made, created) VALUES ($1, '', 0, $2, $3, 0)
		ON CONFLICT (person) DO UPDATE SET pending = excluded.pending, made = excluded.made`, person, kept, database.Millis(s.now()))
	if err != nil {
		return TOTP{}, err
	}
	return TOTP{Secret: key.Secret(), URL: key.URL(), PNG: code.Bytes()}, nil
}

// ConfirmTOTP makes the new secret count when the code is one of it: ErrRefused for a
// wrong code, ErrCeremony when nothing is pending.
func (s *Service) ConfirmTOTP(ctx context.Context, person, code string) error {
	var pending string
	var made int64
	err := s.db.QueryRowContext(ctx, "SELECT pending, made FROM identity_totp WHERE person = $1", person).Scan(&pending, &made)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrCeremony
	}
	if err != nil {
		return err
	}
	now := s.now()
	if pending == "" || now.Sub(database.Moment(made)) > pendingTOTP {
		return ErrCeremony
	}
	secret, err := s.unseal(ctx, person, pending)
	if err != nil {
		return err
	}
	step, ok := matches(secret, code, now, 0)
	if !ok {
		return ErrRefused
	}
	changed, err := affected(s.db.ExecContext(ctx, `UPDATE identity_totp SET secret = pending, pending = '', step = $1, created = $2
		WHERE person = $3 AND pending = $4`, step, database.Millis(now), person, pending))
	if err == nil && !changed {
		return ErrCeremony
	}
	return err
}

// CheckTOTP says whether the code is one of the person's app, of this half minute or a
// neighbouring one, and was not used before.
func (s *Service) CheckTOTP(ctx context.Context, person, code string) (bool, error) {
	var kept string
	var last int64
	err := s.db.QueryRowContext(ctx, "SELECT secret, step FROM identity_totp WHERE person = $1 AND secret <> ''", person).Scan(&kept, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	secret, err := s.unseal(ctx, person, kept)
	if err != nil {
		return false, err
	}
	step, ok := matches(secret, code, s.now(), last)
	if !ok {
		return false, nil
	}
	return affected(s.db.ExecContext(ctx, "UPDATE identity_totp SET step = $1 WHERE person = $2 AND secret = $3 AND step < $1", step, person, kept))
}

// RemoveTOTP ends the app's secret, unless nothing else would be left to sign in with.
func (s *Service) RemoveTOTP(ctx context.Context, person string) error {
	return s.remove(ctx, person, "DELETE FROM identity_totp WHERE person = $1", person)
}

// matches finds the step of a code, later than the last one used.
func matches(secret, code string, now time.Time, last int64) (step int64, ok bool) {
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, code)
	present := now.Unix() / stepSeconds
	for _, step := range []int64{present, present - 1, present + 1} {
		if step <= last {
			continue
		}
		same, err := hotp.ValidateCustom(code, uint64(step), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && same {
			return step, true
		}
	}
	return 0, false
}
