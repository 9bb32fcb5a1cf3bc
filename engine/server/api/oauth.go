package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/limit"
	"holdfast/engine/server/session"
)

// token is the token endpoint (RFC 6749, 3.2).
func (a *api) token(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	if ok, wait := a.tokens.Allow(limit.Address(c.Address)); !ok {
		return tooOften(w, wait)
	}
	if err := r.ParseForm(); err != nil {
		return refuseForm(w, err)
	}
	var token string
	var s session.Session
	var refused *session.OAuthError // told after the transaction has been kept: a code is used up all the same
	err := a.DB.Atomically(r.Context(), func(ctx context.Context) (err error) {
		token, s, err = a.Sessions.Exchange(ctx, r.PostForm, c.Address.String())
		if e, ok := errors.AsType[session.OAuthError](err); ok {
			refused = &e
			return nil
		}
		refused = nil
		if err != nil {
			return err
		}
		return a.noteSignIn(ctx, c, s, r.PostForm.Get("grant_type"))
	})
	if err != nil {
		return err
	}
	if refused != nil {
		return oauthError(w, *refused)
	}
	return reply(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer",
		"expires_in": max(0, int64(s.Expires.Sub(a.Now()).Seconds()))})
}

// noteSignIn keeps that a program was let in: through a browser on the same computer, or
// with a code typed into one elsewhere.
func (a *api) noteSignIn(ctx context.Context, c access.Caller, s session.Session, grant string) error {
	action := "sign_in.app"
	if grant == session.GrantDevice {
		action = "sign_in.device"
	}
	return a.Audit.Record(ctx, nil, audit.Entry{Actor: s.Person, Action: action, Target: s.ID, Person: s.Person, Reason: s.Name, Address: c.Address.String()})
}

// device is the device authorization endpoint (RFC 8628, 3.1).
func (a *api) device(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	if ok, wait := a.devices.Allow(limit.Address(c.Address)); !ok {
		return tooOften(w, wait)
	}
	if err := r.ParseForm(); err != nil {
		return refuseForm(w, err)
	}
	if r.PostForm.Get("client_id") != session.Client {
		return oauthError(w, session.OAuthError{Code: "invalid_client", Description: "client_id must be " + session.Client + ".", Status: http.StatusUnauthorized})
	}
	g, err := a.Sessions.StartDevice(r.Context(), r.PostForm.Get("name"), c.Address.String())
	if e, ok := errors.AsType[session.OAuthError](err); ok {
		return oauthError(w, e)
	}
	if err != nil {
		return err
	}
	uri := a.Origin + "/device"
	return reply(w, http.StatusOK, map[string]any{
		"device_code": g.DeviceCode, "user_code": g.UserCode,
		"verification_uri": uri, "verification_uri_complete": uri + "?" + url.Values{"user_code": {g.UserCode}}.Encode(),
		"expires_in": max(0, int64(g.Expires.Sub(a.Now()).Seconds())), "interval": int64(g.Interval.Seconds()),
	})
}

// oauthError answers as clients of RFC 6749 (5.2) read it.
func oauthError(w http.ResponseWriter, e session.OAuthError) error {
	status := e.Status
	if status < 400 || status > 499 {
		status = http.StatusBadRequest
	}
	return reply(w, status, map[string]string{"error": e.Code, "error_description": e.Description})
}

// refuseForm says what is wrong with a body without repeating it.
func refuseForm(w http.ResponseWriter, err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return oauthError(w, session.OAuthError{Code: "invalid_request", Description: "The request is not a form.", Status: http.StatusBadRequest})
}

func tooOften(w http.ResponseWriter, wait time.Duration) error {
	w.Header().Set("Retry-After", strconv.Itoa(int(max(1, math.Ceil(wait.Seconds())))))
	return oauthError(w, session.OAuthError{Code: "slow_down", Description: "Too many questions came from this address. Wait a little.", Status: http.StatusTooManyRequests})
}
