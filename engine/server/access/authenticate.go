package access

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"holdfast/engine/server/computers"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
)

// CookieName is that of the cookie with a browser's session. Its prefix makes the
// browser hold it to this host and to TLS (RFC 6265bis, 4.1.3.2).
const CookieName = "__Host-holdfast"

// KeepSession gives the browser its session.
func KeepSession(w http.ResponseWriter, token string) {
	http.SetCookie(w, &http.Cookie{Name: CookieName, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// DropSession takes the session from the browser; ending it is for session.Service.
func DropSession(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: CookieName, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
}

// LentOver is what a computer is told that did not take the place of another one in time.
const LentOver = "The 30 days are over in which this computer could take another one's place, or another computer was let in for that, so it no longer backs up. What it stored is kept for 60 days. Finish Replace Device on it; or bring it back on the page of your computers, once a seat is free."

var (
	errUnauthenticated = Problem{Status: http.StatusUnauthorized, Code: "unauthenticated", Message: "You are not signed in, or your sign-in is over. Sign in again."}
	errUnknownComputer = Problem{Status: http.StatusUnauthorized, Code: "unknown_computer", Message: "The server does not know this computer. Your stored files are kept; sign in on this computer again to go on."}
	errReplaced        = Problem{Status: http.StatusForbidden, Code: "replaced", Message: "Another computer has taken this computer's place, so it no longer backs up. Sign in again to add it as a computer of its own."}
	errDeauthorized    = Problem{Status: http.StatusForbidden, Code: "deauthorized", Message: "This computer was signed out from your account, so it no longer backs up. What it stored is kept; sign in on it again to go on."}
	errRemoved         = Problem{Status: http.StatusForbidden, Code: "removed", Message: "This computer was removed from the account, so it no longer backs up. It can be brought back on the page of your computers for a while."}
	errLentOver        = Problem{Status: http.StatusForbidden, Code: "lent_over", Message: LentOver}
	errBlocked         = Problem{Status: http.StatusForbidden, Code: "blocked", Message: "An administrator has blocked this computer. Its files are kept and backup goes on, but nothing can be restored or changed from it. Ask your administrators."}
	errForbidden       = Problem{Status: http.StatusForbidden, Code: "forbidden", Message: "You may not do this with this account."}
	errNotComputer     = Problem{Status: http.StatusForbidden, Code: "forbidden", Message: "This is for a person who signs in, not for a computer's own credential."}
	errNotPerson       = Problem{Status: http.StatusForbidden, Code: "forbidden", Message: "This is for a computer's own credential."}
	errNoRight         = Problem{Status: http.StatusForbidden, Code: "forbidden", Message: "A computer's credential adds files and reads them; it cannot remove any. Nothing was removed. Old versions are removed by a computer on which its person has just signed in."}
	errNotFresh        = Problem{Status: http.StatusForbidden, Code: "fresh_sign_in_needed", Message: "Sign in again to do this: it needs a sign-in from the last 15 minutes."}
)

// authenticate finds out who calls. What is wrong with their credentials is a
// Problem, no credentials are none.
func (g *gate) authenticate(r *http.Request, route Route, c Caller) (Caller, error) {
	if values := r.Header.Values("Authorization"); len(values) > 1 {
		return c, errUnauthenticated
	} else if len(values) == 1 {
		scheme, token, _ := strings.Cut(values[0], " ")
		switch {
		case strings.EqualFold(scheme, "Basic"):
			return g.computer(r, c, route.Need)
		case strings.EqualFold(scheme, "Bearer") && !route.Page:
			return g.person(r, c, strings.TrimSpace(token), session.App)
		}
		return c, errUnauthenticated
	}
	cookies := r.CookiesNamed(CookieName)
	if len(cookies) != 1 {
		return c, nil
	}
	return g.person(r, c, cookies[0].Value, session.Browser)
}

// person is who has a session of a kind: a token is no good in another place than
// where it was given to.
func (g *gate) person(r *http.Request, c Caller, token string, kind session.Kind) (Caller, error) {
	s, err := g.o.Sessions.Find(r.Context(), token)
	if errors.Is(err, session.ErrNone) || err == nil && s.Kind != kind {
		return c, errUnauthenticated
	}
	if err != nil {
		return c, err
	}
	p, err := g.o.People.Get(r.Context(), s.Person)
	if errors.Is(err, people.ErrNotFound) || err == nil && p.State != people.Active {
		return c, errUnauthenticated
	}
	if err != nil {
		return c, err
	}
	c.Person, c.Session = &p, &s
	return c, nil
}

// computer is whose own credential it is, with the right to remove where that is needed.
func (g *gate) computer(r *http.Request, c Caller, need Need) (Caller, error) {
	id, secret, ok := r.BasicAuth()
	if !ok {
		return c, errUnknownComputer
	}
	computer, err := g.o.Computers.Identify(r.Context(), id, secret)
	switch {
	case errors.Is(err, computers.ErrUnknown), errors.Is(err, computers.ErrNotFound):
		return c, errUnknownComputer
	case errors.Is(err, computers.ErrReplaced):
		return c, errReplaced
	case errors.Is(err, computers.ErrDeauthorized):
		return c, errDeauthorized
	case errors.Is(err, computers.ErrLentOver): // which is a removal
		return c, errLentOver
	case errors.Is(err, computers.ErrRemoved):
		return c, errRemoved
	case err != nil:
		return c, err
	}
	p, err := g.o.People.Get(r.Context(), computer.Person)
	switch {
	case errors.Is(err, people.ErrNotFound), err == nil && p.State == people.Removed: // an invited person may have computers before the first sign-in
		return c, errRemoved
	case err != nil:
		return c, err
	}
	if p.State == people.Blocked {
		computer.State = computers.Blocked
	}
	c.Person, c.Computer = &p, &computer
	if rights := r.Header.Values(RightHeader); need == Removing && len(rights) == 1 {
		c.Removal, err = g.o.Removals.Removing(r.Context(), computer, rights[0])
	}
	return c, err
}

// allow says whether a caller has what the route needs.
func (r Route) allow(c Caller, now time.Time) error {
	if c.Computer != nil && c.Computer.State == computers.Blocked && !r.BlockedMay && r.Need != Anyone {
		return errBlocked
	}
	switch r.Need {
	case Anyone:
		return nil
	case Computer, Removing:
		switch {
		case c.Computer == nil && c.Session != nil:
			return errNotPerson
		case c.Computer == nil:
			return errUnauthenticated
		case r.Need == Removing && c.Removal == "":
			return errNoRight
		}
		return nil
	case ComputerOrPerson:
		if c.Computer == nil && c.Session == nil {
			return errUnauthenticated
		}
		return nil
	case SignedIn, Fresh, Administrator, FreshAdministrator:
		return r.allowPerson(c, now)
	}
	return errForbidden
}

func (r Route) allowPerson(c Caller, now time.Time) error {
	switch {
	case c.Computer != nil:
		return errNotComputer
	case c.Session == nil:
		return errUnauthenticated
	case (r.Need == Administrator || r.Need == FreshAdministrator) && !c.IsAdministrator():
		return errForbidden
	case (r.Need == Fresh || r.Need == FreshAdministrator) && !c.IsFresh(now):
		return errNotFresh
	}
	return nil
}

// challenge is how the route wants to be told who calls (RFC 9110, 11.6.1).
func (r Route) challenge() string {
	if r.Need == Computer || r.Need == ComputerOrPerson || r.Need == Removing {
		return `Basic realm="Holdfast"`
	}
	return `Bearer realm="Holdfast"`
}

// signIn is where somebody is sent who only has to sign in to see a page, "" if that
// does not help.
func signIn(r *http.Request, p Problem) string {
	to := ""
	switch p.Code {
	case errUnauthenticated.Code:
		to = "/sign-in"
	case errNotFresh.Code:
		to = "/sign-in/again"
	default:
		return ""
	}
	next := "/"
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		next = r.URL.RequestURI()
	} else if from, err := url.Parse(r.Referer()); err == nil && from.Host == r.Host && isOnePath(from) {
		next = from.RequestURI() // the page with the form
	}
	return to + "?" + url.Values{"next": {next}}.Encode()
}
