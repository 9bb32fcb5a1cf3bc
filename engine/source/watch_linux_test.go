package source_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine/source"
)

// hang is after how long a test takes a watcher for deaf. It is no measure of how soon
// hints come: a loaded machine may be tens of times slower than an idle one.
const hang = 2 * time.Minute

// ear collects hints, for tests to wait for.
type ear struct {
	t     *testing.T
	hints <-chan source.Hint
	all   []source.Hint
}

func listen(t *testing.T, roots []string, skip func(string) bool, o source.WatchOptions) *ear {
	t.Helper()
	if o.Interval == 0 {
		o.Interval = 20 * time.Millisecond
	}
	hints, err := source.Watch(t.Context(), roots, skip, o)
	if err != nil {
		t.Fatal(err)
	}
	return &ear{t: t, hints: hints}
}

// until waits for a hint, and forgets what came before it.
func (e *ear) until(what string, want func(source.Hint) bool) source.Hint {
	e.t.Helper()
	limit := time.After(hang)
	for {
		select {
		case h, ok := <-e.hints:
			if !ok {
				e.t.Fatalf("the watcher ended while waiting for %s", what)
			}
			e.all = append(e.all, h)
			if want(h) {
				return h
			}
		case <-limit:
			e.t.Fatalf("no hint: %s; heard %v", what, e.all)
		}
	}
}

// hears changes something in a folder until there is a hint at that folder alone. One
// that holds more stands for what happened before the folder was listened to, and the
// change may have been among that.
func (e *ear) hears(what, folder string, change func()) {
	e.t.Helper()
	for {
		change()
		h := e.until(what, func(h source.Hint) bool {
			return h.Path == folder || h.Recursive && strings.HasPrefix(folder, h.Path+"/")
		})
		if !h.Recursive {
			return
		}
	}
}

func (e *ear) quiet(d time.Duration) {
	e.t.Helper()
	limit := time.After(d)
	for {
		select {
		case h := <-e.hints:
			e.t.Fatalf("unexpected hint %+v", h)
		case <-limit:
			return
		}
	}
}

func at(path string) func(source.Hint) bool {
	return func(h source.Hint) bool { return h.Path == path }
}

func wholly(path string) func(source.Hint) bool {
	return func(h source.Hint) bool { return h.Path == path && h.Recursive }
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWatchHintsAtTheFolderInWhichSomethingChanged(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "a", "b...", "c")
	write(t, filepath.Join(deep, "old"))
	e := listen(t, []string{root}, nil, source.WatchOptions{})
	e.until("the root, at the beginning", wholly(root))

	write(t, filepath.Join(deep, "new"))
	e.until("a file is made", at(deep))
	if err := os.Chmod(filepath.Join(deep, "old"), 0o600); err != nil {
		t.Fatal(err)
	}
	e.until("a mode is changed", at(deep))
	if err := os.Rename(filepath.Join(deep, "old"), filepath.Join(root, "moved")); err != nil {
		t.Fatal(err)
	}
	e.until("a file is moved away", at(root))
	if err := os.Remove(filepath.Join(root, "moved")); err != nil {
		t.Fatal(err)
	}
	e.until("a file is deleted", at(root))
}

func TestWatchFollowsFoldersThatAppear(t *testing.T) {
	root := t.TempDir()
	e := listen(t, []string{root}, nil, source.WatchOptions{})
	e.until("the root, at the beginning", wholly(root))

	write(t, filepath.Join(root, "new", "below", "file"))
	e.until("the new folder", wholly(filepath.Join(root, "new")))
	below := filepath.Join(root, "new", "below")
	e.hears("a file in the new folder", below, func() { write(t, filepath.Join(below, "another")) })

	if err := os.Rename(filepath.Join(root, "new"), filepath.Join(root, "renamed")); err != nil {
		t.Fatal(err)
	}
	e.until("the renamed folder", wholly(filepath.Join(root, "renamed")))
	below = filepath.Join(root, "renamed", "below")
	e.hears("a file in the renamed folder", below, func() { write(t, filepath.Join(below, "third")) })
}

func TestWatchHearsAFolderThatCameAndWentManyTimes(t *testing.T) {
	root := t.TempDir()
	target := filepath.Join(root, "target")
	e := listen(t, []string{root}, nil, source.WatchOptions{Rescan: 300 * time.Millisecond})
	e.until("the root, at the beginning", wholly(root))
	// When everything is watched anew, a hint at the root stands for those below it.
	covered := func(path string) func(source.Hint) bool {
		return func(h source.Hint) bool { return h.Path == path || wholly(root)(h) }
	}
	for i := range 12 {
		if err := os.Mkdir(target, 0o755); err != nil {
			t.Fatal(err)
		}
		e.until(fmt.Sprintf("the folder, time %d", i), covered(target))
		e.hears(fmt.Sprintf("a file in it, time %d", i), target, func() { write(t, filepath.Join(target, "file")) })
		if err := os.RemoveAll(target); err != nil {
			t.Fatal(err)
		}
		e.until(fmt.Sprintf("its end, time %d", i), at(root))
	}
}

