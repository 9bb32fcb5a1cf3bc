//go:build linux

package backup_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/backup"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/source/sourcetest"
	"holdfast/engine/storage"
	"holdfast/engine/storage/faulty"
)

// refuse makes the n-th Put of a kind fail.
func refuse(b *Bench, k storage.Kind, n int, err error, done bool) {
	b.Store.Add(faulty.Fault{Op: faulty.Put, Kind: k, Call: n, Err: err, Done: done})
}

func TestAStoreThatFailsAcknowledgesNothingAndTheNextRunCompletes(t *testing.T) {
	for _, k := range []storage.Kind{storage.Packs, storage.Index, storage.Snapshots} {
		for _, err := range []error{storage.ErrFull, storage.ErrReadOnly, storage.ErrUnreachable} {
			for _, done := range []bool{false, true} {
				for n := range 3 {
					if n > 0 && k != storage.Packs {
						continue
					}
					t.Run(fmt.Sprintf("call %d of %s, %v, in effect %v", n+1, k, err, done), func(t *testing.T) {
						failOnce(t, k, n+1, err, done)
					})
				}
			}
		}
	}
}

func failOnce(t *testing.T, k storage.Kind, n int, failure error, done bool) {
	b := New(t, some())
	b.Capture()
	before, was := b.Last(), Describe(t, b.Dir)
	b.Write(Tree{"home/ann/new/one": Random(21, 300_000), "home/bob/two": Random(22, 600_000), letter: File("Dear Eve")})
	b.Remove("home/ann/work/old")
	packs := b.Names("data")
	refuse(b, k, n, failure, done)
	if _, err := b.Try(); n <= 2 && !errors.Is(err, failure) {
		t.Fatalf("the capture ended with %v", err)
	}
	if n <= 2 && b.Last().ID != before.ID {
		t.Error("a snapshot was acknowledged")
	}
	b.Store.Clear()
	Same(t, "the version before", Describe(t, b.Restore(before.Tree)), was)
	b.Reopen()
	if err := b.Catalog.Sync(t.Context(), b.Repo, nil); err != nil { // as every start does
		t.Fatal(err)
	}
	b.Capture()
	b.Check()
	twice := int64(0)
	for name, size := range b.Names("data") {
		if packs[name] == 0 {
			twice += size
		}
	}
	if most := int64(2*900_000 + 50_000); twice > most {
		t.Errorf("%d bytes for 900,000 new ones", twice)
	}
	if k == storage.Index && errors.Is(failure, storage.ErrFull) {
		b.Restic("check", "--read-data")
	}
}

func TestWhatWasUploadedBeforeAFailureIsNotUploadedAgain(t *testing.T) {
	files := Tree{}
	for i := range 24 {
		files[fmt.Sprintf("%02d", i)] = Random(uint64(i), 2<<20)
	}
	b := New(t, files)
	refuse(b, storage.Packs, 3, storage.ErrUnreachable, false)
	if _, err := b.Try(); !errors.Is(err, storage.ErrUnreachable) {
		t.Fatal(err)
	}
	b.Store.Clear()
	b.Capture()
	b.Check()
	if w := b.Store.Written(); w > 24*(2<<20)+1<<20 {
		t.Errorf("%d bytes were written for %d", w, 24*(2<<20))
	}
}

// The catalog must not take over what a capture that failed had found in places that
// the next capture does not come to.
func TestWhatAFailedCaptureFoundElsewhereIsNotAcknowledged(t *testing.T) {
	tests := map[string]func(b *Bench) func(*backup.Options){
		"the next looks at another folder": func(b *Bench) func(*backup.Options) { return look("/home/bob") },
		"the folder is gone":               func(b *Bench) func(*backup.Options) { b.Remove("home/ann"); return nil },
		"the folder is not selected any more": func(b *Bench) func(*backup.Options) {
			b.Chosen.Choices = append(b.Chosen.Choices, engine.Choice{Path: "/home/ann"})
			return nil
		},
		"it is not selected, and stays": func(b *Bench) func(*backup.Options) {
			b.Chosen.Choices = append(b.Chosen.Choices, engine.Choice{Path: "/home/ann"})
			return func(o *backup.Options) { o.Keep = func(p string) bool { return strings.HasPrefix(p, "/home/ann") } }
		},
		"the folder cannot be read": func(b *Bench) func(*backup.Options) {
			b.FS.Add(sourcetest.Fault{Op: sourcetest.OpenDir, Path: "/home/ann", Err: os.ErrPermission})
			return nil
		},
		"the file cannot be read": func(b *Bench) func(*backup.Options) {
			b.Write(Tree{letter: File("Dear Mallory")})
			b.FS.Add(sourcetest.Fault{Op: sourcetest.Open, Path: letter, Err: os.ErrPermission})
			return nil
		},
		"it was taken back": func(b *Bench) func(*backup.Options) {
			b.Remove("home/ann/new")
			return nil
		},
	}
	for name, next := range tests {
		for _, k := range []storage.Kind{storage.Packs, storage.Snapshots} {
			t.Run(fmt.Sprint(name, ", after a failure to store ", k), func(t *testing.T) {
				b := New(t, some())
				b.Capture()
				b.Write(Tree{letter: File("Dear Eve"), "home/ann/new/file": Random(31, 5000)})
				b.Remove("home/ann/empty")
				refuse(b, k, 1, storage.ErrFull, false)
				if _, err := b.Try(); err == nil {
					t.Fatal("it did not fail")
				}
				b.Store.Clear()
				change := next(b)
				b.Write(Tree{"home/bob/more": File("x")})
				if change == nil {
					change = func(*backup.Options) {}
				}
				b.Capture(change)
				b.CheckCatalog()
				b.Restore(b.Last().Tree)
				b.FS.Clear()
				b.Chosen.Choices = b.Chosen.Choices[:1]
				b.Capture()
				b.Check()
			})
		}
	}
}

