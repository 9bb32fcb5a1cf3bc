package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
	"holdfast/ui/web/pages"
)

// draw answers with a page. to are other origins that its forms may lead to.
func (s *site) draw(w http.ResponseWriter, r *http.Request, c access.Caller, status int, p pages.Page, to ...string) error {
	frame := pages.Frame{Site: s.Name, Here: r.URL.Path}
	if c.Person != nil && c.Session != nil {
		if frame.Person = c.Person.Name; frame.Person == "" {
			frame.Person = c.Person.Email
		}
	}
	var b bytes.Buffer
	if err := s.pages.Draw(&b, frame, p); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pages.Policy(strings.Join(to, " ")))
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := b.WriteTo(w)
	return err
}

// problem shows what went wrong as a page.
func (s *site) problem(w http.ResponseWriter, r *http.Request, p access.Problem) {
	titles := map[string]string{"not_found": "There is nothing here", "rate_limited": "Too many tries", "forbidden": "This is not for you", "full": "The server is full"}
	title := titles[p.Code]
	if title == "" {
		title = "This did not work"
	}
	shown := pages.Problem{Title: title, Message: p.Message, Links: []pages.Action{{Label: "Back to the start", Path: "/"}}}
	status := p.Status
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	if err := s.draw(w, r, access.Caller{}, status, shown); err != nil {
		access.WriteProblem(w, r, p)
	}
}

// see sends the browser on after a change.
func see(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// local keeps a path on this server as it is, and makes anything else the front page:
// nobody is sent away after signing in.
func local(next string) string {
	const most = 4096
	u, err := url.Parse(next)
	if err != nil || len(next) > most || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return "/"
	}
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t\x00") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return next
}

// Cookies of a sign-in that is under way. The database holds what they name.
const (
	pendingCookie  = "__Host-holdfast-second"
	ceremonyCookie = "__Host-holdfast-provider"
)

func keep(w http.ResponseWriter, name, token string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 15 * 60})
}

func drop(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
}

func kept(r *http.Request, name string) string {
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 {
		return ""
	}
	return cookies[0].Value
}

// step is a part of a transaction; it reaches the services with its context only, and
// may be run twice.
type step func(ctx context.Context) error

// commit runs steps as one transaction: all of them, or none.
func (s *site) commit(r *http.Request, steps ...step) error {
	return s.DB.Atomically(r.Context(), func(ctx context.Context) error {
		for _, do := range steps {
			if err := do(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// enter signs a person in who has proved who they are: a session that is theirs
// already becomes fresh, otherwise there is a new one. What the proof uses up are the
// steps before, in the same transaction. A link for those who cannot sign in is of no use
// to one who can, and ends.
func (s *site) enter(w http.ResponseWriter, r *http.Request, c access.Caller, person string, by way, before ...step) error {
	token := ""
	err := s.commit(r, append(before, func(ctx context.Context) error {
		p, err := s.People.Get(ctx, person)
		if err != nil {
			return err
		}
		if p.State != people.Active {
			return notWelcome
		}
		if err := s.People.EndRenewal(ctx, p.ID); err != nil {
			return err
		}
		token, err = s.session(ctx, r, c, p, by)
		return err
	})...)
	if errors.Is(err, notWelcome) {
		return s.not(r, c, person, by, err)
	}
	if err == nil && token != "" {
		access.KeepSession(w, token)
	}
	return err
}

// session is the token of a new session, "" when there is none because that of the
// browser is the person's.
func (s *site) session(ctx context.Context, r *http.Request, c access.Caller, p people.Person, by way) (token string, err error) {
	if c.Session != nil && c.Session.Person == p.ID {
		if err := s.Sessions.Freshen(ctx, c.Session.ID); err != nil {
			return "", err
		}
		return "", s.noteSession(ctx, c, "sign_in_again."+string(by), *c.Session)
	}
	if c.Session != nil {
		if err := s.end(ctx, c); err != nil {
			return "", err
		}
	}
	token, fresh, err := s.Sessions.Create(ctx, p.ID, session.Browser, browser(r.UserAgent()), c.Address.String())
	if err != nil {
		return "", err
	}
	return token, s.noteSession(ctx, c, "sign_in."+string(by), fresh)
}

// end signs the caller out here. A session that was over already is not ended again.
func (s *site) end(ctx context.Context, c access.Caller) error {
	err := s.Sessions.End(ctx, c.Session.Person, c.Session.ID)
	if errors.Is(err, session.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.noteSession(ctx, c, "sign_out", *c.Session)
}

// tooMany is the problem of somebody who tries too often.
func tooMany(retry time.Duration) access.Problem {
	return access.Problem{Status: http.StatusTooManyRequests, Code: "rate_limited", RetryAfter: retry, Message: "There were too many tries from where you are. Nothing is locked: wait a minute and try again."}
}

func badRequest(message string, err error) access.Problem {
	return access.Problem{Status: http.StatusBadRequest, Code: "bad_request", Message: message, Err: err}
}

// form reads the fields of a form from the body alone.
func form(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, e
		}
		return nil, badRequest("The form could not be read. Go back and send it again.", err)
	}
	return r.PostForm, nil
}

// fill reads what a script sent.
func fill(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return badRequest("What the browser sent could not be read.", err)
	}
	return nil
}

// answer answers a script.
func answer(w http.ResponseWriter, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(body)
	return err
}

// browser says in words what a User-Agent header stands for.
func browser(agent string) string {
	name := "A browser"
	for _, known := range [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, known[0]) {
			name = known[1]
			break
		}
	}
	if on := system(agent); on != "" {
		return name + " on " + on
	}
	return name
}

// system is the operating system that a User-Agent header names, "" when it is none
// of those we know.
func system(agent string) string {
	for _, known := range [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Macintosh", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, known[0]) {
			return known[1]
		}
	}
	return ""
}
