// Package api is what programs ask of the account server besides the bytes: the app
// and its command below /api/v1, the endpoints of sign-in that have no page below
// /oauth (RFC 6749, RFC 8628), and the console's acts.
//
// Its one idea is that every route is one row of a table (New), which says who may use
// it, and one path of openapi.yaml, which says what goes in and out; tests hold the
// three against each other. Handlers know no credentials: package access has found out
// who calls. What is left to a handler is whose thing it is: an id of another account
// is answered as if it did not exist.
//
// Promises: whatever weakens security or moves a key is in the audit log and told to
// the person by mail in the very transaction that changes it (commit). The key store has
// a database of its own, which no transaction here includes: it keeps a log of its own,
// and a key leaves only once both logs have the release and the letter is on its way.
// Nothing of the server's own database is held while the key store is asked.
// Errors have stable codes and whole sentences. Answers are JSON in snake_case, moments
// in RFC 3339.
package api

import (
	_ "embed"
	"net/http"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/keylog"
	"holdfast/engine/server/lending"
	"holdfast/engine/server/limit"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	"holdfast/engine/server/removal"
	"holdfast/engine/server/session"
	"holdfast/engine/server/store"
)

//go:embed openapi.yaml
var description []byte

// Services are what the routes work with.
type Services struct {
	DB        *database.DB // that the others are on, but for the key store
	People    *people.Service
	Computers *computers.Service
	Sessions  *session.Service
	Identity  *identity.Service
	Store     *store.Service
	Removals  *removal.Service
	Escrow    *escrow.Client
	KeyLog    *keylog.Service
	Audit     *audit.Log
	Mail      *mail.Post

	Name    string // of the institution
	ID      string // of this server
	Version string
	Origin  string           // https://host[:port] of the pages
	Now     func() time.Time // nil: time.Now
}

// api holds what the handlers share.
type api struct {
	Services
	lending *lending.Service
	tokens  *limit.Limiter // questions for a session
	devices *limit.Limiter // sign-ins begun without a browser
}

// A place polls for device codes every few seconds, perhaps for several computers.
const (
	tokenBurst, tokenEvery   = 60, time.Second
	deviceBurst, deviceEvery = 10, 30 * time.Second
	limitKeys                = 20_000
)

// New is the table of routes.
func New(s Services) []access.Route {
	if s.Now == nil {
		s.Now = time.Now
	}
	a := &api{Services: s,
		lending: &lending.Service{DB: s.DB, People: s.People, Computers: s.Computers, Audit: s.Audit, Mail: s.Mail},
		tokens:  limit.New(tokenBurst, tokenEvery, limitKeys, s.Now),
		devices: limit.New(deviceBurst, deviceEvery, limitKeys, s.Now),
	}
	routes := a.own()
	routes = append(routes, a.console()...)
	for i := range routes {
		routes[i].Handle = a.heard(routes[i].Handle)
	}
	return routes
}

