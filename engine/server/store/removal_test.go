package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/database"
	"holdfast/engine/server/store"
	"holdfast/engine/storage"
)

// untold tells nobody.
func untold(*sql.Tx, store.Removal) error { return nil }

// opened is a removal of Ann's laptop.
func (w *world) opened() (store.Removal, string) {
	w.t.Helper()
	r, right, err := w.service.OpenRemoval(w.t.Context(), ann, annLaptop, "192.0.2.1", untold)
	if err != nil {
		w.t.Fatal(err)
	}
	return r, right
}

// away removes a file under a right.
func (w *world) away(right, path string, header ...string) answer {
	w.t.Helper()
	return w.do(annLaptop, http.MethodDelete, path, nil, append([]string{access.RightHeader, right}, header...)...)
}

func (w *world) removal(id string) store.Removal {
	w.t.Helper()
	all, err := w.service.Removals(w.t.Context(), true)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range all {
		if r.ID == id {
			return r
		}
	}
	w.t.Fatalf("there is no removal %s", id)
	return store.Removal{}
}

// parts stores n packs of a size and gives their paths.
func (w *world) parts(n, size int, seed string) (paths []string) {
	w.t.Helper()
	for i := range n {
		content := make([]byte, size)
		copy(content, fmt.Sprint(seed, i))
		paths = append(paths, w.post(annLaptop, storage.Packs, content))
	}
	return paths
}

// snapshots stores one at each of the times, which count from now, and gives their paths.
func (w *world) snapshots(times ...time.Duration) (paths []string) {
	w.t.Helper()
	begin := w.now()
	for i, at := range times {
		w.pass(begin.Add(at).Sub(w.now()))
		paths = append(paths, w.post(annLaptop, storage.Snapshots, fmt.Appendf(nil, "snapshot %d of %v", i, begin)))
	}
	return paths
}

func TestUnderARemovalPacksIndexAndSnapshotsGoIntoTheHoldAndNothingElseGoes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paths := map[storage.Kind]string{}
		for _, k := range storage.Kinds() {
			paths[k] = w.post(annLaptop, k, []byte("content"))
		}
		w.pass(time.Minute)
		w.post(annLaptop, storage.Snapshots, []byte("a newer one"))
		r, right := w.opened()
		for _, k := range storage.Kinds() {
			got := w.away(right, paths[k])
			switch k {
			case storage.Packs, storage.Index, storage.Snapshots:
				got.want(t, "DELETE "+paths[k], 200, "")
				w.away(right, paths[k]).want(t, "again", 404, "not_found")
				w.do(annLaptop, http.MethodGet, paths[k], nil).want(t, "GET", 404, "not_found")
			case storage.Config, storage.Keys:
				got.want(t, "DELETE "+paths[k], 403, "forbidden")
			}
		}
		held, err := w.service.Held(t.Context(), ann)
		if err != nil || len(held) != 3 || held[0].By != ann {
			t.Errorf("held: %+v, %v", held, err)
		}
		if r = w.removal(r.ID); r.Packs != 1 || r.Bytes != 7 || r.Indexes != 1 || r.Snapshots != 1 || r.State != store.RemovalOpen || r.Address != "192.0.2.1" {
			t.Errorf("%+v", r)
		}
		if u := w.used(ann); u.Used != 7+7+11 || u.Objects != 3 { // config, key, the newer snapshot
			t.Errorf("%+v", u)
		}
	})
}

