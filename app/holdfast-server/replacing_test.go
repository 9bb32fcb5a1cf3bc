package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"holdfast/engine"
)

// A computer with a home folder of its own takes the place of another of a full
// account: step by step, with a restart in between, and backed up all the time.
func TestAComputerIsReplacedStepByStepOverARestart(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		old := c.computer("Ann's old laptop")
		content := incompressible(2_000_000)
		path := old.write("Papers/draft.dat", content)
		left := old.write("Music/song.dat", incompressible(300_000))
		old.join()
		choose(old, engine.Choice{Path: old.user, Include: true, NewItems: true}, engine.Choice{Path: filepath.Join(old.user, "VMs")})
		old.backUp()
		id := old.id()
		for _, name := range []string{"second", "third", "fourth"} {
			p := c.computer(name)
			p.join()
		}

		fresh := c.computer("new laptop")
		fresh.join(func(q *engine.JoinRequest) { q.Begin = id })
		if n := c.seats(); n != 4 {
			t.Errorf("%d seats are taken", n)
		}
		own := fresh.id()
		fresh.write("first minute.txt", "mine")
		if out := fresh.backUp(); out.New == 0 {
			t.Errorf("during the replacement was backed up: %+v", out)
		}

		fresh.reopen()
		under := begun(fresh, id)
		bringBack(fresh, under, filepath.Join(old.user, "Papers"), old.user)
		if data, err := os.ReadFile(filepath.Join(fresh.user, "Papers", "draft.dat")); err != nil || string(data) != content {
			t.Errorf("%d bytes came to the new home folder, %v", len(data), err)
		}
		before := c.packs()
		if fresh.backUp(); c.packs() > before+50_000 {
			t.Errorf("%d bytes became %d: files that came back were uploaded again", before, c.packs())
		}

		fresh.reopen()
		fresh.here()
		offered, err := fresh.OldSettings(t.Context())
		if err != nil || !offered.Known || offered.Home != old.user || !slices.Contains(offered.Paths, engine.PathMove{From: filepath.Join(old.user, "VMs"), To: filepath.Join(fresh.user, "VMs")}) {
			t.Fatalf("offered are %+v, %v", offered, err)
		}
		under.Step = engine.ReplaceFinish
		under.Take = engine.Take{Decided: true, Selection: true, Paths: []engine.PathMove{{From: filepath.Join(old.user, "VMs"), To: filepath.Join(fresh.user, "Machines")}}}
		if err := fresh.SaveReplace(t.Context(), under); err != nil {
			t.Fatal(err)
		}

		fresh.reopen()
		fresh.fails(fresh.FinishReplace(t.Context(), id), engine.KindFresh, "sign-in of the last minutes")
		fresh.signIn()
		if err := fresh.FinishReplace(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		fresh.joined(engine.Connected{})
		replaced(t, c, old, fresh, id, own)
		fresh.restores("", path, content)
		was := called(fresh, "Ann's old laptop (before replacement)")
		fresh.restores(was.ID, path, content)
		data, _ := os.ReadFile(left)
		fresh.restores(was.ID, left, string(data))
		fresh.restores(called(fresh, "new laptop (before it replaced Ann's old laptop)").ID, filepath.Join(fresh.user, "first minute.txt"), "mine")
	})
}

func choose(p *pc, choices ...engine.Choice) {
	p.t.Helper()
	p.here()
	if err := p.SaveSelection(p.t.Context(), engine.Selection{Choices: choices}); err != nil {
		p.t.Fatal(err)
	}
}

// begun is the replacement that goes on.
func begun(p *pc, old string) engine.Replacement {
	p.t.Helper()
	r, err := p.Replacement(p.t.Context())
	if err != nil || r.Old.ID != old || r.Step != engine.ReplaceFiles || !r.Lent {
		p.t.Fatalf("under way is %+v, %v", r, err)
	}
	return r
}

// bringBack gets a folder of the old computer to where it belongs on this one.
func bringBack(p *pc, r engine.Replacement, path, home string) {
	p.t.Helper()
	p.here()
	job, err := p.Get(p.t.Context(), engine.GetRequest{Refs: []engine.Ref{{Computer: r.Old.ID, Path: path}},
		To: engine.ToOriginal, Moved: []engine.PathMove{{From: home, To: p.user}}})
	if err != nil {
		p.t.Fatal(err)
	}
	done, err := p.WaitJob(p.t.Context(), job)
	if err != nil || done.State != engine.JobDone || done.Failed > 0 {
		p.t.Fatalf("%+v, %v", done, err)
	}
}

// replaced looks at both computers after the end.
func replaced(t *testing.T, c *college, old, fresh *pc, id, own string) {
	t.Helper()
	if fresh.id() != id || c.seats() != 4 {
		t.Errorf("%s became %s, with %d seats", id, fresh.id(), c.seats())
	}
	if now, err := c.v.computers.Get(t.Context(), c.person, own); err != nil || now.State != "removed" || now.Successor != id {
		t.Errorf("the seat that was lent: %+v, %v", now, err)
	}
	chosen, err := fresh.Selection(t.Context())
	want := []engine.Choice{{Path: fresh.user, Include: true, NewItems: true}, {Path: filepath.Join(fresh.user, "Machines")}}
	if err != nil || !slices.Equal(chosen.Choices, want) {
		t.Errorf("chosen is %+v, %v", chosen.Choices, err)
	}
	before := c.packs()
	fresh.backUp()
	if now := c.packs(); now > before+50_000 {
		t.Errorf("%d bytes became %d: what is stored was uploaded again", before, now)
	}
	old.backUpFails(engine.KindReplaced, "took the place of this one")
}

// called is a computer of the list by its name.
func called(p *pc, name string) engine.Computer {
	p.t.Helper()
	list, err := p.Computers(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(c engine.Computer) bool { return c.Name == name })
	if i < 0 {
		p.t.Fatalf("there is no %s in %+v", name, list)
	}
	return list[i]
}

func TestGivingUpAReplacementLeavesTheAccountAsItWas(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		old := c.computer("Ann's old laptop")
		old.write("one.txt", "one")
		old.join()
		old.backUp()
		fresh := c.computer("new laptop")
		fresh.join(func(q *engine.JoinRequest) { q.Begin = old.id() })
		own := fresh.id()
		fresh.backUp()
		if err := fresh.CancelReplace(t.Context()); err != nil {
			t.Fatal(err)
		}
		if now, err := c.v.computers.Get(t.Context(), c.person, own); err != nil || now.State != "removed" || c.seats() != 1 {
			t.Errorf("the lent seat: %+v, %v; %d seats", now, err, c.seats())
		}
		old.write("two.txt", "two")
		if out := old.backUp(); out.New != 1 {
			t.Errorf("the old computer: %+v", out)
		}
		fresh.join() // and as a new one
		if out := fresh.backUp(); c.seats() != 2 || out.Stored > 20_000 {
			t.Errorf("as a new one: %+v, %d seats", out, c.seats())
		}
	})
}
