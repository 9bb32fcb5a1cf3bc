package store_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"holdfast/engine/storage"
)

// inside opens Ann's repository for work on the server itself.
func (w *world) inside(right string) storage.Store {
	w.t.Helper()
	s, err := w.service.Inside(ann, right)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func listed(t *testing.T, s storage.Store, k storage.Kind) (all []storage.Info) {
	t.Helper()
	if err := s.List(t.Context(), k, func(i storage.Info) error { all = append(all, i); return nil }); err != nil {
		t.Errorf("list %s: %v", k, err)
	}
	return all
}

func TestWorkOnTheServerSeesWhatComputersStoredAndTheySeeItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pack, theirs := bytes.Repeat([]byte("pack "), 100), []byte("of somebody else")
		w.post(annLaptop, storage.Packs, pack)
		w.post(annLaptop, storage.Config, []byte("config"))
		w.post(bobLaptop, storage.Packs, theirs)
		w.pass(time.Hour)
		s := w.inside("")
		if got, err := s.Get(t.Context(), storage.Packs, nameOf(pack), 5, 10, make([]byte, 0, 3)); err != nil || string(got) != "pack pack " {
			t.Errorf("a range: %q, %v", got, err)
		}
		if got, err := s.Get(t.Context(), storage.Config, "", 0, -1, nil); err != nil || string(got) != "config" {
			t.Errorf("the config: %q, %v", got, err)
		}
		if _, err := s.Get(t.Context(), storage.Packs, nameOf(pack), 400, 101, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("beyond the end: %v", err)
		}
		if _, err := s.Get(t.Context(), storage.Packs, nameOf(theirs), 0, -1, nil); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("the file of another account: %v", err)
		}
		all := listed(t, s, storage.Packs)
		if len(all) != 1 || all[0].Name != nameOf(pack) || all[0].Size != 500 || !all[0].ModTime.Equal(w.now().Add(-time.Hour)) {
			t.Errorf("listed: %+v", all)
		}
		if there, err := s.Stat(t.Context(), storage.Packs, nameOf(pack)); err != nil || there != all[0] {
			t.Errorf("stat: %+v, %v", there, err)
		}
		if all := listed(t, s, storage.Config); len(all) != 1 || all[0].Name != "" {
			t.Errorf("the config is listed as %+v", all)
		}
		own := []byte("put on the server")
		if err := s.Put(t.Context(), storage.Packs, nameOf(own), own); err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), storage.Packs, nameOf(own), own); !errors.Is(err, storage.ErrExists) {
			t.Errorf("put again: %v", err)
		}
		if a := w.do(annLaptop, "GET", "/storage/data/"+nameOf(own), nil); !bytes.Equal(a.body, own) {
			t.Errorf("the computer sees %d %q", a.status, a.body)
		}
		if err := s.Put(t.Context(), storage.Packs, nameOf([]byte("else")), own); err == nil {
			t.Error("content was stored under the name of other content")
		}
		for _, name := range []string{"../config", "", nameOf(own)[:63] + "G"} {
			if err := s.Put(t.Context(), storage.Index, name, own); !errors.Is(err, storage.ErrName) {
				t.Errorf("the name %q: %v", name, err)
			}
		}
		if _, err := w.service.Inside("../"+ann, ""); err == nil {
			t.Error("an account can be a path")
		}
	})
}

func TestWorkOnTheServerIsHeldByTheQuota(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.setQuota(1000)
		s := w.inside("")
		if free, err := s.Free(t.Context()); err != nil || free != 1000 {
			t.Errorf("free: %d, %v", free, err)
		}
		large := bytes.Repeat([]byte("x"), 1001)
		if err := s.Put(t.Context(), storage.Packs, nameOf(large), large); !errors.Is(err, storage.ErrFull) {
			t.Errorf("beyond the quota: %v", err)
		}
	})
}

func TestWorkOnTheServerRemovesOnlyUnderARemovalOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		snapshot, key, lock := []byte("snapshot"), []byte("key"), []byte("lock")
		w.post(annLaptop, storage.Snapshots, snapshot)
		w.pass(time.Minute)
		w.post(annLaptop, storage.Snapshots, []byte("a newer one"))
		w.post(annLaptop, storage.Keys, key)
		other, laptops, err := w.service.OpenRemoval(t.Context(), ann, annLaptop, "", untold)
		if err != nil {
			t.Fatal(err)
		}
		for what, right := range map[string]string{"without a right": "", "with that of a computer": laptops, "with an invented one": "x"} {
			if err := w.inside(right).Remove(t.Context(), storage.Snapshots, nameOf(snapshot)); problemCode(err) != "removal_over" {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := w.inside("").Put(t.Context(), storage.Locks, nameOf(lock), lock); err != nil {
			t.Fatal(err)
		}
		if err := w.inside("").Remove(t.Context(), storage.Locks, nameOf(lock)); err != nil {
			t.Errorf("a lock: %v", err)
		}
		if err := w.inside("").Remove(t.Context(), storage.Locks, nameOf(lock)); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a lock that is gone: %v", err)
		}
		if _, err := w.service.CloseRemoval(t.Context(), other.ID, untold); err != nil {
			t.Fatal(err)
		}
		opened, right, err := w.service.OpenRemoval(t.Context(), ann, "", "", untold)
		if err != nil {
			t.Fatal(err)
		}
		s := w.inside(right)
		if err := s.Remove(t.Context(), storage.Keys, nameOf(key)); !errors.Is(err, storage.ErrDenied) {
			t.Errorf("a key: %v", err)
		}
		if err := s.Remove(t.Context(), storage.Snapshots, nameOf(snapshot)); err != nil {
			t.Fatal(err)
		}
		if all := listed(t, s, storage.Snapshots); len(all) != 1 {
			t.Errorf("listed: %+v", all)
		}
		if _, back, err := w.service.UndoRemoval(t.Context(), opened.ID, untold); err != nil || back != 1 {
			t.Errorf("%d came back, %v", back, err)
		}
		w.do(annLaptop, "DELETE", "/storage/snapshots/"+nameOf(snapshot), nil, "Holdfast-Removal", right).want(t, "a computer with the server's right", 403, "removal_over")
	})
}
