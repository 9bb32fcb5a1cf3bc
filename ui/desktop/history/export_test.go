package history

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
)

// book is a history of events in memory, the newest first.
type book struct {
	quiet
	list []engine.Event
	err  error
}

func (b book) Events(_ context.Context, q engine.EventQuery) ([]engine.Event, error) {
	var page []engine.Event
	for _, e := range b.list {
		if len(page) < q.Limit && strings.Contains(e.Text, q.Text) && (q.Before.IsZero() || e.Time.Before(q.Before)) {
			page = append(page, e)
		}
	}
	return page, b.err
}

func made(n int, step time.Duration) book {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var b book
	for i := range n {
		b.list = append(b.list, engine.Event{ID: int64(n - i), Time: at.Add(-step * time.Duration(i/3)), Kind: "backup", Text: fmt.Sprint("event ", n-i)})
	}
	return b
}

func TestEveryEventIsReadOnceThoughTimesAreShared(t *testing.T) {
	seen := map[int64]bool{}
	err := all(context.Background(), made(1001, time.Minute), "", func(e engine.Event) error {
		if seen[e.ID] {
			t.Errorf("event %d came twice", e.ID)
		}
		seen[e.ID] = true
		return nil
	})
	if err != nil || len(seen) != 1001 {
		t.Errorf("%d events, %v", len(seen), err)
	}
}

func TestExport(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	b := book{list: []engine.Event{
		{ID: 2, Time: at, Tone: engine.ToneOK, Kind: "backup", Text: "41 files, \"new\"\nand changed"},
		{ID: 1, Time: at, Tone: engine.ToneBad, Kind: "problem", Text: "=SUM(A1) could not be read"},
	}}
	for _, c := range []struct {
		name string
		csv  bool
		from book
		want string
	}{
		{"as CSV", true, b, "time,kind,tone,text\r\n2026-11-23T12:00:00Z,backup,ok,\"41 files, \"\"new\"\"\r\nand changed\"\r\n2026-11-23T12:00:00Z,problem,bad,'=SUM(A1) could not be read\r\n"},
		{"as text", false, b, "2026-11-23 12:00:00  backup    41 files, \"new\" and changed\n2026-11-23 12:00:00  problem   =SUM(A1) could not be read\n"},
		{"nothing as CSV has its heading", true, book{}, "time,kind,tone,text\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			if _, err := export(context.Background(), c.from, "", &out, c.csv); err != nil {
				t.Fatal(err)
			}
			if out.String() != c.want {
				t.Errorf("got\n%q, want\n%q", out.String(), c.want)
			}
		})
	}
	broken := errors.New("disk")
	if _, err := export(context.Background(), book{err: broken}, "", new(strings.Builder), true); !errors.Is(err, broken) {
		t.Errorf("an error was lost: %v", err)
	}
}
