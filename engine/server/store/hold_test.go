package store_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"holdfast/engine/server/store"
	"holdfast/engine/storage"
)

func TestWhatIsRemovedCanComeBackWhileItIsHeld(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := w.post(annLaptop, storage.Packs, []byte("content"))
		name := nameOf([]byte("content"))
		if err := w.service.Remove(t.Context(), ann, storage.Packs, name, "maintenance"); err != nil {
			t.Fatal(err)
		}
		if err := w.service.Remove(t.Context(), ann, storage.Packs, name, "maintenance"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("removed again: %v", err)
		}
		w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 404, "not_found")
		if all, err := w.service.Files(t.Context(), ann, storage.Packs); err != nil || len(all) != 0 || w.used(ann).Used != 0 {
			t.Errorf("%v, %v, %+v", all, err, w.used(ann))
		}
		held, err := w.service.Held(t.Context(), ann)
		if err != nil || len(held) != 1 || held[0].By != "maintenance" || !held[0].Held.Equal(w.now()) || held[0].Size != 7 || held[0].Computer != annLaptop {
			t.Errorf("%+v, %v", held, err)
		}
		w.pass(30*24*time.Hour - time.Minute)
		if n, err := w.service.Purge(t.Context()); err != nil || n != 0 {
			t.Errorf("purged %d, %v", n, err)
		}
		w.setQuota(1)
		if err := w.service.Unhold(t.Context(), ann, storage.Packs, name); err != nil {
			t.Fatal(err)
		}
		if err := w.service.Unhold(t.Context(), ann, storage.Packs, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("brought back again: %v", err)
		}
		w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 200, "")
		if u := w.used(ann); u.Used != 7 || u.Objects != 1 {
			t.Errorf("%+v", u)
		}
	})
}

func TestTheHoldLetsGoAfterThirtyDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.post(annLaptop, storage.Packs, []byte("content"))
		name := nameOf([]byte("content"))
		if err := w.service.Remove(t.Context(), ann, storage.Packs, name, "maintenance"); err != nil {
			t.Fatal(err)
		}
		w.pass(30 * 24 * time.Hour)
		if n, err := w.service.Purge(t.Context()); err != nil || n != 1 {
			t.Errorf("purged %d, %v", n, err)
		}
		if err := w.bytes.List(t.Context(), "", func(i store.Info) error { return errors.New(i.Key) }); err != nil {
			t.Errorf("%v is still there", err)
		}
		w.post(annLaptop, storage.Packs, []byte("content"))
	})
}

func TestWhatIsHeldCanBeSentAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := w.post(annLaptop, storage.Packs, []byte("content"))
		if err := w.service.Remove(t.Context(), ann, storage.Packs, nameOf([]byte("content")), "maintenance"); err != nil {
			t.Fatal(err)
		}
		w.do(annLaptop, http.MethodPost, path, []byte("another")).want(t, "another", 400, "wrong_hash")
		w.setQuota(1)
		w.do(annLaptop, http.MethodPost, path, []byte("content")).want(t, "without room", 507, "quota")
		w.setQuota(0)
		w.pass(time.Hour)
		w.do(annBlocked, http.MethodPost, path, []byte("content"), "If-None-Match", "*").want(t, "the same", 200, "")
		w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 200, "")
		all, err := w.service.Files(t.Context(), ann, storage.Packs)
		if err != nil || len(all) != 1 || all[0].Computer != annBlocked || !all[0].Received.Equal(w.now()) || w.used(ann).Used != 7 {
			t.Errorf("%+v, %v, %+v", all, err, w.used(ann))
		}
	})
}

func TestTheSnapshotsOfOneComputerGoIntoTheHold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.post(annLaptop, storage.Snapshots, []byte("one"))
		w.post(annBlocked, storage.Snapshots, []byte("two"))
		w.post(annLaptop, storage.Snapshots, []byte("three"))
		if err := w.service.RemoveSnapshotsOf(t.Context(), ann, annLaptop); err != nil {
			t.Fatal(err)
		}
		left, err := w.service.Snapshots(t.Context(), ann)
		if err != nil || len(left) != 1 || left[0].Computer != annBlocked {
			t.Errorf("%+v, %v", left, err)
		}
		if held, err := w.service.Held(t.Context(), ann); err != nil || len(held) != 2 {
			t.Errorf("%+v, %v", held, err)
		}
	})
}