func TestTheRightToRemoveIsForOneComputerAndSomeHours(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := w.post(annLaptop, storage.Packs, []byte("content"))
		w.post(bobLaptop, storage.Packs, []byte("content"))
		r, right := w.opened()
		refused := func(what, computer, right, code string) {
			t.Helper()
			w.do(computer, http.MethodDelete, path, nil, access.RightHeader, right).want(t, what, 403, code)
		}
		w.do(annLaptop, http.MethodDelete, path, nil).want(t, "no right", 403, "forbidden")
		refused("an empty right", annLaptop, "", "removal_over")
		refused("a wrong right", annLaptop, right+"x", "removal_over")
		refused("the right of another computer", bobLaptop, right, "removal_over")
		refused("a blocked computer with it", annBlocked, right, "removal_over")
		if got := w.do("", http.MethodDelete, path, nil, access.RightHeader, right); got.status != 401 {
			t.Errorf("the right alone: %d", got.status)
		}
		_, own, err := w.service.OpenRemoval(t.Context(), ann, annBlocked, "", untold)
		if err != nil {
			t.Fatal(err)
		}
		refused("a blocked computer with its own", annBlocked, own, "blocked")
		w.pass(12*time.Hour - time.Second)
		w.away(right, path).want(t, "in time", 200, "")
		path = w.post(annLaptop, storage.Packs, []byte("content"))
		w.pass(time.Second)
		refused("too late", annLaptop, right, "removal_over")
		if over, err := w.service.EndedRemovals(t.Context()); err != nil || len(over) != 2 {
			t.Errorf("over: %+v, %v", over, err)
		}
		_, right = w.opened()
		told := 0
		for range 2 {
			if r, err = w.service.CloseRemoval(t.Context(), w.last(), func(*sql.Tx, store.Removal) error { told++; return nil }); err != nil || r.State != store.RemovalClosed {
				t.Errorf("%+v, %v", r, err)
			}
		}
		if told != 1 {
			t.Errorf("told %d times", told)
		}
		refused("a closed one", annLaptop, right, "removal_over")
	})
}

// last is the id of the removal that was opened last.
func (w *world) last() string {
	w.t.Helper()
	all, err := w.service.Removals(w.t.Context(), true)
	if err != nil || len(all) == 0 {
		w.t.Fatalf("%+v, %v", all, err)
	}
	return all[0].ID
}

func TestASnapshotInWhosePlaceAnotherComesHandsItsReceiptOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old := w.post(annLaptop, storage.Snapshots, []byte("old"))
		received := w.now()
		w.pass(400 * 24 * time.Hour)
		w.post(annLaptop, storage.Snapshots, []byte("new"))
		w.post(annBlocked, storage.Snapshots, []byte("of another computer"))
		_, right := w.opened()
		const header = "Holdfast-Superseded-By"
		for what, by := range map[string]string{
			"what is not there": nameOf([]byte("x")), "itself": nameOf([]byte("old")), "one of another computer": nameOf([]byte("of another computer")), "no name": "../config",
		} {
			w.away(right, old, header, by).want(t, what, 409, "conflict")
		}
		w.away(right, old, header, nameOf([]byte("new"))).want(t, "the new one", 200, "")
		all, err := w.service.Snapshots(t.Context(), ann)
		if err != nil || len(all) != 2 || all[0].Name != nameOf([]byte("new")) || !all[0].Received.Equal(received) {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

// frozen expects that a removal is stopped with the next file, and that nothing more goes.
func (w *world) frozen(right, next, why string) store.Removal {
	w.t.Helper()
	w.away(right, next).want(w.t, why, 403, "removal_frozen")
	w.do(annLaptop, http.MethodGet, next, nil).want(w.t, "what would have gone", 200, "")
	w.away(right, next).want(w.t, "again", 403, "removal_frozen")
	r := w.removal(w.last())
	if r.State != store.RemovalFrozen || r.Why == "" {
		w.t.Errorf("%s: %+v", why, r)
	}
	if _, _, err := w.service.OpenRemoval(w.t.Context(), ann, annLaptop, "", untold); problemCode(err) != "removal_frozen" {
		w.t.Errorf("another one opens: %v", err)
	}
	if _, _, err := w.service.OpenRemoval(w.t.Context(), bob, bobLaptop, "", untold); err != nil {
		w.t.Errorf("somebody else's does not: %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.stopped); n == 0 || w.stopped[n-1] != r.ID || slices.Index(w.stopped, r.ID) != n-1 {
		w.t.Errorf("told of %q", w.stopped)
	}
	return r
}

func problemCode(err error) string {
	p, _ := errors.AsType[access.Problem](err)
	return p.Code
}

func TestTheNewestBackupOfAComputerDoesNotGo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paths := w.snapshots(0, time.Hour, 2*time.Hour)
		w.post(annBlocked, storage.Snapshots, []byte("a newer one of another computer"))
		_, right := w.opened()
		w.away(right, paths[0]).want(t, "the oldest", 200, "")
		w.frozen(right, paths[2], "the newest")
		w.do(annLaptop, http.MethodGet, paths[1], nil).want(t, "the one between", 200, "")
	})
}

