package agent

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/prune"
	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// putTogether does what another computer may do at any moment: everything that is
// stored lies in other packs then.
func (w *world) putTogether() {
	w.t.Helper()
	r := w.repositoryOf()
	c, err := catalog.Open(w.ctx(), filepath.Join(w.t.TempDir(), "catalog"), r.Config().ID)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	before := map[string]bool{}
	for _, pack := range w.stored("data") {
		before[pack] = true
	}
	if _, err := prune.Run(w.ctx(), prune.Options{Repo: r, Catalog: c, Now: w.clock.now}); err != nil {
		w.t.Fatal(err)
	}
	for _, pack := range w.stored("data") {
		if before[pack] {
			w.t.Fatalf("%s is where it was", pack)
		}
	}
}

func TestWhatAnotherComputerPutTogetherInThisMomentIsFound(t *testing.T) {
	w := newWorld(t).setUp()
	for i := range 10 {
		w.write("f", fmt.Sprintf("text %d", i)+noise(1000), fmt.Sprintf("sub%d/g", i), "g")
		w.backUp()
	}
	w.restored(engine.Ref{Path: w.user}) // from here on the list of files counts as fresh
	w.putTogether()
	if p, err := w.Preview(w.ctx(), engine.Ref{Path: w.at("f")}, 6); err != nil || string(p.Data) != "text 9" {
		t.Errorf("previewed %q, %v", p.Data, err)
	}
	w.putTogetherAgain()
	want := read(t, w.user)
	if p, err := w.PlanGet(w.ctx(), engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}}); err != nil || p.Amount.Files != int64(len(want)) {
		t.Errorf("planned %+v, %v", p, err)
	}
	w.putTogetherAgain()
	got := w.restored(engine.Ref{Path: w.user})
	if len(got) != len(want) || got["f"] != want["f"] {
		t.Errorf("%d files came back of %d", len(got), len(want))
	}
}

// putTogetherAgain is putTogether of what lies in one pack by now: others come first.
func (w *world) putTogetherAgain() {
	w.t.Helper()
	for i := range 9 {
		w.write("h", fmt.Sprint(w.stored("snapshots"), i))
		w.backUp()
	}
	w.freshened = w.clock.now()
	w.putTogether()
}

func TestNobodyThinsWhatARestoreReads(t *testing.T) {
	w := newWorld(t).setUp().write("f", "text")
	w.backUp()
	r := w.repositoryOf()
	release := w.readerLock(t.Context(), w.repositoryOf())
	eventually(t, "the restore has its lock", func() bool {
		locks := 0
		err := r.Store().List(t.Context(), storage.Locks, func(storage.Info) error { locks++; return nil })
		return err == nil && locks == 1
	})
	if _, err := r.Lock(t.Context(), true); !errors.Is(err, repo.ErrLocked) {
		t.Errorf("while it goes on: %v", err)
	}
	release()
	lock, err := r.Lock(t.Context(), true)
	if err != nil {
		t.Fatalf("when it has ended: %v", err)
	}
	// Who waited for the one who thins would do so for longer than any test may take.
	defer func(was time.Duration) { lockedAgain = was }(lockedAgain)
	lockedAgain = 24 * time.Hour
	w.restored(engine.Ref{Path: w.user})
	w.readerLock(t.Context(), w.repositoryOf())()
	lock.Unlock()
	if left := w.stored("locks"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
