package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/server/institutiontest"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
	"holdfast/engine/server/store"
	"holdfast/engine/server/tooltest"
	"holdfast/engine/storage"
)

const aDay = 24 * time.Hour

// everywhere runs a test in a college on each pair, with a mail server to write to.
func everywhere(t *testing.T, test func(t *testing.T, c *college)) {
	for _, p := range []pair{small, large} {
		t.Run(p.name, func(t *testing.T) {
			test(t, newCollegeWith(t, p, func(s *settings) {
				s.SMTPAddress, s.SMTPFrom, s.SMTPTLS = "127.0.0.1:9", "backup@college.edu", "none"
			}))
		})
	}
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

// names are those of the files of a kind that the person has.
func (c *college) names(kind storage.Kind) (names []string) {
	c.t.Helper()
	list, err := c.v.store.Files(c.t.Context(), c.person, kind)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, o := range list {
		names = append(names, o.Name)
	}
	return names
}

// stored is how many there are.
func (c *college) stored(kind storage.Kind) int { return len(c.names(kind)) }

// afterTheHold lets the hold go of what it has now.
func (c *college) afterTheHold() {
	c.t.Helper()
	c.clock.pass(30*aDay + time.Hour)
	if _, err := c.v.store.Purge(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// command runs holdfast-server beside the server that runs, and reads its JSON.
func (c *college) command(into any, args ...string) {
	c.t.Helper()
	s := c.v.settings
	args = append([]string{"--json"}, args...)
	for flag, value := range map[string]string{
		"--data": c.data, "--listen": s.Listen, "--database": s.Database, "--escrow-database": s.EscrowDatabase, "--storage": s.Storage,
		"--s3-access-key": s.S3AccessKey, "--s3-secret-key-file": s.S3SecretKeyFile, "--smtp-address": s.SMTPAddress, "--smtp-from": s.SMTPFrom, "--smtp-tls": s.SMTPTLS,
	} {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	cmd := exec.CommandContext(c.t.Context(), tooltest.Path(c.t, tooltest.Server), args...)
	said := new(institutiontest.Lines)
	cmd.Stderr = said
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("holdfast-server %s: %v %s", strings.Join(args[:3], " "), err, said.Tail())
	}
	if err := json.Unmarshal(out, into); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
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
		if err := p.store().Remove(t.Context(), storage.Snapshots, c.names(storage.Snapshots)[0]); !errors.Is(err, storage.ErrDenied) {
			t.Errorf("a computer's own credential removes: %v", err)
		}
		p.reopen() // whoever signed in is long gone
		_, err := p.Maintain(t.Context())
		p.fails(err, engine.KindFresh, "Nothing was changed")
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
		c.afterTheHold()
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

func TestWhatWasTakenOutOfTheBackupOfAnAccountGoesAfterThirtyDaysByBothClocks(t *testing.T) {
	everywhere(t, func(t *testing.T, c *college) {
		other := c.computer("desktop")
		theirs := other.write("theirs.dat", incompressible(100_000))
		other.join()
		other.backUp()
		p := c.computer("laptop")
		gone := p.write("Private/secret.dat", incompressible(1_000_000))
		content := incompressible(300_000)
		kept := p.write("Documents/thesis.dat", content)
		p.join()
		for range 3 {
			p.write("Documents/note.txt", incompressible(100))
			p.backUp()
			c.clock.pass(time.Hour)
		}
		received, lay := c.receipts(), c.lie()
		_, err := p.RemoveFromBackup(t.Context(), filepath.Dir(gone))
		if err != nil {
			t.Fatal(err)
		}
		p.backUp()
		stays := func(when string) {
			t.Helper()
			p.maintain()
			if list, err := p.Removals(t.Context()); err != nil || len(list) != 1 {
				t.Errorf("%s: %+v, %v", when, list, err)
			}
		}
		p.fast = 40 * aDay
		p.reopen()
		stays("by a clock of the computer that is wrong")
		p.fast = 0
		p.reopen()
		c.clock.pass(29 * aDay)
		stays("a day before")
		c.clock.pass(2 * aDay)
		p.backUp()
		p.maintain()
		if list, err := p.Removals(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("it is not carried out: %+v, %v", list, err)
		}
		for at, n := range received { // what was written anew counts from when the old one came
			if now := c.receipts()[at]; now != n {
				t.Errorf("%d snapshots were received at %v, and now %d", n, at, now)
			}
		}
		p.restores("", kept, content)
		data, err := os.ReadFile(theirs)
		if err != nil {
			t.Fatal(err)
		}
		p.restores(other.id(), theirs, string(data))
		if _, err := p.Versions(t.Context(), "", gone); engine.KindOf(err) != engine.KindNotFound {
			t.Errorf("the file is there: %v", err)
		}
		c.afterTheHold()
		if now := c.lie(); now > lay-900_000 {
			t.Errorf("%d bytes lay there, and now %d", lay, now)
		}
		p.restores("", kept, content)
		other.restores("", theirs, string(data))
		other.backUp()
	})
}

// receipts counts the snapshots by when they were received.
func (c *college) receipts() map[time.Time]int {
	c.t.Helper()
	list, err := c.v.store.Snapshots(c.t.Context(), c.person)
	if err != nil {
		c.t.Fatal(err)
	}
	at := map[time.Time]int{}
	for _, o := range list {
		at[o.Received]++
	}
	return at
}

func TestARemovalFarOutsideTheUsualWaitsForAnAdministratorWhoCanBringAllOfItBack(t *testing.T) {
	everywhere(t, func(t *testing.T, c *college) {
		_, token, err := c.v.people.Invite(t.Context(), "own@college.edu", "Own", people.Owner, "the test")
		if err == nil {
			_, err = c.v.people.Accept(t.Context(), token)
		}
		if err != nil {
			t.Fatal(err)
		}
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "film.dat"), map[string]string{}}
		code := p.join().RecoveryCode
		for range 5 {
			f.capture(12 << 20)
			c.clock.pass(2 * time.Hour)
		}
		settings, err := p.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settings.Retention = engine.Retention{All: time.Hour, Monthly: time.Hour} // a slip, or somebody who means harm
		if err := p.SaveSettings(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
		refused := func() {
			t.Helper()
			p.signIn()
			_, err := p.Maintain(t.Context())
			p.fails(err, engine.KindRefused, "Much more would be removed from your backup than usual")
		}
		used := c.packs()
		refused()
		if now := c.packs(); now > used*3/4 || now < used*2/5 { // it stops at half, and not below 32 MiB
			t.Errorf("%d bytes of packs became %d", used, now)
		}
		for range 2 {
			refused() // until somebody has decided
		}
		f.allRestore()
		if letters := c.letters("own@college.edu", "waits for you"); len(letters) != 1 || len(c.letters("ann@college.edu", "was stopped")) != 1 {
			t.Errorf("the owner was told %q", letters)
		}
		type removal struct {
			ID, Person string
			State      store.RemovalState
			Snapshots  int
		}
		var list []removal
		c.command(&list, "removal", "list")
		if len(list) != 1 || list[0].State != store.RemovalFrozen || list[0].Person != c.person {
			t.Fatalf("%+v", list)
		}
		var decided removal
		c.command(&decided, "removal", "allow", list[0].ID, "--reason", "she made a film")
		if decided.State != store.RemovalAllowed {
			t.Errorf("%+v", decided)
		}
		p.maintain()
		if now := c.packs(); now > used/4 {
			t.Errorf("allowed, %d bytes of packs became %d", used, now)
		}
		if n := f.allRestore(); n != 1 {
			t.Errorf("%d versions are left", n)
		}
		if out, err := p.restic(t.Context(), code, "check", "--read-data").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		var back struct {
			Removal removal
			Back    int
		}
		c.command(&back, "removal", "undo", list[0].ID)
		if back.Back == 0 || back.Removal.Snapshots != 4 {
			t.Errorf("%+v", back)
		}
		if now := c.packs(); now < used {
			t.Errorf("brought back, there are %d bytes of %d", now, used)
		}
		p.backUp()
		if n := f.allRestore(); n != 5 {
			t.Errorf("brought back, there are %d versions", n)
		}
		if out, err := p.restic(t.Context(), code, "check", "--read-data").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func TestWhileAnotherProgramWorksOnTheAccountNothingIsRemoved(t *testing.T) {
	everywhere(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.write("one.txt", "one")
		code := p.join().RecoveryCode
		p.backUp()
		restic := p.restic(t.Context(), code, "backup", "--stdin")
		stdin, err := restic.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close()
		if err := restic.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- restic.Wait() }()
		for c.stored(storage.Locks) == 0 { // it is coming up
			select {
			case err := <-ended:
				t.Fatalf("restic ended: %v", err)
			case <-time.After(20 * time.Millisecond):
			}
		}
		p.signIn()
		_, err = p.Maintain(t.Context())
		p.fails(err, engine.KindBusy, "must not be disturbed")
		if err := restic.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-ended
		if n := c.stored(storage.Locks); n != 1 {
			t.Fatalf("%d locks are left", n)
		}
		p.maintain() // its process is no more
		if n := c.stored(storage.Locks); n != 0 {
			t.Errorf("%d locks are left", n)
		}
	})
}

// damage changes a byte in the middle of what lies where the server keeps it.
func (c *college) damage(key string) {
	c.t.Helper()
	r, err := c.v.bytes.Open(c.t.Context(), key, 0, -1)
	if err != nil {
		c.t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		c.t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := errors.Join(c.v.bytes.Remove(c.t.Context(), key), c.v.bytes.Create(c.t.Context(), key, bytes.NewReader(data), int64(len(data)))); err != nil {
		c.t.Fatal(err)
	}
}

func TestACheckMendsAnAccountOnceItsPersonHasSignedIn(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		content := incompressible(300_000)
		path := p.write("thesis.dat", content)
		p.join()
		p.backUp()
		name := c.names(storage.Index)[0]
		c.damage(c.person + "/index/" + name)
		p.reopen()
		_, err := p.Check(t.Context(), 0)
		p.fails(err, engine.KindFresh, "found at the destination, and not yet mended")
		if c.names(storage.Index)[0] != name {
			t.Error("something was changed")
		}
		p.signIn()
		if out, err := p.Check(t.Context(), 0); err != nil || len(out.Errors) == 0 {
			t.Errorf("%+v, %v", out, err)
		}
		for _, left := range c.names(storage.Index) {
			if left == name {
				t.Error("the damaged index file is there")
			}
		}
		if out, err := p.Check(t.Context(), 100); err != nil || len(out.Errors) != 0 {
			t.Errorf("%+v, %v", out, err)
		}
		p.restores("", path, content)
		if held, err := c.v.store.Held(t.Context(), c.person); err != nil || len(held) != 1 || held[0].Name != name {
			t.Errorf("held: %+v, %v", held, err)
		}
	})
}

func TestAFullAccountCanFreeSpaceAndGoesOn(t *testing.T) {
	everywhere(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		p.join()
		for range 10 {
			f.capture(300_000)
			c.clock.pass(6 * time.Hour)
		}
		usage, err := c.v.store.Usage(t.Context(), c.person)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.v.people.SetQuota(t.Context(), c.person, usage.Used+10_000); err != nil {
			t.Fatal(err)
		}
		f.write("thesis.dat", incompressible(300_000))
		p.backUpFails(engine.KindFull, "Your account is full")
		settings, err := p.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settings.Retention = engine.Retention{All: 24 * time.Hour, Monthly: time.Hour}
		if err := p.SaveSettings(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
		if out := p.maintain(); out.Forgotten == 0 || out.Freed < 300_000 {
			t.Errorf("%+v", out)
		}
		f.capture(300_000)
		f.allRestore()
	})
}

// answerSignIn is the browser of a person who says yes at once to the sign-in that a
// program waits for; the program says its address.
func (c *college) answerSignIn(said *institutiontest.Lines, ended <-chan error) {
	c.t.Helper()
	var found []string
	for found == nil {
		select {
		case err := <-ended:
			c.t.Fatalf("it ended: %v\n%s", err, said.Text())
		case <-time.After(20 * time.Millisecond):
		}
		found = regexp.MustCompile(`(https://\S+/oauth/authorize\S+)\n`).FindStringSubmatch(said.Text())
	}
	u, err := url.Parse(found[1])
	if err != nil {
		c.t.Fatal(err)
	}
	asked, err := session.ParseAuthorize(u.Query())
	if err != nil {
		c.t.Fatal(err)
	}
	code, err := c.v.sessions.Code(c.t.Context(), c.person, asked, "127.0.0.1")
	if err != nil {
		c.t.Fatal(err)
	}
	answer, err := http.Get(asked.Answer(code))
	if err != nil {
		c.t.Fatal(err)
	}
	answer.Body.Close()
}

func TestTheCommandAsksByItselfForTheSignInThatFreeingSpaceTakes(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		f := &changing{p, filepath.Join(p.user, "thesis.dat"), map[string]string{}}
		p.join()
		for range 4 {
			f.capture(10_000)
			c.clock.pass(3 * time.Hour)
		}
		settings, err := p.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settings.Retention = engine.Retention{All: time.Hour, Monthly: time.Hour}
		if err := p.SaveSettings(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
		p.close()
		out, said := new(institutiontest.Lines), new(institutiontest.Lines)
		cmd := exec.CommandContext(t.Context(), tooltest.Path(t, tooltest.Command), "--json", "maintain")
		cmd.Env = append(os.Environ(), "HOME="+p.user, "HOLDFAST_HOME="+p.state, "XDG_CONFIG_HOME=", "DBUS_SESSION_BUS_ADDRESS=disabled:", "BROWSER=/bin/true")
		cmd.Stdout, cmd.Stderr = out, said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		c.answerSignIn(said, ended)
		if err := <-ended; err != nil {
			t.Fatalf("%v\n%s", err, said.Text())
		}
		var result engine.MaintainResult
		if err := json.Unmarshal([]byte(out.Text()), &result); err != nil || result.Forgotten != 3 {
			t.Errorf("%+v, %v: %s%s", result, err, out.Text(), said.Text())
		}
		p.open()
		if n := f.allRestore(); n != 1 {
			t.Errorf("%d versions are left", n)
		}
	})
}

func TestFreeingSpaceLeavesWhatAReplacedComputerEndedWith(t *testing.T) {
	everywhere(t, func(t *testing.T, c *college) {
		old := c.computer("laptop")
		thesis := old.write("thesis.txt", "of the old computer")
		old.join()
		old.backUp()
		id := old.id()
		fresh := c.computer("new laptop")
		fresh.join(func(q *engine.JoinRequest) { q.Replace = id })
		f := &changing{fresh, filepath.Join(fresh.user, "notes.dat"), map[string]string{}}
		for range 4 {
			c.clock.pass(20 * aDay)
			f.capture(10_000)
		}
		settings, err := fresh.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settings.Retention = engine.Retention{All: time.Hour, Monthly: time.Hour}
		if err := fresh.SaveSettings(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
		if out := fresh.maintain(); out.Forgotten != 3 {
			t.Errorf("%+v", out)
		}
		fresh.restores(called(fresh, "laptop (before replacement)").ID, thesis, "of the old computer")
	})
}

func TestFreeingSpaceThinsTheSeatThatWasGivenUpInAReplacementToo(t *testing.T) {
	for how, free := range map[string]func(p *pc) int{
		"on the computer": func(p *pc) int { return p.maintain().Forgotten },
		"on the server":   func(p *pc) int { return p.thin().Snapshots },
	} {
		t.Run(how, func(t *testing.T) { freeingThinsWhatWasGivenUp(t, free) })
	}
}

func freeingThinsWhatWasGivenUp(t *testing.T, free func(p *pc) int) {
	everywhere(t, func(t *testing.T, c *college) {
		old := c.computer("laptop")
		thesis := old.write("thesis.txt", "of the old computer")
		old.join()
		old.backUp()
		fresh := c.computer("new laptop")
		fresh.join(func(q *engine.JoinRequest) { q.Begin = old.id() })
		notes := ""
		for i := range 4 {
			c.clock.pass(aDay)
			notes = fresh.write("notes.txt", fmt.Sprint("note ", i))
			fresh.backUp()
		}
		under, err := fresh.Replacement(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		under.Step, under.Take = engine.ReplaceFinish, engine.Take{Decided: true}
		if err := fresh.SaveReplace(t.Context(), under); err != nil {
			t.Fatal(err)
		}
		fresh.signIn()
		if err := fresh.FinishReplace(t.Context(), under.Old.ID); err != nil {
			t.Fatal(err)
		}
		fresh.joined(engine.Connected{})
		fresh.backUp()
		for path, want := range map[string][]string{thesis: {"laptop (before replacement)"}, notes: nil} {
			if also, err := fresh.RemoveAlso(t.Context(), path); err != nil || !slices.Equal(also, want) {
				t.Errorf("with %s go those of %q, not %q, %v", path, also, want, err)
			}
		}
		settings, err := fresh.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settings.Retention = engine.Retention{All: time.Hour, Monthly: time.Hour}
		if err := fresh.SaveSettings(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
		fresh.backUp() // with which the server learns of them
		if seen, err := fresh.PreviewRetention(t.Context(), settings.Retention); err != nil || seen.Captures-seen.Kept != 3 {
			t.Errorf("by the preview stay %+v, %v", seen, err)
		}
		if n := free(fresh); n != 3 {
			t.Errorf("%d backups were thinned away", n)
		}
		fresh.restores(called(fresh, "new laptop (before it replaced laptop)").ID, notes, "note 3")
		fresh.restores(called(fresh, "laptop (before replacement)").ID, thesis, "of the old computer")
	})
}
