package api_test

import (
	"bytes"
	"net/http"
	"net/url"
	"testing"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/people"
)

func TestAComputerWithoutABrowserSignsInByCode(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		var grant struct {
			DeviceCode string `json:"device_code"`
			UserCode   string `json:"user_code"`
			Complete   string `json:"verification_uri_complete"`
		}
		v.want(v.ask(nobody, "POST", "/oauth/device", "client_id=holdfast&name=Server+7"), 200, "").into(t, &grant)
		if grant.Complete != origin+"/device?user_code="+grant.UserCode {
			t.Fatalf("the address is %s", grant.Complete)
		}
		poll := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {"holdfast"}, "device_code": {grant.DeviceCode}}.Encode()
		v.want(v.ask(nobody, "POST", "/oauth/token", poll), 400, "authorization_pending")
		v.must(v.s.Sessions.DecideDevice(t.Context(), grant.UserCode, ann.ID, true))
		v.pass(time.Minute)
		var token struct {
			Token string `json:"access_token"`
		}
		v.want(v.ask(nobody, "POST", "/oauth/token", poll), 200, "").into(t, &token)
		v.want(v.ask(bearer(token.Token), "GET", "/api/v1/account", ""), 200, "")
		if v.logged("sign_in.device") != 1 {
			t.Error("the log does not say that somebody was let in")
		}
		v.want(v.ask(bearer(token.Token), "DELETE", "/api/v1/session", ""), 204, "")
		v.want(v.ask(bearer(token.Token), "GET", "/api/v1/account", ""), 401, "unauthenticated")
	})
}

func TestTooManyQuestionsFromOneAddressAreSlowedDown(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		for range 60 {
			v.want(v.ask(nobody, "POST", "/oauth/token", "x=y"), 401, "invalid_client")
		}
		v.want(v.ask(nobody, "POST", "/oauth/token", "x=y"), 429, "slow_down")
		v.pass(time.Minute)
		v.want(v.ask(nobody, "POST", "/oauth/token", "x=y"), 401, "invalid_client")
	})
}

func TestAFifthComputerIsRefusedAndAReplacedOneIsTold(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		me := v.signIn(v.person("ann@college.edu", people.Member))
		var got struct {
			Computer   struct{ ID string }
			Credential string
		}
		for range 4 {
			v.want(v.ask(me, "POST", "/api/v1/computers", newOne), 201, "").into(t, &got)
		}
		v.want(v.ask(me, "POST", "/api/v1/computers", newOne), 409, "seat_limit")
		old := basic(got.Credential)
		v.want(v.ask(old, "PUT", "/api/v1/computers/"+got.Computer.ID+"/settings", `{"kept":true}`), 204, "")
		v.want(v.ask(me, "POST", "/api/v1/computers/"+got.Computer.ID+"/replace", newOne), 200, "").into(t, &got)
		v.want(v.ask(old, "GET", "/api/v1/account", ""), 403, "replaced")
		a := v.want(v.ask(basic(got.Credential), "GET", "/api/v1/computers/"+got.Computer.ID+"/settings", ""), 200, "")
		if string(a.body) != `{"kept":true}` {
			t.Fatalf("the new computer's settings are %s", a.body)
		}
		if v.logged("computer.replace") != 1 || v.letters() != 5 {
			t.Fatalf("%d replacements are logged and %d letters wait", v.logged("computer.replace"), v.letters())
		}
	})
}

