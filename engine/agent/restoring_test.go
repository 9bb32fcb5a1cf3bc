package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
)

// history is a computer with two captures: a letter in two versions, a file that
// was deleted, and two photos of one name.
func history(t *testing.T) (w *world, between time.Time) {
	t.Helper()
	return historyOf(newWorldApart(t))
}

func historyOf(w *world) (_ *world, between time.Time) {
	w.t.Helper()
	w.setUp().write("letter.txt", "dear all", "gone.txt", "gone", "a/photo.jpg", "a", "b/photo.jpg", "b", ".hidden", "h")
	w.backUp()
	between = w.clock.now()
	w.clock.jump(time.Hour)
	w.write("letter.txt", "dear friends")
	w.remove("gone.txt")
	w.backUp()
	return w, between
}

func names(items []engine.Item) string {
	var all []string
	for _, it := range items {
		all = append(all, it.Name)
	}
	return strings.Join(all, " ")
}

func TestBrowsingTheBackup(t *testing.T) {
	w, between := history(t)
	for _, c := range []struct {
		name  string
		query engine.ListRequest
		want  string
	}{
		{"now", engine.ListRequest{}, "a b letter.txt"},
		{"with hidden files", engine.ListRequest{Hidden: true}, "a b .hidden letter.txt"},
		{"with deleted files", engine.ListRequest{Deleted: true}, "a b gone.txt letter.txt"},
		{"as of a moment", engine.ListRequest{At: between}, "a b gone.txt letter.txt"},
		{"by the name of the computer", engine.ListRequest{Computer: "ADA'S LAPTOP"}, "a b letter.txt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.query.Path = w.user
			items, err := w.List(w.ctx(), c.query)
			if err != nil || names(items) != c.want {
				t.Errorf("%q, %v", names(items), err)
			}
			for _, it := range items {
				if deleted := !it.Deleted.IsZero(); deleted != (it.Name == "gone.txt" && c.query.At.IsZero()) {
					t.Errorf("%s: deleted at %v", it.Name, it.Deleted)
				}
			}
		})
	}
	t.Run("the top has no folder of settings", func(t *testing.T) {
		items, err := w.List(w.ctx(), engine.ListRequest{Hidden: true})
		if err != nil || strings.Contains(names(items), ".holdfast") {
			t.Errorf("%q, %v", names(items), err)
		}
	})
	t.Run("what is not there", func(t *testing.T) {
		_, err := w.List(w.ctx(), engine.ListRequest{Path: w.at("nothing")})
		kind(t, err, engine.KindNotFound, w.at("nothing"))
		_, err = w.List(w.ctx(), engine.ListRequest{Computer: "nobody's"})
		kind(t, err, engine.KindNotFound, "nobody's")
		_, err = w.Versions(w.ctx(), "", w.at("nothing"))
		kind(t, err, engine.KindNotFound, w.at("nothing"))
	})
	t.Run("names are found at all times", func(t *testing.T) {
		for text, want := range map[string]int{"photo": 2, "gone": 0, "LETTER": 1, "zzz": 0} {
			items, err := w.Find(w.ctx(), engine.FindRequest{Text: text})
			if err != nil || len(items) != want {
				t.Errorf("%s: %q, %v", text, names(items), err)
			}
		}
		if items, err := w.Find(w.ctx(), engine.FindRequest{Text: "gone", Deleted: true}); err != nil || len(items) != 1 {
			t.Errorf("deleted: %q, %v", names(items), err)
		}
		if items, err := w.Find(w.ctx(), engine.FindRequest{Text: "gone", At: between}); err != nil || len(items) != 1 {
			t.Errorf("as of then: %q, %v", names(items), err)
		}
	})
	t.Run("versions, the newest first", func(t *testing.T) {
		v, err := w.Versions(w.ctx(), "", w.at("letter.txt"))
		if err != nil || len(v) != 2 || !v[0].Current || v[1].Current || v[0].Size != 12 || v[1].Size != 8 || v[0].Captured.Before(v[1].Captured) {
			t.Fatalf("%+v, %v", v, err)
		}
		p, err := w.Preview(w.ctx(), engine.Ref{Path: w.at("letter.txt"), Version: v[1].ID}, 4)
		if err != nil || string(p.Data) != "dear" || !p.Truncated || p.Size != 8 || !strings.HasPrefix(p.MediaType, "text/plain") {
			t.Errorf("%+v, %v", p, err)
		}
		_, err = w.Preview(w.ctx(), engine.Ref{Path: w.user}, 4)
		kind(t, err, engine.KindInvalid, "")
	})
	t.Run("moments, the newest first", func(t *testing.T) {
		m, err := w.Moments(w.ctx(), "")
		if err != nil || len(m) != 2 || m[0].Before(m[1]) {
			t.Errorf("%v, %v", m, err)
		}
	})
}