func TestMostMonthsKeepABackup(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const month = 31 * 24 * time.Hour
		var times []time.Duration
		for i := range 8 {
			times = append(times, time.Duration(i)*month, time.Duration(i)*month+time.Hour)
		}
		paths := w.snapshots(times...) // two of each of eight months
		_, right := w.opened()
		for i := range 8 {
			w.away(right, paths[2*i]).want(t, "one of two", 200, "")
		}
		for i := range 4 {
			if i == 2 { // counted on in another one
				w.pass(time.Minute)
				_, right = w.opened()
			}
			w.away(right, paths[2*i+1]).want(t, "the last of a month", 200, "")
		}
		w.frozen(right, paths[9], "that of the fifth of eight months")
	})
}

func TestMostOfWhatIsStoredDoesNotGo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		large := w.parts(12, 100_000, "large")
		_, right := w.opened()
		for _, path := range large[:6] {
			w.away(right, path).want(t, "half", 200, "")
		}
		r := w.frozen(right, large[6], "more than half")
		if r.Packs != 6 || r.Bytes != 600_000 {
			t.Errorf("%+v", r)
		}
	})
}

func TestManySmallRemovalsCountAsOneLarge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		large := w.parts(12, 100_000, "large")
		for i := range 3 {
			_, right := w.opened()
			for _, path := range large[2*i : 2*i+2] {
				w.away(right, path).want(t, "a sixth", 200, "")
			}
			if _, err := w.service.CloseRemoval(t.Context(), w.last(), untold); err != nil {
				t.Fatal(err)
			}
			w.pass(24 * time.Hour)
		}
		_, right := w.opened()
		w.frozen(right, large[6], "more than half within a week")
	})
	each(t, func(t *testing.T, w *world) {
		large := w.parts(12, 100_000, "large")
		for i := range 3 {
			_, right := w.opened()
			for _, path := range large[2*i : 2*i+2] {
				w.away(right, path).want(t, "a part", 200, "")
			}
			if _, err := w.service.CloseRemoval(t.Context(), w.last(), untold); err != nil {
				t.Fatal(err)
			}
			w.pass(8 * 24 * time.Hour)
		}
	})
}

func TestTwoRemovalsAtOnceCountAsOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		large := w.parts(12, 100_000, "large")
		_, one := w.opened()
		_, two, err := w.service.OpenRemoval(t.Context(), ann, annBlocked, "", untold) // another computer that is on at the same time
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.db.ExecContext(t.Context(), "UPDATE removal SET computer = $1", annLaptop); err != nil { // one that is not blocked
			t.Fatal(err)
		}
		for i := range 3 {
			w.away(one, large[2*i]).want(t, "by the one", 200, "")
			w.away(two, large[2*i+1]).want(t, "by the other", 200, "")
		}
		w.away(two, large[6]).want(t, "more than half", 403, "removal_frozen")
		w.away(one, large[7]).want(t, "more than half, by the other", 403, "removal_frozen")
	})
}

