// Package storagetest holds an implementation of storage.Store against the promises
// of that interface. Every implementation calls Run from its own tests; what only
// one of them can promise (a power cut, a full disk) it tests beside this.
package storagetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/engine/storage"
)

// Name makes a valid file name from anything.
func Name(seed any) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, seed)))
}

// Bytes makes n bytes that are the same for the same seed and do not compress.
func Bytes(seed byte, n int) []byte {
	var key [32]byte
	key[0] = seed
	b := make([]byte, n)
	rand.NewChaCha8(key).Read(b)
	return b
}

// Names lists a kind, sorted.
func Names(t testing.TB, s storage.Store, k storage.Kind) []string {
	t.Helper()
	var names []string
	err := s.List(t.Context(), k, func(i storage.Info) error {
		names = append(names, i.Name)
		return nil
	})
	if err != nil {
		t.Fatalf("listing %s: %v", k, err)
	}
	slices.Sort(names)
	return names
}

// Run runs the suite. open makes an empty store each time it is called; the suite
// closes it.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, storage.Store)
	}{
		{"what was put is read back from every kind", roundTrip},
		{"ranges are exact and a short file is an error", ranges},
		{"the caller's buffer is used and grown", buffers},
		{"a taken name is refused and keeps its bytes", exclusive},
		{"one of many writers of a name wins", contended},
		{"many writers and readers at once", concurrent},
		{"a missing file is not found", missing},
		{"what is removed is gone and its name is free", remove},
		{"a list is complete and stops when told", list},
		{"a list can be used to remove", listAndRemove},
		{"names that could leave the store are refused", names},
		{"a context that has ended ends the call", cancelled},
		{"a store says where it is and what is free", about},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				for range 2 {
					if err := s.Close(); err != nil {
						t.Errorf("Close: %v", err)
					}
				}
			})
			c.run(t, s)
		})
	}
}

func nameFor(k storage.Kind, seed any) string {
	if k == storage.Config {
		return ""
	}
	return Name(seed)
}

func put(t *testing.T, s storage.Store, k storage.Kind, name string, data []byte) {
	t.Helper()
	if err := s.Put(t.Context(), k, name, data); err != nil {
		t.Fatalf("Put %s %.8s: %v", k, name, err)
	}
}

func roundTrip(t *testing.T, s storage.Store) {
	for i, k := range storage.Kinds() {
		for _, size := range []int{155, 0, 1, 17 << 20} {
			if k == storage.Config && size != 155 || k != storage.Packs && size > 1<<20 {
				continue
			}
			name, data := nameFor(k, fmt.Sprint(k, size)), Bytes(byte(i), size)
			before := time.Now()
			given := slices.Clone(data)
			put(t, s, k, name, given)
			clear(given) // the store must not have kept it
			got, err := s.Get(t.Context(), k, name, 0, -1, nil)
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("Get %s of %d bytes: %d bytes, %v", k, size, len(got), err)
			}
			info, err := s.Stat(t.Context(), k, name)
			if err != nil || info.Name != name || info.Size != int64(size) {
				t.Fatalf("Stat %s: %+v, %v", k, info, err)
			}
			if m := info.ModTime; m.Before(before.Add(-time.Minute)) || m.After(time.Now().Add(time.Minute)) {
				t.Errorf("%s: the time of a new file is %v, and it was made after %v", k, m, before)
			}
		}
	}
}

func ranges(t *testing.T, s storage.Store) {
	const size = 10_000
	name, data := Name("ranges"), Bytes(1, size)
	put(t, s, storage.Packs, name, data)
	for _, c := range []struct{ offset, length, want int64 }{
		{0, size, size}, {0, 0, 0}, {0, -1, size}, {1, -1, size - 1}, {17, 4096, 4096},
		{size - 1, 1, 1}, {size, 0, 0}, {size, -1, 0},
	} {
		got, err := s.Get(t.Context(), storage.Packs, name, c.offset, c.length, nil)
		if err != nil || !bytes.Equal(got, data[c.offset:c.offset+c.want]) {
			t.Errorf("%d bytes at %d: got %d, %v", c.length, c.offset, len(got), err)
		}
	}
	for _, c := range []struct{ offset, length int64 }{
		{0, size + 1}, {size - 1, 2}, {size, 1}, {size + 1, -1}, {size + 1, 0}, {0, 1 << 60}, {1 << 62, 1 << 62},
	} {
		got, err := s.Get(t.Context(), storage.Packs, name, c.offset, c.length, nil)
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != 0 {
			t.Errorf("%d bytes at %d of a shorter file: got %d, %v", c.length, c.offset, len(got), err)
		}
	}
	if _, err := s.Get(t.Context(), storage.Packs, name, -1, 1, nil); err == nil {
		t.Error("a negative offset was read")
	}
}