func TestGettingFilesBack(t *testing.T) {
	w, between := history(t)
	versions, _ := w.Versions(w.ctx(), "", w.at("letter.txt"))
	for _, c := range []struct {
		name  string
		refs  []engine.Ref
		plain bool // not the contents
		want  []string
	}{
		{"the contents of a folder", []engine.Ref{{Path: w.at("a")}}, false, []string{"photo.jpg", "a"}},
		{"a folder by its name", []engine.Ref{{Path: w.at("a")}}, true, []string{"a/photo.jpg", "a"}},
		{"as of a moment", []engine.Ref{{Path: w.at("letter.txt"), At: between}}, false, []string{"letter.txt", "dear all"}},
		{"a version", []engine.Ref{{Path: w.at("letter.txt"), Version: versions[1].ID}}, false, []string{"letter.txt", "dear all"}},
		{"a version by the beginning of its id", []engine.Ref{{Path: w.at("letter.txt"), Version: versions[1].ID[:8]}}, false, []string{"letter.txt", "dear all"}},
		{"a deleted file", []engine.Ref{{Path: w.at("gone.txt")}}, false, []string{"gone.txt", "gone"}},
		{"two of one name", []engine.Ref{{Path: w.at("a/photo.jpg")}, {Path: w.at("b/photo.jpg")}}, false, []string{"photo.jpg", "a", "photo (2).jpg", "b"}},
		{"two folders, not their contents", []engine.Ref{{Path: w.at("a")}, {Path: w.at("b")}}, false, []string{"a/photo.jpg", "a", "b/photo.jpg", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := filepath.Join(t.TempDir(), "made", "new")
			q := engine.GetRequest{Refs: c.refs, To: engine.ToFolder, Folder: target, Contents: !c.plain}
			plan, err := w.PlanGet(w.ctx(), q)
			if err != nil || plan.Amount.Files != int64(len(c.want)/2) || !strings.HasPrefix(plan.Target, target) || plan.Present != 0 {
				t.Errorf("plan: %+v, %v", plan, err)
			}
			job := w.get(q)
			if job.State != engine.JobDone || job.Failed != 0 || job.Done.Files != int64(len(c.want)/2) || job.Total != plan.Amount {
				t.Errorf("%+v", job)
			}
			is(t, read(t, target), c.want...)
		})
	}
}