func TestWatchTakesNoWatchesForWhatIsSkipped(t *testing.T) {
	root := t.TempDir()
	cache := filepath.Join(root, "cache")
	write(t, filepath.Join(cache, "inner", "file"))
	skipped := func(path string) bool { return path == cache || strings.HasPrefix(path, cache+"/") }
	e := listen(t, []string{root}, skipped, source.WatchOptions{})
	e.until("the root, at the beginning", wholly(root))
	e.quiet(50 * time.Millisecond)
	write(t, filepath.Join(cache, "inner", "file"))
	write(t, filepath.Join(cache, "another", "file"))
	e.quiet(200 * time.Millisecond)
}

func TestWatchLooksAgainWhereTheLimitEnds(t *testing.T) {
	root := t.TempDir()
	for i := range 6 {
		write(t, filepath.Join(root, fmt.Sprint("folder", i), "file"))
	}
	e := listen(t, []string{root}, nil, source.WatchOptions{MaxFolders: 3, Rescan: 100 * time.Millisecond})
	e.until("the root, at the beginning", wholly(root))
	unheard := map[string]bool{}
	for range 4 {
		h := e.until("a folder beyond the limit", func(h source.Hint) bool { return h.Recursive && !unheard[h.Path] })
		unheard[h.Path] = true
	}
	if len(unheard) != 4 || unheard[root] {
		t.Fatalf("looked again at %v, want the 4 folders beyond the limit", unheard)
	}
}

func TestWatchDoubtsEverythingAfterABurst(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	root := t.TempDir()
	files := []string{filepath.Join(root, "one"), filepath.Join(root, "two")}
	for _, file := range files {
		write(t, file)
	}
	e := listen(t, []string{root}, nil, source.WatchOptions{Interval: 3 * time.Second})
	e.until("the root, at the beginning", wholly(root))
	// In turn, because the system merges events that are the same.
	stop, stopped := make(chan struct{}), make(chan struct{})
	defer func() { close(stop); <-stopped }()
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				if err := os.Chmod(files[i%2], 0o600); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	e.until("the root, because events may be lost", wholly(root))
}

func TestWatchMissesItsCanary(t *testing.T) {
	root, canary := t.TempDir(), filepath.Join(t.TempDir(), "canary")
	e := listen(t, []string{root}, nil, source.WatchOptions{Canary: canary, Check: 200 * time.Millisecond, Rescan: time.Second})
	e.until("the root, at the beginning", wholly(root))
	// The folder made anew is not listened to, as if the system had dropped the watch.
	if err := os.RemoveAll(canary); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(canary, 0o700); err != nil {
		t.Fatal(err)
	}
	e.until("the root, because the canary is not heard", wholly(root))
	e.until("the root, because it still is not heard", wholly(root))
}

func TestWatchUnderstandsARootBehindALink(t *testing.T) {
	real := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(real, "folder", "file"))
	root := filepath.Join(link, "folder")
	e := listen(t, []string{root}, nil, source.WatchOptions{})
	e.until("the root, at the beginning", wholly(root))
	write(t, filepath.Join(real, "folder", "another"))
	e.until("the root as it was given", at(root))
}

func TestWatchWaitsForARootThatIsNotThere(t *testing.T) {
	root := filepath.Join(t.TempDir(), "drive")
	e := listen(t, []string{root}, nil, source.WatchOptions{Rescan: 100 * time.Millisecond})
	e.until("the root, at the beginning", wholly(root))
	write(t, filepath.Join(root, "file"))
	e.until("the root, as long as nothing is heard of it", wholly(root))
	e.hears("a file in the root", root, func() { write(t, filepath.Join(root, "file")) })
	folder := filepath.Join(root, "folder")
	e.hears("a file in a new folder in it", folder, func() { write(t, filepath.Join(folder, "file")) })
}

func TestWatchEndsAtOnce(t *testing.T) {
	root := t.TempDir()
	for i := range 500 {
		write(t, filepath.Join(root, fmt.Sprint(i), "file"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	hints, err := source.Watch(ctx, []string{root}, nil, source.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	cancel()
	limit := time.After(hang)
	for {
		select {
		case _, ok := <-hints:
			if !ok {
				return
			}
		case <-limit:
			t.Fatal("the channel is still open")
		}
	}
}
