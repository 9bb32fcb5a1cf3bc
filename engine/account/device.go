package account

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"holdfast/engine/storage/rest"
)

// Device acts for this computer. Its refusals have the codes "replaced",
// "deauthorized", "removed", "lent_over", "unknown_computer" and "blocked", among others.
type Device struct {
	server       *Server
	user, secret string
}

// Device makes one of the credential that Register, Authorize or Replace gave.
func (s *Server) Device(credential string) *Device {
	user, secret, _ := splitCredential(credential)
	return &Device{server: s, user: user, secret: secret}
}

// splitCredential parts "id:secret".
func splitCredential(credential string) (user, secret string, ok bool) {
	user, secret, ok = strings.Cut(credential, ":")
	return user, secret, ok && user != "" && secret != ""
}

// Close lets go of idle connections. A store that was opened goes on.
func (d *Device) Close() { d.server.Close() }

// ID is the computer's own.
func (d *Device) ID() string { return d.user }

func (d *Device) call(ctx context.Context, method, path string, in, out any) error {
	if d.user == "" || d.secret == "" {
		return errCredential
	}
	return d.server.call(ctx, basic(d.user, d.secret), method, path, in, out)
}

// Account tells about the account of the computer's person.
func (d *Device) Account(ctx context.Context) (Account, error) { return accountOf(ctx, d.call) }

// Computers lists the computers of the account.
func (d *Device) Computers(ctx context.Context) ([]Computer, error) {
	return computersOf(ctx, d.call)
}

// Report tells the server how this computer is.
func (d *Device) Report(ctx context.Context, r Report) error {
	return wrap("reporting", d.call(ctx, http.MethodPost, "/api/v1/report", r, nil))
}

// SaveSettings keeps this computer's settings, which are JSON, at the server.
func (d *Device) SaveSettings(ctx context.Context, settings []byte) error {
	return wrap("keeping the settings",
		d.call(ctx, http.MethodPut, computerPath(d.user, "/settings"), json.RawMessage(settings), nil))
}

// SignOut ends this computer's credential. Its seat and what it stored stay.
func (d *Device) SignOut(ctx context.Context) error {
	return wrap("signing this computer out", d.call(ctx, http.MethodPost, "/api/v1/sign-out", nil, nil))
}

// Settings reads those of a computer of the account.
func (d *Device) Settings(ctx context.Context, id string) ([]byte, error) {
	return settingsOf(ctx, d.call, id)
}

// EndRemoval gives the right of a removal back.
func (d *Device) EndRemoval(ctx context.Context, r Removal) error {
	if d.user == "" || d.secret == "" {
		return errCredential
	}
	with := func(req *http.Request) {
		basic(d.user, d.secret)(req)
		req.Header.Set(rest.HeaderRemoval, r.Right)
	}
	return wrap("ending the removal", d.server.call(ctx, with, http.MethodDelete, "/api/v1/removal", nil, nil))
}

// Store is where the account's repository lies. It shares the server's connections, and
// its Close lets go of the idle ones.
func (d *Device) Store() (*rest.Store, error) { return d.store("") }

// StoreRemoving is Store with the right of a removal.
func (d *Device) StoreRemoving(r Removal) (*rest.Store, error) { return d.store(r.Right) }

func (d *Device) store(right string) (*rest.Store, error) {
	if d.user == "" || d.secret == "" {
		return nil, errCredential
	}
	return rest.Open(rest.Options{
		URL: d.server.info.Origin + "/storage/", User: d.user, Password: d.secret, Removal: right, Transport: d.server.transport,
	})
}
