package main

import (
	"strings"
	"testing"

	"holdfast/engine"
	"holdfast/engine/server/audit"
)

func TestAComputerWhoseLentSeatEndedLearnsItAndFinishesAllTheSame(t *testing.T) {
	for _, p := range []pair{small, large} {
		t.Run(p.name, func(t *testing.T) {
			c := newCollegeWith(t, p, func(s *settings) {
				s.SMTPAddress, s.SMTPFrom, s.SMTPTLS = "127.0.0.1:9", "backup@college.edu", "none"
			})
			old := c.computer("Ann's old laptop")
			path := old.write("one.txt", "one")
			old.join()
			old.backUp()
			id := old.id()
			fresh := c.computer("new laptop")
			fresh.join(func(q *engine.JoinRequest) { q.Begin = id })
			fresh.backUp()
			own := fresh.id()

			c.clock.pass(30 * aDay)
			fresh.write("two.txt", "two")
			fresh.backUpFails(engine.KindRefused, "The 30 days are over in which this computer could take another one's place")
			c.v.sweepOnce(t.Context())
			c.v.sweepOnce(t.Context())
			if got := c.letters("ann@college.edu", "“new laptop” has stopped backing up"); len(got) != 1 {
				t.Errorf("Ann was written to: %q", got)
			}
			log, err := c.v.audit.List(t.Context(), audit.Query{})
			if err != nil {
				t.Fatal(err)
			}
			ends := 0
			for _, e := range log {
				if e.Action == "computer.lent_end" && e.Target == own && e.Person == c.person {
					ends++
				}
			}
			if ends != 1 {
				t.Errorf("%d ends are logged", ends)
			}
			// Another computer is not lent one in its stead.
			third := c.computer("third")
			third.here()
			if err := c.v.people.SetSeats(t.Context(), c.person, 1); err != nil {
				t.Fatal(err)
			}
			_, err = third.Join(t.Context(), engine.JoinRequest{SignIn: third.signIn().ID, Computer: "third", Begin: id})
			if err == nil || !strings.Contains(err.Error(), "none is let in for that until") || engine.KindOf(err) != engine.KindRefused {
				t.Errorf("a third computer: %v", err)
			}

			fresh.reopen()
			fresh.signIn()
			if err := fresh.FinishReplace(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			fresh.joined(engine.Connected{})
			fresh.backUp()
			if fresh.id() != id || c.seats() != 1 {
				t.Errorf("it is %s and not %s, with %d seats", fresh.id(), id, c.seats())
			}
			fresh.restores("", path, "one")
		})
	}
}
