package session

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"holdfast/engine/server/database"
)

const (
	deviceLife  = 10 * time.Minute
	devicePause = 5 * time.Second // also what slow_down adds (RFC 8628, 3.5)
)

// userLetters are what a user code is made of: consonants, so that it is easily
// typed and spells no word (RFC 8628, 6.1). Eight of them are 34 bits, which the ten
// minutes and the limits of the page where they are typed make enough.
const (
	userLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userLength  = 8
)

// DeviceGrant is what a computer without a browser gets to wait with.
type DeviceGrant struct {
	DeviceCode string // its secret
	UserCode   string // "BCDF-GHJK", for the person to type elsewhere
	Expires    time.Time
	Interval   time.Duration // to wait between two questions
}

// DeviceRequest is what the person is shown who typed a user code.
type DeviceRequest struct {
	Name    string
	Address string
	Created time.Time
}

// StartDevice begins a sign-in on a computer without a browser.
func (s *Service) StartDevice(ctx context.Context, name, address string) (DeviceGrant, error) {
	now := s.now()
	for {
		g := DeviceGrant{DeviceCode: rand.Text(), UserCode: newUserCode(), Expires: now.Add(deviceLife), Interval: devicePause}
		_, err := s.db.ExecContext(ctx, `INSERT INTO device_grant
			(device_code, user_code, name, address, created, expires, polled, pause, state, person, decided)
			VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 'waiting', '', 0)`,
			hash(g.DeviceCode), hash(plainUserCode(g.UserCode)), cleanName(name), address,
			database.Millis(now), database.Millis(g.Expires), devicePause.Milliseconds())
		if database.IsTaken(err) {
			continue
		}
		if err != nil {
			return DeviceGrant{}, fmt.Errorf("begin the sign-in: %w", err)
		}
		return g, nil
	}
}

func newUserCode() string {
	var b strings.Builder
	for i := range userLength {
		if i == userLength/2 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userLetters))))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		b.WriteByte(userLetters[n.Int64()])
	}
	return b.String()
}

// plainUserCode is a user code as it was typed, without what people add and leave
// out: spaces, dashes, case. "" when it cannot be one.
func plainUserCode(typed string) string {
	if len(typed) > 100 {
		return ""
	}
	code := strings.Map(func(r rune) rune {
		if strings.ContainsRune(userLetters, r) {
			return r
		}
		if r == '-' || r == ' ' || r == '\t' {
			return -1
		}
		return '?'
	}, strings.ToUpper(typed))
	if len(code) != userLength || strings.Contains(code, "?") {
		return ""
	}
	return code
}

// FindDevice is who waits with a user code, or ErrNone: never given out, over, or
// decided.
func (s *Service) FindDevice(ctx context.Context, userCode string) (DeviceRequest, error) {
	var d DeviceRequest
	var created int64
	err := s.db.QueryRowContext(ctx, "SELECT name, address, created FROM device_grant WHERE user_code = $1 AND state = 'waiting' AND expires > $2",
		hash(plainUserCode(userCode)), database.Millis(s.now())).Scan(&d.Name, &d.Address, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return DeviceRequest{}, ErrNone
	}
	if err != nil {
		return DeviceRequest{}, fmt.Errorf("find who waits: %w", err)
	}
	d.Created = database.Moment(created)
	return d, nil
}

// DecideDevice lets the computer that waits in as person, or sends it away; once.
// The session it makes counts as fresh from this moment on, so the caller makes sure
// that the person has signed in afresh.
func (s *Service) DecideDevice(ctx context.Context, userCode, person string, allow bool) error {
	state := "refused"
	if allow {
		state = "allowed"
	}
	now := database.Millis(s.now())
	r, err := s.db.ExecContext(ctx, `UPDATE device_grant SET state = $1, person = $2, decided = $3
		WHERE user_code = $4 AND state = 'waiting' AND expires > $5`, state, person, now, hash(plainUserCode(userCode)), now)
	if err != nil {
		return fmt.Errorf("decide about who waits: %w", err)
	}
	return atLeastOne(r)
}

// pollDevice answers the computer that waits.
func (s *Service) pollDevice(ctx context.Context, deviceCode, address string) (string, Session, error) {
	var token string
	var made Session
	var answer error // told after the transaction has been kept
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		token, made, answer = "", Session{}, nil
		now := s.now()
		code := hash(deviceCode)
		// Takes the row, so that two questions at once are asked one after the other.
		r, err := tx.ExecContext(ctx, "UPDATE device_grant SET state = state WHERE device_code = $1", code)
		if err != nil {
			return err
		}
		if atLeastOne(r) != nil {
			answer = OAuthError{Code: "invalid_grant", Description: "This device code is not known.", Status: 400}
			return nil
		}
		var name, state, person string
		var expires, polled, pause, decided int64
		if err := tx.QueryRowContext(ctx, "SELECT name, state, person, expires, polled, pause, decided FROM device_grant WHERE device_code = $1", code).
			Scan(&name, &state, &person, &expires, &polled, &pause, &decided); err != nil {
			return err
		}
		switch {
		case state == "used":
			answer = OAuthError{Code: "invalid_grant", Description: "This device code has been used.", Status: 400}
			return nil
		case database.Millis(now) >= expires:
			answer = OAuthError{Code: "expired_token", Description: "Nobody answered in time. Start again.", Status: 400}
			return nil
		case state == "refused":
			answer = OAuthError{Code: "access_denied", Description: "The person said no.", Status: 400}
			return nil
		case polled != 0 && database.Millis(now)-polled < pause:
			answer = OAuthError{Code: "slow_down", Description: "Wait five seconds longer between two questions.", Status: 400}
			_, err := tx.ExecContext(ctx, "UPDATE device_grant SET polled = $1, pause = $2 WHERE device_code = $3", database.Millis(now), pause+devicePause.Milliseconds(), code)
			return err
		case state == "waiting":
			answer = OAuthError{Code: "authorization_pending", Description: "Nobody has answered yet.", Status: 400}
			_, err := tx.ExecContext(ctx, "UPDATE device_grant SET polled = $1 WHERE device_code = $2", database.Millis(now), code)
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE device_grant SET state = 'used' WHERE device_code = $1", code); err != nil {
			return err
		}
		token, made, err = create(ctx, tx, now, Session{Person: person, Kind: App, Name: name, Address: address, Fresh: database.Moment(decided)})
		return err
	})
	if err != nil {
		return "", Session{}, fmt.Errorf("answer who waits: %w", err)
	}
	return token, made, answer
}