func TestWhatWasExcludedByACaptureThatFailedStaysInTheCatalog(t *testing.T) {
	b := New(t, some())
	time.Sleep(25 * time.Millisecond)
	b.Capture()
	b.Chosen.Exclusions = []engine.Exclusion{{Kind: engine.ExcludeExtension, Pattern: "txt"}}
	refuse(b, storage.Snapshots, 1, storage.ErrFull, false)
	b.Try()
	b.Store.Clear()
	b.Chosen.Exclusions = nil
	b.Write(Tree{"home/bob/more": File("x")})
	b.Capture()
	b.Check()
}

func TestCancellationAtRandomPointsLosesNothing(t *testing.T) {
	files := some()
	for i := range 200 {
		files[fmt.Sprintf("many/%02d/%d", i%17, i)] = Random(uint64(i), 20_000)
	}
	b := New(t, files)
	handles, routines := open(t), runtime.NumGoroutine()
	r := rand.New(rand.NewPCG(1, 1))
	ended := 0
	for range 15 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(60))*time.Millisecond)
		o := b.Options()
		if _, err := backup.Run(ctx, o); err == nil {
			ended++
			b.Write(Tree{fmt.Sprint("more ", ended): Random(uint64(1000+ended), 20_000)})
		} else if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
	}
	falls(t, "open files", handles+8, func() int { return open(t) }) // the catalog opens some
	falls(t, "goroutines", routines+4, runtime.NumGoroutine)
	b.Capture()
	b.Check()
}

// falls waits until there are no more than so many of something. What has just ended may
// take a while to be gone on a loaded machine; what leaks never is.
func falls(t *testing.T, what string, most int, count func() int) {
	t.Helper()
	limit := time.Now().Add(time.Minute)
	for now := count(); now > most; now = count() {
		if time.Now().After(limit) {
			t.Errorf("%d %s, and not %d at most", now, what, most)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// open counts the open files of this process.
func open(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if where := os.Getenv("HOLDFAST_TEST_CAPTURE"); where != "" {
		p := strings.Split(where, "\n")
		t := &child{}
		b := At(t, p[0], p[1], p[2])
		o := b.Options()
		if _, err := backup.Run(context.Background(), o); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is what a bench needs of a test, in a process that is none.
type child struct{ testing.TB }

func (*child) Helper()        {}
func (*child) Cleanup(func()) {}
func (*child) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	os.Exit(2)
}

func TestKilledAtRandomMomentsItGoesOnWhereItWas(t *testing.T) {
	files := some()
	for i := range 40 {
		files[fmt.Sprintf("many/%02d/%d", i%7, i)] = Random(uint64(i), 1<<20)
	}
	b := New(t, files)
	b.Catalog.Close()
	run := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "HOLDFAST_TEST_CAPTURE="+b.Dir+"\n"+b.Where+"\n"+b.File)
		cmd.Stderr = os.Stderr
		return cmd
	}
	r := rand.New(rand.NewPCG(2, 2))
	for range 10 {
		cmd := run()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(20+r.IntN(400)) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
	}
	if err := run().Run(); err != nil {
		t.Fatal(err)
	}
	b.Reopen()
	if err := b.Catalog.Sync(t.Context(), b.Repo, nil); err != nil {
		t.Fatal(err)
	}
	b.Check()
	var all int64
	for _, size := range b.Names("data") {
		all += size
	}
	// A kill can cost the one pack that was travelling.
	if most := int64(44<<20) + 10*17<<20; all > most {
		t.Errorf("%d bytes at the destination for 41 MiB", all)
	}
	b.Restic("check", "--read-data")
}
