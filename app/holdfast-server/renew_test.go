package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/people"
)

// setApp gives somebody an authenticator app.
func (o *office) setApp(p people.Person) {
	o.Helper()
	s := o.proofs()
	app, err := s.BeginTOTP(o.Context(), p.ID, p.Email)
	if err != nil {
		o.Fatal(err)
	}
	code, err := totp.GenerateCode(app.Secret, time.Now())
	if err == nil {
		err = s.ConfirmTOTP(o.Context(), p.ID, code)
	}
	if err != nil {
		o.Fatal(err)
	}
}

func TestAServerThatLostTheKeyOfTheAppsBeginsAnewAndTellsEverybodyWhoHasOne(t *testing.T) {
	eachOffice(t, func(o *office) {
		const issuer = "https://sso.college.edu"
		ann, ben, eve, fay := o.join("ann@college.edu"), o.join("ben@college.edu"), o.join("eve@college.edu"), o.join("fay@college.edu")
		for _, p := range []people.Person{ann, ben, eve} {
			o.setApp(p)
		}
		if err := o.proofs().Link(o.Context(), ben.ID, issuer, "7", ben.Email); err != nil {
			o.Fatal(err)
		}
		o.must(nil, "user", "block", "eve@college.edu")
		o.settings = append(o.settings, "--provider-name", "College SSO", "--provider-issuer", issuer, "--provider-client-id", "holdfast")
		renew := []string{"secrets", "renew"}
		if said := o.refused(renew...); !strings.Contains(said, "Nothing is lost, and nothing was changed") {
			o.Errorf("with the key it said %s", said)
		}
		if said := o.refused(append(renew, "--yes")...); !strings.Contains(said, "Nothing is lost, and nothing was changed") {
			o.Errorf("with the key it said %s", said)
		}
		file := filepath.Join(o.settings[1], "escrow", "secrets.key")
		if err := os.Remove(file); err != nil {
			o.Fatal(err)
		}
		if said := o.refused("user", "list"); !strings.Contains(said, file+" is missing") || !strings.Contains(said, "secrets renew") {
			o.Errorf("without the key it said %s", said)
		}
		before := databasetest.Contents(o, o.db)
		if said := o.refused(renew...); !strings.Contains(said, "The authenticator apps of 3 people would end") {
			o.Errorf("it said %s", said)
		}
		if _, err := os.Stat(file); err == nil {
			o.Error("a key was made before anybody said yes")
		}
		renew = append(renew, "--yes")
		for _, gone := range []string{"audit", "outbox"} {
			databasetest.Without(o, o.db, gone, func() { o.refused(renew...) })
			if after := databasetest.Contents(o, o.db); after != before {
				o.Errorf("without %s it changed\n%s\ninto\n%s", gone, before, after)
			}
		}
		entries, letters := o.traces()
		var got struct {
			Key    string
			People []struct{ ID, Email, Link string }
		}
		o.must(&got, renew...)
		if e, l := o.traces(); e != entries+4 || l != letters+3 {
			o.Errorf("it left %d entries and %d letters", e-entries, l-letters)
		}
		slices.SortFunc(got.People, func(a, b struct{ ID, Email, Link string }) int { return strings.Compare(a.Email, b.Email) })
		if len(got.People) != 3 || got.People[0].Email != ann.Email || got.People[0].Link == "" || got.People[1].Link != "" || got.People[2].Link != "" {
			o.Fatalf("it printed %+v", got)
		}
		if p, err := o.who().Invitation(o.Context(), filepath.Base(got.People[0].Link)); err != nil || p.ID != ann.ID {
			o.Errorf("the link is of %+v, %v", p, err)
		}
		for p, password := range map[people.Person]bool{ann: false, ben: true, eve: true, fay: true} {
			if has, err := o.proofs().Factors(o.Context(), p.ID); err != nil || has.TOTP || has.Password != password {
				o.Errorf("%s has %+v, %v", p.Email, has, err)
			}
		}
		log, err := audit.New(o.db, time.Now).List(o.Context(), audit.Query{})
		if err != nil || !slices.ContainsFunc(log, func(e audit.Entry) bool { return e.Action == "secrets.renew" && e.Target == got.Key }) {
			o.Errorf("the log has %+v, %v", log, err)
		}
		o.must(nil, "user", "list")
		o.setPassword(ann)
		o.setApp(ann)
		if said := o.refused(renew...); !strings.Contains(said, "Nothing is lost") {
			o.Errorf("the second time it said %s", said)
		}
	})
}
