// Package web is the account server's portal: the pages on which people ask for
// access, sign in, connect computers, and look after their computers and their
// security.
//
// Its one idea is that a page is a form and an answer: everything but passkeys works
// without a script, every change is a POST that ends in a redirect or a page, and
// what needs a recent proof of who somebody is says so in its route (access.Fresh).
// How a page looks is for package pages, who may use a route for package access,
// and what is true for the services.
//
// Promises: a local password never signs in alone; known and unknown names get the
// same answer after the same work; tries are slowed down by address and by address
// and name, never by name alone, so that nobody can lock another person out; whoever
// is sent on after signing in stays on this server, or goes to a program on the
// visitor's own computer (RFC 8252) or to the institution's sign-in, nowhere else;
// what weakens security is in the audit log and in a letter to the person, in the same
// transaction as the change. Every sign-in and its way, and every sign-out, is in the
// log too; of those that failed as many as do not flood it.
package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/limit"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
	"holdfast/engine/server/store"
	"holdfast/ui/web/pages"
)

// Usage knows how much an account stores; store.Service does.
type Usage interface {
	Usage(ctx context.Context, account string) (store.Usage, error)
}

// Services are what the pages are made of.
type Services struct {
	DB        *database.DB
	People    *people.Service
	Computers *computers.Service
	Sessions  *session.Service
	Identity  *identity.Service
	Store     Usage
	Audit     *audit.Log
	Mail      *mail.Post

	Name      string        // of the institution
	Downloads string        // folder with the installers, "" for none
	Grace     time.Duration // how long a removed computer can be brought back; 0: 60 days
	Now       func() time.Time
}

// site answers for all pages.
type site struct {
	Services
	pages     *pages.Set
	downloads *downloads

	tries  *limit.Limiter // of passwords and codes, by address
	closer *limit.Limiter // of passwords, by address and name
	asks   *limit.Limiter // requests for access, by address

	failures *failures
}

// New gives the routes of the pages, and what shows a problem as a page.
func New(s Services) ([]access.Route, func(http.ResponseWriter, *http.Request, access.Problem), error) {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Grace == 0 {
		s.Grace = 60 * 24 * time.Hour
	}
	if s.DB == nil || s.People == nil || s.Computers == nil || s.Sessions == nil || s.Identity == nil || s.Audit == nil || s.Mail == nil || s.Store == nil {
		return nil, nil, errors.New("web: a service is missing")
	}
	set, err := pages.New(s.Now)
	if err != nil {
		return nil, nil, err
	}
	const keys = 10_000
	w := &site{
		Services: s, pages: set, downloads: &downloads{dir: s.Downloads},
		// A whole institution can come from one address, so that many tries are allowed
		// there; for one name few.
		tries:  limit.New(100, 2*time.Second, keys, s.Now),
		closer: limit.New(10, 30*time.Second, keys, s.Now),
		asks:   limit.New(20, time.Minute, keys, s.Now),

		failures: newFailures(keys, s.Now),
	}
	return w.routes(), w.problem, nil
}

