package api_test

import (
	"testing"
	"time"

	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/people"
)

func TestALentSeatThatTheNextComputerEndsIsToldWithIt(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		v.computer(ann, "laptop")
		const borrowed = `{"name":"x","os":"linux","owner":"institution","lent":true}`
		var first, second struct{ Credential string }
		v.want(v.ask(v.signIn(ann), "POST", "/api/v1/computers", borrowed), 201, "").into(t, &first)
		me := v.signIn(ann)
		before := v.holds()
		for _, gone := range []string{"audit", "outbox"} {
			databasetest.Without(t, v.db, gone, func() { v.want(v.ask(me, "POST", "/api/v1/computers", borrowed), 500, "internal") })
			if after := v.holds(); after != before {
				t.Errorf("without %s it changed\n%s\ninto\n%s", gone, before, after)
			}
		}
		letters := v.letters()
		v.want(v.ask(me, "POST", "/api/v1/computers", borrowed), 201, "").into(t, &second)
		if v.logged("computer.lent_end") != 1 || v.letters() != letters+2 {
			t.Errorf("%d ends are logged, and %d letters are sent", v.logged("computer.lent_end"), v.letters()-letters)
		}
		v.want(v.ask(basic(first.Credential), "GET", "/api/v1/account", ""), 403, "lent_over")
		v.want(v.ask(basic(second.Credential), "GET", "/api/v1/account", ""), 200, "")
		v.pass(31 * 24 * time.Hour)
		v.want(v.ask(basic(second.Credential), "GET", "/api/v1/account", ""), 403, "lent_over")
		v.must(v.s.People.SetSeats(t.Context(), ann.ID, 1))
		v.want(v.ask(v.signIn(ann), "POST", "/api/v1/computers", borrowed), 409, "lent_limit")
	})
}
