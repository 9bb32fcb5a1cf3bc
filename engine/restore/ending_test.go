//go:build linux

package restore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
	"holdfast/engine/storage"
	"holdfast/engine/storage/faulty"
)

var errAny = errors.New("the store is closed")

// handles lists what this process has open below a folder.
func handles(t *testing.T, top string) (open []string) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	for _, e := range list {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, top) {
			open = append(open, to)
		}
	}
	return open
}

func TestAnEarlyEndLeavesNothingOpenAndNoTemporaryFile(t *testing.T) {
	deep := strings.Repeat("d/", 30)
	files := Tree{deep + "f": File("deep")}
	for i := range 40 {
		files[fmt.Sprintf("%s%02d/f", strings.Repeat("d/", i%9), i)] = Random(uint64(i), 50_000)
	}
	b := captured(t, files)
	for call := 1; call < 60; call += 8 {
		r := prepare(t, b)
		b.Store.Add(faulty.Fault{Op: faulty.Get, Kind: storage.Packs, Call: call, Last: 1000, Err: storage.ErrUnreachable})
		r.last()
		b.Store.Clear()
		if open := handles(t, r.target); len(open) > 0 {
			t.Fatalf("call %d (%v): still open: %v", call, r.err, open)
		}
		if l := leftovers(t, r.target); len(l) > 0 {
			t.Errorf("call %d: left over: %v", call, l)
		}
	}
}

func TestAnEndInTheMiddleOfALargeFileLeavesNothingOpenAndNoTemporaryFile(t *testing.T) {
	b := New(t, Tree{})
	const parts = 20_000 // more than a batch
	id := save(t, b, repo.Data, []byte("x"))
	content := slices.Repeat([]repo.ID{id}, parts)
	large := repo.Node{Name: "large", Type: repo.NodeFile, Mode: 0o644, Size: parts, Content: content}
	for name, end := range map[string]func(cancel func()) error{
		"the catalog fails": func(func()) error { return errAny },
		"it is cancelled":   func(cancel func()) error { cancel(); return nil },
	} {
		r := prepare(t, b)
		ctx, cancel := context.WithCancel(t.Context())
		r.options.Locator = &ending{Locator: r.options.Locator, left: parts - 1000, do: func() error { return end(cancel) }}
		if r.with(ctx, restore.Source{Node: large, Path: "/large"}); r.err == nil || len(r.items) > 0 {
			t.Errorf("%s: %v, %+v", name, r.err, r.items)
		}
		cancel()
		if open := handles(t, r.target); len(open) > 0 {
			t.Errorf("%s: still open: %v", name, open)
		}
		if l := leftovers(t, r.target); len(l) > 0 {
			t.Errorf("%s: left over: %v", name, l)
		}
	}
}

// ending is a locator that does something after so many questions.
type ending struct {
	repo.Locator
	left int
	do   func() error
}

func (e *ending) Locate(t repo.BlobType, id repo.ID) (repo.Location, bool, error) {
	if e.left--; e.left == 0 {
		if err := e.do(); err != nil {
			return repo.Location{}, false, err
		}
	}
	return e.Locator.Locate(t, id)
}

func TestOnlyTheTemporaryFilesOfTheSameJobAreRemoved(t *testing.T) {
	b := captured(t, Tree{"sub/f": File("text")})
	r := prepare(t, b)
	r.options.Job = "7"
	foreign := []string{".holdfast-8-0123456789abcdef.part", ".holdfast-77-0123456789abcdef.part", ".holdfast-0123456789abcdef.part", ".holdfast-7.part", ".holdfast-7-notes.part"}
	for _, name := range append([]string{".holdfast-7-0123456789abcdef.part"}, foreign...) {
		Tree{name: File("part"), "sub/" + name: File("part")}.Write(t, r.target)
	}
	r.options.Again = true
	want := map[string]string{"sub/f": "text"}
	for _, name := range foreign {
		want[name], want["sub/"+name] = "part", "part"
	}
	r.last().works().has(want)
}

func TestAStoreThatFailsAsAWholeEndsTheJobAndBlamesNoFile(t *testing.T) {
	b := captured(t, Tree{"a": File("a"), "b/c": File("c")})
	for name, err := range map[string]error{"closed": errAny, "unreachable": storage.ErrUnreachable, "denied": storage.ErrDenied,
		"no handles": &os.PathError{Op: "open", Path: "pack", Err: syscall.EMFILE}, "timeout": context.DeadlineExceeded} {
		for call := 1; call <= 4; call++ { // two trees, then files
			r := prepare(t, b)
			b.Store.Add(faulty.Fault{Op: faulty.Get, Kind: storage.Packs, Call: call, Last: 1000, Err: err})
			seen := b.Store.Calls(faulty.Get)
			r.last()
			if b.Store.Calls(faulty.Get)-seen < call {
				call = 4 // there are no more reads
			} else if !errors.Is(r.err, err) || len(r.items) > 0 {
				t.Errorf("%s, call %d: %v, %+v", name, call, r.err, r.items)
			}
			b.Store.Clear()
			r.options.Again = true
			r.last().works().is()
		}
	}
}

func TestATargetThatBecomesReadOnlyIsNotSaidToHaveNothing(t *testing.T) {
	files := Tree{}
	for i := range 20 {
		files[fmt.Sprintf("%02d", i)] = Random(uint64(i), 1000)
	}
	b := captured(t, files)
	r := prepare(t, b)
	mount(t, r.target, 0, "size=2m")
	r.options.All, r.options.Workers = true, 1
	r.seen = func(engine.JobItem) {
		if len(r.items) == 5 {
			must(t, syscall.Mount("tmpfs", r.target, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
		}
	}
	var e *engine.Error
	if r.last(); !errors.As(r.err, &e) || e.Kind != engine.KindReadOnly {
		t.Fatal(r.err)
	}
	if strings.Contains(e.Message, "Nothing was") || !strings.Contains(e.Message, "restored so far") {
		t.Error(e.Message)
	}
	if list, _ := os.ReadDir(r.target); len(list) < 5 {
		t.Errorf("%d files", len(list))
	}
	r.seen, r.options.All, r.options.Again = nil, false, true
	if r.last(); !errors.As(r.err, &e) || strings.Contains(e.Message, "Nothing was restored") {
		t.Errorf("the next run says: %v", r.err)
	}
	must(t, syscall.Mount("tmpfs", r.target, "tmpfs", syscall.MS_REMOUNT, ""))
	for _, l := range leftovers(t, r.target) { // could not be removed then; the next run does
		t.Logf("left until the next run: %s", filepath.Base(l))
	}
	r.last().works().is()
}