// own are the routes of people and their computers.
func (a *api) own() []access.Route {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return []access.Route{
		{Method: get, Pattern: "/api/v1/openapi.yaml", Need: access.Anyone, Handle: a.openapi, Doc: "This description."},
		{Method: get, Pattern: "/api/v1/server", Need: access.Anyone, Handle: a.server, Doc: "Which server this is and how one signs in."},
		{Method: post, Pattern: "/oauth/token", Need: access.Anyone, Body: formLimit, Handle: a.token, Doc: "A code becomes a session."},
		{Method: post, Pattern: "/oauth/device", Need: access.Anyone, Body: formLimit, Handle: a.device, Doc: "Begins a sign-in without a browser."},

		{Method: get, Pattern: "/api/v1/account", Need: access.ComputerOrPerson, BlockedMay: true, Handle: a.account, Doc: "The account, its seats, storage and key."},
		{Method: get, Pattern: "/api/v1/snapshots", Need: access.ComputerOrPerson, Handle: a.snapshots, Doc: "The snapshots stored, with the time of receipt."},

		{Method: get, Pattern: "/api/v1/computers", Need: access.ComputerOrPerson, Handle: a.computers, Doc: "The computers of the account."},
		{Method: post, Pattern: "/api/v1/computers", Need: access.Fresh, Handle: a.register, Doc: "Adds a computer."},
		{Method: post, Pattern: "/api/v1/computers/{id}/authorize", Need: access.Fresh, Handle: a.authorize, Doc: "The same computer signs in again."},
		{Method: post, Pattern: "/api/v1/computers/{id}/replace", Need: access.Fresh, Handle: a.replace, Doc: "A new computer takes the place of this one."},
		{Method: post, Pattern: "/api/v1/computers/{id}/deauthorize", Need: access.Fresh, Handle: a.deauthorize, Doc: "Signs a computer out."},
		{Method: post, Pattern: "/api/v1/computers/{id}/restore", Need: access.Fresh, Handle: a.restore, Doc: "Undoes a removal."},
		{Method: del, Pattern: "/api/v1/computers/{id}", Need: access.Fresh, Handle: a.remove, Doc: "Removes a computer and gives its seat free."},
		{Method: patch, Pattern: "/api/v1/computers/{id}", Need: access.ComputerOrPerson, Handle: a.change, Doc: "Changes name, asset number or owner."},
		{Method: get, Pattern: "/api/v1/computers/{id}/settings", Need: access.ComputerOrPerson, Handle: a.settings, Doc: "The settings of a computer."},
		{Method: put, Pattern: "/api/v1/computers/{id}/settings", Need: access.Computer, Body: computers.MaxSettings, Handle: a.saveSettings, Doc: "A computer keeps its settings."},
		{Method: post, Pattern: "/api/v1/report", Need: access.Computer, BlockedMay: true, Handle: a.report, Doc: "A computer says how its backup stands."},
		{Method: post, Pattern: "/api/v1/sign-out", Need: access.Computer, BlockedMay: true, Handle: a.signOutComputer, Doc: "A computer ends its own credential."},

		{Method: put, Pattern: "/api/v1/keys/escrow", Need: access.Fresh, Handle: a.keepKey, Doc: "The institution keeps the secret that opens a key file."},
		{Method: del, Pattern: "/api/v1/keys/escrow", Need: access.Fresh, Handle: a.forgetKey, Doc: "The institution forgets the secret, and its key files go."},
		{Method: post, Pattern: "/api/v1/keys/release", Need: access.Fresh, Handle: a.releaseKey, Doc: "Gives the kept secret to its person."},
		{Method: del, Pattern: "/api/v1/keys/{name}", Need: access.Fresh, Handle: a.removeKeyFile, Doc: "A key file goes, never the last that a person can open the files with."},

		{Method: post, Pattern: "/api/v1/removals", Need: access.Fresh, Handle: a.openRemoval, Doc: "Gives a computer the right to remove files of the account, for some hours."},
		{Method: del, Pattern: "/api/v1/removal", Need: access.Removing, Handle: a.closeRemoval, Doc: "Ends this removal."},

		{Method: get, Pattern: "/api/v1/sessions", Need: access.SignedIn, Handle: a.sessions, Doc: "Where the person is signed in."},
		{Method: del, Pattern: "/api/v1/sessions/{id}", Need: access.SignedIn, Handle: a.endSession, Doc: "Signs the person out of one place."},
		{Method: del, Pattern: "/api/v1/session", Need: access.SignedIn, Handle: a.signOut, Doc: "Ends this session."},
	}
}

