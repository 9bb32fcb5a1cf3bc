package api_test

import (
	"net/http"
	"strings"
	"testing"

	"holdfast/engine/server/computers"
	"holdfast/engine/server/people"
)

// The columns of the table: who asks, always about the things of Ann, a member.
const (
	anonymous     = iota
	another       // a session of another member
	sibling       // another computer of Ann's
	member        // a session of Ann's
	administrator // a session of an administrator
	blocked       // a blocked computer of Ann's
	revoked       // computers of Ann's: one that was deauthorized and one that was replaced
	columns
)

var columnNames = [columns]string{"anonymous", "another account", "another computer of the account", "the member", "an administrator", "a blocked computer", "a revoked computer"}

// row is what a route answers to each. {id} stands for what belongs to Ann: a computer
// ("c"), a session ("s"), herself ("p"), an open request ("r").
type row struct {
	id   string
	body string
	want [columns]int
}

// What rows share.
var (
	everybody = [columns]int{200, 200, 200, 200, 200, 200, 200}
	// A person with a session: their own things only.
	console = func(ok int) [columns]int { return [columns]int{401, 403, 403, 403, ok, 403, 403} }
	theirs  = func(ok, notTheirs int) [columns]int {
		return [columns]int{401, notTheirs, 403, ok, notTheirs, 403, 403}
	}
	either = func(blocked int) [columns]int { return [columns]int{401, 200, 200, 200, 200, blocked, 403} }
)

const newOne = `{"name":"x","os":"linux","owner":"institution"}`

var table = map[string]row{
	"GET /api/v1/openapi.yaml": {want: everybody},
	"GET /api/v1/server":       {want: everybody},
	"POST /oauth/token":        {body: "grant_type=authorization_code&client_id=holdfast", want: [columns]int{400, 400, 400, 400, 400, 400, 400}},
	"POST /oauth/device":       {body: "client_id=holdfast&name=x", want: everybody},

	"GET /api/v1/account":   {want: either(200)},
	"GET /api/v1/snapshots": {want: either(403)},
	"GET /api/v1/computers": {want: either(403)},

	"POST /api/v1/computers":                  {body: newOne, want: theirs(201, 201)},
	"POST /api/v1/computers/{id}/authorize":   {id: "c", body: `{"generation":1}`, want: theirs(200, 404)},
	"POST /api/v1/computers/{id}/replace":     {id: "c", body: newOne, want: theirs(200, 404)},
	"POST /api/v1/computers/{id}/deauthorize": {id: "c", want: theirs(204, 404)},
	"POST /api/v1/computers/{id}/restore":     {id: "gone", want: theirs(204, 404)},
	"DELETE /api/v1/computers/{id}":           {id: "c", want: theirs(204, 404)},
	"PATCH /api/v1/computers/{id}":            {id: "c", body: `{"name":"y"}`, want: [columns]int{401, 404, 403, 200, 404, 403, 403}},
	"GET /api/v1/computers/{id}/settings":     {id: "c", want: [columns]int{401, 404, 200, 200, 404, 403, 403}},
	"PUT /api/v1/computers/{id}/settings":     {id: "c", body: `{}`, want: [columns]int{401, 403, 403, 403, 403, 403, 403}},
	"POST /api/v1/report":                     {body: `{"state":"ok","files":1,"bytes":1,"version":"1"}`, want: [columns]int{401, 403, 204, 403, 403, 204, 403}},
	"POST /api/v1/sign-out":                   {want: [columns]int{401, 403, 204, 403, 403, 204, 403}},

	"PUT /api/v1/keys/escrow":    {body: `{"secret":"c2VjcmV0IHNlY3JldA==","key_file":"` + keyFileName + `"}`, want: theirs(204, 204)},
	"DELETE /api/v1/keys/escrow": {want: theirs(409, 204)}, // Ann's is her last key; the others have none
	"POST /api/v1/keys/release":  {body: `{}`, want: theirs(200, 404)},
	"DELETE /api/v1/keys/{name}": {want: theirs(409, 404)},

	"POST /api/v1/removals":  {body: `{"computer":"{c}"}`, want: theirs(201, 404)},
	"DELETE /api/v1/removal": {want: [columns]int{401, 403, 403, 403, 403, 403, 403}}, // nobody without the right; removals_test.go has it

	"GET /api/v1/sessions":         {want: theirs(200, 200)},
	"DELETE /api/v1/sessions/{id}": {id: "s", want: theirs(204, 404)},
	"DELETE /api/v1/session":       {want: theirs(204, 204)},

	"GET /api/v1/admin/requests":                    {want: console(200)},
	"POST /api/v1/admin/requests/{id}/approve":      {id: "r", want: console(200)},
	"POST /api/v1/admin/requests/{id}/refuse":       {id: "r", body: `{}`, want: console(204)},
	"GET /api/v1/admin/people":                      {want: console(200)},
	"POST /api/v1/admin/people":                     {body: `{"email":"new@college.edu","name":"New"}`, want: console(200)},
	"POST /api/v1/admin/people/{id}/block":          {id: "p", want: console(204)},
	"POST /api/v1/admin/people/{id}/unblock":        {id: "blocked", want: console(204)},
	"POST /api/v1/admin/people/{id}/role":           {id: "p", body: `{"role":"member"}`, want: console(204)},
	"PATCH /api/v1/admin/people/{id}":               {id: "p", body: `{"seats":5}`, want: console(200)},
	"DELETE /api/v1/admin/people/{id}":              {id: "p", want: console(204)},
	"POST /api/v1/admin/people/{id}/keys/release":   {id: "p", body: `{"reason":"a court asked"}`, want: console(200)},
	"GET /api/v1/admin/people/{id}/held":            {id: "p", want: console(200)},
	"POST /api/v1/admin/people/{id}/held/restore":   {id: "p", body: `{"kind":"snapshots","name":"` + keyFileName + `"}`, want: console(404)},
	"GET /api/v1/admin/computers":                   {want: console(200)},
	"POST /api/v1/admin/computers/{id}/block":       {id: "c", want: console(204)},
	"POST /api/v1/admin/computers/{id}/unblock":     {id: "b", want: console(204)},
	"POST /api/v1/admin/computers/{id}/deauthorize": {id: "c", want: console(204)},
	"POST /api/v1/admin/computers/{id}/remove":      {id: "c", want: console(204)},
	"POST /api/v1/admin/computers/{id}/restore":     {id: "gone", want: console(204)},
	"GET /api/v1/admin/audit":                       {want: console(200)},
}

