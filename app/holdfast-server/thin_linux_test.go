package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/repo"
	"holdfast/engine/server/audit"
	"holdfast/engine/storage"
)

const reasonToThin = "the disks are nearly full"

// thin runs what "removal run" does, by the clock of the server and by the settings of
// the computers alone.
func (c *college) thin() thinned {
	c.t.Helper()
	return c.thinKeeping(engine.Retention{All: 1, Monthly: 1})
}

// thinKeeping is thin where no version goes sooner than by a policy.
func (c *college) thinKeeping(least engine.Retention) thinned {
	c.t.Helper()
	p, err := c.v.people.Get(c.t.Context(), c.person)
	if err != nil {
		c.t.Fatal(err)
	}
	return (&removalRun{Reason: reasonToThin, least: least}).thin(c.t.Context(), c.v, p)
}

// releases is how often the key store gave the person's key out to thin.
func (c *college) releases() (n int) {
	c.t.Helper()
	log, err := c.v.escrow.Log(c.t.Context(), audit.Query{Limit: 1000})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range log {
		if e.Action == "key.release" && e.Target == c.person && e.Reason == reasonToThin {
			n++
		}
	}
	return n
}

// retain changes how long versions stay.
func (p *pc) retain(policy engine.Retention) {
	p.t.Helper()
	s, err := p.Settings(p.t.Context())
	if err == nil {
		s.Retention = policy
		err = p.SaveSettings(p.t.Context(), s)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// halfDays captures a changing file twice a day.
func (f *changing) halfDays(n int) {
	f.t.Helper()
	for range n {
		f.capture(100_000)
		f.clock.pass(aDay / 2)
	}
}

// oneIsGone asks for a version that the computer still lists, until it hears that there
// is none.
func (f *changing) oneIsGone() {
	f.t.Helper()
	list, err := f.Versions(f.t.Context(), "", f.path)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, v := range list {
		_, err := f.Get(f.t.Context(), engine.GetRequest{Refs: []engine.Ref{{Path: f.path, Version: v.ID}}, To: engine.ToFolder, Folder: f.t.TempDir()})
		if err != nil {
			f.fails(err, engine.KindNotFound, "thinned away")
			return
		}
	}
	f.t.Error("every version is there that was listed before")
}

func TestOldVersionsGoOnTheServerItselfForAReasonAndByTheSettingsOfEachComputer(t *testing.T) {
	everywhere(t, func(t *testing.T, c *college) {
		t.Setenv("TMPDIR", t.TempDir())
		keeper := c.computer("desktop")
		keeps := &changing{keeper, filepath.Join(keeper.user, "plans.dat"), map[string]string{}}
		keeper.join()
		keeper.retain(engine.Retention{All: 1000 * aDay})
		keeps.halfDays(6)
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "Documents/thesis.dat"), map[string]string{}}
		p.join()
		if out := c.thin(); out.Snapshots != 0 || out.failed || c.releases() != 0 {
			t.Errorf("with nothing to do: %+v, the key was released %d times", out, c.releases())
		}
		f.halfDays(24)
		used := c.packs()
		out := c.thin()
		if out.failed || out.Snapshots < 3 || out.Freed < 300_000 || out.Note != "" {
			t.Errorf("thinned: %+v", out)
		}
		if now := c.packs(); now > used-300_000 {
			t.Errorf("%d bytes of packs became %d", used, now)
		}
		p.here()
		f.oneIsGone()
		if n := f.allRestore(); n != 24-out.Snapshots {
			t.Errorf("the laptop has %d versions, and %d of 24 went", n, out.Snapshots)
		}
		keeper.here()
		if n := keeps.allRestore(); n != 6 {
			t.Errorf("the desktop, which keeps everything, has %d versions of 6", n)
		}
		if n := c.releases(); n != 1 {
			t.Errorf("the key was released %d times", n)
		}
		for _, words := range []string{"Old versions were removed", "The reason given: " + reasonToThin} {
			if letters := c.letters("ann@college.edu", words); len(letters) != 1 {
				t.Errorf("the person was told %q of %q", letters, words)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); len(left) != 0 {
			t.Errorf("what was read of the account is still there: %q", left)
		}
		again := c.thin()
		if again.Snapshots != 0 || again.failed {
			t.Errorf("once more: %+v", again)
		}
		p.here()
		f.capture(1000)
		if found, err := p.Check(t.Context(), 100); err != nil || len(found.Errors) != 0 {
			t.Errorf("check: %+v, %v", found, err)
		}
	})
}

func TestWhatWasThinnedOnTheServerComesBackWithinTheHold(t *testing.T) {
	everywhere(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		p.join()
		f.halfDays(24)
		out := c.thin()
		list, err := c.v.store.Removals(t.Context(), true)
		if err != nil || len(list) != 1 || list[0].Computer != "" || int(list[0].Snapshots) != out.Snapshots {
			t.Fatalf("%+v, %v after %+v", list, err, out)
		}
		if _, back, err := c.v.removals.Undo(t.Context(), list[0].ID, byCommand, "the test"); err != nil || back == 0 {
			t.Fatalf("%d files came back: %v", back, err)
		}
		f.capture(1000)
		if n := f.allRestore(); n != 25 {
			t.Errorf("%d versions of 25", n)
		}
	})
}