func TestWhatIsPutTogetherAnewIsNoDrop(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		small := w.parts(12, 100_000, "small")
		_, right := w.opened()
		w.parts(2, 500_000, "together")
		for _, path := range small {
			w.away(right, path).want(t, "a small one", 200, "")
		}
		if used := w.used(ann).Used; used != 1_000_000 {
			t.Errorf("%d bytes are left", used)
		}
	})
}

func TestLargePacksAreNotAllWrittenAnew(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		large := w.parts(4, 2<<20, "large")
		_, right := w.opened()
		w.parts(4, 2<<20, "anew")
		for _, path := range large[:3] {
			w.away(right, path).want(t, "a large one", 200, "")
		}
		w.frozen(right, large[3], "the last of them")
	})
}

func TestAFewSmallThingsMayAllGo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		small := w.parts(4, 100_000, "small") // less than the least that is looked at
		paths := w.snapshots(0, 40*24*time.Hour, 80*24*time.Hour, 120*24*time.Hour)
		_, right := w.opened()
		for _, path := range append(small, paths[:3]...) {
			w.away(right, path).want(t, "DELETE", 200, "")
		}
	})
}

func TestAnAdministratorLetsAFrozenRemovalGoOnOrEndsIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		large := w.parts(12, 100_000, "large")
		r, right := w.opened()
		for _, path := range large[:6] {
			w.away(right, path)
		}
		w.frozen(right, large[6], "more than half")
		if _, err := w.service.AllowRemoval(t.Context(), r.ID, untold); err != nil {
			t.Fatal(err)
		}
		w.away(right, large[6]).want(t, "by the old right", 403, "removal_over")
		again, right := w.opened()
		if again.ID != r.ID || !again.Allowed {
			t.Errorf("%+v", again)
		}
		for _, path := range large[6:] {
			w.away(right, path).want(t, "allowed", 200, "")
		}
		if _, err := w.service.AllowRemoval(t.Context(), r.ID, untold); !errors.Is(err, store.ErrRemovalOver) {
			t.Errorf("allowed twice: %v", err)
		}
		if _, err := w.service.RefuseRemoval(t.Context(), r.ID, untold); err != nil {
			t.Fatal(err)
		}
		more := w.post(annLaptop, storage.Packs, []byte("more"))
		w.away(right, more).want(t, "refused", 403, "removal_over")
		for _, decide := range []func() error{
			func() error { _, err := w.service.AllowRemoval(t.Context(), "nonsense", untold); return err },
			func() error { _, err := w.service.RefuseRemoval(t.Context(), "nonsense", untold); return err },
			func() error { _, _, err := w.service.UndoRemoval(t.Context(), "nonsense", untold); return err },
		} {
			if err := decide(); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("what is not there: %v", err)
			}
		}
	})
}

func TestWhatIsAllowedAndNotUsedWithinAWeekEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paths := w.snapshots(0)
		r, right := w.opened()
		w.frozen(right, paths[0], "the newest")
		if _, err := w.service.AllowRemoval(t.Context(), r.ID, untold); err != nil {
			t.Fatal(err)
		}
		w.pass(7 * 24 * time.Hour)
		if over, err := w.service.EndedRemovals(t.Context()); err != nil || len(over) != 1 { // Bob's, which is open still
			t.Errorf("%+v, %v", over, err)
		}
		if again, _ := w.opened(); again.ID == r.ID {
			t.Error("it was opened again")
		}
	})
}

