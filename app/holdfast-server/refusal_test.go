package main

import (
	"strings"
	"testing"

	"holdfast/engine"
)

func TestABlockedComputerBacksUpAndRestoresNothing(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		path := p.write("one.txt", "one")
		p.join()
		p.backUp()
		if err := c.v.computers.Block(t.Context(), c.person, p.id()); err != nil {
			t.Fatal(err)
		}
		p.write("two.txt", "two")
		if out := p.backUp(); out.New != 1 {
			t.Errorf("backed up: %+v", out)
		}
		job, got, err := p.restore("", path)
		if got != "" {
			t.Error("a blocked computer got a file back")
		}
		if err != nil {
			p.fails(err, engine.KindRefused, "blocked this computer")
		} else if !strings.Contains(job.Message, "blocked this computer") {
			items, _ := p.JobItems(t.Context(), job.ID)
			t.Errorf("the restore ended %s: %q %+v", job.State, job.Message, items)
		}
		if err := c.v.computers.Unblock(t.Context(), c.person, p.id()); err != nil {
			t.Fatal(err)
		}
		p.restores("", path, "one")
	})
}

func TestAFullAccountIsSaidAndGoesOnWithMoreRoom(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.write("one.txt", "one")
		p.join()
		p.backUp()
		if err := c.v.people.SetQuota(t.Context(), c.person, 1_000_000); err != nil {
			t.Fatal(err)
		}
		content := incompressible(3_000_000)
		path := p.write("big.dat", content)
		p.backUpFails(engine.KindFull, "Your account is full")
		if err := c.v.people.SetQuota(t.Context(), c.person, 0); err != nil {
			t.Fatal(err)
		}
		p.backUp()
		p.restores("", path, content)
	})
}
