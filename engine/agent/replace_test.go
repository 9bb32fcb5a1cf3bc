package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/server/session"
)

// replacing is an old computer with a file and settings of its own, and a new one that
// has begun to take its place.
func replacing(t *testing.T, own bool) (c *college, old, fresh *world) {
	t.Helper()
	return replacingIn(t, newWorld(t), own)
}

func replacingIn(t *testing.T, old *world, own bool) (c *college, _, fresh *world) {
	t.Helper()
	c = newCollege(t)
	if _, err := old.Join(t.Context(), engine.JoinRequest{SignIn: c.signIn(old), Computer: "Ann's old laptop"}); err != nil {
		t.Fatal(err)
	}
	old.write("Letters/one.txt", "one")
	settings, err := old.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	settings.Schedule.Every, settings.Network.UpPresent = 42*time.Minute, 4242
	if err := errors.Join(old.SaveSettings(t.Context(), settings), old.SaveSelection(t.Context(), engine.Selection{
		Choices:    []engine.Choice{{Path: old.at("Letters"), Include: true, NewItems: true}},
		Exclusions: []engine.Exclusion{{Kind: engine.ExcludeExtension, Pattern: "iso"}},
	})); err != nil {
		t.Fatal(err)
	}
	old.backUp()
	fresh = old.another()
	q := engine.JoinRequest{SignIn: c.signIn(fresh), Computer: "new laptop"}
	if !own {
		q.Begin = old.where.Device
	}
	if _, err := fresh.Join(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	if own {
		if _, err := fresh.BeginReplace(t.Context(), old.where.Device); err != nil {
			t.Fatal(err)
		}
	}
	return c, old, fresh
}

// signInAfresh is a sign-in of now, by a browser that says yes at once.
func (c *college) signInAfresh(w *world) {
	c.t.Helper()
	ctx := c.t.Context()
	begun, err := w.SignIn(ctx, engine.SignInRequest{Address: c.server.URL, Fingerprint: fmt.Sprintf("%x", sha256.Sum256(c.server.Certificate().Raw))})
	if err != nil {
		c.t.Fatal(err)
	}
	u, err := url.Parse(begun.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	asked, err := session.ParseAuthorize(u.Query())
	if err != nil {
		c.t.Fatal(err)
	}
	code, err := c.sessions.Code(ctx, c.ann.ID, asked, "127.0.0.1")
	if err != nil {
		c.t.Fatal(err)
	}
	answer, err := http.Get(asked.Answer(code))
	if err != nil {
		c.t.Fatal(err)
	}
	answer.Body.Close()
	if _, err := w.WaitSignIn(ctx, begun.ID); err != nil {
		c.t.Fatal(err)
	}
}

func (w *world) underWayStep() engine.Replacement {
	w.t.Helper()
	r, err := w.Replacement(w.ctx())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// replaces is the computer whose place is to be taken.
func (w *world) replaces() string {
	w.t.Helper()
	return w.underWayStep().Old.ID
}

// seats counts the computers of the account that take one.
func (c *college) used(w *world) int {
	c.t.Helper()
	id := c.signIn(w)
	in, err := w.WaitSignIn(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	return in.SeatsUsed
}

func TestAComputerThatReplacesAnotherIsBackedUpFromTheFirstMinute(t *testing.T) {
	c, old, fresh := replacing(t, false)
	r := fresh.underWayStep()
	if r.Old.Name != "Ann's old laptop" || r.Step != engine.ReplaceFiles || !r.Lent || r.Moving {
		t.Fatalf("under way: %+v", r)
	}
	if c.used(fresh) != 1 {
		t.Errorf("%d seats are taken", c.used(fresh))
	}
	fresh.write("new.txt", "new")
	if out := fresh.backUp(); out.New == 0 {
		t.Errorf("backed up: %+v", out)
	}
	old.backUp() // nothing has changed there
}

func TestReplacingGivesSeatHistoryAndIdentityAndKeepsBothTrees(t *testing.T) {
	for name, own := range map[string]bool{"a new computer": false, "one with a seat of its own": true} {
		t.Run(name, func(t *testing.T) {
			c, old, fresh := replacing(t, own)
			id := old.where.Device
			fresh.write("new.txt", "new")
			fresh.backUp()
			c.signInAfresh(fresh)
			if err := fresh.FinishReplace(t.Context(), fresh.replaces()); err != nil {
				t.Fatalf("%v (%v)", err, errors.Unwrap(err))
			}
			if fresh.where.Device != id || c.used(fresh) != 1 || fresh.underWayStep().Old.ID != "" {
				t.Errorf("it is %s and not %s, with %d seats: %+v", fresh.where.Device, id, c.used(fresh), fresh.underWayStep())
			}
			s, _ := fresh.Settings(t.Context())
			chosen, _ := fresh.Selection(t.Context())
			if s.Schedule.Every != 42*time.Minute || s.Network.UpPresent != 4242 || s.Computer != "new laptop" ||
				len(chosen.Choices) != 1 || chosen.Choices[0].Path != old.at("Letters") || len(chosen.Exclusions) != 1 {
				t.Errorf("taken over: %+v %+v", s, chosen)
			}
			keys, err := fresh.KeyList(t.Context())
			if err != nil || len(keys) != 3 { // kept, recovery, its own
				t.Errorf("the keys are %+v, %v", keys, err)
			}
			fresh.write("Letters/two.txt", "two")
			fresh.remove("Letters/one.txt")
			fresh.backUp()
			if _, err := old.BackUp(t.Context(), nil); engine.KindOf(err) != engine.KindReplaced {
				t.Errorf("the old computer: %v", err)
			}
			earlierTrees(t, fresh, id)
		})
	}
}

// earlierTrees looks at what both computers were.
func earlierTrees(t *testing.T, w *world, id string) {
	t.Helper()
	list, err := w.Computers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]engine.Computer{}
	for _, c := range list {
		names[c.Name] = c
	}
	was, mine := names["Ann's old laptop (before replacement)"], names["new laptop (before it replaced Ann's old laptop)"]
	if len(list) != 3 || !names["new laptop"].This || !was.Earlier() || !mine.Earlier() || was.Stored.Files == 0 {
		t.Fatalf("the computers are %+v", list)
	}
	if got := w.restored(engine.Ref{Computer: was.ID, Path: w.at("Letters")}); len(got) != 1 || !strings.HasPrefix(first(got), "one") {
		t.Errorf("of the old computer came back %v", got)
	}
	if got := w.restored(engine.Ref{Computer: mine.ID, Path: w.at("new.txt")}); first(got) != "new" {
		t.Errorf("of its own earlier files came back %v", got)
	}
	items, err := w.List(t.Context(), engine.ListRequest{Computer: was.ID, Path: w.at("Letters"), Deleted: true})
	if err != nil || len(items) != 1 || items[0].Name != "one.txt" || !items[0].Deleted.IsZero() {
		t.Errorf("the old tree is %+v, %v", items, err)
	}
	found, err := w.Find(t.Context(), engine.FindRequest{Computer: was.ID, Text: "txt", Deleted: true})
	if err != nil || len(found) != 1 {
		t.Errorf("found in the old tree: %+v, %v", found, err)
	}
	moments, err := w.Moments(t.Context(), was.ID)
	all, _ := w.Moments(t.Context(), "")
	if err != nil || len(moments) != 1 || len(all) != 2 {
		t.Errorf("%d moments of %d, %v", len(moments), len(all), err)
	}
	versions, err := w.Versions(t.Context(), was.Name, w.at("Letters/one.txt"))
	if err != nil || len(versions) != 1 || !versions[0].Current {
		t.Errorf("the versions are %+v, %v", versions, err)
	}
	if _, err := w.Versions(t.Context(), id, w.at("Letters/two.txt")); err != nil {
		t.Errorf("the computer itself: %v", err)
	}
}

func first(files map[string]string) string {
	for _, content := range files {
		return content
	}
	return ""
}

func TestTheOtherComputersOfTheAccountSeeWhatTheOldOneWas(t *testing.T) {
	c, old, fresh := replacing(t, false)
	third := old.another()
	if _, err := third.Join(t.Context(), engine.JoinRequest{SignIn: c.signIn(third), Computer: "third"}); err != nil {
		t.Fatal(err)
	}
	fresh.backUp()
	c.signInAfresh(fresh)
	if err := fresh.FinishReplace(t.Context(), fresh.replaces()); err != nil {
		t.Fatal(err)
	}
	fresh.remove("Letters/one.txt")
	fresh.write("Letters/two.txt", "two")
	fresh.backUp() // and tells the server
	third.backUp() // and reads what the others stored
	third.clock.jump(2 * othersFor)
	list, err := third.Computers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]engine.Computer{}
	for _, one := range list {
		names[one.Name] = one
	}
	was := names["Ann's old laptop (before replacement)"]
	if len(list) != 4 || !was.Earlier() || names["new laptop"].ID != old.where.Device || names["new laptop"].Earlier() {
		t.Fatalf("the computers are %+v", list)
	}
	if got := third.restored(engine.Ref{Computer: was.ID, Path: third.at("Letters")}); len(got) != 1 || first(got) != "one" {
		t.Errorf("of the old computer came back %v", got)
	}
}

func TestAReplacementGoesOnAfterARestartAtEveryStep(t *testing.T) {
	c, old, fresh := replacing(t, false)
	take := engine.Take{Decided: true, Schedule: true, Paths: []engine.PathMove{{From: "/a", To: "/b"}}}
	for _, step := range []engine.ReplaceStep{engine.ReplaceFiles, engine.ReplaceSettings, engine.ReplaceFinish} {
		want := fresh.underWayStep()
		want.Step, want.Take, want.Jobs = step, take, []int64{7}
		if err := fresh.SaveReplace(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		fresh.reopen()
		got := fresh.underWayStep()
		if got.Step != step || !got.Take.Schedule || got.Take.Selection || len(got.Take.Paths) != 1 || len(got.Jobs) != 1 || got.Old.ID != old.where.Device {
			t.Errorf("after a restart at %s: %+v", step, got)
		}
	}
	if err := fresh.FinishReplace(t.Context(), fresh.replaces()); engine.KindOf(err) != engine.KindFresh {
		t.Errorf("nobody has signed in since: %v", err)
	}
	c.signInAfresh(fresh)
	if err := fresh.FinishReplace(t.Context(), fresh.replaces()); err != nil {
		t.Fatal(err)
	}
	if s, _ := fresh.Settings(t.Context()); s.Schedule.Every != 42*time.Minute || s.Network.UpPresent == 4242 {
		t.Errorf("what was chosen to be taken over is not what was: %+v", s)
	}
}

func TestCancellingLeavesEverythingAsItWas(t *testing.T) {
	for name, own := range map[string]bool{"a new computer": false, "one with a seat of its own": true} {
		t.Run(name, func(t *testing.T) {
			_, old, fresh := replacing(t, own)
			fresh.backUp()
			before := fresh.current()
			if err := fresh.CancelReplace(t.Context()); err != nil {
				t.Fatal(err)
			}
			fresh.reopen()
			if fresh.underWayStep().Old.ID != "" || (fresh.where != nil) != own {
				t.Errorf("it is connected: %v, %+v", fresh.where != nil, fresh.underWayStep())
			}
			after := fresh.current()
			if own && (after.Settings.Schedule.Every != before.Settings.Schedule.Every || len(after.Selection.Choices) != len(before.Selection.Choices)) {
				t.Errorf("%+v became %+v", before, after)
			}
			if own {
				fresh.backUp()
			}
			old.write("Letters/later.txt", "later")
			if out := old.backUp(); out.New != 1 {
				t.Errorf("the old computer: %+v", out)
			}
		})
	}
}

func TestFinishingThatWasCutShortGoesOnAndCannotBeCancelled(t *testing.T) {
	c, old, fresh := replacing(t, false)
	id := old.where.Device
	fresh.backUp()
	ctx := c.breakLists()
	c.signInAfresh(fresh)
	if err := fresh.FinishReplace(ctx, fresh.replaces()); err == nil {
		t.Fatal("nothing broke")
	}
	c.mendLists()
	fresh.reopen()
	if r := fresh.underWayStep(); !r.Moving {
		t.Fatalf("under way: %+v", r)
	}
	if err := fresh.CancelReplace(t.Context()); engine.KindOf(err) != engine.KindInvalid {
		t.Errorf("it was cancelled: %v", err)
	}
	c.signInAfresh(fresh)
	if err := fresh.FinishReplace(t.Context(), fresh.replaces()); err != nil {
		t.Fatalf("%v (%v)", err, errors.Unwrap(err))
	}
	if fresh.where.Device != id || len(fresh.current().Replaced) != 2 {
		t.Errorf("it is %s: %+v", fresh.where.Device, fresh.current().Replaced)
	}
	fresh.backUp()
}

func TestWhoThinksBetterOfReplacingGetsASeatOfItsOwn(t *testing.T) {
	c := newCollege(t)
	old := newWorld(t)
	if _, err := c.join(old, ""); err != nil {
		t.Fatal(err)
	}
	fresh := old.another()
	c.signInAfresh(fresh)
	id := fresh.signing.id
	_, err := fresh.Join(t.Context(), engine.JoinRequest{SignIn: id, Computer: "new", Begin: strings.Repeat("0", 32)})
	if engine.KindOf(err) != engine.KindNotFound {
		t.Fatalf("nobody was to be replaced: %v", err)
	}
	if _, err := fresh.Join(t.Context(), engine.JoinRequest{SignIn: id, Computer: "new"}); err != nil {
		t.Fatal(err)
	}
	list, err := fresh.signing.session.Computers(t.Context())
	i := slices.IndexFunc(list, func(c account.Computer) bool { return c.ID == fresh.where.Device })
	if err != nil || i < 0 || list[i].Lent || c.used(fresh) != 2 || fresh.underWayStep().Old.ID != "" {
		t.Errorf("it is %+v of %+v, %v", i, list, err)
	}
	fresh.backUp()
}

func TestARefusalAfterThePlaceMayBeTakenOffersNoWayBack(t *testing.T) {
	c, old, fresh := replacing(t, true)
	ctx := c.breakLists()
	c.signInAfresh(fresh)
	if err := fresh.FinishReplace(ctx, fresh.replaces()); err == nil {
		t.Fatal("nothing broke")
	}
	if err := fresh.signing.session.Remove(t.Context(), old.where.Device); err != nil {
		t.Fatal(err)
	}
	if err := fresh.FinishReplace(t.Context(), fresh.replaces()); engine.KindOf(err) != engine.KindRefused {
		t.Errorf("the old computer is removed: %v", err)
	}
	if r := fresh.underWayStep(); !r.Moving {
		t.Errorf("under way: %+v", r)
	}
}

func TestARefusalOfTheServerChangesNothing(t *testing.T) {
	c, old, fresh := replacing(t, true)
	c.signInAfresh(fresh)
	if err := fresh.signing.session.Remove(t.Context(), old.where.Device); err != nil {
		t.Fatal(err)
	}
	if err := fresh.FinishReplace(t.Context(), fresh.replaces()); engine.KindOf(err) != engine.KindRefused {
		t.Errorf("the old computer is removed: %v", err)
	}
	if r := fresh.underWayStep(); r.Moving || r.Old.ID == "" {
		t.Errorf("under way: %+v", r)
	}
	fresh.backUp()
	if err := fresh.CancelReplace(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOnlyAnotherComputerOfTheAccountIsReplaced(t *testing.T) {
	_, _, fresh := replacing(t, true)
	for about, id := range map[string]string{"itself": fresh.where.Device, "nobody": strings.Repeat("0", 32), "nothing": ""} {
		if _, err := fresh.BeginReplace(t.Context(), id); engine.KindOf(err) != engine.KindInvalid && engine.KindOf(err) != engine.KindNotFound {
			t.Errorf("%s: %v", about, err)
		}
	}
	lone := newWorld(t).setUp()
	if _, err := lone.BeginReplace(t.Context(), fresh.where.Device); engine.KindOf(err) != engine.KindInvalid {
		t.Errorf("with a folder: %v", err)
	}
}

func TestWhatIsTakenOverIsWhatWasChosen(t *testing.T) {
	w := newWorld(t)
	home := w.user
	kept := &keptSettings{Home: `C:\Users\Ann`, Settings: engine.DefaultSettings(), Once: []string{`C:\Users\Ann\once.txt`},
		Selection: engine.Selection{
			Choices: []engine.Choice{{Path: `C:\Users\Ann`, Include: true}, {Path: `C:\Users\Ann\VMs`}, {Path: `D:\data`, Include: true}},
			Exclusions: []engine.Exclusion{{Kind: engine.ExcludeWildcard, Pattern: `C:\Users\Ann\tmp\*`},
				{Kind: engine.ExcludeWildcard, Pattern: "*.bak"}}}}
	now := w.current()
	now.Settings.Schedule.Every = time.Minute
	paths := func(take engine.Take) (out []string) {
		next, err := w.taken(now, kept, take)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range next.Selection.Choices {
			out = append(out, c.Path)
		}
		return append(out, next.Once...)
	}
	take := engine.Take{Decided: true, Selection: true, Paths: []engine.PathMove{{From: `D:\data`, To: filepath.Join(home, "data")}, {From: `C:\Users\Ann\VMs`}}}
	if got := paths(take); !slices.Equal(got, []string{home, filepath.Join(home, "data"), filepath.Join(home, "once.txt")}) {
		t.Errorf("the paths are %q", got)
	}
	if got := paths(engine.Take{Decided: true}); !slices.Equal(got, []string{now.Selection.Choices[0].Path}) {
		t.Errorf("nothing was chosen: %q", got)
	}
	if got := paths(engine.Take{}); !slices.Equal(got, []string{home, filepath.Join(home, "VMs"), filepath.Join(home, "once.txt")}) {
		t.Errorf("nobody decided, and what can lie nowhere here is taken over: %q", got)
	}
	take.Paths = []engine.PathMove{{From: `C:\Users\Ann`}}
	if got := paths(take); !slices.Equal(got, []string{home, filepath.Join(home, "VMs"), filepath.Join(home, "once.txt")}) {
		t.Errorf("all that was backed up is left out, and nothing takes its place: %q", got)
	}
	next, err := w.taken(now, kept, engine.Take{Decided: true, Exclusions: true})
	if err != nil || next.Selection.Exclusions[0].Pattern != filepath.Join(home, "tmp", "*") || next.Selection.Exclusions[1].Pattern != "*.bak" {
		t.Errorf("the exclusions are %+v, %v", next.Selection.Exclusions, err)
	}
	if next.Settings.Schedule.Every != time.Minute {
		t.Error("the schedule was taken over too")
	}
}

func TestFilesOfTheOldComputerComeBackUnderTheNewHome(t *testing.T) {
	for _, c := range []struct {
		stored, want string
		moves        []engine.PathMove
	}{
		{"/home/ann/Documents/a.txt", "/home/bob/Documents/a.txt", []engine.PathMove{{From: "/home/ann", To: "/home/bob"}}},
		{"/home/ann", "/home/bob", []engine.PathMove{{From: "/home/ann/", To: "/home/bob"}}},
		{"/home/anna/a.txt", "/home/anna/a.txt", []engine.PathMove{{From: "/home/ann", To: "/home/bob"}}},
		{"/home/ann/VMs/x", "/srv/x", []engine.PathMove{{From: "/home/ann", To: "/home/bob"}, {From: "/home/ann/VMs", To: "/srv"}}},
		{"/srv/x", "/srv/x", nil},
		{"/C:/Users/Ann/a.txt", "/home/bob/a.txt", []engine.PathMove{{From: `C:\Users\Ann`, To: "/home/bob"}}},
	} {
		if got := original(c.stored, c.moves); got != c.want {
			t.Errorf("%s comes to %s, not %s", c.stored, got, c.want)
		}
	}
}

// cut ends whoever asks a server, at one of the requests: before the server did what was
// asked, or after, when the answer is lost.
type cut struct {
	at    int64
	after bool
	end   func()
	seen  atomic.Int64
}

func (c *cut) now(serve func()) bool {
	if n := c.seen.Add(1); n != c.at {
		return n > c.at
	}
	if c.after {
		serve()
	}
	c.end()
	return true
}

// Whatever request it ends at, the computer starts again, the old one's place is taken
// once, and everything is as if nothing had happened.
func TestFinishingGoesOnFromWhereverItWasCut(t *testing.T) {
	c, _, fresh := replacing(t, true)
	fresh.backUp()
	c.signInAfresh(fresh)
	before := c.asked.Load()
	if err := fresh.FinishReplace(t.Context(), fresh.replaces()); err != nil {
		t.Fatal(err)
	}
	requests := c.asked.Load() - before
	if requests < 10 {
		t.Fatalf("it asks only %d times", requests)
	}
	for at := int64(1); at <= requests; at++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("request %d, served %v", at, after), func(t *testing.T) { finishCutAt(t, at, after) })
		}
	}
}

func finishCutAt(t *testing.T, at int64, after bool) {
	c, old, fresh := replacingIn(t, newWorldApart(t), true)
	id := old.where.Device
	fresh.write("new.txt", "new")
	fresh.backUp()
	c.signInAfresh(fresh)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.cut.Store(&cut{at: at, after: after, end: cancel})
	cutShort := fresh.FinishReplace(ctx, fresh.replaces())
	c.cut.Store(nil)
	fresh.reopen()
	if cutShort != nil {
		if r := fresh.underWayStep(); r.Old.ID != id {
			t.Fatalf("after %v nothing is under way: %+v", cutShort, r)
		}
		c.signInAfresh(fresh)
		if err := fresh.FinishReplace(t.Context(), fresh.replaces()); err != nil {
			t.Fatalf("after %v: %v (%v)", cutShort, err, errors.Unwrap(err))
		}
	}
	if fresh.where.Device != id || len(fresh.current().Replaced) != 2 || c.used(fresh) != 1 || fresh.underWayStep().Old.ID != "" {
		t.Errorf("after %v it is %s, with %+v and %d seats", cutShort, fresh.where.Device, fresh.current().Replaced, c.used(fresh))
	}
	if keys, err := fresh.KeyList(t.Context()); err != nil || len(keys) != 3 {
		t.Errorf("after %v the keys are %+v, %v", cutShort, keys, err)
	}
	fresh.backUp()
	if _, err := old.BackUp(t.Context(), nil); engine.KindOf(err) != engine.KindReplaced {
		t.Errorf("after %v the old computer: %v", cutShort, err)
	}
}

// Between the server's yes and this computer's own note there may be a crash; the schedule
// then goes on, and the old computer's settings at the server must outlive that.
func TestTheOldSettingsOutliveAComputerThatIsBetweenTheTwoPlaces(t *testing.T) {
	c, old, fresh := replacing(t, true)
	c.signInAfresh(fresh)
	begin(t, c, fresh)
	credential := tookPlace(t, fresh)
	fresh.reopen()
	if err := fresh.Keychain.Set(credentialName(fresh.where.Repository), []byte(credential)); err != nil {
		t.Fatal(err)
	}
	fresh.report(t.Context())
	c.signInAfresh(fresh)
	if err := fresh.FinishReplace(t.Context(), old.where.Device); err != nil {
		t.Fatalf("%v (%v)", err, errors.Unwrap(err))
	}
	if s, _ := fresh.Settings(t.Context()); s.Schedule.Every != 42*time.Minute {
		t.Errorf("the old computer's settings are lost: every %v", s.Schedule.Every)
	}
}

// begin cuts finishing short as soon as the old computer's place is taken.
func begin(t *testing.T, c *college, fresh *world) {
	t.Helper()
	ctx := c.breakLists()
	defer c.mendLists()
	if err := fresh.FinishReplace(ctx, fresh.replaces()); err == nil || !fresh.underWayStep().Moving {
		t.Fatalf("it was not cut short: %v", err)
	}
}

// tookPlace is a credential of the old computer's place.
func tookPlace(t *testing.T, w *world) string {
	t.Helper()
	_, credential, err := w.signing.session.Replace(t.Context(), w.replaces(), account.NewComputer{Name: "new laptop"})
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

func TestALentSeatThatEndsMidwayKeepsNobodyFromFinishing(t *testing.T) {
	for name, lost := range map[string]bool{"the place is known to be taken": false, "the server's answer was lost": true} {
		t.Run(name, func(t *testing.T) {
			c, old, fresh := replacing(t, false)
			fresh.backUp()
			id, credential := old.where.Device, credentialName(fresh.where.Repository)
			own, err := fresh.Keychain.Get(credential)
			if err != nil {
				t.Fatal(err)
			}
			c.signInAfresh(fresh)
			begin(t, c, fresh)
			if err := fresh.signing.session.Remove(t.Context(), fresh.where.Device); err != nil {
				t.Fatal(err)
			}
			if lost {
				if err := fresh.Keychain.Set(credential, own); err != nil {
					t.Fatal(err)
				}
			}
			fresh.reopen()
			c.signInAfresh(fresh)
			if err := fresh.FinishReplace(t.Context(), id); err != nil {
				t.Fatalf("%v (%v)", err, errors.Unwrap(err))
			}
			if s, _ := fresh.Settings(t.Context()); fresh.where.Device != id || s.Schedule.Every != 42*time.Minute {
				t.Errorf("it is %s and not %s, every %v", fresh.where.Device, id, s.Schedule.Every)
			}
			fresh.backUp()
		})
	}
}

func TestWhoFinishesTakesThePlaceOfTheComputerThatWasLookedAt(t *testing.T) {
	c, old, fresh := replacing(t, true)
	third := old.another()
	if _, err := third.Join(t.Context(), engine.JoinRequest{SignIn: c.signIn(third), Computer: "third"}); err != nil {
		t.Fatal(err)
	}
	one := fresh.underWayStep() // in one window; in another:
	if _, err := fresh.BeginReplace(t.Context(), third.where.Device); err != nil {
		t.Fatal(err)
	}
	one.Step = engine.ReplaceFinish
	if err := fresh.SaveReplace(t.Context(), one); engine.KindOf(err) != engine.KindInvalid {
		t.Errorf("what was decided about one computer was kept for another: %v", err)
	}
	c.signInAfresh(fresh)
	if err := fresh.FinishReplace(t.Context(), one.Old.ID); engine.KindOf(err) != engine.KindInvalid || fresh.underWayStep().Moving {
		t.Errorf("another computer was replaced: %v", err)
	}
	third.backUp()
	old.backUp()
}

func TestWhatTheOldComputerRemovedStaysRemovedUnlessItIsChosenHere(t *testing.T) {
	for name, selection := range map[string]bool{"with its selection": true, "with the new computer's own": false} {
		t.Run(name, func(t *testing.T) {
			c, old, fresh := replacing(t, true)
			if _, err := old.RemoveFromBackup(t.Context(), old.at("Letters")); err != nil {
				t.Fatal(err)
			}
			old.write("Other/a.txt", "a")
			if err := old.SaveSelection(t.Context(), engine.Selection{Choices: []engine.Choice{{Path: old.at("Other"), Include: true}}}); err != nil {
				t.Fatal(err)
			}
			old.backUp()
			r := fresh.underWayStep()
			r.Step, r.Take = engine.ReplaceFinish, engine.Take{Decided: true, Selection: selection}
			if err := fresh.SaveReplace(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			c.signInAfresh(fresh)
			if err := fresh.FinishReplace(t.Context(), r.Old.ID); err != nil {
				t.Fatal(err)
			}
			removed, err := fresh.Removals(t.Context())
			if err != nil || (len(removed) == 1) != selection {
				t.Errorf("removed is %+v, %v", removed, err)
			}
			fresh.write("Letters/new.txt", "new") // in the home folder, which is chosen there
			fresh.backUp()
			items, err := fresh.List(t.Context(), engine.ListRequest{Path: fresh.at("Letters")})
			if selection && engine.KindOf(err) != engine.KindNotFound || !selection && (err != nil || len(items) == 0) {
				t.Errorf("listed is %+v, %v", items, err)
			}
		})
	}
}

func TestWhatIsStoredAfterAReplacementIsNeverTakenForTheOldComputers(t *testing.T) {
	c, old, fresh := replacing(t, true)
	id := old.where.Device
	c.signInAfresh(fresh)
	fresh.clock.jump(365 * 24 * time.Hour) // the new computer's clock is wrong
	if err := fresh.FinishReplace(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	fresh.clock.jump(-365 * 24 * time.Hour) // and is put right
	fresh.write("Letters/two.txt", "two")
	fresh.backUp()
	was := fresh.current().Replaced[0].id()
	items, err := fresh.List(t.Context(), engine.ListRequest{Computer: was, Path: fresh.at("Letters")})
	if err != nil || len(items) != 1 || items[0].Name != "one.txt" {
		t.Errorf("the old computer held %+v, %v", items, err)
	}
	if ends := fresh.replacedAt(id); len(ends) != 1 || !ends[0].Before(fresh.Now()) {
		t.Errorf("it was another computer up to %v", ends)
	}
}

func TestFilesAreNotBroughtBackWhereNobodySaid(t *testing.T) {
	w := newWorld(t).setUp()
	w.write("Letters/one.txt", "one")
	w.backUp()
	w.remove("Letters/one.txt")
	home := []engine.PathMove{{From: w.user, To: filepath.Join(w.user, "here")}}
	for about, q := range map[string]engine.GetRequest{
		"to no folder":                   {Refs: []engine.Ref{{Path: w.at("Letters")}}, Moved: []engine.PathMove{{From: w.user}}},
		"to where the program runs":      {Refs: []engine.Ref{{Path: w.at("Letters")}}, Moved: []engine.PathMove{{From: w.user, To: "here"}}},
		"everything, above what moves":   {Refs: []engine.Ref{{Path: "/"}}, Moved: home},
		"a folder that holds what moves": {Refs: []engine.Ref{{Path: filepath.Dir(w.user)}}, Moved: home},
	} {
		q.To = engine.ToOriginal
		if _, err := w.Get(t.Context(), q); engine.KindOf(err) != engine.KindInvalid {
			t.Errorf("%s: %v", about, err)
		}
	}
	p, err := w.PlanGet(t.Context(), engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}, To: engine.ToOriginal, Moved: home})
	if err != nil || p.Target != home[0].To {
		t.Errorf("what moves, by itself: %+v, %v", p, err)
	}
}
