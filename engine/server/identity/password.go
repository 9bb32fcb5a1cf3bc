package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"holdfast/engine/server/database"
)

// parameters are the second recommendation of RFC 9106, section 4, with two lanes. They
// are fixed, so that every password costs the same whatever machine it was set on.
var parameters = &argon2id.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 2, SaltLength: 16, KeyLength: 32}

// hashesAtOnce bounds memory (64 MiB each) and processors; others wait their turn.
const hashesAtOnce = 2

// nobodys is a hash that no password was made for, with parameters: an unknown name
// is held against it and takes the time of a known one.
const nobodys = "$argon2id$v=19$m=65536,t=3,p=2$SG9sZGZhc3RObyBvbmUncw$MvqUQr8SDtYV5tHDZ/DzqKC5Nn0fAMx4x3t1bUg8Vdk"

const (
	shortest = 12  // characters; there is always a second factor beside it
	longest  = 256 // characters: argon2id is fed nothing larger
)

// Password is one that somebody chose, as a hash.
type Password struct{ hash string }

// NewPassword hashes a password; ErrWeak says what is wrong with it. It takes a while, so
// that nobody should do it within a transaction.
func (s *Service) NewPassword(ctx context.Context, typed string) (Password, error) {
	typed = norm.NFKC.String(typed) // the same on every keyboard: NIST SP 800-63B
	if err := s.strong(typed); err != nil {
		return Password{}, err
	}
	release, err := s.place(ctx)
	if err != nil {
		return Password{}, err
	}
	defer release()
	hash, err := argon2id.CreateHash(typed, parameters)
	return Password{hash}, err
}

// SetPassword sets or changes a person's password.
func (s *Service) SetPassword(ctx context.Context, person string, p Password) error {
	if person == "" || p.hash == "" {
		return ErrRefused
	}
	_, err := s.db.ExecContext(ctx, `INSERT INTO identity_password (person, hash, changed) VALUES ($1, $2, $3)
		ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, changed = excluded.changed`, person, p.hash, database.Millis(s.now()))
	return err
}

// CheckPassword says whether the password is the person's. With person "" (the name is
// unknown), or a person without a password, it does the same work and says no.
func (s *Service) CheckPassword(ctx context.Context, person, password string) (bool, error) {
	hash := nobodys
	err := s.db.QueryRowContext(ctx, "SELECT hash FROM identity_password WHERE person = $1", person).Scan(&hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	found := err == nil
	if utf8.RuneCountInString(password) > 2*longest {
		password, found = "", false
	}
	release, err := s.place(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	same, err := argon2id.ComparePasswordAndHash(norm.NFKC.String(password), hash)
	if err != nil {
		return false, fmt.Errorf("check a password: %w", err)
	}
	return same && found, nil
}

// HasPassword says whether the person has a local password.
func (s *Service) HasPassword(ctx context.Context, person string) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM identity_password WHERE person = $1", person).Scan(&n)
	return n > 0, err
}

// RemovePassword leaves the other ways to sign in.
func (s *Service) RemovePassword(ctx context.Context, person string) error {
	return s.remove(ctx, person, "DELETE FROM identity_password WHERE person = $1", person)
}

// place waits until one more password may be hashed.
func (s *Service) place(ctx context.Context) (release func(), err error) {
	select {
	case s.hashing <- struct{}{}:
		return func() { <-s.hashing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// strong refuses what is guessed first. Rules about kinds of characters are left out:
// NIST SP 800-63B advises against them.
func (s *Service) strong(password string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return fmt.Errorf("%w: it holds characters that cannot be read", ErrWeak)
	case n < shortest:
		return fmt.Errorf("%w: it needs at least %d characters; a few words in a row are fine", ErrWeak, shortest)
	case n > longest:
		return fmt.Errorf("%w: it may have at most %d characters", ErrWeak, longest)
	}
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	if len(different) < 5 {
		return fmt.Errorf("%w: it repeats the same few characters", ErrWeak)
	}
	if rest := withoutKnown(strings.ToLower(password), strings.ToLower(s.name)); utf8.RuneCountInString(rest) < 4 {
		return fmt.Errorf("%w: it is among the first that others would try", ErrWeak)
	}
	return nil
}

// known are the pieces that guessed passwords are made of.
var known = []string{
	"holdfast", "password", "passwort", "passw0rd", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "1q2w3e4r5t", "1qaz2wsx3edc", "1q2w3e4r",
	"qwerty", "qwertz", "azerty", "asdfgh", "0123456789", "1234567890", "123456789", "12345678", "1234567", "123456", "12345", "1234", "123", "9876543210", "987654321",
	"abcdefghijklmnopqrstuvwxyz", "abcdefghijklm", "abcdefgh", "abcdef", "abc", "iloveyou", "letmein", "welcome", "administrator", "admin", "changeme", "secret", "backup",
	"football", "baseball", "monkey", "dragon", "sunshine", "princess", "college", "university", "computer", "trustno1", "login", "summer", "winter", "spring", "autumn",
	"2022", "2023", "2024", "2025", "2026", "2027",
}

// withoutKnown is what such a password has of its own.
func withoutKnown(password, institution string) string {
	if len(institution) > 3 {
		password = strings.ReplaceAll(password, institution, "")
	}
	for _, k := range known {
		password = strings.ReplaceAll(password, k, "")
	}
	return password
}