func buffers(t *testing.T, s storage.Store) {
	name, data := Name("buffers"), Bytes(2, 5000)
	put(t, s, storage.Packs, name, data)
	roomy := append(make([]byte, 0, 8192), "left over"...)
	got, err := s.Get(t.Context(), storage.Packs, name, 0, -1, roomy)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("with a roomy buffer: %d bytes, %v", len(got), err)
	}
	if &got[0] != &roomy[0] {
		t.Error("a buffer with room enough was not used")
	}
	tight := make([]byte, 3)
	got, err = s.Get(t.Context(), storage.Packs, name, 10, 100, tight)
	if err != nil || !bytes.Equal(got, data[10:110]) {
		t.Fatalf("with a tight buffer: %d bytes, %v", len(got), err)
	}
}

func exclusive(t *testing.T, s storage.Store) {
	for _, k := range storage.Kinds() {
		name, first := nameFor(k, "exclusive"), []byte("the first")
		put(t, s, k, name, first)
		if err := s.Put(t.Context(), k, name, []byte("the second, which is longer")); !errors.Is(err, storage.ErrExists) {
			t.Errorf("a second Put of %s: %v", k, err)
		}
		got, err := s.Get(t.Context(), k, name, 0, -1, nil)
		if err != nil || !bytes.Equal(got, first) {
			t.Errorf("%s after a refused Put: %q, %v", k, got, err)
		}
	}
}

func contended(t *testing.T, s storage.Store) {
	const writers = 8
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for i := range writers {
		wg.Go(func() {
			errs[i] = s.Put(t.Context(), storage.Index, Name("contended"), Bytes(byte(i), 100_000))
		})
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Fatalf("writers %d and %d both won", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, storage.ErrExists):
			t.Errorf("writer %d: %v", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	got, err := s.Get(t.Context(), storage.Index, Name("contended"), 0, -1, nil)
	if err != nil || !bytes.Equal(got, Bytes(byte(winner), 100_000)) {
		t.Errorf("the winner's bytes are not there: %v", err)
	}
}

func concurrent(t *testing.T, s storage.Store) {
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 5 {
				name, data := Name([]int{w, i}), Bytes(byte(w*10+i), 3000+i)
				if err := s.Put(t.Context(), storage.Packs, name, data); err != nil {
					t.Errorf("Put: %v", err)
				}
				got, err := s.Get(t.Context(), storage.Packs, name, 0, -1, nil)
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("Get: %d bytes, %v", len(got), err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(Names(t, s, storage.Packs)); n != 40 {
		t.Errorf("%d of 40 are listed", n)
	}
}

func missing(t *testing.T, s storage.Store) {
	for _, k := range storage.Kinds() {
		name := nameFor(k, "missing")
		if _, err := s.Get(t.Context(), k, name, 0, -1, nil); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Get %s: %v", k, err)
		}
		if _, err := s.Stat(t.Context(), k, name); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Stat %s: %v", k, err)
		}
		if err := s.Remove(t.Context(), k, name); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Remove %s: %v", k, err)
		}
		if n := Names(t, s, k); len(n) != 0 {
			t.Errorf("an empty store lists %v in %s", n, k)
		}
	}
}

func remove(t *testing.T, s storage.Store) {
	for _, k := range storage.Kinds() {
		name := nameFor(k, "remove")
		put(t, s, k, name, []byte("one"))
		if err := s.Remove(t.Context(), k, name); err != nil {
			t.Fatalf("Remove %s: %v", k, err)
		}
		if _, err := s.Stat(t.Context(), k, name); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Stat of a removed %s: %v", k, err)
		}
		put(t, s, k, name, []byte("another"))
		got, err := s.Get(t.Context(), k, name, 0, -1, nil)
		if err != nil || string(got) != "another" {
			t.Errorf("%s put again: %q, %v", k, got, err)
		}
	}
}