func TestAKeyLeavesOnlyAfterAFreshSignInAndWithALetter(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		me, admin := v.signIn(ann), v.signIn(v.person("adm@college.edu", people.Administrator))
		_, c := v.computer(ann, "laptop")
		first := v.put(c, "keys", "the first key file")
		v.want(v.ask(me, "PUT", "/api/v1/keys/escrow", `{"secret":"c2VjcmV0","key_file":"`+first+`"}`), 204, "")
		v.want(v.ask(me, "PUT", "/api/v1/keys/escrow", `{"secret":"b3RoZXI=","key_file":"pending","first":true}`), 409, "exists")
		v.want(v.ask(admin, "POST", "/api/v1/admin/people/"+ann.ID+"/keys/release", `{"reason":" "}`), 400, "bad_request")
		before := v.letters()
		for _, a := range []answer{v.ask(me, "POST", "/api/v1/keys/release", `{}`), v.ask(admin, "POST", "/api/v1/admin/people/"+ann.ID+"/keys/release", `{"reason":"Ann asked"}`)} {
			var out struct{ Secret []byte }
			v.want(a, 200, "").into(t, &out)
			if !bytes.Equal(out.Secret, []byte("secret")) {
				t.Fatalf("the secret came back as %q", out.Secret)
			}
		}
		if v.letters() != before+2 || v.logged("key.release") != 2 {
			t.Fatalf("%d letters and %d entries tell of two releases", v.letters()-before, v.logged("key.release"))
		}

		v.want(v.ask(me, "DELETE", "/api/v1/keys/escrow", ""), 409, "conflict") // nothing else opens the files
		second := v.keyFile(c, "holdfast:recovery")
		v.want(v.ask(me, "DELETE", "/api/v1/keys/"+first, ""), 409, "conflict") // its secret is kept
		v.want(v.ask(me, "DELETE", "/api/v1/keys/escrow", ""), 204, "")
		v.want(v.ask(me, "POST", "/api/v1/keys/release", `{}`), 404, "not_found")
		v.want(v.ask(me, "DELETE", "/api/v1/keys/"+second, ""), 409, "conflict") // the last one
		var account struct{ Key struct{ Mode string } }
		v.want(v.ask(me, "GET", "/api/v1/account", ""), 200, "").into(t, &account)
		if account.Key.Mode != "passphrase" {
			t.Fatalf("the key is kept as %q", account.Key.Mode)
		}
		v.want(v.ask(admin, "POST", "/api/v1/admin/people/"+ann.ID+"/held/restore", `{"kind":"keys","name":"`+first+`"}`), 204, "")

		v.pass(access.FreshFor + time.Minute)
		v.want(v.ask(me, "POST", "/api/v1/keys/release", `{}`), 403, "fresh_sign_in_needed")
		v.want(v.ask(admin, "POST", "/api/v1/admin/people/"+ann.ID+"/keys/release", `{"reason":"x"}`), 403, "fresh_sign_in_needed")
	})
}

func TestAnAdministratorCannotTouchAnOwner(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		owner := v.person("owner@college.edu", people.Owner)
		other := v.person("other@college.edu", people.Owner)
		c, _ := v.computer(owner, "desk")
		admin, equal := v.signIn(v.person("adm@college.edu", people.Administrator)), v.signIn(other)
		person := "/api/v1/admin/people/" + owner.ID
		for _, path := range []string{person + "/block", person + "/unblock", person + "/keys/release", "/api/v1/admin/computers/" + c.ID + "/block", "/api/v1/admin/computers/" + c.ID + "/remove"} {
			v.want(v.ask(admin, "POST", path, `{"reason":"x"}`), 403, "forbidden")
		}
		v.want(v.ask(admin, "DELETE", person, ""), 403, "forbidden")
		v.want(v.ask(admin, "POST", person+"/role", `{"role":"member"}`), 403, "forbidden")
		v.want(v.ask(admin, "POST", "/api/v1/admin/people", `{"email":"x@college.edu","name":"X","role":"owner"}`), 403, "forbidden")
		v.want(v.ask(equal, "POST", person+"/role", `{"role":"member"}`), 204, "")
		v.want(v.ask(equal, "POST", "/api/v1/admin/people/"+other.ID+"/role", `{"role":"member"}`), 409, "conflict")
	})
}

func TestABlockedPersonIsSignedOut(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		me, admin := v.signIn(ann), v.signIn(v.person("adm@college.edu", people.Administrator))
		v.want(v.ask(admin, "POST", "/api/v1/admin/people/"+ann.ID+"/block", ""), 204, "")
		v.want(v.ask(me, "GET", "/api/v1/account", ""), 401, "unauthenticated")
		v.want(v.ask(admin, "POST", "/api/v1/admin/people/"+ann.ID+"/unblock", ""), 204, "")
		v.want(v.ask(me, "GET", "/api/v1/account", ""), 401, "unauthenticated") // the session stays ended
	})
}

func TestWhatCannotBeAnIDDoesNotExist(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		me := v.signIn(v.person("ann@college.edu", people.Member))
		for _, id := range []string{"x", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcdef"} {
			v.want(v.ask(me, "DELETE", "/api/v1/computers/"+id, ""), 404, "not_found")
			v.want(v.ask(me, "DELETE", "/api/v1/sessions/"+id, ""), 404, "not_found")
		}
		v.want(v.ask(me, "POST", "/api/v1/computers", `{"name":`), 400, "bad_request")
	})
}

func bearer(token string) who {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}