func TestTheTargetsOfARestore(t *testing.T) {
	w, _ := historyOf(newWorld(t))
	ref := []engine.Ref{{Path: w.at("letter.txt")}}
	for to, want := range map[engine.SaveTo]string{engine.ToDownloads: "Downloads/letter.txt", engine.ToDesktop: "Desktop/letter.txt", engine.ToOriginal: "letter.txt"} {
		w.remove("letter.txt")
		job := w.get(engine.GetRequest{Refs: ref, To: to})
		if job.State != engine.JobDone || job.Target != w.at(want) {
			t.Errorf("to %s: %s at %s", to, job.State, job.Target)
		}
		if data, err := os.ReadFile(w.at(want)); err != nil || string(data) != "dear friends" {
			t.Errorf("to %s: %q, %v", to, data, err)
		}
	}
	t.Run("the folder that the desktop names", func(t *testing.T) {
		w.write(".config/user-dirs.dirs", "# names\nXDG_DOWNLOAD_DIR=\"$HOME/Geladen\"\n")
		if plan, err := w.PlanGet(w.ctx(), engine.GetRequest{Refs: ref}); err != nil || plan.Target != w.at("Geladen/letter.txt") {
			t.Errorf("%+v, %v", plan, err)
		}
	})
	t.Run("what makes no sense", func(t *testing.T) {
		for name, q := range map[string]engine.GetRequest{
			"nothing chosen":       {To: engine.ToDownloads},
			"no folder":            {Refs: ref, To: engine.ToFolder},
			"inside the backup":    {Refs: ref, To: engine.ToFolder, Folder: filepath.Join(w.dest, "data")},
			"a way that is no way": {Refs: ref, To: "cloud"},
		} {
			_, err := w.Get(w.ctx(), q)
			if engine.KindOf(err) != engine.KindInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := w.Get(w.ctx(), engine.GetRequest{Refs: []engine.Ref{{Path: w.at("never")}}})
		kind(t, err, engine.KindNotFound, w.at("never"))
	})
}

func TestWhatExistsIsKept(t *testing.T) {
	w, _ := history(t)
	ref := []engine.Ref{{Path: w.at("letter.txt")}}
	q := engine.GetRequest{Refs: ref, To: engine.ToOriginal, Exists: engine.ExistingRename}
	w.write("letter.txt", "mine")
	plan, err := w.PlanGet(w.ctx(), q)
	if err != nil || plan.Present != 1 || !strings.Contains(plan.Example, "letter.txt comes back") {
		t.Errorf("plan: %+v, %v", plan, err)
	}
	job := w.get(q)
	items, err := w.JobItems(w.ctx(), job.ID)
	if err != nil || len(items) != 1 || items[0].Renamed == "" {
		t.Fatalf("items: %+v, %v", items, err)
	}
	files := read(t, w.user)
	if files["letter.txt"] != "dear friends" || files[filepath.Base(items[0].Renamed)] != "mine" {
		t.Errorf("%q", files)
	}
	q.Exists = engine.ExistingOverwrite
	w.write("letter.txt", "mine")
	w.get(q)
	if files := read(t, w.user); files["letter.txt"] != "dear friends" {
		t.Errorf("%q", files)
	}
	q.Exists = engine.ExistingSkip
	if job := w.get(q); job.State != engine.JobDone || job.Skipped != 1 {
		t.Errorf("identical: %+v", job)
	}
}

func TestADifferentFileIsAskedAbout(t *testing.T) {
	for choice, want := range map[engine.Existing]string{engine.ExistingKeep: "mine", engine.ExistingOverwrite: "dear friends", engine.ExistingRename: "dear friends"} {
		t.Run(string(choice), func(t *testing.T) {
			w, _ := historyOf(newWorldApart(t))
			w.write("letter.txt", "mine", "a/photo.jpg", "mine")
			q := engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}, To: engine.ToOriginal, Exists: engine.ExistingSkip}
			job := w.get(q)
			if job.State != engine.JobAsking || job.Asking != 2 || job.Skipped != 2 {
				t.Fatalf("%+v", job)
			}
			if err := w.ForgetJob(w.ctx(), job.ID); engine.KindOf(err) != engine.KindInvalid {
				t.Errorf("a job that asks was forgotten: %v", err)
			}
			w.reopen(background)
			if err := w.Pause(w.ctx(), time.Time{}); err != nil {
				t.Fatal(err)
			}
			if err := w.Answer(w.ctx(), job.ID, w.at("letter.txt"), choice); err != nil {
				t.Fatal(err)
			}
			job, err := w.WaitJob(w.ctx(), job.ID)
			if err != nil || job.State != engine.JobAsking || job.Asking != 1 {
				t.Fatalf("after one answer: %+v, %v", job, err)
			}
			if err := w.Answer(w.ctx(), job.ID, "", choice); err != nil {
				t.Fatal(err)
			}
			job, err = w.WaitJob(w.ctx(), job.ID)
			if err != nil || job.State != engine.JobDone || job.Asking != 0 || job.Failed != 0 {
				t.Fatalf("after all: %+v, %v", job, err)
			}
			if files := read(t, w.user); files["letter.txt"] != want {
				t.Errorf("%q", files)
			}
			if err := w.ForgetJob(w.ctx(), job.ID); err != nil {
				t.Error(err)
			}
			if list, err := w.Jobs(w.ctx()); err != nil || len(list) != 0 {
				t.Errorf("%+v, %v", list, err)
			}
		})
	}
}
