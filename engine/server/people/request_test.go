package people_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/engine/server/database"
	. "holdfast/engine/server/people"
)

func ask(t *testing.T, s *Service, email string) Request {
	t.Helper()
	want(t, s.Request(t.Context(), Request{Name: "Ann", Email: email, Reason: "my thesis", Asset: "C-1", Address: "192.0.2.1"}), nil)
	open, err := s.Requests(t.Context(), false)
	want(t, err, nil)
	return open[len(open)-1]
}

func TestARequestWaitsUntilItIsDecided(t *testing.T) {
	each(t, func(t *testing.T, s *Service, c *clock, _ *database.DB) {
		r := ask(t, s, "Ann@College.edu")
		if r.Email != "ann@college.edu" || r.Name != "Ann" || r.Reason != "my thesis" || r.Asset != "C-1" || r.Address != "192.0.2.1" ||
			r.State != Open || !r.Created.Equal(c.now()) || !r.Decided.IsZero() {
			t.Fatalf("%+v", r)
		}
		c.pass(time.Hour)
		refused, err := s.Refuse(t.Context(), r.ID, "boss", "not of this college")
		want(t, err, nil)
		if refused.State != Refused || refused.Email != r.Email || refused.Why != "not of this college" || refused.By != "boss" || !refused.Decided.Equal(c.now()) {
			t.Fatalf("%+v", refused)
		}
		if open, err := s.Requests(t.Context(), false); err != nil || len(open) != 0 {
			t.Fatalf("%v, %v", open, err)
		}
		if all, err := s.Requests(t.Context(), true); err != nil || len(all) != 1 || all[0] != refused {
			t.Fatalf("%v, %v", all, err)
		}
		_, _, err = s.Approve(t.Context(), r.ID, "boss")
		want(t, err, ErrState)
		_, err = s.Refuse(t.Context(), r.ID, "boss", "")
		want(t, err, ErrState)
		_, err = s.Refuse(t.Context(), "nothing", "boss", "")
		want(t, err, ErrNotFound)
		_, _, err = s.Approve(t.Context(), "nothing", "boss")
		want(t, err, ErrNotFound)
		if again := ask(t, s, "ann@college.edu"); again.ID == r.ID {
			t.Fatal("the refused request was opened")
		}
	})
}

func TestAskingAgainIsOneRequestHoweverManyAskAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if err := s.Request(t.Context(), Request{Name: "Ann", Email: "ann@college.edu"}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		want(t, s.Request(t.Context(), Request{Name: "Ann O.", Email: "ANN@college.edu", Reason: "mended"}), nil)
		if open, err := s.Requests(t.Context(), false); err != nil || len(open) != 1 || open[0].Reason != "mended" || open[0].Name != "Ann O." {
			t.Fatalf("%+v, %v", open, err)
		}
	})
}

func TestAnApprovedRequestIsAnInvitation(t *testing.T) {
	each(t, func(t *testing.T, s *Service, c *clock, _ *database.DB) {
		r := ask(t, s, "ann@college.edu")
		p, first, err := s.Approve(t.Context(), r.ID, "boss")
		want(t, err, nil)
		if p.Email != r.Email || p.Name != "Ann" || p.Role != Member || p.State != Invited {
			t.Fatalf("%+v", p)
		}
		c.pass(20 * 24 * time.Hour) // the letter was lost
		renewed, second, err := s.Approve(t.Context(), r.ID, "boss")
		want(t, err, nil)
		if renewed.ID != p.ID {
			t.Fatal("made a second person")
		}
		_, err = s.Accept(t.Context(), first)
		want(t, err, ErrInvitation)
		_, err = s.Accept(t.Context(), second)
		want(t, err, nil)
		_, _, err = s.Approve(t.Context(), r.ID, "boss")
		want(t, err, ErrTaken)
		want(t, s.Remove(t.Context(), p.ID, "boss"), nil)
		_, _, err = s.Approve(t.Context(), r.ID, "boss")
		want(t, err, ErrState)
	})
}

func TestARequestOfSomebodyInvitedDoesNotChangeWhoTheyAre(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		p, _, err := s.Invite(t.Context(), "ann@college.edu", "Professor Ann", Administrator, "boss")
		want(t, err, nil)
		approved, _, err := s.Approve(t.Context(), ask(t, s, "ann@college.edu").ID, "boss")
		want(t, err, nil)
		if approved != p {
			t.Fatalf("%+v, not %+v", approved, p)
		}
	})
}

func TestARequestOfSomebodyWithAnAccountIsTakenAndNotApproved(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		active(t, s, "ann@college.edu", Member)
		r := ask(t, s, "ann@college.edu")
		_, _, err := s.Approve(t.Context(), r.ID, "boss")
		want(t, err, ErrTaken)
		if open, err := s.Requests(t.Context(), false); err != nil || len(open) != 1 {
			t.Fatalf("%v, %v", open, err)
		}
	})
}

func TestARequestOutsideTheLimitsIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		good := Request{Name: "Ann", Email: "ann@college.edu", Reason: "a\r\nb"}
		want(t, s.Request(t.Context(), good), nil)
		for name, spoil := range map[string]func(r *Request){
			"no name":              func(r *Request) { r.Name = " " },
			"a long name":          func(r *Request) { r.Name = strings.Repeat("x", 201) },
			"a name of two lines":  func(r *Request) { r.Name = "a\nb" },
			"a long reason":        func(r *Request) { r.Reason = strings.Repeat("x", 2001) },
			"a reason with a NUL":  func(r *Request) { r.Reason = "a\x00b" },
			"an asset not in UTF8": func(r *Request) { r.Asset = "\xff" },
			"no e-mail":            func(r *Request) { r.Email = "" },
		} {
			r := good
			spoil(&r)
			if err := s.Request(t.Context(), r); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestEMailAddressesAreReadStrictly(t *testing.T) {
	for typed, kept := range map[string]string{
		"ann@college.edu":                      "ann@college.edu",
		" Ann.O+tag@Dept.College.EDU ":         "ann.o+tag@dept.college.edu",
		"owner@localhost":                      "owner@localhost",
		"Ann <ann@college.edu>":                "",
		"ann@college.edu, b@c.de":              "",
		"ann":                                  "",
		"@college.edu":                         "",
		"ann@":                                 "",
		`"a b"@college.edu`:                    "",
		"ann@[127.0.0.1]":                      "",
		"ann@college.edu\r\nBcc: all@evil.com": "",
		"аnn@college.edu":                      "", // the first letter is Cyrillic
		strings.Repeat("a", 250) + "@b.de":     "",
	} {
		if got, err := ParseEmail(typed); got != kept || (err == nil) != (kept != "") {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}

func FuzzParseEmail(f *testing.F) {
	f.Add("Ann@college.edu")
	f.Add("ann@[::1]")
	f.Fuzz(func(t *testing.T, typed string) {
		email, err := ParseEmail(typed)
		if err != nil {
			return
		}
		if again, err := ParseEmail(email); err != nil || again != email {
			t.Fatalf("%q, then %q, %v", email, again, err)
		}
		if strings.ContainsAny(email, " \r\n<>\"") || strings.Count(email, "@") != 1 {
			t.Fatalf("%q", email)
		}
	})
}
