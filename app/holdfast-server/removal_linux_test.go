package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/storetest"
	"holdfast/engine/storage"
)

const aDay = 24 * time.Hour

// everywhere runs a test on a server with SQLite and a folder, and on one with
// PostgreSQL and S3; both have a mail server to write to.
func everywhere(t *testing.T, test func(t *testing.T, c *college)) {
	mail := func(s *settings) {
		s.SMTPAddress, s.SMTPFrom, s.SMTPTLS = "127.0.0.1:9", "backup@college.edu", "none"
	}
	t.Run("SQLite and a folder", func(t *testing.T) { test(t, newCollegeWith(t, mail)) })
	t.Run("PostgreSQL and S3", func(t *testing.T) {
		people, keys := databasetest.Address(t, database.PostgreSQL), databasetest.Address(t, database.PostgreSQL)
		address, o := storetest.S3(t)
		secret := filepath.Join(t.TempDir(), "s3-secret")
		if err := os.WriteFile(secret, []byte(o.SecretKey), 0o600); err != nil {
			t.Fatal(err)
		}
		test(t, newCollegeWith(t, func(s *settings) {
			mail(s)
			s.Database, s.EscrowDatabase = people, keys
			s.Storage, s.S3AccessKey, s.S3SecretKeyFile = address, o.AccessKey, secret
		}))
	})
}

// lie counts the bytes that lie where the server keeps them.
func (c *college) lie() (sum int64) {
	c.t.Helper()
	err := c.v.bytes.List(c.t.Context(), "", func(i store.Info) error { sum += i.Size; return nil })
	if err != nil {
		c.t.Fatal(err)
	}
	return sum
}

// stored is how many files of a kind the person has.
func (c *college) stored(kind storage.Kind) int {
	c.t.Helper()
	list, err := c.v.store.Files(c.t.Context(), c.person, kind)
	if err != nil {
		c.t.Fatal(err)
	}
	return len(list)
}

// letters are the subjects and texts of those that wait to be sent to somebody.
func (c *college) letters(to, words string) []string {
	c.t.Helper()
	rows, err := c.v.db.QueryContext(c.t.Context(), "SELECT subject, body FROM outbox WHERE recipient = $1 ORDER BY created", to)
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var subject, body string
		if err := rows.Scan(&subject, &body); err != nil {
			c.t.Fatal(err)
		}
		if text := subject + "\n" + body; strings.Contains(text, words) {
			found = append(found, text)
		}
	}
	if err := rows.Err(); err != nil {
		c.t.Fatal(err)
	}
	return found
}

