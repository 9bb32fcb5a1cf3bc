//go:build linux

package prune_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/prune"
	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// receipts is a store that says when it received each snapshot, as far as it knows.
type receipts struct {
	storage.Store
	at map[string]time.Time
}

func (r receipts) List(ctx context.Context, k storage.Kind, fn func(storage.Info) error) error {
	return r.Store.List(ctx, k, func(info storage.Info) error {
		if k == storage.Snapshots {
			info.ModTime = r.at[info.Name]
		}
		return fn(info)
	})
}

// receivedAt captures by the computer's clock, and notes when the store receives it;
// both in days after the start.
func (r receipts) receivedAt(b *Bench, clock, received float64) {
	b.Helper()
	at(b, clock)
	r.at[b.Last().ID.String()] = start.Add(time.Duration(received * float64(day)))
}

func (r receipts) options(b *Bench, days float64, policy engine.Retention) prune.Options {
	r.Store = b.Repo.Store()
	o := options(b, days, policy)
	o.Repo, o.Received = b.Repo.On(r), true
	return o
}

func TestAWrongClockMakesNoVersionOldWhereTheStoreSaysWhenItReceivedThem(t *testing.T) {
	b := New(t, Tree{"f": File("0")})
	r := receipts{at: map[string]time.Time{}}
	clocks := []float64{-9000, 0, 0.1, 300, 300.1, 3000, 3000.1} // wild
	for i, clock := range clocks {
		b.Write(Tree{"f": File(fmt.Sprint(i))})
		r.receivedAt(b, clock, float64(i)*0.1)
	}
	policy := engine.Retention{All: day, Monthly: day}
	if _, err := prune.Run(t.Context(), r.options(b, 0.7, policy)); err != nil {
		t.Fatal(err)
	}
	if got := captures(b); len(strings.Fields(got)) != len(clocks) {
		t.Errorf("all of one day, and kept are only %s", got)
	}
	if _, err := prune.Run(t.Context(), r.options(b, 40, policy)); err != nil { // nothing new: nothing grows old
		t.Fatal(err)
	}
	b.Write(Tree{"f": File("later")})
	r.receivedAt(b, 3000.2, 20)
	b.Write(Tree{"f": File("last")})
	r.receivedAt(b, 3000.3, 21)
	if _, err := prune.Run(t.Context(), r.options(b, 21, policy)); err != nil {
		t.Fatal(err)
	}
	if got := captures(b); got != "3000 3000" { // printed with four digits
		t.Errorf("after three weeks are kept %s", got)
	}
	sound(b, nil)
}

func TestASnapshotOfWhichTheStoreDoesNotSayWhenStays(t *testing.T) {
	b := New(t, Tree{"f": File("0")})
	r := receipts{at: map[string]time.Time{}}
	at(b, 0)
	for i := range 3 {
		b.Write(Tree{"f": File(fmt.Sprint("v", i))})
		r.receivedAt(b, float64(i+1), float64(i+1))
	}
	if _, err := prune.Run(t.Context(), r.options(b, 3, engine.Retention{All: time.Hour, Monthly: time.Hour})); err != nil {
		t.Fatal(err)
	}
	if got := captures(b); got != "0 3" {
		t.Errorf("kept are %s", got)
	}
}

func TestTheTermOfADeletedFileCountsFromItsReceiptToo(t *testing.T) {
	policy := engine.Retention{All: day, Monthly: day, Deleted: 60 * day}
	world := func(t *testing.T) (*Bench, receipts) {
		b := New(t, Tree{"a": File("a"), "home/deleted": File("precious")})
		r := receipts{at: map[string]time.Time{}}
		// By the computer's clock a year lies between what the server received in days.
		for i, clock := range []float64{0, 100, 200} {
			b.Write(Tree{"a": File(fmt.Sprint(i))})
			r.receivedAt(b, clock, float64(i))
		}
		b.Remove("home/deleted")
		for i, clock := range []float64{300, 310, 320} {
			b.Write(Tree{"a": File(fmt.Sprint("later", i))})
			r.receivedAt(b, clock, float64(30+10*i))
		}
		return b, r
	}
	holds := func(b *Bench) bool {
		list, err := b.Catalog.Snapshots(t.Context(), b.Device)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if strings.Contains(strings.Join(Contents(t, b.Restore(s.Tree)), "\n"), "deleted") {
				return true
			}
		}
		return false
	}
	for days, want := range map[float64]bool{50: true, 90: true, 91.5: false} { // gone on day 30, kept a day and 60 more
		b, r := world(t)
		b.Write(Tree{"a": File("today")})
		r.receivedAt(b, 400, days)
		if _, err := prune.Run(t.Context(), r.options(b, days, policy)); err != nil {
			t.Fatal(err)
		}
		if holds(b) != want {
			t.Errorf("on day %v it is there: %v", days, !want)
		}
		sound(b, nil)
	}
}

func TestAReplacedSnapshotGoesByTheGivenWay(t *testing.T) {
	b, _ := history(t)
	was, err := b.Repo.ListSnapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	replaced := map[repo.ID]repo.ID{}
	o := options(b, 5.6, engine.Retention{All: 1000 * day})
	o.Devices[0].Removed = []prune.Removal{{Path: "/stays", Before: o.Now()}}
	o.Replace = func(ctx context.Context, old, by repo.ID) error {
		s, err := b.Repo.LoadSnapshot(ctx, by)
		if err != nil || s.Original == nil || *s.Original != old {
			t.Errorf("%v does not say that it takes the place of %v: %+v, %v", by, old, s, err)
		}
		replaced[old] = by
		return b.Repo.RemoveSnapshot(ctx, old)
	}
	if _, err := prune.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if len(replaced) != len(was) {
		t.Errorf("%d of %d were replaced", len(replaced), len(was))
	}
	sound(b, nil)
}

func TestWhatAComputerEndedWithStaysWhenAnOlderOneWasReceivedLater(t *testing.T) {
	b := New(t, Tree{"f": File("0")})
	r := receipts{at: map[string]time.Time{}}
	for i, received := range []float64{1, 30, 3, 31, 32} { // the second was written anew, and nothing came after
		b.Write(Tree{"f": File(fmt.Sprint(i))})
		r.receivedAt(b, float64(i+1), received)
	}
	o := r.options(b, 40, engine.Retention{All: day, Monthly: day})
	o.Devices[0].Replaced = []time.Time{start.Add(3 * day)}
	if _, err := prune.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if left := captures(b); !strings.Contains(" "+left+" ", " 3 ") || strings.Contains(" "+left+" ", " 1 ") {
		t.Errorf("left are %s", left)
	}
	sound(b, nil)
}
