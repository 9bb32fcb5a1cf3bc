package store_test

import (
	"context"
	"encoding/pem"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/store/disk"
)

func TestResticBacksUpChecksAndRestoresAndMayNotForget(t *testing.T) {
	program, err := exec.LookPath("restic")
	if err != nil {
		t.Fatal("restic is needed (apt-get install restic)")
	}
	each(t, func(t *testing.T, w *world) {
		if _, onDisk := w.bytes.(*disk.Store); onDisk != (w.db.Kind == database.SQLite) {
			return // it takes seconds to make its keys; every database and every place is met once
		}
		dir := t.TempDir()
		certificate := filepath.Join(dir, "certificate.pem")
		block := &pem.Block{Type: "CERTIFICATE", Bytes: w.server.Certificate().Raw}
		if err := os.WriteFile(certificate, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		address, err := url.Parse(w.server.URL + "/storage/")
		if err != nil {
			t.Fatal(err)
		}
		address.User = url.UserPassword(annLaptop, "secret")
		command := func(ctx context.Context, words ...string) *exec.Cmd {
			run := exec.CommandContext(ctx, program, append([]string{"--cacert", certificate, "--no-cache", "-r", "rest:" + address.String()}, words...)...)
			run.Env = append(os.Environ(), "RESTIC_PASSWORD=password")
			run.Dir = dir
			return run
		}
		if err := os.Mkdir(filepath.Join(dir, "files"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "files", "letter.txt"), []byte("Dear Ann"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, words := range [][]string{{"init"}, {"backup", "files"}, {"check", "--read-data"}, {"restore", "latest", "--target", "restored"}} {
			if out, err := command(t.Context(), words...).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", words[0], err, out)
			}
		}
		if got, err := os.ReadFile(filepath.Join(dir, "restored", "files", "letter.txt")); err != nil || string(got) != "Dear Ann" {
			t.Errorf("%q, %v", got, err)
		}
		if said := refusal(t, command); !strings.Contains(said, "403") {
			t.Errorf("forget: %s", said)
		}
		if all, err := w.service.Snapshots(t.Context(), ann); err != nil || len(all) != 1 {
			t.Errorf("%d snapshots are left, %v", len(all), err)
		}
	})
}

// refusal is what restic says when it forgets, up to the status that it is told. Some
// versions take every refusal for trouble that passes and would try for minutes.
func refusal(t *testing.T, command func(context.Context, ...string) *exec.Cmd) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	heard := &until{word: "403", then: cancel}
	run := command(ctx, "forget", "latest")
	run.Stdout, run.Stderr = heard, heard
	_ = run.Run() // it fails, or was ended
	return heard.text.String()
}

// until keeps what is written and calls then once a word was in it.
type until struct {
	text strings.Builder
	word string
	then func()
}

func (u *until) Write(p []byte) (int, error) {
	u.text.Write(p)
	if strings.Contains(u.text.String(), u.word) {
		u.then()
	}
	return len(p), nil
}

func TestTheServiceCannotDecrypt(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "holdfast/engine/server/store", "holdfast/engine/server/store/disk", "holdfast/engine/server/store/s3").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name := range strings.FieldsSeq(string(out)) {
		if name == "holdfast/engine/repo" || name == "holdfast/engine/keychain" || strings.HasPrefix(name, "holdfast/engine/server/escrow") {
			t.Errorf("it is built with %s", name)
		}
	}
}
