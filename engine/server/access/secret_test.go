package access_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"holdfast/engine/server/access"
	"holdfast/engine/server/session"
)

// Whatever the log and the answers tell, it is not what a caller sent: every place
// where a secret can be holds a canary, and none of them sings.
func TestNothingThatACallerSendsReachesTheLogOrAnErrorsText(t *testing.T) {
	const canary = "C4N4RY"
	o := options()
	s := o.Sessions.(sessions)
	s[canary] = session.Session{ID: "s", Person: "owner", Kind: session.Browser, Fresh: now}
	s[canary+"-app"] = session.Session{ID: "s", Person: "owner", Kind: session.App, Fresh: now}
	log := logged(&o)
	var routes []access.Route
	for path, handle := range map[string]func(http.ResponseWriter, *http.Request, access.Caller) error{
		"ok":    done,
		"fails": func(http.ResponseWriter, *http.Request, access.Caller) error { return errors.New("the disk is gone") },
		"refuses": func(http.ResponseWriter, *http.Request, access.Caller) error {
			return access.Problem{Status: 409, Code: "conflict", Message: "No."}
		},
		"panics": func(http.ResponseWriter, *http.Request, access.Caller) error { panic("a bug") },
		"aborts": func(http.ResponseWriter, *http.Request, access.Caller) error { panic(http.ErrAbortHandler) },
		"reads": func(_ http.ResponseWriter, r *http.Request, _ access.Caller) error {
			return r.ParseForm()
		},
	} {
		for i, need := range []access.Need{access.Anyone, access.FreshAdministrator, access.Computer, access.ComputerOrPerson} {
			for _, page := range []bool{false, true} {
				if page && i >= 2 {
					continue
				}
				pattern := "/api/" + path + "/" + string('a'+rune(i)) + "/{token}"
				if page {
					pattern = strings.Replace(pattern, "/api/", "/page/", 1)
				}
				routes = append(routes, access.Route{Method: "POST", Pattern: pattern, Need: need, Page: page, Handle: handle})
			}
		}
	}
	h := handler(t, o, routes...)
	targets := []string{"/" + canary, "/storage/" + canary, "/storage/%2e%2e/" + canary, "//" + canary, "/api/ok/a/" + canary + "/more"}
	for _, route := range routes {
		targets = append(targets, strings.Replace(route.Pattern, "{token}", canary, 1)+"?code="+canary+"&bad=%zz"+canary)
	}
	asked := 0
	for _, target := range targets {
		for _, who := range []as{nobody, browser(canary), browser("x" + canary), app(canary + "-app"), app("x" + canary), computer("laptop", canary), computer(canary, "secret"), computer(canary, canary)} {
			for _, method := range []string{"POST", "GET", canary} {
				func() {
					defer func() {
						if p := recover(); p != nil && p != http.ErrAbortHandler {
							t.Errorf("%s: %v", target, p)
						}
					}()
					asked++
					w := ask(h, method, target, func(r *http.Request) {
						for _, name := range []string{"Referer", "User-Agent", "X-Forwarded-For", "X-Request-Id", "Range", "If-None-Match", "Content-Type", "X-" + canary} {
							r.Header.Set(name, canary)
						}
						who(r)
					})
					if strings.Contains(w.Body.String(), canary) && w.Code != http.StatusSeeOther {
						t.Errorf("%s: the answer repeats it: %s", target, w.Body)
					}
				}()
			}
		}
	}
	if strings.Contains(strings.ToUpper(log.String()), canary) {
		for line := range strings.Lines(log.String()) {
			if strings.Contains(strings.ToUpper(line), canary) {
				t.Fatalf("it is in the log: %s", line)
			}
		}
	}
	if lines := strings.Count(log.String(), `"msg":"request"`); lines != asked {
		t.Errorf("%d requests left %d lines", asked, lines)
	}
	if !strings.Contains(log.String(), `"pattern":"/api/ok/a/{token}"`) {
		t.Error("the log does not name patterns")
	}
}