func TestWhoAloneHasTheKeyIsNotThinnedByTheServer(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		c.secrets.add("the passphrase", words)
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		p.join()
		if err := p.SetPassphrase(t.Context(), words); err != nil {
			t.Fatal(err)
		}
		f.halfDays(20)
		out := c.thin()
		if !out.failed || !strings.Contains(out.Note, "only they can free space") || c.stored(storage.Snapshots) != 20 {
			t.Errorf("%+v, %d backups", out, c.stored(storage.Snapshots))
		}
		if list, err := c.v.store.Removals(t.Context(), true); err != nil || len(list) != 0 {
			t.Errorf("a removal was opened: %+v, %v", list, err)
		}
	})
}

func TestAComputerSaysOnlyForItselfWhatStays(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		code := p.join().RecoveryCode
		f.halfDays(4)
		r, err := repo.Open(t.Context(), p.store(), code)
		if err != nil {
			t.Fatal(err)
		}
		list, err := r.ListSnapshots(t.Context())
		if err != nil || len(list) != 4 {
			t.Fatalf("%v, %v", list, err)
		}
		own, err := r.LoadSnapshot(t.Context(), list[0])
		if err != nil {
			t.Fatal(err)
		}
		var others []string
		for range 4 { // as restic makes them, on a machine that keeps no settings at the server
			c.clock.pass(time.Hour)
			id, err := r.SaveSnapshot(t.Context(), &repo.Snapshot{Time: c.clock.now(), Tree: own.Tree, Paths: own.Paths, Hostname: "lab-pc"})
			if err != nil {
				t.Fatal(err)
			}
			others = append(others, id.String())
		}
		p.retain(engine.Retention{All: time.Minute, Monthly: time.Minute})
		p.backUp()
		settings, _, err := c.v.computers.Settings(t.Context(), p.id())
		if err != nil {
			t.Fatal(err)
		}
		forged := strings.Replace(string(settings), "{", `{"replaced":[{"device":"host:lab-pc","over":true}],`, 1)
		if err := c.v.computers.SaveSettings(t.Context(), p.id(), []byte(forged)); err != nil {
			t.Fatal(err)
		}
		if out := c.thin(); out.failed || out.Snapshots == 0 {
			t.Errorf("its own: %+v", out)
		}
		left := c.names(storage.Snapshots)
		for _, id := range others {
			if !slices.Contains(left, id) {
				t.Errorf("a backup of another machine went: %s is not among %q", id, left)
			}
		}
	})
}

func TestWhatAnotherComputerStoredInTheNameOfOneTakesNoVersionsPlace(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p, other := c.computer("laptop"), c.computer("stolen")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		code := p.join().RecoveryCode
		p.here()
		f.capture(100)
		other.here()
		other.join()
		r, err := repo.Open(t.Context(), other.store(), code)
		if err != nil {
			t.Fatal(err)
		}
		list, err := r.ListSnapshots(t.Context())
		if err != nil || len(list) == 0 {
			t.Fatalf("%v, %v", list, err)
		}
		forged, err := r.LoadSnapshot(t.Context(), list[0])
		if err != nil {
			t.Fatal(err)
		}
		days := map[string]bool{}
		for range 10 {
			c.clock.pass(c.clock.now().UTC().Truncate(aDay).Add(aDay + time.Hour).Sub(c.clock.now()))
			days[c.clock.now().UTC().Format(time.DateOnly)] = true
			for range 2 {
				p.here()
				f.capture(1000)
				c.clock.pass(time.Hour)
			}
			forged.Time = c.clock.now() // the last of the day, as of the laptop
			if _, err := r.SaveSnapshot(t.Context(), forged); err != nil {
				t.Fatal(err)
			}
		}
		if out := c.thin(); out.failed || out.Snapshots == 0 {
			t.Errorf("%+v", out)
		}
		left, err := c.v.store.Snapshots(t.Context(), c.person)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range left {
			if o.Computer == p.id() {
				delete(days, o.Received.UTC().Format(time.DateOnly))
			}
		}
		if len(days) != 0 {
			t.Errorf("nothing is left that the laptop stored on %v", days)
		}
	})
}

func TestABlockedComputersSettingsLetNothingGo(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		p.join()
		f.halfDays(20)
		if err := c.v.computers.Block(t.Context(), c.person, p.id()); err != nil {
			t.Fatal(err)
		}
		if out := c.thin(); out.failed || out.Snapshots != 0 || c.releases() != 0 {
			t.Errorf("while it is blocked: %+v, the key was released %d times", out, c.releases())
		}
		if err := c.v.computers.Unblock(t.Context(), c.person, p.id()); err != nil {
			t.Fatal(err)
		}
		if out := c.thin(); out.failed || out.Snapshots == 0 {
			t.Errorf("afterwards: %+v", out)
		}
	})
}

