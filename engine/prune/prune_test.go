//go:build linux

package prune_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/backup"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/prune"
	"holdfast/engine/repo"
	"holdfast/engine/storage"
	"holdfast/engine/storage/faulty"
)

const day = 24 * time.Hour

var start = time.Now().Add(-400 * day)

// at captures as if it were so many days after the start.
func at(b *Bench, days float64) {
	b.Helper()
	b.Capture(func(o *backup.Options) {
		o.Now = func() time.Time { return start.Add(time.Duration(days * float64(day))) }
		o.Always = true
	})
}

// options prune as if it were so many days after the start.
func options(b *Bench, days float64, policy engine.Retention) prune.Options {
	return prune.Options{Repo: b.Repo, Catalog: b.Catalog, Devices: []prune.Device{{ID: b.Device, Policy: policy}},
		Now: func() time.Time { return start.Add(time.Duration(days * float64(day))) }}
}

func run(b *Bench, days float64, policy engine.Retention) engine.MaintainResult {
	b.Helper()
	r, err := prune.Run(b.Context(), options(b, days, policy))
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// captures are the days of the snapshots that there are, oldest first.
func captures(b *Bench) string {
	b.Helper()
	list, err := b.Catalog.Snapshots(b.Context(), b.Device)
	if err != nil {
		b.Fatal(err)
	}
	var days []string
	for i := len(list) - 1; i >= 0; i-- {
		days = append(days, fmt.Sprintf("%.4g", float64(list[i].Time.Sub(start))/float64(day)))
	}
	return strings.Join(days, " ")
}

// restores brings every remaining snapshot back and compares it with what it was.
func restores(b *Bench, was map[string][]string) {
	b.Helper()
	ids, err := b.Repo.ListSnapshots(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, id := range ids {
		s, err := b.Repo.LoadSnapshot(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		got := Contents(b, b.Restore(s.Tree))
		if want := was[s.Time.UTC().String()]; want != nil {
			Same(b, "what was captured at "+s.Time.String(), got, want)
		}
	}
}

// sound is what must be true after every run that ended well.
func sound(b *Bench, was map[string][]string) {
	b.Helper()
	restores(b, was)
	b.CheckCatalog()
	if out := b.Restic("check", "--read-data"); !strings.Contains(out, "no errors were found") {
		b.Error(out)
	}
}

// history is a computer with captures of many days: a file that changes, one that
// stays, one that is deleted.
func history(t *testing.T) (*Bench, map[string][]string) {
	b := New(t, Tree{"stays": Random(1, 300_000), "changes": Random(2, 200_000), "goes/away": Random(3, 250_000), "sub/a/b": File("x")})
	was := map[string][]string{}
	for i := range 12 {
		at(b, float64(i)*0.5)
		was[b.Last().Time.UTC().String()] = Contents(t, b.Dir)
		b.Write(Tree{"changes": Random(uint64(100+i), 200_000), fmt.Sprintf("sub/new %d", i): File(fmt.Sprint(i))})
		if i == 4 {
			b.Remove("goes")
		}
	}
	return b, was
}

var week = engine.Retention{All: 2 * day, Daily: 90 * day, Deleted: 90 * day}

func TestItForgetsByThePolicyAndEverythingElseComesBack(t *testing.T) {
	b, was := history(t)
	size := func() (sum int64) {
		for _, n := range b.Names("data") {
			sum += n
		}
		return sum
	}
	before := size()
	r := run(b, 6, week)
	if got := captures(b); got != "0.5 1.5 2 2.5 3.5 4 4.5 5 5.5" && got != "0.5 1.5 2.5 3.5 4 4.5 5 5.5" {
		t.Logf("kept: %s", got)
	}
	if r.Forgotten == 0 || !strings.HasSuffix(captures(b), "5.5") {
		t.Errorf("%+v, kept %s", r, captures(b))
	}
	sound(b, was)
	if r.Freed == 0 || before-size() < r.Freed/2 {
		t.Errorf("%d bytes freed, %d before, %d after", r.Freed, before, size())
	}
	if r := run(b, 6, week); r.Forgotten != 0 || r.Freed != 0 || r.Packs != 0 {
		t.Errorf("the second time: %+v", r)
	}
	b.Capture()
	b.Check()
}

func TestTheNewestAlwaysStays(t *testing.T) {
	b, was := history(t)
	run(b, 5000, engine.Retention{All: time.Hour})
	if got := captures(b); !strings.HasSuffix(got, "5.5") || len(strings.Fields(got)) > 3 {
		t.Errorf("kept: %s", got)
	}
	sound(b, was)
}

func TestTheLastVersionOfADeletedFileStaysForItsTerm(t *testing.T) {
	b := New(t, Tree{"a": File("a"), "home/deleted": File("precious")})
	at(b, 0)
	at(b, 0.1)
	b.Remove("home/deleted")
	for _, d := range []float64{0.2, 10, 20, 30} {
		b.Write(Tree{"a": File(fmt.Sprint(d))})
		at(b, d)
	}
	policy := engine.Retention{All: day, Monthly: day, Deleted: 60 * day}
	run(b, 30, policy)
	if got := captures(b); got != "0.1 30" {
		t.Errorf("within the term: %s", got)
	}
	sound(b, nil)
	list, _ := b.Catalog.Snapshots(t.Context(), b.Device)
	if got := strings.Join(Contents(t, b.Restore(list[1].Tree)), "\n"); !strings.Contains(got, "deleted") {
		t.Errorf("it is not in there:\n%s", got)
	}
	run(b, 62, policy)
	if got := captures(b); got != "30" {
		t.Errorf("after the term: %s", got)
	}
	sound(b, nil)
}

func TestMostlyUnusedPacksAreRewrittenAndSmallOnesPutTogether(t *testing.T) {
	// What stays is so little that the pack it comes to lie in, which is left to chance,
	// is mostly unused whatever else lies there.
	files := Tree{"keep": Random(1, 300_000)}
	for i := range 12 {
		files[fmt.Sprint("go ", i)] = Random(uint64(10+i), 1<<20)
	}
	b := New(t, files)
	at(b, 0)
	for i := range 12 {
		b.Remove(fmt.Sprint("go ", i))
		b.Write(Tree{fmt.Sprint("little ", i): Random(uint64(50+i), 20_000)})
		at(b, float64(i+1))
	}
	before := len(b.Names("data"))
	r := run(b, 500, engine.Retention{All: time.Hour})
	if r.Freed < 11<<20 || r.Packs < 8 || len(b.Names("data")) > 4 || before < 20 {
		t.Errorf("%+v, %d packs, then %d", r, before, len(b.Names("data")))
	}
	if n := len(b.Names("index")); n != 1 {
		t.Errorf("%d index files", n)
	}
	sound(b, nil)
	b.Check()
}

func TestPacksThatAKilledRunLeftGoAndACaptureDoesNotRelyOnThem(t *testing.T) {
	a := New(t, Tree{"f": Random(1, 100_000)})
	a.Capture()
	b := a.Second(Tree{"g": Random(2, 200_000)})
	b.Store.Add(faulty.Fault{Op: faulty.Put, Kind: storage.Index, Err: storage.ErrUnreachable})
	if _, err := b.Try(); err == nil {
		t.Fatal("it did not fail")
	}
	b.Store.Clear() // the packs of b are there, in b's catalog and in no index
	if r := run(a, 500, week); r.Freed < 200_000 {
		t.Errorf("%+v", r)
	}
	if err := b.Catalog.Sync(t.Context(), b.Repo, nil); err != nil {
		t.Fatal(err)
	}
	b.Capture()
	b.Check()
	a.Restic("check", "--read-data")
}

func TestABlobInTwoPacksStaysOnce(t *testing.T) {
	a := New(t, Tree{"f": Random(1, 3<<20)})
	b := a.Second(Tree{"f": Random(1, 3<<20)})
	a.Capture()
	b.Capture()
	if r := run(a, 500, week); r.Freed < 3<<20 {
		t.Errorf("%+v", r)
	}
	for _, x := range []*Bench{a, b} {
		if err := x.Catalog.Sync(t.Context(), x.Repo, nil); err != nil {
			t.Fatal(err)
		}
		x.Check()
	}
	a.Restic("check", "--read-data")
}

func TestWhatAnotherComputerStoredSinceIsKnownBeforeAnythingGoes(t *testing.T) {
	a := New(t, Tree{"f": Random(1, 100_000)})
	for i := range 3 {
		a.Write(Tree{"f": Random(uint64(i), 100_000)})
		at(a, float64(i))
	}
	b := a.Second(Tree{"g": Random(9, 100_000)})
	b.Store.Add(faulty.Fault{Op: faulty.Put, Kind: storage.Snapshots, Err: storage.ErrUnreachable})
	b.Try() // its index file is there, its snapshot is not
	b.Store.Clear()
	c := a.Second(Tree{"h": Random(10, 100_000)})
	c.Capture()
	run(a, 500, engine.Retention{All: time.Hour})
	for _, x := range []*Bench{a, b, c} {
		if err := x.Catalog.Sync(t.Context(), x.Repo, nil); err != nil {
			t.Fatal(err)
		}
		x.Capture()
		if err := x.Catalog.Sync(t.Context(), x.Repo, nil); err != nil {
			t.Fatal(err)
		}
		x.CheckRestore(Describe(t, x.Dir))
	}
	a.Restic("check", "--read-data")
}

func TestAnyDoubtStopsItBeforeAPackIsTouched(t *testing.T) {
	pack := func(b *Bench, kind repo.BlobType, path string) string {
		list, err := b.Repo.LoadTree(b.Context(), b.Catalog, b.Last().Tree)
		if err != nil {
			b.Fatal(err)
		}
		for _, n := range list {
			if n.Name != path {
				continue
			}
			id := n.Subtree
			if kind == repo.Data {
				id = &n.Content[0]
			}
			l, ok, err := b.Catalog.Locate(kind, *id)
			if err != nil || !ok {
				b.Fatal(err)
			}
			return l.Pack.String()
		}
		b.Fatal("no such node")
		return ""
	}
	file := func(b *Bench, kind, name string) string {
		if kind == "data" {
			name = name[:2] + "/" + name
		}
		return filepath.Join(b.Where, kind, name)
	}
	tests := map[string]func(b *Bench){
		"a tree is missing": func(b *Bench) { os.Remove(file(b, "data", pack(b, repo.Tree, "sub"))) },
		"a pack is missing": func(b *Bench) { os.Remove(file(b, "data", pack(b, repo.Data, "stays"))) },
		"a pack is cut short": func(b *Bench) {
			n := file(b, "data", pack(b, repo.Data, "stays"))
			os.Chmod(n, 0o600)
			os.Truncate(n, 1000)
		},
		"a tree is damaged":      func(b *Bench) { spoil(b, file(b, "data", pack(b, repo.Tree, "sub"))) },
		"a snapshot is damaged":  func(b *Bench) { spoil(b, file(b, "snapshots", b.Last().ID.String())) },
		"a pack is read wrongly": func(b *Bench) { b.Store.Add(faulty.Fault{Op: faulty.Get, Kind: storage.Packs, Flip: 400}) },
		"the snapshots cannot be listed": func(b *Bench) {
			b.Store.Add(faulty.Fault{Op: faulty.List, Kind: storage.Snapshots, Err: storage.ErrUnreachable})
		},
		"an index file cannot be read": func(b *Bench) {
			b.Second(Tree{"g": File("g")}).Capture()
			b.Store.Add(faulty.Fault{Op: faulty.Get, Kind: storage.Index, Flip: 300})
		},
	}
	for name, doubt := range tests {
		t.Run(name, func(t *testing.T) {
			b, _ := history(t)
			doubt(b)
			packs := b.Names("data")
			index := b.Names("index")
			if _, err := prune.Run(t.Context(), options(b, 6, week)); err == nil {
				t.Error("no error")
			}
			now, then := b.Names("data"), len(packs)
			for name := range now {
				delete(packs, name)
			}
			if len(packs) != 0 {
				t.Errorf("%d of %d packs went", len(packs), then)
			}
			for name := range b.Names("index") {
				delete(index, name)
			}
			if len(index) != 0 {
				t.Errorf("%d index files went", len(index))
			}
			if left := b.Names("locks"); len(left) != 0 {
				t.Errorf("locks are left: %v", left)
			}
		})
	}
}

func spoil(b *Bench, name string) {
	b.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	for i := 40; i < len(data)-40; i += 50 {
		data[i] ^= 1
	}
	os.Chmod(name, 0o600)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		b.Fatal(err)
	}
}

func TestItWaitsForNobodyAndTouchesNothingWhileALockIsHeld(t *testing.T) {
	b, _ := history(t)
	for _, exclusive := range []bool{false, true} {
		lock, err := b.Repo.Lock(t.Context(), exclusive)
		if err != nil {
			t.Fatal(err)
		}
		before := fmt.Sprint(b.Names("data"), b.Names("index"), b.Names("snapshots"))
		if _, err := prune.Run(t.Context(), options(b, 6, week)); !errors.Is(err, repo.ErrLocked) {
			t.Error(err)
		}
		if fmt.Sprint(b.Names("data"), b.Names("index"), b.Names("snapshots")) != before {
			t.Error("something was touched")
		}
		lock.Unlock()
	}
	run(b, 6, week)
}

func TestPathsThatAreRemovedAreInNoSnapshotAnyMore(t *testing.T) {
	b, _ := history(t)
	o := options(b, 5.6, engine.Retention{})
	o.Devices[0].Policy = engine.Retention{All: 1000 * day}
	for _, path := range []string{"/goes/away", "/sub", "/not/there", "/", "/stays/below a file"} {
		o.Devices[0].Removed = append(o.Devices[0].Removed, prune.Removal{Path: path, Before: o.Now()})
	}
	before := captures(b)
	if _, err := prune.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got := captures(b); got != before {
		t.Errorf("%s, before %s", got, before)
	}
	list, _ := b.Catalog.Snapshots(t.Context(), b.Device)
	for _, s := range list {
		got := strings.Join(Contents(t, b.Restore(s.Tree)), "\n")
		if strings.Contains(got, "away") || strings.Contains(got, "sub") || !strings.Contains(got, "stays") {
			t.Errorf("%v holds\n%s", s.Time, got)
		}
	}
	sound(b, nil)
}

func TestInterruptedAtEveryCallItLeavesASoundRepositoryThatTheNextRunFinishes(t *testing.T) {
	b, was := history(t)
	b.Catalog.Close()
	first := again(t, b)
	run(first, 6, week)
	calls := first.Store.Calls(faulty.Any)
	want := captures(first)
	stride := 5
	if os.Getenv("HOLDFAST_THOROUGH") != "" {
		stride = 1
	}
	for n := 1; n <= calls; n += stride {
		x := again(t, b)
		x.Store.Add(faulty.Fault{Call: n, Last: 1 << 30, Err: storage.ErrUnreachable, Done: n%2 == 0})
		if n%3 == 0 { // only this call fails
			x.Store.Clear()
			x.Store.Add(faulty.Fault{Call: n, Err: storage.ErrUnreachable})
		}
		prune.Run(t.Context(), options(x, 6, week))
		x.Store.Clear()
		x.Reopen()
		os.RemoveAll(filepath.Join(x.Where, "locks"))
		os.Mkdir(filepath.Join(x.Where, "locks"), 0o700)
		restores(x, was)
		if n%4 == 0 {
			x.Restic("check", "--read-data")
		}
		run(x, 6, week)
		x.CheckCatalog()
		restores(x, was)
		if got := captures(x); got != want {
			t.Errorf("kept %s, want %s", got, want)
		}
		// Some small ones may be too few now to be put together, and the interrupted
		// run may have made a pack of each type that is good as it is.
		if got, want := len(x.Names("data")), len(first.Names("data"))+7+2; got > want {
			t.Errorf("%d packs are left, %d without the interruption", got, want)
		}
		if n%4 == 0 {
			x.Restic("check", "--read-data")
		}
		if t.Failed() {
			t.Fatalf("interrupted at call %d of %d", n, calls)
		}
	}
}

// again is a copy of a bench as it was when its catalog was closed.
func again(t *testing.T, b *Bench) *Bench {
	t.Helper()
	home := t.TempDir()
	where := filepath.Join(home, "destination")
	if err := os.CopyFS(where, os.DirFS(b.Where)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(b.File)
	if err == nil {
		err = os.WriteFile(filepath.Join(home, "catalog.db"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return At(t, b.Dir, where, filepath.Join(home, "catalog.db"))
}

func TestACancelledRunLetsGoOfItsLock(t *testing.T) {
	b, was := history(t)
	for _, d := range []time.Duration{0, 250 * time.Millisecond, 300 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		prune.Run(ctx, options(b, 6, week))
		cancel()
		if left := b.Names("locks"); len(left) != 0 {
			t.Errorf("locks are left: %v", left)
		}
	}
	run(b, 6, week)
	sound(b, was)
}
