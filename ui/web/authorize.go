package web

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"holdfast/engine/server/access"
	"holdfast/engine/server/session"
	"holdfast/ui/web/pages"
)

// authorize asks the person whether the program that opened the browser may be let
// in. There is no answer without a form that the person sends.
func (s *site) authorize(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	asked, err := session.ParseAuthorize(r.URL.Query())
	if errors.Is(err, session.ErrRedirect) {
		return badRequest("This did not come from the Holdfast program on this computer, so nothing was connected. Start again in the program.", err)
	}
	if err != nil {
		return s.leave(w, r, c, asked.Redirect(err))
	}
	shown := pages.Consent{Computer: called(asked.Name), Email: c.Person.Email, Action: "/oauth/authorize"}
	query := asked.Query()
	for _, name := range sorted(query) {
		shown.Hidden = append(shown.Hidden, pages.Field{Name: name, Value: query.Get(name)})
	}
	return s.draw(w, r, c, http.StatusOK, shown, origin(asked.RedirectURI))
}

func (s *site) authorized(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	asked, err := session.ParseAuthorize(fields)
	if errors.Is(err, session.ErrRedirect) {
		return badRequest("This did not come from the Holdfast program on this computer, so nothing was connected. Start again in the program.", err)
	}
	if err != nil {
		return s.leave(w, r, c, asked.Redirect(err))
	}
	if fields.Get("answer") != "allow" {
		return s.leave(w, r, c, asked.Redirect(session.Refused))
	}
	code, err := s.Sessions.Code(r.Context(), c.Person.ID, asked, c.Address.String())
	if err != nil {
		return err
	}
	return s.leave(w, r, c, asked.Answer(code))
}

// leave goes back to the program. A policy cannot name [::1] (CSP3, 2.3.1), so that
// the browser would not follow a redirect there after a form.
func (s *site) leave(w http.ResponseWriter, r *http.Request, c access.Caller, to string) error {
	if origin(to) == "" {
		return s.draw(w, r, c, http.StatusOK, pages.Leaving{Title: "Back to the program", To: to})
	}
	return see(w, r, to)
}

// origin is that of a loopback address, for the policy of the page whose form leads
// there; "" when a policy cannot name it.
func origin(to string) string {
	u, err := url.Parse(to)
	if err != nil {
		return ""
	}
	at, err := netip.ParseAddrPort(u.Host)
	if err != nil || !at.Addr().Is4() || !at.Addr().IsLoopback() {
		return ""
	}
	return "http://" + at.String()
}

func called(name string) string {
	if name == "" {
		return "a computer"
	}
	return name
}

func sorted(values url.Values) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
