package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
)

// who is the service that knows people, as the commands of the office have it.
func (o *office) who() *people.Service {
	return people.New(o.db, people.Defaults{Seats: 4}, time.Now)
}

// proofs is the service that knows what they prove with.
func (o *office) proofs() *identity.Service {
	o.Helper()
	key, err := escrow.OpenKeyFile(filepath.Join(o.settings[1], "escrow", "secrets.key"))
	if err != nil {
		o.Fatal(err)
	}
	s, err := identity.New(o.db, identity.Options{Origin: "https://localhost:8443", Sealer: key}, time.Now)
	if err != nil {
		o.Fatal(err)
	}
	return s
}

// join invites somebody, who comes and chooses a password.
func (o *office) join(email string) people.Person {
	o.Helper()
	var link struct{ Link string }
	o.must(&link, "user", "add", email)
	p, err := o.who().Accept(o.Context(), filepath.Base(link.Link))
	if err != nil {
		o.Fatal(err)
	}
	o.setPassword(p)
	return p
}

func (o *office) setPassword(p people.Person) {
	o.Helper()
	s := o.proofs()
	chosen, err := s.NewPassword(o.Context(), "four unlikely words together")
	if err == nil {
		err = s.SetPassword(o.Context(), p.ID, chosen)
	}
	if err != nil {
		o.Fatal(err)
	}
}

func TestAnAdministratorLetsSomebodyWhoCannotSignInSetThatUpAnew(t *testing.T) {
	eachOffice(t, func(o *office) {
		ann, ben := o.join("ann@college.edu"), o.join("ben@college.edu")
		var made struct{ ID, Password string }
		o.must(&made, "device", "add", "ann@college.edu", "--name", "laptop")
		sessions := session.New(o.db, time.Now)
		for _, p := range []people.Person{ann, ben} {
			if _, _, err := sessions.Create(o.Context(), p.ID, session.Browser, "Firefox", "192.0.2.1"); err != nil {
				o.Fatal(err)
			}
		}
		var got struct{ ID, Email, Link string }
		o.must(&got, "user", "reset-sign-in", "ann@college.edu", "--reason", "her phone is lost")
		if got.ID != ann.ID || got.Email != ann.Email || !strings.Contains(got.Link, "/invitation/") {
			o.Errorf("it printed %+v", got)
		}
		if p, err := o.who().Invitation(o.Context(), filepath.Base(got.Link)); err != nil || p != ann {
			o.Errorf("the link is of %+v, %v", p, err)
		}
		for p, ways := range map[people.Person]bool{ann: false, ben: true} {
			has, err := o.proofs().Factors(o.Context(), p.ID)
			list, errs := sessions.List(o.Context(), p.ID)
			if err != nil || errs != nil || has.Password != ways || (len(list) == 1) != ways {
				o.Errorf("%s has %+v and %d sessions, %v, %v", p.Email, has, len(list), err, errs)
			}
		}
		if c, err := computers.New(o.db, o.who(), computers.Options{}, time.Now).Identify(o.Context(), made.ID, made.Password); err != nil || c.State != computers.Active {
			o.Errorf("the computer is %+v, %v", c, err)
		}
		log, err := audit.New(o.db, time.Now).List(o.Context(), audit.Query{Limit: 1})
		if err != nil || len(log) != 1 || log[0].Action != "person.reset_sign_in" || log[0].Target != ann.ID || log[0].Reason != "her phone is lost" {
			o.Errorf("the log has %+v, %v", log, err)
		}
		var letter string
		if err := o.db.QueryRowContext(o.Context(), "SELECT body FROM outbox WHERE recipient = $1 ORDER BY created DESC, id LIMIT 1", ann.Email).Scan(&letter); err != nil {
			o.Fatal(err)
		}
		for _, says := range []string{got.Link, "3 days", "go on backing up", "passphrase"} {
			if !strings.Contains(letter, says) {
				o.Errorf("the letter does not say %q: %s", says, letter)
			}
		}
	})
}

func TestWhoseSignInIsNotResetIsSaidAndWhatToDo(t *testing.T) {
	eachOffice(t, func(o *office) {
		ann := o.join("ann@college.edu")
		const issuer = "https://sso.college.edu"
		o.settings = append(o.settings, "--provider-name", "College SSO", "--provider-issuer", issuer, "--provider-client-id", "holdfast")
		tries := func(says string) {
			o.Helper()
			entries, letters := o.traces()
			if said := o.refused("user", "reset-sign-in", "ann@college.edu"); !strings.Contains(said, "Nothing was changed: ann@college.edu "+says) {
				o.Errorf("it said %s", said)
			}
			if e, l := o.traces(); e != entries || l != letters {
				o.Errorf("it left %d entries and %d letters", e-entries, l-letters)
			}
		}
		if err := o.proofs().Reset(o.Context(), ann.ID); err != nil {
			o.Fatal(err)
		}
		if err := o.proofs().Link(o.Context(), ann.ID, issuer, "7", ann.Email); err != nil {
			o.Fatal(err)
		}
		tries("signs in with College SSO only. Ask those who look after College SSO")
		o.must(nil, "user", "block", "ann@college.edu")
		tries("is blocked. Let them sign in again first: holdfast-server user unblock")
		o.must(nil, "user", "remove", "ann@college.edu")
		o.must(nil, "user", "add", "ann@college.edu")
		tries("was invited and has not come yet")
	})
}

func TestWhoIsOnlyInvitedIsNotBlockedAndTheAdministratorLearnsHowToTakeThatBack(t *testing.T) {
	eachOffice(t, func(o *office) {
		var link struct{ Link string }
		o.must(&link, "user", "add", "new@college.edu")
		for _, command := range []string{"block", "unblock"} {
			if said := o.refused("user", command, "new@college.edu"); !strings.Contains(said, "invited and has not come yet") || !strings.Contains(said, "To take the invitation back, remove the person") {
				o.Errorf("it said %s", said)
			}
		}
		o.must(nil, "user", "remove", "new@college.edu")
		if _, err := o.who().Invitation(o.Context(), filepath.Base(link.Link)); err == nil {
			o.Error("the invitation is still good")
		}
	})
}
