package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
)

// Routes that change something and leave no entry in the log, and why; no route that
// is not here does.
var quiet = map[string]string{
	"POST /oauth/token":                   "its row in the table is refused",
	"POST /oauth/device":                  "nobody is let in by it",
	"PATCH /api/v1/computers/{id}":        "its row changes a name",
	"PUT /api/v1/computers/{id}/settings": "a computer's own, many times a day",
	"POST /api/v1/report":                 "a computer's own, many times a day",
	"DELETE /api/v1/keys/escrow":          "its row forgets nothing",
	"DELETE /api/v1/keys/{name}":          "its row is refused",
	"DELETE /api/v1/removal":              "its row is refused; its trace is package removal's",

	"POST /api/v1/admin/people/{id}/held/restore": "its row finds nothing",
}

// Routes of which nobody is told by mail.
var unmailed = map[string]bool{
	"DELETE /api/v1/session":       true,
	"DELETE /api/v1/sessions/{id}": true,
	"POST /api/v1/sign-out":        true,
	"POST /api/v1/removals":        true, // at its end there is one, with what it took
}

func TestNothingChangesThatCannotBeLoggedOrTold(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		n := 0
		for _, route := range v.routes {
			name := route.Method + " " + route.Pattern
			if route.Method == http.MethodGet || quiet[name] != "" {
				continue
			}
			line := table[name]
			by := slices.IndexFunc(line.want[:], func(status int) bool { return status < 300 })
			if by < 0 {
				t.Errorf("%s succeeds for nobody in the table, so that its trace is not tried", name)
				continue
			}
			s := v.scene(numbered(&n))
			path := strings.NewReplacer("{id}", s.ids[line.id], "{name}", s.ids["key"]).Replace(route.Pattern)
			before := s.holds()
			for _, gone := range []string{"audit", "outbox"} {
				if gone == "outbox" && unmailed[name] {
					continue
				}
				databasetest.Without(t, v.db, gone, func() {
					s.want(s.ask(s.by[by], route.Method, path, s.body(line)), 500, "internal")
				})
				if after := s.holds(); after != before {
					t.Errorf("%s: without %s it changed\n%s\ninto\n%s", name, gone, before, after)
				}
			}
			entries, letters := s.entries(), s.letters()
			s.try(t, route.Method, route.Pattern, line, by)
			if s.entries() == entries {
				t.Errorf("%s leaves no entry in the log", name)
			}
			if (s.letters() == letters) != unmailed[name] {
				t.Errorf("%s: %d letters", name, s.letters()-letters)
			}
			v.pass(1 << 40)
		}
	})
}

func TestAKeyDoesNotLeaveBeforeBothLogsHaveItAndTheLetterIsOnItsWay(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		s := v.scene("")
		for _, gone := range []string{"audit", "outbox"} {
			databasetest.Without(t, v.db, gone, func() {
				for path, by := range map[string]int{"/api/v1/keys/release": member, "/api/v1/admin/people/" + s.ids["p"] + "/keys/release": administrator} {
					a := s.want(s.ask(s.by[by], "POST", path, `{"reason":"a court asked"}`), 500, "internal")
					if bytes.Contains(a.body, []byte("c2VjcmV0")) || bytes.Contains(a.body, []byte("secret of ann")) {
						t.Errorf("without %s it answered %s", gone, a.body)
					}
				}
			})
		}
		// What the server could not note, the key store's own log has.
		log, err := v.s.Escrow.Log(t.Context(), audit.Query{})
		v.must(err)
		if released := slices.DeleteFunc(log, func(e audit.Entry) bool { return e.Action != "key.release" }); len(released) != 4 {
			t.Errorf("the key store logged %d releases", len(released))
		}
	})
}

func TestAKeyGoesOnlyWithItsTrace(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		me := v.signIn(ann)
		_, c := v.computer(ann, "laptop")
		institutions, spare := v.keyFile(c, "holdfast:escrow"), v.keyFile(c, "holdfast:passphrase")
		v.keyFile(c, "holdfast:recovery")
		v.keep(me, institutions)
		for _, path := range []string{"/api/v1/keys/" + spare, "/api/v1/keys/escrow"} {
			before := v.holds()
			for _, gone := range []string{"audit", "outbox"} {
				databasetest.Without(t, v.db, gone, func() { v.want(v.ask(me, "DELETE", path, ""), 500, "internal") })
				if after := v.holds(); after != before {
					t.Errorf("%s: without %s it changed\n%s\ninto\n%s", path, gone, before, after)
				}
			}
			entries, letters := v.entries(), v.letters()
			v.want(v.ask(me, "DELETE", path, ""), 204, "")
			if v.entries() != entries+1 || v.letters() != letters+1 {
				t.Errorf("%s left %d entries and %d letters", path, v.entries()-entries, v.letters()-letters)
			}
		}
	})
}

func TestACodeBecomesASessionOnlyWithItsTrace(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		grant, err := v.s.Sessions.StartDevice(t.Context(), "Server 7", "192.0.2.1")
		v.must(err)
		v.must(v.s.Sessions.DecideDevice(t.Context(), grant.UserCode, ann.ID, true))
		ask := func(code string) answer {
			return v.ask(nobody, "POST", "/oauth/token", url.Values{"grant_type": {session.GrantDevice}, "client_id": {session.Client}, "device_code": {code}}.Encode())
		}
		before := v.holds()
		databasetest.Without(t, v.db, "audit", func() { v.want(ask(grant.DeviceCode), 500, "internal") })
		if after := v.holds(); after != before {
			t.Errorf("it changed\n%s\ninto\n%s", before, after)
		}
		v.want(ask(grant.DeviceCode), 200, "")
		v.want(ask(grant.DeviceCode), 400, "invalid_grant")
		list, err := v.s.Audit.List(t.Context(), audit.Query{Person: ann.ID})
		v.must(err)
		if len(list) != 1 || list[0].Action != "sign_in.device" || list[0].Reason != "Server 7" {
			t.Errorf("the log has %+v", list)
		}
	})
}

func TestACopyOfAFileComesBackFromTheHoldOnlyWithItsTrace(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		admin := v.signIn(v.person("adm@college.edu", people.Administrator))
		_, c := v.computer(ann, "laptop")
		name := v.put(c, "keys", "a key file")
		v.must(v.s.Store.Remove(t.Context(), ann.ID, "keys", name, "test"))
		before := v.holds()
		ask := func() answer {
			return v.ask(admin, "POST", "/api/v1/admin/people/"+ann.ID+"/held/restore", `{"kind":"keys","name":"`+name+`"}`)
		}
		for _, gone := range []string{"audit", "outbox"} {
			databasetest.Without(t, v.db, gone, func() { v.want(ask(), 500, "internal") })
			if after := v.holds(); after != before {
				t.Errorf("without %s it changed\n%s\ninto\n%s", gone, before, after)
			}
		}
		v.want(ask(), 204, "")
	})
}

func (v *world) entries() int64 {
	v.t.Helper()
	head, err := v.s.Audit.Head(v.t.Context())
	v.must(err)
	return head.Number
}

// holds is everything that the databases hold, and in the key store what is kept of
// whom.
func (v *world) holds() string {
	v.t.Helper()
	all := databasetest.Contents(v.t, v.db)
	everybody, err := v.s.People.List(v.t.Context())
	v.must(err)
	for _, p := range everybody {
		kept, file, since, err := v.s.Escrow.Mode(v.t.Context(), p.ID)
		v.must(err)
		all += fmt.Sprintln("kept of", p.ID, kept, file, since)
	}
	return all
}