func (s *site) routes() []access.Route {
	page := func(method, pattern string, need access.Need, doc string, handle func(http.ResponseWriter, *http.Request, access.Caller) error) access.Route {
		return access.Route{Method: method, Pattern: pattern, Need: need, Page: true, Handle: handle, Doc: doc}
	}
	script := func(pattern string, need access.Need, doc string, handle func(http.ResponseWriter, *http.Request, access.Caller) error) access.Route {
		return access.Route{Method: "POST", Pattern: pattern, Need: need, Handle: handle, Doc: doc}
	}
	return []access.Route{
		page("GET", "/{$}", access.Anyone, "The front page.", s.start),
		page("GET", "/static/", access.Anyone, "Style sheet, type and script of the pages.", s.static),
		page("GET", "/request", access.Anyone, "The form that asks for access.", s.request),
		page("POST", "/request", access.Anyone, "Asks for access.", s.requested),
		page("GET", "/download", access.Anyone, "The program for each system.", s.download),
		page("GET", "/download/{file}", access.Anyone, "One file of the program.", s.file),

		page("GET", "/sign-in", access.Anyone, "The first step of signing in.", s.signIn),
		page("POST", "/sign-in", access.Anyone, "Takes e-mail and password.", s.password),
		page("POST", "/sign-in/provider", access.Anyone, "Goes to the institution's sign-in.", s.provider),
		page("GET", "/sign-in/return", access.Anyone, "Comes back from the institution's sign-in.", s.returned),
		page("GET", "/sign-in/second", access.Anyone, "The second step after a password.", s.second),
		page("POST", "/sign-in/second", access.Anyone, "Takes a code of the second step.", s.secondCode),
		script("/sign-in/passkey/begin", access.Anyone, "Begins signing in with a passkey.", s.passkeyBegin),
		script("/sign-in/passkey/finish", access.Anyone, "Signs in with a passkey.", s.passkeyFinish),
		page("GET", "/sign-in/again", access.SignedIn, "Asks for a recent proof of who somebody is.", s.again),
		page("POST", "/sign-in/again", access.SignedIn, "Takes the password again.", s.againPassword),
		page("POST", "/sign-out", access.Anyone, "Ends this session.", s.signOut),

		page("GET", "/invitation/{token}", access.Anyone, "Welcomes somebody who is invited.", s.invitation),
		page("POST", "/invitation/{token}", access.Anyone, "Takes the password and the first code of somebody who is invited.", s.invited),

		// The sessions that these two make count as fresh, so they need a fresh one.
		page("GET", "/oauth/authorize", access.Fresh, "Asks whether a computer may be connected (RFC 6749, 4.1.1).", s.authorize),
		page("POST", "/oauth/authorize", access.Fresh, "Connects a computer, or not.", s.authorized),
		page("GET", "/device", access.Fresh, "Asks for the code of a computer without a browser (RFC 8628, 3.3).", s.device),
		page("POST", "/device", access.Fresh, "Connects a computer without a browser, or not.", s.deviceDecided),

		page("GET", "/computers", access.SignedIn, "The person's computers.", s.computers),
		page("POST", "/computers/{id}/rename", access.SignedIn, "Gives a computer another name.", s.renameComputer),
		page("POST", "/computers/{id}/deauthorize", access.Fresh, "Signs a computer out.", s.deauthorizeComputer),
		page("POST", "/computers/{id}/remove", access.Fresh, "Removes a computer.", s.removeComputer),
		page("POST", "/computers/{id}/restore", access.Fresh, "Brings a removed computer back.", s.restoreComputer),

		page("GET", "/security", access.SignedIn, "How the person signs in, and where they are signed in.", s.security),
		page("POST", "/security/password", access.Fresh, "Sets another password.", s.setPassword),
		page("POST", "/security/totp", access.Fresh, "Begins setting up an authenticator app.", s.beginTOTP),
		page("POST", "/security/totp/confirm", access.Fresh, "Turns an authenticator app on.", s.confirmTOTP),
		page("POST", "/security/totp/remove", access.Fresh, "Removes the authenticator app.", s.removeTOTP),
		page("POST", "/security/recovery", access.Fresh, "Makes new recovery codes.", s.newCodes),
		page("POST", "/security/link", access.Fresh, "Links the institution's sign-in.", s.link),
		page("POST", "/security/unlink", access.Fresh, "Unlinks the institution's sign-in.", s.unlink),
		script("/security/passkey/begin", access.Fresh, "Begins adding a passkey.", s.addPasskeyBegin),
		script("/security/passkey/finish", access.Fresh, "Adds a passkey.", s.addPasskeyFinish),
		page("POST", "/security/passkey/remove", access.Fresh, "Removes a passkey.", s.removePasskey),
		page("POST", "/security/sessions/end", access.SignedIn, "Signs the person out elsewhere.", s.endSessions),
	}
}
