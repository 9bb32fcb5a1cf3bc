package agent

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/engine"
	"holdfast/engine/repo"
)

func TestInspectSaysWhatLiesAtAnAddress(t *testing.T) {
	w := newWorld(t)
	drive := filepath.Dir(w.dest)
	for _, dir := range []string{"empty", "other", "new drive/lost+found"} {
		if err := os.MkdirAll(filepath.Join(drive, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"other/photo.jpg", "file"} {
		if err := os.WriteFile(filepath.Join(drive, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.setUp()
	for _, c := range []struct {
		name, address string
		state         engine.PlaceState
		inside        bool
	}{
		{"an empty folder can be used", drive + "/empty", engine.PlaceEmpty, false},
		{"a new drive counts as empty", drive + "/new drive", engine.PlaceEmpty, false},
		{"a missing folder would be made", drive + "/missing", engine.PlaceMissing, false},
		{"a folder whose drive is not there cannot be made", drive + "/no/such/place", engine.PlaceUnusable, false},
		{"a folder with other things is left alone", drive + "/other", engine.PlaceOther, false},
		{"a file is no folder", drive + "/file", engine.PlaceUnusable, false},
		{"below a file is nothing", drive + "/file/backup", engine.PlaceUnusable, false},
		{"a backup is recognised", w.dest, engine.PlaceRepository, false},
		{"the home folder stands for itself", "~/Backup", engine.PlaceMissing, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := w.Inspect(w.ctx(), c.address)
			if err != nil {
				t.Fatal(err)
			}
			if p.State != c.state || p.Inside != c.inside {
				t.Errorf("state %q, inside %v: %s", p.State, p.Inside, p.Message)
			}
			if !strings.HasSuffix(p.Message, ".") {
				t.Errorf("not a sentence: %q", p.Message)
			}
			if !p.SameDisk {
				t.Error("it lies on the disk of the home folder, and that is not said")
			}
		})
	}
	t.Run("no address is refused", func(t *testing.T) {
		_, err := w.Inspect(w.ctx(), "  ")
		kind(t, err, engine.KindInvalid, "")
	})
	t.Run("what is not a folder is refused by name", func(t *testing.T) {
		_, err := w.Inspect(w.ctx(), "s3:bucket")
		kind(t, err, engine.KindInvalid, "s3")
	})
}

func TestSetUpMakesADestination(t *testing.T) {
	w := newWorld(t)
	out, err := w.Connect(w.ctx(), engine.ConnectRequest{Address: w.dest, Computer: "Ada's laptop", Passphrase: "correct horse battery"})
	if err != nil {
		t.Fatal(err)
	}
	if !out.Made || len(out.RecoveryCode) != 35 || out.KeyNote == "" {
		t.Errorf("made %v, code of %d letters, note %q", out.Made, len(out.RecoveryCode), out.KeyNote)
	}
	for _, secret := range []string{out.RecoveryCode, "correct horse battery"} {
		w.code = secret
		w.repositoryOf()
	}
	again, err := w.Connect(w.ctx(), engine.ConnectRequest{Address: w.dest})
	if err != nil || again.Made {
		t.Errorf("connecting the same again: made %v, %v", again.Made, err)
	}
	_, err = w.Connect(w.ctx(), engine.ConnectRequest{Address: filepath.Dir(w.dest) + "/elsewhere"})
	kind(t, err, engine.KindInvalid, w.dest)
	w.reopen()
	if computers, err := w.Computers(w.ctx()); err != nil || len(computers) != 1 || computers[0].Name != "Ada's laptop" || !computers[0].This {
		t.Errorf("computers after a restart: %v, %v", computers, err)
	}
}

func TestSetUpOpensADestinationThatExists(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	if err := w.SetPassphrase(w.ctx(), "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	w.backUp()
	bare := strings.ReplaceAll(w.code, "-", "")
	for _, c := range []struct{ name, secret string }{
		{"with the passphrase", "correct horse battery"},
		{"with the recovery code in small letters", strings.ToLower(w.code)},
		{"with the recovery code in other groups", bare[:10] + " " + bare[10:20] + " – " + bare[20:] + "\n"},
		{"with letters for the digits they look like", strings.NewReplacer("0", "o", "1", "l").Replace(w.code)},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := w.another()
			out, err := other.Connect(other.ctx(), engine.ConnectRequest{Address: w.dest, Secret: c.secret, Computer: "Another"})
			if err != nil {
				t.Fatal(err)
			}
			if out.Made || out.RecoveryCode != "" {
				t.Errorf("made %v, code %q", out.Made, out.RecoveryCode)
			}
			found := false
			for _, computer := range out.Computers {
				found = found || computer.Name == "Ada's laptop" && !computer.This && computer.Stored.Files > 0
			}
			if !found {
				t.Errorf("the first computer is not listed: %+v", out.Computers)
			}
			is(t, other.restored(engine.Ref{Computer: "Ada's laptop", Path: w.user}), "letter.txt", "dear all")
		})
	}
}

func TestAWrongSecretChangesNothing(t *testing.T) {
	w := newWorldApart(t).setUp()
	before := len(w.stored("keys"))
	other := w.another()
	for _, secret := range []string{"", "wrong", w.code[:len(w.code)-1] + "!", newRecoveryCode()} {
		_, err := other.Connect(w.ctx(), engine.ConnectRequest{Address: w.dest, Secret: secret})
		kind(t, err, engine.KindSecret, w.dest, secret)
	}
	if n := len(w.stored("keys")); n != before {
		t.Errorf("%d keys became %d", before, n)
	}
	other.status(engine.StateSetup)
	if _, err := os.Stat(filepath.Join(other.state, "destination.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the destination was noted: %v", err)
	}
}

func TestSetUpNeedsAPlaceOfItsOwn(t *testing.T) {
	w := newWorldApart(t)
	drive := filepath.Dir(w.dest)
	if err := os.WriteFile(filepath.Join(drive, "photo.jpg"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, address string
		kind          engine.Kind
	}{
		{"a folder with other things", drive, engine.KindNotEmpty},
		{"a file", drive + "/photo.jpg", engine.KindInvalid},
		{"a drive that is not there", drive + "/no/such/drive", engine.KindUnreachable},
		{"the state folder", w.state + "/backup", engine.KindInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.Connect(w.ctx(), engine.ConnectRequest{Address: c.address})
			kind(t, err, c.kind, c.address)
			w.status(engine.StateSetup)
		})
	}
	if names, err := os.ReadDir(drive); err != nil || len(names) != 1 {
		t.Errorf("something was left there: %v, %v", names, err)
	}
}

func TestADestinationInTheHomeFolderIsNotBackedUp(t *testing.T) {
	w := newWorldApart(t)
	w.dest = w.at("Backup")
	w.setUp().write("letter.txt", "dear all").backUp()
	w.backUp()
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestDisconnectForgetsAndLeavesWhatIsStored(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	if _, err := w.Disconnect(w.ctx()); err != nil {
		t.Fatal(err)
	}
	w.status(engine.StateSetup)
	_, err := w.BackUp(w.ctx(), nil)
	kind(t, err, engine.KindNotSetUp, "")
	_, err = w.Disconnect(w.ctx())
	kind(t, err, engine.KindNotSetUp, "")
	w.reopen()
	w.status(engine.StateSetup)
	if _, err := w.Connect(w.ctx(), engine.ConnectRequest{Address: w.dest, Secret: w.code}); err != nil {
		t.Fatal(err)
	}
	stored := w.backUp()
	if stored.Stored > 20000 {
		t.Errorf("%d bytes were stored again", stored.Stored)
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestEverythingSaysThatNothingIsSetUp(t *testing.T) {
	w := newWorldApart(t)
	w.status(engine.StateSetup)
	for name, call := range map[string]func() error{
		"list": func() error { _, err := w.List(w.ctx(), engine.ListRequest{}); return err },
		"find": func() error { _, err := w.Find(w.ctx(), engine.FindRequest{Text: "a"}); return err },
		"get": func() error {
			_, err := w.Get(w.ctx(), engine.GetRequest{Refs: []engine.Ref{{Path: "/a"}}})
			return err
		},
		"plan":     func() error { _, err := w.PlanGet(w.ctx(), engine.GetRequest{}); return err },
		"keys":     func() error { _, err := w.KeyList(w.ctx()); return err },
		"details":  func() error { _, err := w.Details(w.ctx()); return err },
		"jobs":     func() error { _, err := w.Jobs(w.ctx()); return err },
		"problems": func() error { _, err := w.Problems(w.ctx()); return err },
		"retry":    func() error { return w.Retry(w.ctx(), "") },
		"remove":   func() error { _, err := w.RemoveFromBackup(w.ctx(), "/a"); return err },
	} {
		t.Run(name, func(t *testing.T) { kind(t, call(), engine.KindNotSetUp, "") })
	}
	if _, err := w.Events(w.ctx(), engine.EventQuery{}); err != nil {
		t.Errorf("the history is just empty: %v", err)
	}
}

func TestAPasswordOpensADestinationWithoutAKeychain(t *testing.T) {
	w := newWorldApart(t)
	password := func(o *Options) { o.Password, o.Keychain = "correct horse battery", nil }
	w.reopen(password)
	w.setUp().write("letter.txt", "dear all").backUp()
	w.reopen(password)
	w.backUp()
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
	w.reopen(func(o *Options) { o.Password, o.Keychain = "wrong", nil })
	_, err := w.BackUp(w.ctx(), nil)
	kind(t, err, engine.KindSecret, w.dest)
}

func TestAnotherBackupInTheSamePlaceIsNotWritten(t *testing.T) {
	w := newWorldApart(t).setUp()
	if err := os.Rename(w.dest, w.dest+".away"); err != nil {
		t.Fatal(err)
	}
	other := w.another()
	other.setUp()
	w.reopen()
	_, err := w.BackUp(w.ctx(), nil)
	if k := engine.KindOf(err); k != engine.KindNotRepo && k != engine.KindSecret {
		t.Errorf("kind %q: %v", k, err)
	}
	readable(t, err.Error(), w.dest)
}

func TestTheKeyLiesInTheKeychainOfTheSystem(t *testing.T) {
	for _, need := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Skipf("%s is not installed", need)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/drive", 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "../../packaging/linux/with-keyring.sh", exe)
	cmd.Env = append(os.Environ(), "HOLDFAST_TEST_ROLE=keyring", "HOLDFAST_TEST_STATE="+dir+"/state", "HOLDFAST_TEST_DEST="+dir+"/drive/backup")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{`note: ""`, "place: OS keychain", "after: no such secret"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("not said: %s in:\n%s", want, out)
		}
	}
}

func TestRecoveryCodesSurvivePaper(t *testing.T) {
	code := newRecoveryCode()
	if got, ok := normalRecoveryCode(code); !ok || got != code {
		t.Errorf("%q became %q", code, got)
	}
	if newRecoveryCode() == code {
		t.Error("two codes are the same")
	}
	for _, no := range []string{"", "correct horse battery", code + "X", code[1:], strings.Replace(code, code[:1], "U", 1), "ÄÖÜ"} {
		if got, ok := normalRecoveryCode(no); ok {
			t.Errorf("%q was taken for the code %q", no, got)
		}
	}
}

func TestNewerAndForeignFoldersAreToldApart(t *testing.T) {
	w := newWorldApart(t)
	if err := os.MkdirAll(w.dest, 0o755); err != nil {
		t.Fatal(err)
	}
	replaceFile(t, filepath.Join(w.dest, "config"), []byte("[core]\n\tbare = true\n"))
	_, err := w.Connect(w.ctx(), engine.ConnectRequest{Address: w.dest, Secret: "correct horse battery"})
	if k := engine.KindOf(err); k != engine.KindNotRepo && k != engine.KindDamaged && k != engine.KindSecret {
		t.Errorf("kind %q", k)
	}
	readable(t, err.Error(), w.dest)
	if errors.Is(err, repo.ErrExists) {
		t.Error("it was to be made anew")
	}
}
