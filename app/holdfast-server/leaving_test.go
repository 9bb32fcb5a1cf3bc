package main

import (
	"os"
	"strings"
	"testing"

	"holdfast/engine"
	"holdfast/engine/server/computers"
)

func TestAComputerThatWasSignedOutSignsInAgainAndUploadsNothingTwice(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		big := p.write("big.dat", incompressible(2_000_000))
		p.join()
		p.backUp()
		before, id := c.packs(), p.id()
		if err := c.v.computers.Deauthorize(t.Context(), c.person, id); err != nil {
			t.Fatal(err)
		}
		p.write("small.txt", "small")
		p.backUpFails(engine.KindSignIn, "was signed out of its account")
		p.join()
		if status, err := p.Status(t.Context()); err != nil || status.State == engine.StateAttention {
			t.Errorf("the status is %q (%s), %v", status.State, status.Reason, err)
		}
		p.backUp()
		if p.id() != id || c.seats() != 1 {
			t.Errorf("%s became %s, with %d seats", id, p.id(), c.seats())
		}
		if now := c.packs(); now > before+500_000 || now == before {
			t.Errorf("%d bytes became %d", before, now)
		}
		data, _ := os.ReadFile(big)
		p.restores("", big, string(data))
	})
}

func TestSigningOutEndsTheCredentialAndASecondSignInTakesThePlaceAgain(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		path := p.write("one.txt", "one")
		p.join()
		p.backUp()
		id := p.id()
		out, err := p.Disconnect(t.Context())
		if err != nil || out.Note != "" {
			t.Fatalf("%+v, %v", out, err)
		}
		if one, err := c.v.computers.Get(t.Context(), c.person, id); err != nil || one.State != computers.Deauthorized {
			t.Errorf("on the server it is %s, %v", one.State, err)
		}
		p.join(func(q *engine.JoinRequest) { q.Replace = id })
		if p.id() != id || c.seats() != 1 {
			t.Errorf("%s became %s, with %d seats", id, p.id(), c.seats())
		}
		p.restores("", path, "one")
	})
}

func TestSigningOutWithoutTheServerIsDoneHereAndSaysWhatIsLeft(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.join()
		c.stop()
		out, err := p.Disconnect(t.Context())
		if err != nil || !strings.Contains(out.Note, "could not be told") {
			t.Errorf("%+v, %v", out, err)
		}
		if status, err := p.Status(t.Context()); err != nil || status.State != engine.StateSetup {
			t.Errorf("the status is %q, %v", status.State, err)
		}
	})
}