func TestWhatARemovalTookComesBackAsAWhole(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paths := append(w.parts(3, 1000, "part"), w.snapshots(0, time.Hour)...)
		paths = append(paths[:4:4], w.post(annLaptop, storage.Index, []byte("index")))
		before := w.used(ann)
		r, right := w.opened()
		for _, path := range paths {
			w.away(right, path).want(t, "DELETE", 200, "")
		}
		again := w.parts(1, 1000, "part") // sent again meanwhile
		if _, err := w.service.CloseRemoval(t.Context(), r.ID, untold); err != nil {
			t.Fatal(err)
		}
		other, _ := w.opened()
		if _, _, err := w.service.UndoRemoval(t.Context(), r.ID, untold); !errors.Is(err, store.ErrRemoving) {
			t.Errorf("while another is open: %v", err)
		}
		if _, err := w.service.CloseRemoval(t.Context(), other.ID, untold); err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{len(paths) - len(again), 0} {
			undone, back, err := w.service.UndoRemoval(t.Context(), r.ID, untold)
			if err != nil || back != want || undone.Undone.IsZero() || undone.State != store.RemovalClosed {
				t.Errorf("the %d. time: %+v, %d are back, %v", i+1, undone, back, err)
			}
		}
		for _, path := range paths {
			w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 200, "")
		}
		if u := w.used(ann); u != before {
			t.Errorf("%+v, before %+v", u, before)
		}
	})
}

// It would take the packs that are back, and whose lists are not yet, for waste.
func TestNoRemovalBeginsWhileAnotherIsUndone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paths := w.parts(3, 1000, "part")
		r, right := w.opened()
		for _, path := range paths[:2] {
			w.away(right, path).want(t, "DELETE", 200, "")
		}
		// As an undo leaves it that was interrupted after its first step, or goes on still.
		if _, err := w.db.ExecContext(t.Context(), "UPDATE removal SET undone = $1, state = 'closed', proof = '' WHERE id = $2", database.Millis(w.now()), r.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.service.OpenRemoval(t.Context(), ann, annLaptop, "", untold); problemCode(err) != "conflict" {
			t.Errorf("another one opens: %v", err)
		}
		if _, _, err := w.service.OpenRemoval(t.Context(), bob, bobLaptop, "", untold); err != nil {
			t.Errorf("somebody else's does not: %v", err)
		}
		if _, back, err := w.service.UndoRemoval(t.Context(), r.ID, untold); err != nil || back != 2 {
			t.Errorf("%d are back, %v", back, err)
		}
		next, right := w.opened()
		w.away(right, paths[0]).want(t, "afterwards", 200, "")
		if _, err := w.service.CloseRemoval(t.Context(), next.ID, untold); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		_, right = w.opened()
		w.away(right, paths[1]).want(t, "what came back and went again holds up nobody", 200, "")
	})
}

func TestAFullAccountHasRoomForWhatIsWrittenAnewWhileSpaceIsFreed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.post(annLaptop, storage.Packs, make([]byte, 1000))
		w.setQuota(1000)
		refused := func(what, computer string) {
			t.Helper()
			w.do(computer, http.MethodPost, "/storage/data/"+nameOf([]byte(what)), []byte(what)).want(t, what, 507, "quota")
		}
		refused("before", annLaptop)
		r, _ := w.opened()
		w.post(annLaptop, storage.Packs, []byte("written anew"))
		w.post(annLaptop, storage.Index, []byte("another list"))
		refused("of a computer that frees nothing", annBlocked)
		large := make([]byte, 16<<20)
		w.do(annLaptop, http.MethodPost, "/storage/data/"+nameOf(large), large).want(t, "a quarter and a list, not more", 200, "")
		refused("more than that, by far: "+strings.Repeat("x", 1000), annLaptop)
		if _, err := w.service.CloseRemoval(t.Context(), r.ID, untold); err != nil {
			t.Fatal(err)
		}
		refused("afterwards", annLaptop)
	})
}

func TestAnOpenRemovalThatIsUndoneEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paths := w.parts(2, 1000, "part")
		r, right := w.opened()
		w.away(right, paths[0]).want(t, "DELETE", 200, "")
		if _, back, err := w.service.UndoRemoval(t.Context(), r.ID, untold); err != nil || back != 1 {
			t.Errorf("%d, %v", back, err)
		}
		w.away(right, paths[1]).want(t, "afterwards", 403, "removal_over")
	})
}
