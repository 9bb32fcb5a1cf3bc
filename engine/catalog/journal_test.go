package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/repo"
)

func TestTheQueueKeepsWhatWasAddedAgainWhileItWasLookedAt(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	soon, later := at(1), at(2)
	must(t, c.AddTodo(ctx, me, []TodoItem{{Path: "/b", NotBefore: later}, {Path: "/a/", NotBefore: later}, {Path: "/now"}}))
	must(t, c.AddTodo(ctx, me, []TodoItem{{Path: "/a", Recursive: true, NotBefore: soon}}))
	items, err := c.Todo(ctx, me, 0)
	must(t, err)
	got := ""
	for _, i := range items {
		got += fmt.Sprint(i.Path, i.Recursive, i.NotBefore.Sub(at(0)).Hours() > 0, " ")
	}
	equal(t, "by time, merged", got, "/nowfalse false /atrue true /bfalse true ")
	must(t, c.AddTodo(ctx, me, []TodoItem{{Path: "/a"}}))
	must(t, c.DoneTodo(ctx, me, items))
	items, err = c.Todo(ctx, me, 0)
	must(t, err)
	equal(t, "left", len(items), 1)
	equal(t, "added again", items[0].Path, "/a")
	n, err := c.TodoCount(ctx, me)
	must(t, err)
	equal(t, "count", n, 1)
	n, err = c.TodoCount(ctx, "nobody")
	must(t, err)
	equal(t, "of nobody", n, 0)
}

func TestAProblemKeepsTheTimeItBegan(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	p := engine.Problem{Path: "/x/a", Kind: engine.ProblemLocked, Reason: "in use", Advice: "close it", Since: at(1)}
	q := engine.Problem{Path: "/xy", Kind: engine.ProblemUnreadable, Since: at(2)}
	must(t, c.SetProblems(ctx, []engine.Problem{p, q}))
	p.Kind, p.Since = engine.ProblemUnreadable, at(3)
	must(t, c.SetProblems(ctx, []engine.Problem{p}))
	list, err := c.Problems(ctx)
	must(t, err)
	equal(t, "problems", len(list), 2)
	equal(t, "newest first", list[0].Path, "/xy")
	equal(t, "since", list[1].Since.Equal(at(1)), true)
	equal(t, "kind", list[1].Kind, engine.ProblemUnreadable)
	must(t, c.ClearProblemsBelow(ctx, []string{"/x"}))
	list, err = c.Problems(ctx)
	must(t, err)
	equal(t, "not the neighbour", len(list), 1)
	must(t, c.ClearProblems(ctx, []string{"/xy"}))
	list, err = c.Problems(ctx)
	must(t, err)
	equal(t, "cleared", len(list), 0)
}

func TestTheHistoryIsSearchedAndPaged(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	for n := range 10 {
		_, err := c.AddEvent(ctx, engine.Event{Time: at(n), Tone: engine.ToneOK, Kind: "backup", Text: fmt.Sprint("Über ", n, " files")})
		must(t, err)
	}
	list, err := c.Events(ctx, engine.EventQuery{Limit: 3})
	must(t, err)
	equal(t, "newest", list[0].Text, "Über 9 files")
	list, err = c.Events(ctx, engine.EventQuery{Before: list[2].Time, Limit: 100})
	must(t, err)
	equal(t, "the rest", len(list), 7)
	list, err = c.Events(ctx, engine.EventQuery{Text: "uber 4"})
	must(t, err)
	equal(t, "found", len(list), 1)
	must(t, c.TrimEvents(ctx, at(8)))
	list, err = c.Events(ctx, engine.EventQuery{})
	must(t, err)
	equal(t, "trimmed", len(list), 2)
}

func TestDaysAddUpInTheirTimeZone(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	zone := time.FixedZone("east", 10*60*60)
	today := time.Date(2026, 3, 1, 0, 30, 0, 0, zone)
	must(t, c.AddDay(ctx, today, 1, 10))
	must(t, c.AddDay(ctx, today.Add(20*time.Hour), 2, 20))
	must(t, c.AddDay(ctx, today.Add(-time.Hour), 5, 50))
	must(t, c.AddDay(ctx, today.AddDate(0, 0, -40), 7, 70))
	days, err := c.Days(ctx, today, 3)
	must(t, err)
	got := ""
	for _, d := range days {
		got += fmt.Sprint(d.Date.Format("01-02 "), d.Files, " ", d.Bytes, "; ")
	}
	equal(t, "days", got, "02-27 0 0; 02-28 5 50; 03-01 3 30; ")
}

