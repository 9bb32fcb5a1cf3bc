package repo

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"holdfast/engine/storage"
)

func TestASnapshotIsReadAsItWasWritten(t *testing.T) {
	r, _ := newTestRepository(t)
	parent := ID{5}
	want := &Snapshot{
		Time: time.Date(2026, 3, 1, 9, 30, 0, 123, time.FixedZone("", 3600)), Parent: &parent, Tree: ID{1}, Paths: []string{"/home/anna"},
		Hostname: "anna-laptop", Username: "anna", UID: 1000, GID: 100, Tags: []string{"holdfast", "device=1"}, Excludes: []string{"*.iso"},
		ProgramVersion: "holdfast 1.0", Summary: json.RawMessage(`{"files_new":3}`),
		Unknown: map[string]json.RawMessage{"future": json.RawMessage(`[1,2]`), "another": json.RawMessage(`"x"`)},
	}
	id, err := r.SaveSnapshot(t.Context(), want)
	if err != nil || want.ID != id {
		t.Fatal(err)
	}
	got, err := r.LoadSnapshot(t.Context(), id)
	if err != nil || !got.Time.Equal(want.Time) {
		t.Fatalf("%+v, %v", got, err)
	}
	got.Time = want.Time
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("\n%+v\n%+v", got, want)
	}
	ids, err := r.ListSnapshots(t.Context())
	if err != nil || len(ids) != 1 || ids[0] != id {
		t.Fatalf("%v, %v", ids, err)
	}
	if err := r.RemoveSnapshot(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := r.LoadSnapshot(t.Context(), id); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
}

func TestASnapshotHasTheFieldsOfTheFormatInTheirOrder(t *testing.T) {
	got, err := json.Marshal(Snapshot{Time: time.Date(2015, 1, 2, 18, 10, 50, 895208559, time.FixedZone("", 3600)), Hostname: "kasimir", UID: 1000, Tags: []string{"NL"}})
	want := `{"time":"2015-01-02T18:10:50.895208559+01:00","tree":"` + ID{}.String() + `","paths":[],"hostname":"kasimir","uid":1000,"tags":["NL"]}`
	if err != nil || string(got) != want {
		t.Fatalf("%s\n%s\n%v", got, want, err)
	}
}

func TestASnapshotWithoutATreeIsNeitherWrittenNorRead(t *testing.T) {
	r, store := newTestRepository(t)
	if _, err := r.SaveSnapshot(t.Context(), &Snapshot{}); err == nil || len(store.names(storage.Snapshots)) != 0 {
		t.Error("it was written")
	}
	for _, document := range []string{``, `null`, `[]`, `{}`, `{"tree":null}`, `{"tree":"12"}`, `{"tree":7}`, `{"tree":"` + strings.Repeat("a", 64) + `","time":3}`} {
		if s, err := decodeSnapshot([]byte(document)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %+v, %v", document, s, err)
		}
	}
}