// store is where the computer stores, by its own credential alone.
func (p *pc) store() storage.Store {
	p.t.Helper()
	credential, err := p.keys.Get(p.repository() + "-server")
	if err != nil {
		p.t.Fatal(err)
	}
	found, err := account.Find(p.t.Context(), p.listen, p.fingerprint())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(found.Close)
	s, err := found.Device(string(credential)).Store()
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// maintain signs in afresh and tidies up.
func (p *pc) maintain() engine.MaintainResult {
	p.t.Helper()
	p.here()
	p.signIn()
	out, err := p.Maintain(p.t.Context())
	if err != nil {
		p.t.Fatalf("maintain: %v (%v)", err, errors.Unwrap(err))
	}
	return out
}

// changing is a file of which there are versions.
type changing struct {
	*pc
	path string
	was  map[string]string // content by the capture that holds it first
}

// capture writes another version and backs it up.
func (f *changing) capture(size int) {
	f.t.Helper()
	content := incompressible(size)
	f.write(strings.TrimPrefix(f.path, f.user+"/"), content)
	f.backUp()
	list, err := f.Versions(f.t.Context(), "", f.path)
	if err != nil {
		f.t.Fatal(err)
	}
	f.was[list[0].Captured.String()] = content
}

// allRestore gets each version that there still is, and gives their number.
func (f *changing) allRestore() int {
	f.t.Helper()
	list, err := f.Versions(f.t.Context(), "", f.path)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, v := range list {
		folder := f.t.TempDir()
		id, err := f.Get(f.t.Context(), engine.GetRequest{Refs: []engine.Ref{{Path: f.path, Version: v.ID}}, To: engine.ToFolder, Folder: folder})
		if err != nil {
			f.t.Fatal(err)
		}
		job, err := f.WaitJob(f.t.Context(), id)
		if err != nil || job.State != engine.JobDone || job.Failed > 0 {
			f.t.Errorf("the version of %v: %s, %s, %v", v.Captured, job.State, job.Message, err)
		}
		got, _ := os.ReadFile(filepath.Join(folder, filepath.Base(f.path)))
		if want, ok := f.was[v.Captured.String()]; !ok || string(got) != want {
			f.t.Errorf("the version of %v has %d bytes, not those of then (%d)", v.Captured, len(got), len(want))
		}
	}
	return len(list)
}

// restic runs the real one on the account, with a computer's credential and the
// recovery code.
func (p *pc) restic(ctx context.Context, code string, words ...string) *exec.Cmd {
	p.t.Helper()
	credential, err := p.keys.Get(p.repository() + "-server")
	if err != nil {
		p.t.Fatal(err)
	}
	program, err := exec.LookPath("restic")
	if err != nil {
		p.t.Fatal("restic is needed (apt-get install restic)")
	}
	address := strings.Replace(p.v.settings.Origin, "https://", "rest:https://"+string(credential)+"@", 1) + "/storage/"
	cmd := exec.CommandContext(ctx, program, append([]string{"-r", address, "--no-cache", "--cacert", filepath.Join(p.data, "tls", "cert.pem")}, words...)...)
	cmd.Env = append(os.Environ(), "RESTIC_PASSWORD="+code)
	return cmd
}

func TestOldVersionsInAnAccountAreThinnedByAComputerOnWhichItsPersonHasSignedIn(t *testing.T) {
	everywhere(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "Documents/thesis.dat"), map[string]string{}}
		code := p.join().RecoveryCode
		for range 24 { // two a day
			f.capture(100_000)
			c.clock.pass(aDay / 2)
		}
		p.reopen() // whoever signed in is long gone
		_, err := p.Maintain(t.Context())
		p.fails(err, engine.KindSignIn, "Nothing was changed")
		if n := c.stored(storage.Snapshots); n != 24 {
			t.Fatalf("%d snapshots are there", n)
		}
		used, lay := c.packs(), c.lie()
		out := p.maintain()
		left := c.stored(storage.Snapshots)
		if out.Forgotten < 3 || out.Forgotten+left != 24 || out.Freed < 300_000 {
			t.Errorf("thinned: %+v, %d snapshots are left", out, left)
		}
		if now := c.packs(); now > used-300_000 {
			t.Errorf("%d bytes of packs became %d", used, now)
		}
		if n := f.allRestore(); n != left {
			t.Errorf("%d versions, %d snapshots", n, left)
		}
		if now := c.lie(); now < lay {
			t.Errorf("the hold has let go already: %d bytes, then %d", lay, now)
		}
		c.clock.pass(30*aDay + time.Hour)
		if _, err := c.v.store.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if now := c.lie(); now > lay-300_000 {
			t.Errorf("%d bytes lay there, and now %d", lay, now)
		}
		if n := f.allRestore(); n != left {
			t.Errorf("%d versions, %d snapshots", n, left)
		}
		if out, err := p.restic(t.Context(), code, "check", "--read-data").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		letters := c.letters("ann@college.edu", "Old versions were removed")
		if len(letters) != 1 || !strings.Contains(letters[0], fmt.Sprintf("%d old backups", out.Forgotten)) || !strings.Contains(letters[0], "“laptop”") {
			t.Errorf("the person was told %q", letters)
		}
	})
}