func TestARestoreGoesOnWhereItWas(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	job, err := c.NewJob(ctx, Job{Request: []byte(`{"to":"downloads"}`), Title: "thesis", State: engine.JobWaiting})
	must(t, err)
	var items []Item
	for n := range int64(10) {
		items = append(items, Item{N: n + 1, Path: fmt.Sprint("/p", n), Target: "/t\xff", Tree: id("tree"), Name: "n\xfe", Size: 10})
	}
	must(t, c.AddItems(ctx, job, items))
	next, err := c.NextItems(ctx, job, 0, 4, engine.ItemWaiting)
	must(t, err)
	equal(t, "four", len(next), 4)
	equal(t, "bytes of names", next[0].Target+next[0].Name, "/t\xffn\xfe")
	next[0].State, next[1].State, next[1].Reason = engine.ItemRestored, engine.ItemFailed, "no"
	must(t, c.SetItems(ctx, job, next[:2]))
	next, err = c.NextItems(ctx, job, 0, 0, engine.ItemFailed, engine.ItemRestored)
	must(t, err)
	equal(t, "two", len(next), 2)
	counts, err := c.CountItems(ctx, job)
	must(t, err)
	equal(t, "waiting", counts[engine.ItemWaiting], ItemCount{Items: 8, Bytes: 80})
	j, err := c.Job(ctx, job)
	must(t, err)
	j.State, j.Message, j.Planned, j.Total = engine.JobDone, "done", true, engine.Amount{Files: 10, Bytes: 100}
	must(t, c.UpdateJob(ctx, j))
	again, err := c.NewJob(ctx, Job{Title: "second"})
	must(t, err)
	list, err := c.Jobs(ctx)
	must(t, err)
	equal(t, "newest first", list[0].ID, again)
	equal(t, "updated", fmt.Sprint(list[1].State, list[1].Planned, list[1].Total), "donetrue {10 100}")
	must(t, c.DeleteJob(ctx, job))
	_, err = c.Job(ctx, job)
	equal(t, "deleted", errors.Is(err, ErrNotFound), true)
	next, err = c.NextItems(ctx, job, 0, 0)
	must(t, err)
	equal(t, "with its items", len(next), 0)
}

func TestABlobIsFoundInWhateverPackStillHoldsIt(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	blob := func(text string, offset int) repo.Blob {
		return repo.Blob{ID: id(text), Offset: uint32(offset), Length: 50, Plain: 70}
	}
	p1 := repo.PackInfo{ID: id("p1"), Blobs: []repo.Blob{blob("a", 0), blob("b", 50), {ID: id("a"), Type: repo.Tree, Offset: 100, Length: 60}}}
	p2 := repo.PackInfo{ID: id("p2"), Blobs: []repo.Blob{blob("c", 0), blob("a", 50)}}
	must(t, c.AddPack(ctx, p1, packSize(p1), false))
	must(t, c.AddPack(ctx, p2, packSize(p2), true))
	where := func(text string) string {
		loc, ok, err := c.Locate(repo.Data, id(text))
		must(t, err)
		if !ok {
			return ""
		}
		return fmt.Sprint(loc.Pack == p1.ID, loc.Pack == p2.ID, loc.Blob.Offset)
	}
	equal(t, "a", where("a"), "true false 0")
	for _, p := range []repo.PackInfo{p1, p2} {
		blobs, err := c.PackBlobs(ctx, p.ID)
		must(t, err)
		equal(t, "blobs of a pack", fmt.Sprint(blobs), fmt.Sprint(p.Blobs))
	}
	unindexed, err := c.UnindexedPacks(ctx)
	must(t, err)
	equal(t, "unindexed", fmt.Sprint(unindexed), fmt.Sprint([]repo.PackInfo{p1}))
	capture(t, c, 1, file("/f", "b", 1))

	must(t, c.RemovePacks(ctx, []repo.ID{p1.ID}))
	equal(t, "a in the other", where("a"), "false true 50")
	equal(t, "b nowhere", where("b"), "")
	p3 := repo.PackInfo{ID: id("p3"), Blobs: []repo.Blob{blob("b", 7)}}
	must(t, c.AddPack(ctx, p3, packSize(p3), true))
	equal(t, "b again", where("b"), "false false 7")
	blobs, err := c.PackBlobs(ctx, p3.ID)
	must(t, err)
	equal(t, "blobs of the third", fmt.Sprint(blobs), fmt.Sprint(p3.Blobs))
	e, err := c.Lookup(ctx, me, "/f")
	must(t, err)
	equal(t, "content still names it", e.Content[0], id("b"))
	count := 0
	must(t, c.Packs(ctx, func(repo.ID, int64, int) error { count++; return nil }))
	equal(t, "packs", count, 2)
	_, err = c.PackBlobs(ctx, p1.ID)
	equal(t, "removed", errors.Is(err, ErrNotFound) && strings.Contains(err.Error(), p1.ID.String()), true)
}
