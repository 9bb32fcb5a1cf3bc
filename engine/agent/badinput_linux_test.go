package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"holdfast/engine"
	"holdfast/engine/repo"
	"holdfast/engine/source/sourcetest"
)

// mounted puts a small file system of its own under a folder.
func mounted(t *testing.T, folder, options string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		t.Skipf("mounting needs more rights: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(folder, unix.MNT_DETACH) })
}

func remount(t *testing.T, folder string, flags uintptr, options string) {
	t.Helper()
	if err := unix.Mount("tmpfs", folder, "tmpfs", unix.MS_REMOUNT|flags, options); err != nil {
		t.Fatal(err)
	}
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// backUpErr captures and gives the error.
func (w *world) backUpErr() error {
	_, err := w.BackUp(w.ctx(), nil)
	return err
}

// getErr restores the home folder and gives the error: of the call, or of the job.
func (w *world) getErr(q engine.GetRequest) error {
	w.t.Helper()
	q.Refs, q.Contents = []engine.Ref{{Path: w.user}}, true
	id, err := w.Get(w.ctx(), q)
	if err != nil {
		return err
	}
	job, err := w.WaitJob(w.ctx(), id)
	if err != nil {
		return err
	}
	if job.State == engine.JobFailed {
		return &engine.Error{Op: "restore", Kind: jobKind, Message: job.Message}
	}
	return nil
}

// jobKind stands for the kind that the end of a job does not tell.
const jobKind engine.Kind = "of a job"

// TestWhatBadInputGets is the list of everything that can be wrong with what
// Holdfast is given. Each row starts from a backup of one file. What is wrong is
// said in sentences that name the place; the file can be restored from the backup
// as before; and when the cause is gone, a backup completes.
func TestWhatBadInputGets(t *testing.T) {
	rows := []struct {
		name  string
		spoil func(t *testing.T, w *world)
		do    func(w *world) error
		kind  engine.Kind
		about func(w *world) string
		says  []string // what it means, what to do
		mend  func(t *testing.T, w *world)
	}{
		{
			name: "a wrong password or recovery code",
			do: func(w *world) error {
				_, err := w.another().Connect(w.ctx(), engine.ConnectRequest{Address: w.dest, Secret: "Tr0ub4dor&3"})
				return err
			},
			kind: engine.KindSecret, says: []string{"Nothing was changed.", "Check for typing mistakes"},
		},
		{
			name:  "a folder that is not a repository any more",
			spoil: func(t *testing.T, w *world) { move(t, w.dest+"/config", w.dest+"/../config"); w.reopen() },
			do:    (*world).backUpErr,
			kind:  engine.KindNotRepo, says: []string{"Nothing was changed.", "Choose another folder"},
			mend: func(t *testing.T, w *world) { move(t, w.dest+"/../config", w.dest+"/config") },
		},
		{
			name: "a folder that is not empty",
			do: func(w *world) error {
				_, err := w.another().Connect(w.ctx(), engine.ConnectRequest{Address: w.user})
				return err
			},
			kind: engine.KindNotEmpty, about: func(w *world) string { return w.user }, says: []string{"Nothing was changed.", "choose an empty one"},
		},
		{
			name: "a folder of a newer format",
			spoil: func(t *testing.T, w *world) {
				plain := []byte(`{"version":99}`)
				sealed, err := w.repositoryOf().Seal(repo.Data, repo.Hash(plain), plain, nil)
				if err != nil {
					t.Fatal(err)
				}
				move(t, w.dest+"/config", w.dest+"/config.before")
				replaceFile(t, w.dest+"/config", sealed.Bytes)
				w.reopen()
			},
			do:   (*world).backUpErr,
			kind: engine.KindTooNew, says: []string{"Nothing was changed.", "Update Holdfast"},
			mend: func(t *testing.T, w *world) { move(t, w.dest+"/config.before", w.dest+"/config") },
		},
		{
			name:  "a folder that vanished",
			spoil: func(t *testing.T, w *world) { move(t, w.dest, w.dest+".away") },
			do:    (*world).backUpErr,
			kind:  engine.KindUnreachable, says: []string{"is safe", "Connect the drive"},
			mend: func(t *testing.T, w *world) { move(t, w.dest+".away", w.dest) },
		},
		{
			name: "a folder that vanishes during a backup",
			spoil: func(t *testing.T, w *world) {
				w.write("new", noise(1<<20))
				faults := sourcetest.New(sourcetest.Fault{Op: sourcetest.Open, Path: w.at("new"), Nth: 1, Do: func() { move(t, w.dest, w.dest+".away") }})
				w.fs = faults
				w.reopen()
			},
			do:   (*world).backUpErr,
			kind: engine.KindUnreachable, says: []string{"is safe", "Connect the drive"},
			mend: func(t *testing.T, w *world) { move(t, w.dest+".away", w.dest) },
		},
		{
			name:  "a folder that is read-only",
			spoil: func(t *testing.T, w *world) { remount(t, filepath.Dir(w.dest), unix.MS_RDONLY, "size=16m") },
			do:    (*world).backUpErr,
			kind:  engine.KindReadOnly, says: []string{"is safe and can be restored", "Make the drive writable"},
			mend: func(t *testing.T, w *world) { remount(t, filepath.Dir(w.dest), 0, "size=16m") },
		},
		{
			name:  "a folder that is full",
			spoil: func(t *testing.T, w *world) { w.write("new", noise(20<<20)) },
			do:    (*world).backUpErr,
			kind:  engine.KindFull, says: []string{"is safe and can be restored", "Free some space"},
			// Packs of 20 MB are cut at random: what fitted may have left no room for
			// anything more, so that only space in the destination helps.
			mend: func(t *testing.T, w *world) {
				is(t, w.restored(engine.Ref{Path: w.at("letter.txt")}), "letter.txt", "dear all")
				remount(t, filepath.Dir(w.dest), 0, "size=64m")
			},
		},
		{
			name: "a new destination that is full",
			do: func(w *world) error {
				full := filepath.Join(w.t.TempDir(), "full")
				mounted(w.t, full, "size=4k")
				if err := os.WriteFile(full+"/lost+found", make([]byte, 4096), 0o600); err != nil {
					return err
				}
				_, err := w.another().Connect(w.ctx(), engine.ConnectRequest{Address: full})
				return err
			},
			kind: engine.KindFull, about: func(*world) string { return "full" }, says: []string{"Nothing was changed.", "Free some space"},
		},
		{
			name: "a restore target that is full",
			do: func(w *world) error {
				mounted(w.t, w.at("../small"), "size=4k")
				w.write("../small/other", noise(4096))
				return w.getErr(engine.GetRequest{To: engine.ToFolder, Folder: w.at("../small/deep/er")})
			},
			kind: jobKind, about: func(*world) string { return "small" }, says: []string{"stay", "Free some space"},
		},
		{
			name: "a restore target that is read-only",
			do: func(w *world) error {
				mounted(w.t, w.at("../fixed"), "size=1m")
				remount(w.t, w.at("../fixed"), unix.MS_RDONLY, "size=1m")
				return w.getErr(engine.GetRequest{To: engine.ToFolder, Folder: w.at("../fixed/here")})
			},
			kind: jobKind, about: func(*world) string { return "fixed" }, says: []string{"Nothing was restored.", "Choose another folder"},
		},
		{
			name: "a restore target with a file where a folder must go",
			do: func(w *world) error {
				w.write("../file", "x")
				return w.getErr(engine.GetRequest{To: engine.ToFolder, Folder: w.at("../file/here")})
			},
			kind: jobKind, about: func(*world) string { return "file" }, says: []string{"Nothing was restored.", "Choose another folder"},
		},
		{
			name: "a restore target inside the backup",
			do: func(w *world) error {
				return w.getErr(engine.GetRequest{To: engine.ToFolder, Folder: w.dest + "/data"})
			},
			kind: engine.KindInvalid, says: []string{"Nothing was restored.", "Choose another folder"},
		},
		{
			name: "a damaged pack",
			spoil: func(t *testing.T, w *world) {
				keepAside(t, w.stored("data")...)
				for _, p := range w.stored("data") {
					if !strings.HasSuffix(p, ".before") {
						spoil(t, p)
					}
				}
			},
			do: func(w *world) error {
				_, err := w.Preview(w.ctx(), engine.Ref{Path: w.at("letter.txt")}, 100)
				return err
			},
			kind: engine.KindDamaged, says: []string{"can be restored", "Run a check"},
			mend: takeBack,
		},
		{
			name: "a missing pack",
			spoil: func(t *testing.T, w *world) {
				for _, p := range w.stored("data") {
					move(t, p, p+".before")
				}
			},
			do: func(w *world) error {
				_, err := w.Preview(w.ctx(), engine.Ref{Path: w.at("letter.txt")}, 100)
				return err
			},
			kind: engine.KindDamaged, says: []string{"can be restored", "Run a check"},
			mend: takeBack,
		},
		{
			name: "a damaged key file",
			spoil: func(t *testing.T, w *world) {
				keepAside(t, w.stored("keys")...)
				for _, p := range w.stored("keys") {
					if !strings.HasSuffix(p, ".before") {
						replaceFile(t, p, []byte("{"))
					}
				}
				w.reopen()
			},
			do:   (*world).backUpErr,
			kind: engine.KindSecret, says: []string{"is safe", "recovery code"},
			mend: takeBack,
		},
		{
			name: "another program that must not be disturbed",
			spoil: func(t *testing.T, w *world) {
				lock, err := w.repositoryOf().Lock(w.ctx(), true)
				if err != nil {
					t.Fatal(err)
				}
				w.undo = lock.Unlock
			},
			do:   (*world).backUpErr,
			kind: engine.KindBusy, says: []string{"Nothing is lost", "tries again"},
			mend: func(_ *testing.T, w *world) { w.undo() },
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := newWorldApart(t)
			mounted(t, filepath.Dir(w.dest), "size=16m")
			w.setUp().write("letter.txt", "dear all")
			w.backUp()
			if row.spoil != nil {
				row.spoil(t, w)
			}
			about := w.dest
			if row.about != nil {
				about = row.about(w)
			}
			err := row.do(w)
			kind(t, err, row.kind, about, w.code, "Tr0ub4dor&3")
			for _, part := range row.says {
				if err != nil && !strings.Contains(err.Error(), part) {
					t.Errorf("it does not say %q: %s", part, err)
				}
			}
			if row.mend != nil {
				row.mend(t, w)
			}
			is(t, w.restored(engine.Ref{Path: w.at("letter.txt")}), "letter.txt", "dear all")
			w.write("letter.txt", "dear friends")
			w.backUp()
			is(t, w.restored(engine.Ref{Path: w.at("letter.txt")}), "letter.txt", "dear friends")
			w.status(engine.StateProtected)
		})
	}
}

// keepAside copies files, and takeBack puts the copies in their place.
func keepAside(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		replaceFile(t, p+".before", data)
	}
}

func takeBack(t *testing.T, w *world) {
	t.Helper()
	for _, p := range append(w.stored("data"), w.stored("keys")...) {
		if was, ok := strings.CutSuffix(p, ".before"); ok {
			move(t, p, was)
		}
	}
}