func TestAStolenComputersSettingsLetNothingGoSoonerThanTheProductsDefault(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		p.join()
		f.halfDays(24)
		p.retain(engine.Retention{All: time.Minute, Monthly: time.Minute})
		f.capture(1000) // with which the server learns of it
		out := c.thinKeeping(engine.DefaultSettings().Retention)
		if left := c.stored(storage.Snapshots); out.failed || left < 18 || out.Snapshots+left != 25 {
			t.Errorf("%+v, %d backups are left of 25", out, left)
		}
		if out := c.thin(); out.Snapshots == 0 && !out.failed {
			t.Errorf("without that bound nothing would go either: %+v", out)
		}
	})
}

func TestWhatAnEndedAccountStoredStays(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		p.join()
		f.halfDays(20)
		if err := c.v.people.Remove(t.Context(), c.person, byCommand); err != nil {
			t.Fatal(err)
		}
		if out := c.thin(); !out.failed || !strings.Contains(out.Note, "stays") || c.stored(storage.Snapshots) != 20 {
			t.Errorf("%+v, %d backups", out, c.stored(storage.Snapshots))
		}
		var rows []thinned
		c.command(&rows, "removal", "run", "--all", "--reason", reasonToThin)
		if len(rows) != 0 || c.releases() != 0 {
			t.Errorf("with everybody else: %+v", rows)
		}
	})
}

func TestTheServerWaitsForAComputerThatIsAtWork(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		code := p.join().RecoveryCode
		f.halfDays(20)
		r, err := repo.Open(t.Context(), p.store(), code)
		if err != nil {
			t.Fatal(err)
		}
		lock, err := r.Lock(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		out := c.thin()
		lock.Unlock()
		if n := c.releases(); n != 0 {
			t.Errorf("the key was released %d times for nothing", n)
		}
		if !out.busy || !strings.Contains(out.Note, "at work in this account") || c.stored(storage.Snapshots) != 20 {
			t.Errorf("%+v, %d backups", out, c.stored(storage.Snapshots))
		}
		if out = c.thin(); out.failed || out.Snapshots == 0 {
			t.Errorf("afterwards: %+v", out)
		}
	})
}

func TestTheServerStopsItselfFarOutsideTheUsual(t *testing.T) {
	everywhere(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		p.join()
		for range 8 { // as many months
			f.capture(100_000)
			c.clock.pass(31 * aDay)
		}
		p.retain(engine.Retention{All: time.Hour, Monthly: aDay})
		f.capture(100_000)
		out := c.thin()
		if !out.failed || !strings.Contains(out.Note, "than usual") {
			t.Fatalf("%+v", out)
		}
		list, err := c.v.store.Removals(t.Context(), false)
		if err != nil || len(list) != 1 || list[0].State != "frozen" {
			t.Fatalf("%+v, %v", list, err)
		}
		if out := c.thin(); !out.failed {
			t.Errorf("while it is frozen: %+v", out)
		}
		if _, err := c.v.removals.Allow(t.Context(), list[0].ID, byCommand, "they wanted it"); err != nil {
			t.Fatal(err)
		}
		if out := c.thin(); out.failed || out.Snapshots == 0 {
			t.Errorf("once it is allowed: %+v", out)
		}
		f.capture(1000)
		if n, left := f.allRestore(), c.stored(storage.Snapshots); n != left {
			t.Errorf("%d versions, %d backups", n, left)
		}
	})
}

func TestAnInterruptedRunSaysHowFarItCame(t *testing.T) {
	c := newCollege(t, small)
	p := c.computer("laptop")
	f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
	p.join()
	f.capture(1000)
	list, err := c.v.people.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done, err := (&removalRun{Reason: reasonToThin}).thinAll(ctx, c.v, append(list, list...))
	if !errors.Is(err, errInterrupted) || len(done) != 1 || done[0].Note != "interrupted" || !done[0].failed {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestRemovalRunSaysWhatItNeeds(t *testing.T) {
	c := newCollege(t, small)
	for _, wrong := range []removalRun{
		{Emails: []string{"ann@college.edu"}},
		{Reason: "r"},
		{Reason: "r", All: true, Emails: []string{"ann@college.edu"}},
	} {
		wrong.settings = *c.v.settings
		if err := wrong.Run(&output{ctx: t.Context()}); err == nil || !strings.Contains(err.Error(), "Nothing was done") {
			t.Errorf("%v, %q: %v", wrong.Emails, wrong.Reason, err)
		}
	}
	var rows []thinned
	c.command(&rows, "removal", "run", "--all", "--reason", reasonToThin)
	if got := fmt.Sprintf("%+v", rows); len(rows) != 1 || rows[0].Email != "ann@college.edu" || rows[0].Note == "" {
		t.Errorf("in an account without a backup: %s", got)
	}
}
