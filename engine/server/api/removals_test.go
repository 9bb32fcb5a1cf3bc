package api_test

import (
	"net/http"
	"testing"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/people"
)

// with adds the right of a removal.
func with(by who, right string) who {
	return func(r *http.Request) {
		by(r)
		r.Header.Set(access.RightHeader, right)
	}
}

func TestAPersonWhoHasJustSignedInLetsAComputerRemove(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		me := v.signIn(ann)
		laptop, own := v.computer(ann, "laptop")
		_, other := v.computer(ann, "desktop")
		name := v.put(own, "index", "an index")
		var out struct {
			ID, Right    string
			Expires, Now time.Time
		}
		open := `{"computer":"` + laptop.ID + `"}`
		v.want(v.ask(own, "POST", "/api/v1/removals", open), 403, "forbidden")
		v.want(v.ask(me, "POST", "/api/v1/removals", `{}`), 404, "not_found")
		v.want(v.ask(me, "POST", "/api/v1/removals", open), 201, "").into(t, &out)
		if !out.Now.Equal(v.now()) || !out.Expires.After(out.Now) || out.ID == "" {
			t.Errorf("%+v", out)
		}
		v.want(v.ask(other, "DELETE", "/storage/index/"+name, ""), 403, "forbidden")
		v.want(v.ask(with(other, out.Right), "DELETE", "/storage/index/"+name, ""), 403, "removal_over")
		v.want(v.ask(with(me, out.Right), "DELETE", "/storage/index/"+name, ""), 403, "forbidden")
		v.pass(time.Hour) // longer than the sign-in is fresh
		v.want(v.ask(me, "POST", "/api/v1/removals", open), 401, "unauthenticated")
		v.want(v.ask(with(own, out.Right), "DELETE", "/storage/index/"+name, ""), 200, "")
		v.want(v.ask(with(other, out.Right), "DELETE", "/api/v1/removal", ""), 403, "removal_over")
		v.want(v.ask(with(own, out.Right), "DELETE", "/api/v1/removal", ""), 204, "")
		v.want(v.ask(with(own, out.Right), "DELETE", "/api/v1/removal", ""), 403, "removal_over")
		if v.logged("removal.open") != 1 || v.logged("removal.close") != 1 || v.letters() != 1 {
			t.Errorf("%d openings and %d ends are logged, %d letters", v.logged("removal.open"), v.logged("removal.close"), v.letters())
		}
		stale := v.signIn(ann)
		v.pass(access.FreshFor + time.Second)
		v.want(v.ask(stale, "POST", "/api/v1/removals", open), 403, "fresh_sign_in_needed")
		v.must(v.s.Computers.Block(t.Context(), ann.ID, laptop.ID))
		v.want(v.ask(v.signIn(ann), "POST", "/api/v1/removals", open), 403, "blocked")
	})
}
