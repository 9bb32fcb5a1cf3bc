package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/repo"
)

func TestADiskThatFillsUpAtAnyPointLosesNothing(t *testing.T) {
	w := newWorldApart(t)
	drive := filepath.Dir(w.dest)
	mounted(t, drive, "size=1m")
	w.setUp().write("letter.txt", "0")
	w.backUp()
	full := 0
	for pages := range 8 { // of 4 KiB: pack, pack, index, lock, snapshot each take one
		fill(t, drive, int64(pages)*4096)
		w.write("letter.txt", fmt.Sprint("with ", pages))
		_, err := w.BackUp(w.ctx(), nil)
		if err != nil {
			full++
			kind(t, err, engine.KindFull, w.dest, w.code)
			w.status(engine.StateAttention)
		}
		if err := os.Remove(drive + "/filler"); err != nil {
			t.Fatal(err)
		}
		if err == nil {
			is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", fmt.Sprint("with ", pages))
		}
		w.backUp()
		is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", fmt.Sprint("with ", pages))
		w.status(engine.StateProtected)
	}
	if full < 3 || full == 8 {
		t.Errorf("the disk was full %d times of 8", full)
	}
}

// fill leaves so many bytes.
func fill(t *testing.T, drive string, leave int64) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(drive, &st); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(drive+"/filler", make([]byte, int64(st.Bavail)*st.Bsize-leave), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedIndexOrSnapshotKeepsNobodyFromBackingUp(t *testing.T) {
	for _, what := range []string{"index", "snapshots"} {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, with the catalog: %v", what, known), func(t *testing.T) {
				w := newWorldApart(t).setUp().write("letter.txt", "dear all")
				w.backUp()
				w.write("diary.txt", "today")
				w.backUp()
				for _, p := range w.stored(what) {
					spoil(t, p)
				}
				w.close()
				if !known {
					catalogs, _ := filepath.Glob(w.state + "/catalog-*")
					for _, c := range catalogs {
						if err := os.Remove(c); err != nil {
							t.Fatal(err)
						}
					}
				}
				w.open()
				w.write("diary.txt", "tomorrow")
				w.backUp()
				is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all", "diary.txt", "tomorrow")
				w.backUp()
				if known {
					return
				}
				events, err := w.Events(w.ctx(), engine.EventQuery{})
				told := 0
				for _, e := range events {
					if e.Tone == engine.ToneBad {
						told++
						readable(t, e.Text, w.dest)
					}
				}
				if err != nil || told != 1 {
					t.Errorf("it is told %d times: %+v, %v", told, events, err)
				}
			})
		}
	}
}

func TestADamagedIndexDoesNotKeepANewComputerOut(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	for _, p := range w.stored("index") {
		spoil(t, p)
	}
	other := w.another()
	if _, err := other.Connect(other.ctx(), engine.ConnectRequest{Address: w.dest, Secret: w.code}); err != nil {
		t.Fatal(err)
	}
	is(t, other.restored(engine.Ref{Computer: "Ada's laptop", Path: w.user}), "letter.txt", "dear all")
}

func TestARestoreNamesTheFilesThatAreDamaged(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", noise(5000))
	w.backUp()
	damaged := w.stored("data")
	w.write("other.txt", noise(5000))
	w.backUp()
	for _, p := range damaged {
		if data, err := os.ReadFile(p); err == nil && len(data) > 4500 { // files, not trees
			spoil(t, p)
		}
	}
	target := filepath.Join(t.TempDir(), "restored")
	job := w.get(engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}, To: engine.ToFolder, Folder: target, Contents: true})
	items, err := w.JobItems(w.ctx(), job.ID)
	if err != nil || job.Failed != 1 || len(items) != 1 || items[0].Path != w.at("letter.txt") || items[0].State != engine.ItemFailed || !strings.HasSuffix(items[0].Reason, ".") {
		t.Errorf("%+v, %+v, %v", job, items, err)
	}
	is(t, read(t, target), "other.txt", read(t, w.user)["other.txt"])
}

func TestACheckMendsWhatThisComputerStillHas(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", noise(5000), "gone.txt", noise(5000))
	w.backUp()
	letter := read(t, w.user)["letter.txt"]
	w.remove("gone.txt")
	w.backUp()
	for _, p := range w.stored("data") {
		if data, err := os.ReadFile(p); err == nil && len(data) > 4500 {
			spoil(t, p)
			data, _ := os.ReadFile(p)
			for i := 0; i < len(data)-200; i += 1000 {
				data[i] ^= 1
			}
			replaceFile(t, p, data)
		}
	}
	result, err := w.Check(w.ctx(), 100)
	if err != nil || len(result.Errors) == 0 || result.Healed == 0 || !strings.Contains(strings.Join(result.Damaged, " "), "gone.txt") {
		t.Errorf("%+v, %v", result, err)
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", letter)
	if proof, err := w.Drill(w.ctx()); err != nil {
		t.Errorf("%+v, %v", proof, err)
	}
}

func TestACheckThatFindsTheTopFolderLostReadsOnlyWhatWasChosen(t *testing.T) {
	for _, kind := range []string{"index", "data"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorldApart(t).setUp().write("letter.txt", "dear all")
			outside := filepath.Join(filepath.Dir(w.user), "never chosen.txt")
			replaceFile(t, outside, []byte("private"))
			w.backUp()
			for _, p := range w.stored(kind) {
				spoil(t, p)
			}
			result, err := w.Check(w.ctx(), 100)
			if err != nil || len(result.Errors) == 0 {
				t.Fatalf("%+v, %v", result, err)
			}
			is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
			if list, err := w.Versions(w.ctx(), "", outside); engine.KindOf(err) != engine.KindNotFound {
				t.Errorf("it backed up what nobody chose: %+v, %v", list, err)
			}
			if result, err := w.Check(w.ctx(), 100); err != nil || kind == "index" && len(result.Errors) != 0 {
				t.Errorf("afterwards: %+v, %v", result, err)
			}
		})
	}
}

