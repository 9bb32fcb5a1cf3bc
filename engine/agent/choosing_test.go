package agent

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/control"
)

func TestRowsOfManageFiles(t *testing.T) {
	w := newWorld(t).setUp().write("letter.txt", "dear all", "music/song.mp3", "la", "left/out", "x", "disk.iso", "iso")
	s, err := w.Selection(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	s.Choices = append(s.Choices, engine.Choice{Path: w.at("left")})
	s.Exclusions = append(s.Exclusions, engine.Exclusion{Kind: engine.ExcludeExtension, Pattern: "iso"})
	if err := w.SaveSelection(w.ctx(), s); err != nil {
		t.Fatal(err)
	}
	rows := func() map[string]engine.SelectRow {
		list, err := w.Children(w.ctx(), s, w.user)
		if err != nil {
			t.Fatal(err)
		}
		byName := map[string]engine.SelectRow{}
		for _, r := range list {
			byName[r.Name] = r
		}
		return byName
	}
	before := rows()
	if r := before["letter.txt"]; r.Mark != engine.MarkCheck || r.State != "Waiting" || r.Size != 8 || r.Parent {
		t.Errorf("before the first backup: %+v", r)
	}
	w.backUp()
	w.write("new.txt", "new")
	after := rows()
	for name, want := range map[string]string{"letter.txt": "Protected", "music": "Protected", "left": "Not backed up", "disk.iso": "Excluded: ", "new.txt": "Waiting"} {
		if r := after[name]; !strings.HasPrefix(r.State, want) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := after["left"]; r.Mark != engine.MarkEmpty || !r.Parent {
		t.Errorf("left out: %+v", r)
	}
	roots, err := w.Roots(w.ctx(), s)
	if err != nil || roots[0].Kind != engine.RowHome || roots[0].Path != w.user || roots[0].Mark != engine.MarkDash && roots[0].Mark != engine.MarkCheck {
		t.Errorf("roots: %+v, %v", roots, err)
	}
	if size, err := w.FolderSize(w.ctx(), w.at("music")); err != nil || size != (engine.Amount{Files: 1, Bytes: 2}) {
		t.Errorf("size: %+v, %v", size, err)
	}
	if e, err := w.Estimate(w.ctx(), s); err != nil || !e.Complete || e.Selected.Files != 3 || e.NotStored != (engine.Amount{Files: 1, Bytes: 3}) {
		t.Errorf("estimate: %+v, %v", e, err)
	}
	if p, err := w.PreviewExclusion(w.ctx(), s, engine.Exclusion{Kind: engine.ExcludeWildcard, Pattern: "mus*"}); err != nil || p.Matched != (engine.Amount{Files: 1, Bytes: 2}) || !p.Complete || len(p.Examples) != 1 {
		t.Errorf("preview: %+v, %v", p, err)
	}
	_, err = w.PreviewExclusion(w.ctx(), s, engine.Exclusion{Kind: engine.ExcludeRegexp, Pattern: "("})
	kind(t, err, engine.KindInvalid, "")
	for path, included := range map[string]bool{"letter.txt": true, "left/out": false, "disk.iso": false} {
		r, err := w.Why(w.ctx(), s, w.at(path))
		if err != nil || r.Included != included || !strings.HasSuffix(r.Rule, ".") {
			t.Errorf("why %s: %+v, %v", path, r, err)
		}
	}
	_, err = w.Children(w.ctx(), s, w.at("nothing"))
	readable(t, err.Error(), w.at("nothing"))
	bad := s
	bad.Exclusions = []engine.Exclusion{{Kind: engine.ExcludeRegexp, Pattern: "("}}
	kind(t, w.SaveSelection(w.ctx(), bad), engine.KindInvalid, "")
}

func TestRemoveFromBackupAndUndo(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all", "secret/plan", "the plan", "secret/kept out", "x")
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Mkdir(elsewhere, 0o755); err != nil {
		t.Fatal(err)
	}
	replaceFile(t, elsewhere+"/far", []byte("far"))
	s, _ := w.Selection(w.ctx())
	s.Choices = append(s.Choices, engine.Choice{Path: w.at("secret/kept out")}, engine.Choice{Path: elsewhere, Include: true, NewItems: true})
	if err := w.SaveSelection(w.ctx(), s); err != nil {
		t.Fatal(err)
	}
	w.backUp()
	for _, path := range []string{w.at("secret"), elsewhere} {
		r, err := w.RemoveFromBackup(w.ctx(), path)
		if err != nil || r.Amount.Files != 1 || r.Final.Sub(r.Time) != 30*24*time.Hour {
			t.Fatalf("%+v, %v", r, err)
		}
		w.backUp()
		w.reopen()
		for name, call := range map[string]func() error{
			"versions": func() error { _, err := w.Versions(w.ctx(), "", path); return err },
			"list":     func() error { _, err := w.List(w.ctx(), engine.ListRequest{Path: path, Deleted: true}); return err },
			"get": func() error {
				_, err := w.Get(w.ctx(), engine.GetRequest{Refs: []engine.Ref{{Path: path}}})
				return err
			},
		} {
			if err := call(); engine.KindOf(err) != engine.KindNotFound {
				t.Errorf("%s of a removed path: %v", name, err)
			}
		}
		if items, err := w.Find(w.ctx(), engine.FindRequest{Text: "plan", Deleted: true}); err != nil || path == w.at("secret") && len(items) != 0 {
			t.Errorf("found: %q, %v", names(items), err)
		}
		if list, err := w.Removals(w.ctx()); err != nil || len(list) != 1 || list[0].Path != path {
			t.Errorf("removals: %+v, %v", list, err)
		}
		if err := w.UndoRemove(w.ctx(), r.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.UndoRemove(w.ctx(), r.ID); engine.KindOf(err) != engine.KindInvalid {
			t.Errorf("undone twice: %v", err)
		}
		w.backUp()
		if why, err := w.Why(w.ctx(), w.current().Selection, path); err != nil || !why.Included {
			t.Errorf("after undo: %+v, %v", why, err)
		}
	}
	if why, err := w.Why(w.ctx(), w.current().Selection, w.at("secret/kept out")); err != nil || why.Included {
		t.Errorf("a choice below was lost: %+v, %v", why, err)
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all", "secret/plan", "the plan")
	is(t, w.restored(engine.Ref{Path: elsewhere}), "far", "far")
	_, err := w.RemoveFromBackup(w.ctx(), "/")
	kind(t, err, engine.KindInvalid, "")
	_, err = w.RemoveFromBackup(w.ctx(), w.at("never"))
	kind(t, err, engine.KindNotFound, w.at("never"))
}

func TestARemovalIsFinalAfterItsTerm(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all", "secret/plan", "the plan")
	w.backUp()
	if _, err := w.RemoveFromBackup(w.ctx(), w.at("secret")); err != nil {
		t.Fatal(err)
	}
	w.backUp()
	w.clock.jump(31 * 24 * time.Hour)
	w.backUp()
	if _, err := w.Maintain(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if list, err := w.Removals(w.ctx()); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if items, err := w.Find(w.ctx(), engine.FindRequest{Text: "plan", Deleted: true}); err != nil || len(items) != 0 {
		t.Errorf("found: %q, %v", names(items), err)
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestKeys(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	opens := func(secret string) bool {
		other := w.another()
		_, err := other.Connect(other.ctx(), engine.ConnectRequest{Address: w.dest, Secret: secret})
		return err == nil
	}
	kinds := func() string {
		list, err := w.KeyList(w.ctx())
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, k := range list {
			if k.Current != (k.Kind == engine.KeyComputer && k.Computer == "Ada's laptop") {
				t.Errorf("current: %+v", k)
			}
			all = append(all, string(k.Kind))
		}
		return strings.Join(all, ", ")
	}
	if k := kinds(); strings.Count(k, "recovery") != 1 || strings.Count(k, "computer") != 1 {
		t.Error(k)
	}
	code, err := w.NewRecoveryCode(w.ctx())
	if err != nil || code == w.code || opens(w.code) || !opens(code) {
		t.Errorf("a new code: %v", err)
	}
	kind(t, w.SetPassphrase(w.ctx(), "short"), engine.KindInvalid, "")
	for _, p := range []string{"correct horse battery", "staple correct horse"} {
		if err := w.SetPassphrase(w.ctx(), p); err != nil || !opens(p) {
			t.Errorf("set: %v", err)
		}
	}
	if opens("correct horse battery") {
		t.Error("the old passphrase still opens it")
	}
	if err := w.SetPassphrase(w.ctx(), ""); err != nil || opens("staple correct horse") {
		t.Errorf("taken away: %v", err)
	}
	list, _ := w.KeyList(w.ctx())
	for _, k := range list {
		err := w.RevokeKey(w.ctx(), k.ID[:12])
		if k.Current != (engine.KindOf(err) == engine.KindInvalid) || !k.Current && err != nil {
			t.Errorf("revoking %s: %v", k.Kind, err)
		}
	}
	kind(t, w.RevokeKey(w.ctx(), "ffffffffffff"), engine.KindNotFound, "")
	kind(t, w.RevokeKey(w.ctx(), ""), engine.KindNotFound, "")
	if k := kinds(); k != "computer" {
		t.Error(k)
	}
	w.reopen()
	w.backUp()
}

func TestAKeyThatIsInUseIsNotReplaced(t *testing.T) {
	w := newWorldApart(t)
	w.reopen(func(o *Options) { o.Password, o.Keychain = "correct horse battery", nil })
	w.setUp()
	before := len(w.stored("keys"))
	kind(t, w.SetPassphrase(w.ctx(), "staple correct horse"), engine.KindInvalid, "")
	if n := len(w.stored("keys")); n != before {
		t.Errorf("%d keys became %d", before, n)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	w := newWorld(t).setUp()
	good, err := w.Settings(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*engine.Settings){
		"no name":           func(s *engine.Settings) { s.Computer = "  " },
		"too often":         func(s *engine.Settings) { s.Schedule.Every = time.Second },
		"no processor":      func(s *engine.Settings) { s.Usage.Present = 0 },
		"too much of it":    func(s *engine.Settings) { s.Usage.Away = 101 },
		"keeping nothing":   func(s *engine.Settings) { s.Retention.All = 0 },
		"a negative term":   func(s *engine.Settings) { s.Retention.Deleted = -1 },
		"a battery of 101%": func(s *engine.Settings) { s.Usage.BatteryFloor = 101 },
		"a negative limit":  func(s *engine.Settings) { s.Network.UpAway = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			s := good
			spoil(&s)
			kind(t, w.SaveSettings(w.ctx(), s), engine.KindInvalid, "")
			if now, _ := w.Settings(w.ctx()); now.Computer != good.Computer || now.Schedule.Every != good.Schedule.Every {
				t.Errorf("%+v", now)
			}
		})
	}
	good.Computer, good.Schedule.Every = " Ada's new laptop ", time.Minute
	if err := w.SaveSettings(w.ctx(), good); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	if s, err := w.Settings(w.ctx()); err != nil || s.Computer != "Ada's new laptop" || s.Schedule.Every != time.Minute {
		t.Errorf("%+v, %v", s, err)
	}
	if c, err := w.Computers(w.ctx()); err != nil || c[0].Name != "Ada's new laptop" {
		t.Errorf("%+v, %v", c, err)
	}
	w.backUp()
	if p, err := w.PreviewRetention(w.ctx(), good.Retention); err != nil || p.Captures != 1 || p.Kept != 1 || p.Sentence == "" {
		t.Errorf("%+v, %v", p, err)
	}
	events, err := w.Events(w.ctx(), engine.EventQuery{Text: "were changed"})
	if err != nil || len(events) != 1 || !strings.HasSuffix(events[0].Text, ".") {
		t.Errorf("%+v, %v", events, err)
	}
}

func TestWatchersMissNothingAndHoldNobodyUp(t *testing.T) {
	w := newWorld(t)
	topics, err := w.Watch(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	w.setUp().write("letter.txt", "dear all")
	for range 50 {
		w.Agent.notices.tell(engine.TopicStatus)
	}
	w.backUp()
	seen := map[engine.Topic]int{}
	for deadline := time.After(hang); len(seen) < 4; {
		select {
		case topic := <-topics:
			seen[topic]++
		case <-deadline:
			t.Fatalf("only %v", seen)
		}
	}
	if seen[engine.TopicStatus] > 10 {
		t.Errorf("not merged: %v", seen)
	}
	w.close()
	for range topics {
	}
	if late, err := newWorld(t).Watch(w.ctx()); err != nil || late == nil {
		t.Error(err)
	}
}

func TestASecondProcessAttaches(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	if _, err := Open(w.ctx(), Options{Home: w.state, Password: "x"}); !errors.Is(err, ErrRunning) {
		t.Fatalf("two on one state folder: %v", err)
	}
	l, err := control.Listen(SocketPath(w.state))
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- control.Serve(w.ctx(), l, w.Agent) }()
	client, err := control.Dial(SocketPath(w.state))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	result, err := client.BackUp(w.ctx(), nil)
	if err != nil || result.New != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	id, err := client.Get(w.ctx(), engine.GetRequest{Refs: []engine.Ref{{Path: w.at("letter.txt")}}})
	if err != nil {
		t.Fatal(err)
	}
	if job, err := client.WaitJob(w.ctx(), id); err != nil || job.State != engine.JobDone || job.Done.Files != 1 {
		t.Errorf("%+v, %v", job, err)
	}
	_, err = client.List(w.ctx(), engine.ListRequest{Path: "/never"})
	kind(t, err, engine.KindNotFound, "/never")
}

func TestWhatWasLeftOutIsToldFromWhatWasDeleted(t *testing.T) {
	w := newWorld(t).setUp().write("left/out.txt", "x", "gone.txt", "y", "letter.txt", "z")
	w.backUp()
	if err := os.Remove(w.at("gone.txt")); err != nil {
		t.Fatal(err)
	}
	s, err := w.Selection(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	s.Choices = append(s.Choices, engine.Choice{Path: w.at("left")})
	if err := w.SaveSelection(w.ctx(), s); err != nil {
		t.Fatal(err)
	}
	w.backUp()
	items, err := w.List(w.ctx(), engine.ListRequest{Path: w.user, Deleted: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		gone, left := it.Name != "letter.txt", it.Name == "left"
		if it.Deleted.IsZero() == gone || it.Unchosen != left {
			t.Errorf("%+v", it)
		}
	}
	status, err := w.Status(w.ctx())
	if err != nil || status.Destination.Stored == 0 {
		t.Errorf("stored at the destination: %d, %v", status.Destination.Stored, err)
	}
}

func TestAFileEditedWithoutChangingItsSizeWaits(t *testing.T) {
	w := newWorld(t).setUp().write("letter.txt", "dear all", "notes.txt", "same")
	w.backUp()
	later := time.Now().Add(time.Minute)
	w.write("letter.txt", "dear Eve")
	if err := os.Chtimes(w.at("letter.txt"), later, later); err != nil {
		t.Fatal(err)
	}
	s, err := w.Selection(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := w.Children(w.ctx(), s, w.user)
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, r := range rows {
		states[r.Name] = r.State
	}
	if states["letter.txt"] != "Waiting" || states["notes.txt"] != "Protected" {
		t.Errorf("%v", states)
	}
}
