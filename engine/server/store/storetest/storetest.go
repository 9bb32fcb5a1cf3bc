// Package storetest holds every place of bytes to the promises of store.Bytes, and
// gives tests a real S3 service.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/iotest"

	"holdfast/engine/server/store"
)

// Account is the id of an account.
const Account = "0123456789abcdef0123456789abcdef"

// Run holds a place of bytes, opened anew for each test, to its promises.
func Run(t *testing.T, open func(t *testing.T) store.Bytes) {
	for name, test := range map[string]func(*testing.T, store.Bytes){
		"what was created can be read, whole and in parts":  reads,
		"a taken key is told and stays as it is":            refusesTaken,
		"one of many that create a key at once succeeds":    createsOnce,
		"a reader that fails leaves nothing":                leavesNothing,
		"a reader that ends early leaves nothing":           leavesNothingShort,
		"a file is invisible until its last byte":           hidesHalves,
		"a missing key is told":                             tellsMissing,
		"what is removed is gone, and its key can be taken": removes,
		"a list shows what is below a prefix and no more":   lists,
		"a list stops at an error":                          stopsListing,
		"it is ready":                                       isReady,
		"an ended context ends a create":                    ends,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Content is size bytes that look random and are the same for the same seed.
func Content(seed uint64, size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 1})
	r.Read(b)
	return b
}

func create(t *testing.T, s store.Bytes, key string, content []byte) {
	t.Helper()
	if err := s.Create(t.Context(), key, bytes.NewReader(content), int64(len(content))); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s store.Bytes, key string, offset, length int64) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), key, offset, length)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func missing(t *testing.T, s store.Bytes, key string) {
	t.Helper()
	if _, err := s.Stat(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Stat: %v", err)
	}
	if r, err := s.Open(t.Context(), key, 0, -1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Open: %v", err)
		if err == nil {
			r.Close()
		}
	}
	if err := s.Remove(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Remove: %v", err)
	}
}

func reads(t *testing.T, s store.Bytes) {
	for _, size := range []int{0, 1, 100_000, 3 << 20} {
		key := fmt.Sprintf("%s/data/00/%d", Account, size)
		content := Content(uint64(size), size)
		create(t, s, key, content)
		if got := read(t, s, key, 0, -1); !bytes.Equal(got, content) {
			t.Errorf("%d bytes of %d are the same", len(got), size)
		}
		info, err := s.Stat(t.Context(), key)
		if err != nil || info.Size != int64(size) || info.Key != key {
			t.Errorf("Stat: %+v, %v", info, err)
		}
		for _, part := range [][2]int{{0, size}, {0, size / 2}, {size / 3, size / 3}, {size / 2, size - size/2}, {size, 0}} {
			got := read(t, s, key, int64(part[0]), int64(part[1]))
			if !bytes.Equal(got, content[part[0]:part[0]+part[1]]) {
				t.Errorf("%d at %d of %d: %d other bytes", part[1], part[0], size, len(got))
			}
		}
		if size > 0 {
			if got := read(t, s, key, 1, -1); !bytes.Equal(got, content[1:]) {
				t.Errorf("everything from 1 on: %d other bytes", len(got))
			}
		}
	}
}

func refusesTaken(t *testing.T, s store.Bytes) {
	key := Account + "/config"
	create(t, s, key, []byte("first"))
	err := s.Create(t.Context(), key, bytes.NewReader([]byte("second")), 6)
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("Create: %v", err)
	}
	if got := read(t, s, key, 0, -1); string(got) != "first" {
		t.Errorf("it is %q now", got)
	}
}