func TestATestRestoreIsDated(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	proof, err := w.Drill(w.ctx())
	if err != nil || len(proof.Failed) != 0 || proof.Amount.Files == 0 {
		t.Errorf("%+v, %v", proof, err)
	}
	w.reopen()
	if s := w.status(engine.StateProtected); !s.Proven.Time.Equal(proof.Time) {
		t.Errorf("%v, not %v", s.Proven.Time, proof.Time)
	}
	if result, err := w.Check(w.ctx(), 100); err != nil || len(result.Errors) != 0 || result.Read == 0 {
		t.Errorf("%+v, %v", result, err)
	}
	if _, err := w.Maintain(w.ctx()); err != nil {
		t.Error(err)
	}
}

// evil is a tree of another computer whose names would leave the restore folder.
func evil(t *testing.T, w *world, trees ...string) {
	t.Helper()
	r := w.repositoryOf()
	content := []byte("evil")
	p := r.NewPacker(repo.Data, nil)
	blob, err := r.Seal(repo.Data, repo.Hash(content), content, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Add(blob)
	var packs []repo.PackInfo
	put := func(p *repo.Packer) {
		info, data, err := p.Finish()
		if err == nil {
			err = r.Store().Put(w.ctx(), "data", info.ID.String(), data)
		}
		if err != nil {
			t.Fatal(err)
		}
		packs = append(packs, info)
	}
	put(p)
	var ids []repo.ID
	for i, tree := range trees {
		tree = strings.ReplaceAll(tree, "CONTENT", `"content":["`+repo.Hash(content).String()+`"],"size":4`)
		plain := []byte(tree + "\n")
		p := r.NewPacker(repo.Tree, nil)
		blob, err := r.Seal(repo.Tree, repo.Hash(plain), plain, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.Add(blob)
		put(p)
		ids = append(ids, repo.Hash(plain))
		_, err = r.SaveSnapshot(w.ctx(), &repo.Snapshot{Time: w.clock.now(), Tree: ids[i], Paths: []string{"/"}, Hostname: fmt.Sprint("evil", i)})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.SaveIndex(w.ctx(), packs, nil); err != nil {
		t.Fatal(err)
	}
}

func TestANameThatWouldLeaveTheRestoreFolderDoesNot(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	node := `{"name":%q,"type":"file","mode":420,"mtime":"2026-01-01T00:00:00Z","atime":"2026-01-01T00:00:00Z","ctime":"2026-01-01T00:00:00Z","uid":0,"gid":0,CONTENT}`
	names := []string{"../evil", "/evil", "..", "a/../../evil", "evil\x00", ""}
	var trees []string
	for _, name := range names {
		good := strings.Replace(node, "%q", `"zgood"`, 1)
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, `{"nodes":[`+strings.Replace(node, "%q", string(quoted), 1)+","+good+`]}`)
	}
	evil(t, w, trees...)
	w.backUp()
	for i, name := range names {
		t.Run(fmt.Sprintf("%q", name), func(t *testing.T) {
			outside := t.TempDir()
			target := filepath.Join(outside, "x", "restored")
			id, err := w.Get(w.ctx(), engine.GetRequest{Refs: []engine.Ref{{Computer: fmt.Sprint("evil", i), Path: "/"}}, To: engine.ToFolder, Folder: target, Contents: true})
			if err != nil {
				t.Fatal(err)
			}
			job, err := w.WaitJob(w.ctx(), id)
			if err != nil || job.Failed == 0 {
				t.Errorf("it is not told: %+v, %v", job, err)
			}
			for path, content := range read(t, outside) {
				if path != "x/restored/zgood" {
					t.Errorf("%s was written: %q", path, content)
				}
			}
			if files := read(t, outside); files["x/restored/zgood"] != "evil" {
				t.Errorf("the others were not restored: %q", files)
			}
		})
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestTwoHoldfastsOnOneDestination(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	other := w.another()
	if _, err := other.Connect(other.ctx(), engine.ConnectRequest{Address: w.dest, Secret: w.code, Computer: "Other"}); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		w.write(fmt.Sprint("file", round), noise(100000))
		var both sync.WaitGroup
		for _, a := range []*world{w, other} {
			both.Go(func() {
				if err := a.backUpInTurn(round == 1); err != nil {
					t.Error(err)
				}
				if round == 1 {
					if _, err := a.Maintain(a.ctx()); err != nil && engine.KindOf(err) != engine.KindBusy {
						t.Error(err)
					}
				}
			})
		}
		both.Wait()
	}
	want := read(t, w.user)
	for _, a := range []*world{w, other} {
		got := a.restored(engine.Ref{Path: w.user})
		for name, content := range want {
			if got[name] != content {
				t.Errorf("%s differs", name)
			}
		}
		if result, err := a.Check(a.ctx(), 100); err != nil || len(result.Errors) > 0 {
			t.Errorf("%+v, %v", result, err)
		}
	}
}

// backUpInTurn captures; again, as the schedule does, while another maintains what is
// stored: it may come as far as that before this one has begun.
func (w *world) backUpInTurn(maintained bool) error {
	for limit := time.Now().Add(hang); ; time.Sleep(10 * time.Millisecond) {
		_, err := w.BackUp(w.ctx(), nil)
		if !maintained || engine.KindOf(err) != engine.KindBusy || time.Now().After(limit) {
			return err
		}
	}
}

func TestALockOfADeadProcessIsNoLock(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	cmd := playing(t, "lock", "HOLDFAST_TEST_DEST="+w.dest, "HOLDFAST_TEST_SECRET="+w.code)
	_, err := w.BackUp(w.ctx(), nil)
	kind(t, err, engine.KindBusy, w.dest)
	kill(t, cmd)
	w.backUp()
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestAFolderWithoutPermissionIsNamedAndKept(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("this needs the right to become somebody else")
	}
	w := newWorld(t).setUp().write("letter.txt", "dear all", "locked/plan", "the plan")
	if err := w.SetPassphrase(w.ctx(), "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(w.user, "..", "state of ada")
	if out, err := exec.Command("chown", "-R", "65534:65534", w.dest, w.user, filepath.Dir(w.user)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for dir := filepath.Dir(w.user); dir != "/"; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode()&0o1 == 0 {
			t.Skipf("%s lets nobody through", dir)
		}
	}
	run := func() seen {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(exe) // where it lies others may not come
		if err != nil {
			t.Fatal(err)
		}
		exe = filepath.Join(filepath.Dir(w.user), "program")
		if err := os.WriteFile(exe, data, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), exe)
		cmd.Env = append(os.Environ(), "HOLDFAST_TEST_ROLE=unreadable", "HOLDFAST_TEST_STATE="+state, "HOLDFAST_TEST_DEST="+w.dest, "HOLDFAST_TEST_SECRET=correct horse battery")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		cmd.Dir = "/"
		out, err := cmd.Output()
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			t.Fatalf("%v: %s", err, failed.Stderr)
		}
		var s seen
		if err := json.Unmarshal(out, &s); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return s
	}
	if s := run(); s.Error != "" || s.Status.State != engine.StateProtected {
		t.Fatalf("%+v", s)
	}
	if err := os.Chmod(w.at("locked"), 0); err != nil {
		t.Fatal(err)
	}
	s := run()
	if s.Error != "" || len(s.Result.Skipped) != 1 || s.Result.Deleted != 0 || s.Status.State != engine.StateAttention || len(s.Problems) != 1 {
		t.Fatalf("%+v", s)
	}
	if p := s.Problems[0]; p.Path != w.at("locked") || p.Kind != engine.ProblemUnreadable || !strings.HasSuffix(p.Reason, ".") || !strings.HasSuffix(p.Advice, ".") {
		t.Errorf("%+v", p)
	}
	if err := os.Chmod(w.at("locked"), 0o755); err != nil {
		t.Fatal(err)
	}
	if s := run(); s.Status.State != engine.StateProtected || len(s.Problems) != 0 {
		t.Errorf("%+v", s)
	}
	w.backUp()
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all", "locked/plan", "the plan")
}

func TestAClockThatJumpsLosesNothing(t *testing.T) {
	w := newWorldApart(t).setUp()
	const year = 365 * 24 * time.Hour
	jumps := []time.Duration{0, 50 * year, -80 * year, 30 * year, -time.Minute}
	for i, by := range jumps {
		w.clock.jump(by)
		w.write("letter.txt", fmt.Sprint("version ", i))
		w.backUp()
		is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", fmt.Sprint("version ", i))
		s := w.status(engine.StateProtected)
		if s.LastBackup.IsZero() {
			t.Error("the last backup is not known")
		}
	}
	versions, err := w.Versions(w.ctx(), "", w.at("letter.txt"))
	if err != nil || len(versions) != len(jumps) {
		t.Fatalf("%d versions, %v", len(versions), err)
	}
	if _, err := w.Maintain(w.ctx()); err != nil {
		t.Fatal(err)
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", fmt.Sprint("version ", len(jumps)-1))
	w.reopen(background)
	eventually(t, "the schedule goes on", func() bool {
		s, err := w.Status(w.ctx())
		return err == nil && !s.NextBackup.IsZero()
	})
}
