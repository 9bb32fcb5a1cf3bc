package account

import (
	"context"
	"errors"
	"net/url"
	"time"
)

// Code is what a person types on another device (RFC 8628, section 3.2).
type Code struct {
	UserCode    string
	URI         string // the page to type it on
	URIComplete string // the same with the code in it, for a picture to scan; may be empty
	Expires     time.Time
}

// Bounds on what a server can say about polling.
const (
	minInterval = time.Second
	maxInterval = time.Minute
	slower      = 5 * time.Second // RFC 8628, section 3.5
)

// SignInByCode is for computers without a browser: show tells the person a code, which
// is typed on another device, and the call waits. A person who says no there is a
// *Refusal with the code "access_denied"; a code that nobody typed is ErrTimeout.
func (s *Server) SignInByCode(ctx context.Context, name string, show func(Code)) (*Session, error) {
	var out struct {
		DeviceCode  string `json:"device_code"`
		UserCode    string `json:"user_code"`
		URI         string `json:"verification_uri"`
		URIComplete string `json:"verification_uri_complete"`
		ExpiresIn   int    `json:"expires_in"` // seconds
		Interval    int    `json:"interval"`   // seconds
	}
	form := url.Values{"client_id": {clientID}, "name": {name}}
	if err := s.form(ctx, "/oauth/device", form, &out); err != nil {
		return nil, wrap("signing in with a code", err)
	}
	if out.DeviceCode == "" || out.UserCode == "" || out.URI == "" || out.ExpiresIn <= 0 {
		return nil, wrap("signing in with a code", ErrNotHoldfast)
	}
	if out.Interval == 0 {
		out.Interval = 5 // RFC 8628 says so
	}
	life := time.Duration(min(out.ExpiresIn, 3600)) * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, life, ErrTimeout)
	defer cancel()
	show(Code{UserCode: out.UserCode, URI: out.URI, URIComplete: out.URIComplete, Expires: time.Now().Add(life)})
	session, err := s.poll(ctx, out.DeviceCode, time.Duration(out.Interval)*time.Second)
	if hasCode(err, "expired_token") || err != nil && errors.Is(context.Cause(ctx), ErrTimeout) {
		err = ErrTimeout
	}
	return session, wrap("signing in with a code", err)
}

// poll asks until the person has decided. A server that is away for a while is asked
// less often.
func (s *Server) poll(ctx context.Context, deviceCode string, interval time.Duration) (*Session, error) {
	for {
		interval = min(max(interval, minInterval), maxInterval)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(interval):
		}
		session, err := s.exchange(ctx, url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {clientID},
			"device_code": {deviceCode},
		})
		switch {
		case err == nil:
			return session, nil
		case hasCode(err, "authorization_pending"):
		case hasCode(err, "slow_down"), hasCode(err, "rate_limited"), errors.Is(err, ErrUnreachable):
			interval += slower
		default:
			return nil, err
		}
	}
}