func createsOnce(t *testing.T, s store.Bytes) {
	const most = 12
	key := Account + "/config"
	var done [most]error
	var group sync.WaitGroup
	for i := range most {
		group.Go(func() {
			content := bytes.Repeat([]byte{byte(i)}, 50_000+i)
			done[i] = s.Create(t.Context(), key, bytes.NewReader(content), int64(len(content)))
		})
	}
	group.Wait()
	winner := -1
	for i, err := range done {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("%d and %d both created it", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, store.ErrExists):
			t.Errorf("%d: %v", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody created it")
	}
	if got := read(t, s, key, 0, -1); !bytes.Equal(got, bytes.Repeat([]byte{byte(winner)}, 50_000+winner)) {
		t.Errorf("%d bytes, not those of %d", len(got), winner)
	}
}

func leavesNothing(t *testing.T, s store.Bytes) {
	wrong := errors.New("wrong")
	for _, sent := range []int{0, 1, 2<<20 - 1} {
		key := fmt.Sprintf("%s/keys/%d", Account, sent)
		r := io.MultiReader(bytes.NewReader(Content(1, sent)), iotest.ErrReader(wrong))
		if err := s.Create(t.Context(), key, r, 2<<20); !errors.Is(err, wrong) {
			t.Errorf("after %d: %v", sent, err)
		}
		missing(t, s, key)
		create(t, s, key, []byte("the next try finds nothing in its way"))
	}
}

func leavesNothingShort(t *testing.T, s store.Bytes) {
	key := Account + "/keys/short"
	if err := s.Create(t.Context(), key, bytes.NewReader(Content(1, 1000)), 1001); err == nil {
		t.Error("a short file was created")
	}
	missing(t, s, key)
}

func hidesHalves(t *testing.T, s store.Bytes) {
	key := Account + "/index/half"
	from, to := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- s.Create(context.WithoutCancel(t.Context()), key, from, 1<<20) }()
	content := Content(1, 1<<20)
	if _, err := to.Write(content[:1<<20-1]); err != nil {
		t.Fatal(err)
	}
	missing(t, s, key)
	if err := s.List(t.Context(), Account+"/", func(i store.Info) error { return errors.New(i.Key + " is listed") }); err != nil {
		t.Error(err)
	}
	to.Write(content[1<<20-1:])
	to.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, key, 0, -1); !bytes.Equal(got, content) {
		t.Errorf("%d other bytes", len(got))
	}
}

func tellsMissing(t *testing.T, s store.Bytes) {
	missing(t, s, Account+"/config")
	create(t, s, Account+"/keys/a", []byte("a"))
	missing(t, s, Account+"/keys/b")
	missing(t, s, Account+"/snapshots/a")
}

func removes(t *testing.T, s store.Bytes) {
	key := Account + "/locks/a"
	create(t, s, key, []byte("a"))
	if err := s.Remove(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	missing(t, s, key)
	create(t, s, key, []byte("other"))
	if got := read(t, s, key, 0, -1); string(got) != "other" {
		t.Errorf("it is %q", got)
	}
}

func lists(t *testing.T, s store.Bytes) {
	other := "f" + Account[1:]
	for i, key := range []string{Account + "/config", Account + "/keys/a", Account + "/data/00/b", Account + "/data/ff/c", other + "/config", other + "/data/00/d"} {
		create(t, s, key, make([]byte, i+1))
	}
	for prefix, want := range map[string][]string{
		Account + "/":      {Account + "/config", Account + "/data/00/b", Account + "/data/ff/c", Account + "/keys/a"},
		Account + "/data/": {Account + "/data/00/b", Account + "/data/ff/c"},
		Account + "/none/": nil,
		"":                 {Account + "/config", Account + "/data/00/b", Account + "/data/ff/c", Account + "/keys/a", other + "/config", other + "/data/00/d"},
	} {
		var got []string
		err := s.List(t.Context(), prefix, func(i store.Info) error { got = append(got, i.Key); return nil })
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("below %q: %v, %v", prefix, got, err)
		}
	}
	err := s.List(t.Context(), Account+"/keys/", func(i store.Info) error {
		if i.Size != 2 || i.ModTime.IsZero() {
			t.Errorf("%+v", i)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func stopsListing(t *testing.T, s store.Bytes) {
	create(t, s, Account+"/keys/a", []byte("a"))
	create(t, s, Account+"/keys/b", []byte("b"))
	enough, n := errors.New("enough"), 0
	if err := s.List(t.Context(), "", func(store.Info) error { n++; return enough }); !errors.Is(err, enough) || n != 1 {
		t.Errorf("%v after %d", err, n)
	}
}

func isReady(t *testing.T, s store.Bytes) {
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
}

func ends(t *testing.T, s store.Bytes) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Create(ctx, Account+"/keys/a", bytes.NewReader([]byte("a")), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Create: %v", err)
	}
	missing(t, s, Account+"/keys/a")
}