const keyFileName = "bb3b3a1b9f5ad1d6ae94d3b8ad5c2b7d1f0e5b8c0d2c9a77f0f5f5a6a1a2b3c4"

// scene is the people and things that the table speaks of, made anew for each cell
// that could change them.
type scene struct {
	*world
	by  [columns]who
	old who // the computer that was replaced
	ids map[string]string
}

func (v *world) scene(n string) scene {
	v.t.Helper()
	ctx := v.t.Context()
	ann, ben, adm := v.person("ann"+n+"@college.edu", people.Member), v.person("ben"+n+"@college.edu", people.Member), v.person("adm"+n+"@college.edu", people.Administrator)
	cam := v.person("cam"+n+"@college.edu", people.Member)
	v.must(v.s.People.SetSeats(ctx, ann.ID, 9))
	v.must(v.s.People.Block(ctx, cam.ID, "test"))
	s := scene{world: v, ids: map[string]string{"p": ann.ID, "blocked": cam.ID}}
	target, targetBy := v.computer(ann, "target")
	s.ids["c"] = target.ID
	_, s.by[sibling] = v.computer(ann, "sibling")
	bad, badBy := v.computer(ann, "bad")
	s.ids["b"], s.by[blocked] = bad.ID, badBy
	v.must(v.s.Computers.Block(ctx, "", bad.ID))
	out, outBy := v.computer(ann, "out")
	s.by[revoked] = outBy
	v.must(v.s.Computers.Deauthorize(ctx, "", out.ID))
	taken, takenBy := v.computer(ann, "taken")
	s.old = takenBy
	_, _, err := v.s.Computers.Replace(ctx, ann.ID, taken.ID, computers.Registration{})
	v.must(err)
	gone, _ := v.computer(ann, "gone")
	s.ids["gone"] = gone.ID
	v.must(v.s.Computers.Remove(ctx, "", gone.ID))
	v.must(v.s.Computers.SaveSettings(ctx, target.ID, []byte(`{"a":1}`)))
	_, other, err := v.s.Sessions.Create(ctx, ann.ID, "app", "elsewhere", "192.0.2.2")
	v.must(err)
	s.ids["s"] = other.ID
	v.must(v.s.People.Request(ctx, people.Request{Name: "Dee", Email: "dee" + n + "@college.edu", Reason: "why not"}))
	requests, err := v.s.People.Requests(ctx, false)
	v.must(err)
	s.ids["r"] = requests[len(requests)-1].ID
	s.by[anonymous], s.by[another], s.by[member], s.by[administrator] = nobody, v.signIn(ben), v.signIn(ann), v.signIn(adm)
	s.ids["key"] = v.put(targetBy, "keys", "a key file of "+n)
	_, err = v.s.Escrow.Keep(ctx, ann.ID, s.ids["key"], []byte("the secret of ann"))
	v.must(err)
	return s
}

func TestEveryRouteAnswersToEachAsTheTableSays(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		n := 0
		for _, route := range v.routes {
			name := route.Method + " " + route.Pattern
			line, ok := table[name]
			if !ok {
				t.Errorf("%s has no row in the table of authorisation", name)
				continue
			}
			// Those who may not come first: they change nothing, so one scene does for all.
			var may []int
			s := v.scene(numbered(&n))
			for column := range columns {
				if line.want[column] < 300 {
					may = append(may, column)
					continue
				}
				s.try(t, route.Method, route.Pattern, line, column)
			}
			for i, column := range may {
				if i > 0 && route.Method != http.MethodGet {
					s = v.scene(numbered(&n))
				}
				s.try(t, route.Method, route.Pattern, line, column)
			}
			v.pass(1 << 40) // so that no limit of sign-ins is met
		}
		if len(table) != len(v.routes) {
			t.Errorf("the table has %d rows for %d routes", len(table), len(v.routes))
		}
	})
}

// body is that of a row, with the computer that it speaks of.
func (s scene) body(line row) string { return strings.ReplaceAll(line.body, "{c}", s.ids["c"]) }

func (s scene) try(t *testing.T, method, pattern string, line row, column int) {
	t.Helper()
	path := strings.NewReplacer("{id}", s.ids[line.id], "{name}", s.ids["key"]).Replace(pattern)
	for _, by := range []who{s.by[column], s.old} {
		if a := s.ask(by, method, path, s.body(line)); a.status != line.want[column] {
			t.Errorf("%s %s: %s is answered %d %s, not %d", method, pattern, columnNames[column], a.status, a.body, line.want[column])
		}
		if column != revoked {
			return
		}
	}
}

func numbered(n *int) string {
	*n++
	digits := []byte{'0', '0', '0', '0'}
	for i, v := len(digits)-1, *n; i >= 0; i, v = i-1, v/10 {
		digits[i] = byte('0' + v%10)
	}
	return string(digits)
}
