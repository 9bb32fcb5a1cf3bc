package faulty_test

import (
	"errors"
	"io"
	"testing"

	"holdfast/engine/storage"
	"holdfast/engine/storage/faulty"
	"holdfast/engine/storage/local"
	"holdfast/engine/storage/storagetest"
)

func TestWithoutFaultsItIsAStore(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return faulty.Wrap(inner(t)) })
}

func inner(t *testing.T) storage.Store {
	s, err := local.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var name = storagetest.Name

func TestTheNthCallFailsAndOnlyThat(t *testing.T) {
	s := faulty.Wrap(inner(t), faulty.Fault{Op: faulty.Put, Kind: storage.Packs, Call: 2, Err: storage.ErrFull})
	for i, want := range []error{nil, storage.ErrFull, nil} {
		if err := s.Put(t.Context(), storage.Index, name(i), nil); err != nil {
			t.Errorf("another kind, call %d: %v", i+1, err)
		}
		if err := s.Put(t.Context(), storage.Packs, name(i), nil); !errors.Is(err, want) {
			t.Errorf("call %d: %v, want %v", i+1, err, want)
		}
	}
	if s.Calls(faulty.Put) != 6 {
		t.Errorf("%d calls counted", s.Calls(faulty.Put))
	}
}

func TestALostAnswerLeavesTheFileThere(t *testing.T) {
	s := faulty.Wrap(inner(t), faulty.Fault{Op: faulty.Put, Err: storage.ErrUnreachable, Done: true})
	if err := s.Put(t.Context(), storage.Keys, name(1), []byte("key")); !errors.Is(err, storage.ErrUnreachable) {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), storage.Keys, name(1)); err != nil {
		t.Error(err)
	}
}

func TestReadsAreCutAndBitsFlipped(t *testing.T) {
	s := faulty.Wrap(inner(t))
	data := storagetest.Bytes(1, 100)
	if err := s.Put(t.Context(), storage.Packs, name(1), data); err != nil {
		t.Fatal(err)
	}
	s.Add(faulty.Fault{Op: faulty.Get, Cut: 10})
	if got, err := s.Get(t.Context(), storage.Packs, name(1), 0, -1, nil); err != nil || len(got) != 90 {
		t.Errorf("the whole file: %d bytes, %v", len(got), err)
	}
	if _, err := s.Get(t.Context(), storage.Packs, name(1), 85, 10, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a range past the cut: %v", err)
	}
	s.Clear()
	s.Add(faulty.Fault{Op: faulty.Get, Flip: 17})
	got, err := s.Get(t.Context(), storage.Packs, name(1), 0, -1, nil)
	if err != nil || got[2] != data[2]^1 || got[1] != data[1] {
		t.Errorf("bit 17 was not flipped: %v", err)
	}
}

func TestAfterACrashNothingAnswersAndTheTornFileIsNotThere(t *testing.T) {
	s := faulty.Wrap(inner(t))
	s.CrashAfter(150)
	if err := s.Put(t.Context(), storage.Packs, name(1), make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), storage.Packs, name(2), make([]byte, 100)); !errors.Is(err, faulty.ErrCrashed) {
		t.Fatal(err)
	}
	if _, err := s.Free(t.Context()); !errors.Is(err, faulty.ErrCrashed) {
		t.Error(err)
	}
	s.Clear()
	if got := storagetest.Names(t, s, storage.Packs); len(got) != 1 || got[0] != name(1) || s.Written() != 100 {
		t.Errorf("%v, %d bytes", got, s.Written())
	}
}

func TestAPulledDriveIsUnreachableUntilItIsBack(t *testing.T) {
	s := faulty.Wrap(inner(t))
	s.Vanish()
	if _, err := s.Stat(t.Context(), storage.Config, ""); !errors.Is(err, storage.ErrUnreachable) {
		t.Error(err)
	}
	s.Clear()
	if _, err := s.Stat(t.Context(), storage.Config, ""); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
}
