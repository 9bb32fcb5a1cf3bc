package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/people"
)

func TestSeatsBelowThoseTakenTakeNoneAwayAndGiveNoOther(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		me, admin := v.signIn(ann), v.signIn(v.person("adm@college.edu", people.Administrator))
		first, by := v.computer(ann, "first")
		second, _ := v.computer(ann, "second")
		v.want(v.ask(admin, "PATCH", "/api/v1/admin/people/"+ann.ID, `{"seats":1}`), 200, "")
		v.put(by, "data", "a pack")
		v.want(v.ask(me, "POST", "/api/v1/computers", newOne), 409, "seat_limit")
		v.want(v.ask(me, "POST", "/api/v1/computers/"+first.ID+"/replace", newOne), 200, "")
		v.want(v.ask(me, "DELETE", "/api/v1/computers/"+second.ID, ""), 204, "")
		v.want(v.ask(me, "POST", "/api/v1/computers/"+second.ID+"/restore", ""), 409, "seat_limit")
	})
}

func TestAQuotaBelowWhatIsStoredRefusesUploadsAndNoReading(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		admin := v.signIn(v.person("adm@college.edu", people.Administrator))
		_, c := v.computer(ann, "laptop")
		pack := v.put(c, "data", "a pack of some bytes")
		change := func(body string) {
			t.Helper()
			v.want(v.ask(admin, "PATCH", "/api/v1/admin/people/"+ann.ID, body), 200, "")
		}
		change(`{"quota":1}`)
		name := strings.Repeat("0", 64)
		if a := v.ask(c, "POST", "/storage/data/"+name, "another"); a.status != http.StatusInsufficientStorage || a.code != "quota" {
			t.Errorf("an upload is answered %d %s", a.status, a.body)
		}
		v.put(c, "locks", "whoever reads locks")
		if a := v.ask(c, "GET", "/storage/data/"+pack, ""); a.status != 200 || string(a.body) != "a pack of some bytes" {
			t.Errorf("reading is answered %d %s", a.status, a.body)
		}
		change(`{"quota":0}`)
		v.put(c, "data", "another")
	})
}

func TestAChangeOfAPersonIsLoggedPieceByPieceAndToldAtBothAddresses(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		admin := v.signIn(v.person("adm@college.edu", people.Administrator))
		at, body := "/api/v1/admin/people/"+ann.ID, `{"email":"Anna@College.edu","seats":6,"quota":5000000000,"role":"administrator"}`
		before := databasetest.Contents(t, v.db)
		for _, gone := range []string{"audit", "outbox"} {
			databasetest.Without(t, v.db, gone, func() { v.want(v.ask(admin, "PATCH", at, body), 500, "internal") })
			if after := databasetest.Contents(t, v.db); after != before {
				t.Errorf("without %s it changed\n%s\ninto\n%s", gone, before, after)
			}
		}
		var got struct {
			Email string
			Seats int
			Quota int64
		}
		v.want(v.ask(admin, "PATCH", at, body), 200, "").into(t, &got)
		if got.Email != "anna@college.edu" || got.Seats != 6 || got.Quota != 5e9 {
			t.Errorf("the person is now %+v", got)
		}
		v.want(v.ask(admin, "PATCH", at, body), 200, "") // which changes nothing and leaves no trace
		v.want(v.ask(admin, "PATCH", at, `{}`), 200, "")

		list, err := v.s.Audit.List(t.Context(), audit.Query{Person: ann.ID})
		v.must(err)
		var said []string
		for _, e := range slices.Backward(list) {
			said = append(said, e.Action+": "+e.Reason)
		}
		if got, want := strings.Join(said, "; "), "person.email: ann@college.edu → anna@college.edu; person.role.administrator: member → administrator; person.seats: 4 → 6; person.quota: no limit → 5 GB"; got != want {
			t.Errorf("the log says %s", got)
		}
		to := map[string]string{}
		rows, err := v.db.QueryContext(t.Context(), "SELECT recipient, body FROM outbox")
		v.must(err)
		defer rows.Close()
		for rows.Next() {
			var recipient, text string
			v.must(rows.Scan(&recipient, &text))
			to[recipient] += text
		}
		v.must(rows.Err())
		if len(to) != 2 || to["ann@college.edu"] != to["anna@college.edu"] || strings.Count(to["ann@college.edu"], "now anna@college.edu") != 1 || !strings.Contains(to["ann@college.edu"], "no limit, now 5 GB") {
			t.Errorf("the letters are %q", to)
		}
	})
}

func TestWhoMayChangeWhomHoldsForAChangeToo(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		owner, ann := v.person("owner@college.edu", people.Owner), v.person("ann@college.edu", people.Member)
		invited, _, err := v.s.People.Invite(t.Context(), "new@college.edu", "New", people.Member, "test")
		v.must(err)
		boss, admin := v.signIn(owner), v.signIn(v.person("adm@college.edu", people.Administrator))
		person := func(p people.Person) string { return "/api/v1/admin/people/" + p.ID }
		v.want(v.ask(admin, "PATCH", person(owner), `{"seats":9}`), 403, "forbidden")
		v.want(v.ask(admin, "PATCH", person(ann), `{"role":"owner"}`), 403, "forbidden")
		v.want(v.ask(boss, "PATCH", person(owner), `{"role":"member"}`), 409, "conflict")
		v.want(v.ask(boss, "PATCH", person(ann), `{"email":"owner@college.edu"}`), 409, "conflict")
		v.want(v.ask(boss, "PATCH", person(ann), `{"seats":-1}`), 400, "bad_request")
		v.want(v.ask(boss, "PATCH", person(ann), `{"role":"god"}`), 400, "bad_request")
		v.want(v.ask(boss, "PATCH", person(invited), `{"email":"newer@college.edu"}`), 409, "conflict")
		v.want(v.ask(boss, "PATCH", person(ann), `{"role":"owner"}`), 200, "")
		v.want(v.ask(boss, "PATCH", person(owner), `{"role":"member"}`), 200, "")
	})
}