func list(t *testing.T, s storage.Store) {
	for _, k := range storage.Kinds() {
		sizes := map[string]int64{}
		count := 12
		if k == storage.Config {
			count = 1
		}
		for i := range count {
			name := nameFor(k, i)
			put(t, s, k, name, Bytes(0, i))
			sizes[name] = int64(i)
		}
		err := s.List(t.Context(), k, func(i storage.Info) error {
			if size, ok := sizes[i.Name]; !ok || size != i.Size {
				t.Errorf("%s lists %q with %d bytes", k, i.Name, i.Size)
			}
			delete(sizes, i.Name)
			return nil
		})
		if err != nil || len(sizes) != 0 {
			t.Errorf("%s: %d not listed, %v", k, len(sizes), err)
		}
		stop, calls := errors.New("enough"), 0
		err = s.List(t.Context(), k, func(storage.Info) error { calls++; return stop })
		if !errors.Is(err, stop) || calls != 1 {
			t.Errorf("%s: stopping a list: %d calls, %v", k, calls, err)
		}
	}
}

func listAndRemove(t *testing.T, s storage.Store) {
	for i := range 20 {
		put(t, s, storage.Locks, Name(i), []byte("lock"))
	}
	err := s.List(t.Context(), storage.Locks, func(i storage.Info) error {
		return s.Remove(t.Context(), storage.Locks, i.Name)
	})
	if err != nil {
		t.Fatal(err)
	}
	if left := Names(t, s, storage.Locks); len(left) != 0 {
		t.Errorf("%d locks are left", len(left))
	}
}

func names(t *testing.T, s storage.Store) {
	good := Name("good")
	for _, c := range []struct {
		kind storage.Kind
		name string
	}{
		{storage.Config, "x"}, {storage.Packs, ""}, {storage.Packs, "../config"}, {storage.Keys, good[:63]},
		{storage.Keys, good + "0"}, {storage.Index, "G" + good[1:]}, {storage.Index, "A" + good[1:]},
		{storage.Locks, "/" + good[1:]}, {storage.Snapshots, good[:62] + "/."}, {storage.Packs, good[:63] + "\x00"},
		{"", good}, {"..", good}, {"other", good},
	} {
		_, get := s.Get(t.Context(), c.kind, c.name, 0, -1, nil)
		_, stat := s.Stat(t.Context(), c.kind, c.name)
		for op, err := range map[string]error{
			"Put": s.Put(t.Context(), c.kind, c.name, []byte("x")), "Get": get, "Stat": stat,
			"Remove": s.Remove(t.Context(), c.kind, c.name),
		} {
			if !errors.Is(err, storage.ErrName) {
				t.Errorf("%s of %q in %q: %v", op, c.name, c.kind, err)
			}
		}
	}
	if err := s.List(t.Context(), "../", func(storage.Info) error { return nil }); !errors.Is(err, storage.ErrName) {
		t.Errorf("List of an unknown kind: %v", err)
	}
}

func cancelled(t *testing.T, s storage.Store) {
	put(t, s, storage.Keys, Name("there"), []byte("key"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, get := s.Get(ctx, storage.Keys, Name("there"), 0, -1, nil)
	_, stat := s.Stat(ctx, storage.Keys, Name("there"))
	for op, err := range map[string]error{
		"Put": s.Put(ctx, storage.Keys, Name("new"), []byte("x")), "Get": get, "Stat": stat,
		"Remove": s.Remove(ctx, storage.Keys, Name("there")),
		"List":   s.List(ctx, storage.Keys, func(storage.Info) error { return nil }),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", op, err)
		}
	}
	if got := Names(t, s, storage.Keys); !slices.Equal(got, []string{Name("there")}) {
		t.Errorf("afterwards the store holds %v", got)
	}
}

func about(t *testing.T, s storage.Store) {
	if s.Location() == "" {
		t.Error("no location")
	}
	free, err := s.Free(t.Context())
	if err != nil || free < -1 {
		t.Errorf("Free: %d, %v", free, err)
	}
}