// console are the routes of administrators: reading needs the role, changing a fresh
// sign-in too.
func (a *api) console() []access.Route {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	const read, write = access.Administrator, access.FreshAdministrator
	return []access.Route{
		{Method: get, Pattern: "/api/v1/admin/requests", Need: read, Handle: a.requests, Doc: "Who asked for access."},
		{Method: post, Pattern: "/api/v1/admin/requests/{id}/approve", Need: write, Handle: a.approve, Doc: "Grants a request and invites."},
		{Method: post, Pattern: "/api/v1/admin/requests/{id}/refuse", Need: write, Handle: a.refuse, Doc: "Refuses a request."},

		{Method: get, Pattern: "/api/v1/admin/people", Need: read, Handle: a.people, Doc: "Everybody."},
		{Method: post, Pattern: "/api/v1/admin/people", Need: write, Handle: a.invite, Doc: "Invites a person."},
		{Method: post, Pattern: "/api/v1/admin/people/{id}/block", Need: write, Handle: a.blockPerson, Doc: "Keeps a person out."},
		{Method: post, Pattern: "/api/v1/admin/people/{id}/unblock", Need: write, Handle: a.unblockPerson, Doc: "Lets a person in again."},
		{Method: post, Pattern: "/api/v1/admin/people/{id}/role", Need: write, Handle: a.role, Doc: "Gives a person another role."},
		{Method: patch, Pattern: "/api/v1/admin/people/{id}", Need: write, Handle: a.changePerson, Doc: "Changes e-mail, name, role, seats or quota."},
		{Method: del, Pattern: "/api/v1/admin/people/{id}", Need: write, Handle: a.removePerson, Doc: "Ends an account."},
		{Method: post, Pattern: "/api/v1/admin/people/{id}/keys/release", Need: write, Handle: a.releaseKeyOf, Doc: "Gives a person's kept secret to an administrator, for a reason."},
		{Method: get, Pattern: "/api/v1/admin/people/{id}/held", Need: read, Handle: a.held, Doc: "Removed files that can come back."},
		{Method: post, Pattern: "/api/v1/admin/people/{id}/held/restore", Need: write, Handle: a.unhold, Doc: "Brings a removed file back."},

		{Method: get, Pattern: "/api/v1/admin/computers", Need: read, Handle: a.allComputers, Doc: "Every computer."},
		{Method: post, Pattern: "/api/v1/admin/computers/{id}/block", Need: write, Handle: a.administer("computer.block", "was blocked by an administrator: it goes on backing up and can restore nothing", a.Computers.Block), Doc: "Lets a computer back up and nothing else."},
		{Method: post, Pattern: "/api/v1/admin/computers/{id}/unblock", Need: write, Handle: a.administer("computer.unblock", "is no longer blocked", a.Computers.Unblock), Doc: "Ends a block."},
		{Method: post, Pattern: "/api/v1/admin/computers/{id}/deauthorize", Need: write, Handle: a.administer("computer.deauthorize", "was signed out by an administrator and no longer backs up", a.Computers.Deauthorize), Doc: "Signs a computer out."},
		{Method: post, Pattern: "/api/v1/admin/computers/{id}/remove", Need: write, Handle: a.administer("computer.remove", "was removed by an administrator and no longer backs up", a.Computers.Remove), Doc: "Removes a computer."},
		{Method: post, Pattern: "/api/v1/admin/computers/{id}/restore", Need: write, Handle: a.administer("computer.restore", "was brought back by an administrator", a.Computers.Restore), Doc: "Undoes a removal."},

		{Method: get, Pattern: "/api/v1/admin/audit", Need: read, Handle: a.auditLog, Doc: "What was done, newest first."},
	}
}

// heard notes that a computer was heard of, before its route answers.
func (a *api) heard(next handle) handle {
	return func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
		if c.Computer != nil {
			a.Computers.SeenNow(r.Context(), c.Computer.ID)
		}
		return next(w, r, c)
	}
}

func (a *api) openapi(w http.ResponseWriter, _ *http.Request, _ access.Caller) error {
	w.Header().Set("Content-Type", "application/yaml")
	_, err := w.Write(description)
	return err
}

func (a *api) server(w http.ResponseWriter, _ *http.Request, _ access.Caller) error {
	provider, _ := a.Identity.Provider()
	return reply(w, http.StatusOK, map[string]any{"id": a.ID, "name": a.Name, "version": a.Version,
		"sign_in": map[string]any{"provider": provider, "password": true}})
}
