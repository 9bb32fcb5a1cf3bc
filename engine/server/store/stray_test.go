package store_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/store"
	"holdfast/engine/storage"
)

// lay puts bytes where a file would be, without a row.
func (w *world) lay(key string, content []byte) {
	w.t.Helper()
	if err := w.bytes.Create(w.t.Context(), key, bytes.NewReader(content), int64(len(content))); err != nil {
		w.t.Fatal(err)
	}
}

// strays are the keys of those that are found.
func (w *world) strays() (keys []string) {
	w.t.Helper()
	err := w.service.Strays(w.t.Context(), func(r store.Stray) error {
		keys = append(keys, r.Key())
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

// packKey is where Ann's pack of this content lies.
func packKey(content string) string {
	name := nameOf([]byte(content))
	return ann + "/data/" + name[:2] + "/" + name
}

func TestBytesWithoutARowAreFoundAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.post(annLaptop, storage.Packs, []byte("stored"))
		w.post(annLaptop, storage.Packs, []byte("held"))
		if err := w.service.Remove(t.Context(), ann, storage.Packs, nameOf([]byte("held")), "test"); err != nil {
			t.Fatal(err)
		}
		w.crash(storage.Packs, []byte("coming"), []byte("coming"))
		if got := w.strays(); len(got) != 0 {
			t.Errorf("found are %q", got)
		}
		late := ann + "/snapshots/" + nameOf([]byte("late"))
		w.lay(late, []byte("late"))
		w.lay(packKey("late"), []byte("late"))
		w.lay(bob+"/config", []byte("config"))
		for _, foreign := range []string{"readme.txt", ann + "/readme.txt", ann + "/data/" + nameOf([]byte("x")), ann + "/data/zz/" + nameOf([]byte("x")), "nobody/config", ann + "/snapshots/x/" + nameOf([]byte("x"))} {
			w.lay(foreign, []byte("x"))
		}
		want := []string{late, packKey("late"), bob + "/config"}
		slices.Sort(want)
		if got := w.strays(); !slices.Equal(got, want) {
			t.Errorf("found are %q, not %q", got, want)
		}
	})
}

func TestAStrayIsHeldIfItIsWhatItsNameSays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		stray := func(kind storage.Kind, content string) store.Stray {
			return store.Stray{Account: ann, Kind: kind, Name: nameOf([]byte(content)), Size: int64(len(content))}
		}
		w.lay(packKey("right"), []byte("right"))
		w.lay(packKey("wrong"), []byte("wrung"))
		w.lay(ann+"/config", []byte("config"))
		for _, c := range []struct {
			r    store.Stray
			want error
		}{
			{stray(storage.Packs, "right"), nil},
			{stray(storage.Packs, "wrong"), store.ErrStrayContent},
			{stray(storage.Packs, "gone"), store.ErrNotFound},
			{store.Stray{Account: ann, Kind: storage.Config, Size: 6}, store.ErrStrayConfig},
		} {
			if err := w.service.VerifyStray(t.Context(), c.r); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, not %v", c.r.Key(), err, c.want)
			}
		}
		for _, wanted := range []bool{true, false} {
			if held, err := w.service.HoldStray(t.Context(), stray(storage.Packs, "right")); err != nil || held != wanted {
				t.Errorf("%v, %v", held, err)
			}
		}
		path := "/storage/data/" + nameOf([]byte("right"))
		w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 404, "not_found")
		if u := w.used(ann); u.Used != 0 || u.Objects != 0 {
			t.Errorf("%+v", u)
		}
		if got := w.strays(); len(got) != 2 || slices.ContainsFunc(got, func(key string) bool { return strings.HasSuffix(key, nameOf([]byte("right"))) }) {
			t.Errorf("found are %q", got)
		}
	})
}

func TestAHeldStrayComesBackWhenItIsUploadedAndGoesWithTheHold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, content := range []string{"again", "never"} {
			w.lay(packKey(content), []byte(content))
			if held, err := w.service.HoldStray(t.Context(), store.Stray{Account: ann, Kind: storage.Packs, Name: nameOf([]byte(content)), Size: 5}); err != nil || !held {
				t.Fatalf("%v, %v", held, err)
			}
		}
		path := w.post(annLaptop, storage.Packs, []byte("again"))
		if got := w.do(annLaptop, http.MethodGet, path, nil); string(got.body) != "again" {
			t.Errorf("%d %q", got.status, got.body)
		}
		w.pass(30*24*time.Hour - time.Minute)
		if n, err := w.service.Purge(t.Context()); err != nil || n != 0 {
			t.Errorf("purged %d, %v", n, err)
		}
		w.pass(time.Minute)
		if n, err := w.service.Purge(t.Context()); err != nil || n != 1 {
			t.Errorf("purged %d, %v", n, err)
		}
		if _, err := w.bytes.Stat(t.Context(), packKey("never")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("it is there: %v", err)
		}
		if u := w.used(ann); u.Used != 5 || u.Objects != 1 {
			t.Errorf("%+v", u)
		}
	})
}
