package mail_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/mail/mailtest"
	"holdfast/engine/server/tooltest"
)

// clock is a time that tests move on.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

func options(sink *mailtest.Server) mail.Options {
	return mail.Options{Address: sink.Address, TLS: "none", From: "Holdfast <backup@college.edu>", Name: "The College", Origin: "https://backup.college.edu"}
}

var letter = mail.Message{To: "ann@college.edu", Subject: "Grüße", Text: "Hello Ann,\n\nhttps://backup.college.edu/invitation/ABC"}

func send(t *testing.T, p *mail.Post, q database.Querier, m mail.Message) {
	t.Helper()
	if err := p.Send(t.Context(), q, m); err != nil {
		t.Fatal(err)
	}
}

func deliver(t *testing.T, p *mail.Post, want int) {
	t.Helper()
	if went, err := p.Deliver(t.Context()); err != nil || went != want {
		t.Fatalf("%d letters went, not %d: %v", went, want, err)
	}
}

// column counts the rows of the outbox by what is in a column.
func column(t *testing.T, db *database.DB, name string) map[string]int {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT "+name+" FROM outbox")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]int{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		found[text]++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestALetterArrivesOnceAndItsTextIsErased(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		sink, clock := mailtest.Sink(t), newClock()
		p := mail.New(db, options(sink), clock.now)
		send(t, p, nil, letter)
		deliver(t, p, 1)
		deliver(t, p, 0)
		letters := sink.Letters()
		if len(letters) != 1 {
			t.Fatalf("%d letters", len(letters))
		}
		l := letters[0]
		if l.From != "backup@college.edu" || l.To != "ann@college.edu" || l.Subject != "Grüße" ||
			l.Text != letter.Text+"\n\n-- \nHoldfast, the backup of The College\nhttps://backup.college.edu\n" {
			t.Errorf("%+v", l)
		}
		for name, want := range map[string]string{
			"From": `"Holdfast" <backup@college.edu>`, "To": "<ann@college.edu>", "Auto-Submitted": "auto-generated",
			"Content-Type": "text/plain; charset=UTF-8", "Date": "Sun, 01 Mar 2026 09:00:00 +0000",
		} {
			if got := l.Header.Get(name); got != want {
				t.Errorf("%s: %s", name, got)
			}
		}
		if id := l.Header.Get("Message-Id"); !strings.HasSuffix(id, "@college.edu>") {
			t.Errorf("Message-ID: %s", id)
		}
		if bodies := column(t, db, "body"); bodies[""] != 1 {
			t.Errorf("left in the outbox: %v", bodies)
		}
	})
}

func TestALetterGoesOnlyWhenItsTransactionIsCommitted(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		sink, clock := mailtest.Sink(t), newClock()
		p := mail.New(db, options(sink), clock.now)
		wrong := errors.New("wrong")
		for _, end := range []error{wrong, nil} {
			if err := db.Tx(t.Context(), func(tx *sql.Tx) error {
				send(t, p, tx, letter)
				return end
			}); !errors.Is(err, end) {
				t.Fatal(err)
			}
		}
		deliver(t, p, 1)
	})
}

func TestAMailServerThatIsDownIsTriedAgainWithGrowingPausesForThreeDays(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		sink, clock := mailtest.Sink(t), newClock()
		sink.Refuse(func(string) error { return mailtest.Refusal(451, [3]int{4, 3, 0}, "later") })
		p := mail.New(db, options(sink), clock.now)
		send(t, p, nil, letter)
		begin, last := clock.now(), clock.now()
		var pauses []time.Duration
		for clock.now().Sub(begin) < 4*24*time.Hour {
			before := sink.Offered()
			deliver(t, p, 0)
			if sink.Offered() > before {
				pauses = append(pauses, clock.now().Sub(last))
				last = clock.now()
			}
			clock.advance(time.Minute)
			if clock.now().Sub(last) > 20*time.Minute {
				clock.advance(19 * time.Minute) // in longer steps: the test is not about the database
			}
		}
		if len(pauses) < 10 || len(pauses) > 25 || pauses[1] > 2*time.Minute || pauses[6] < 5*time.Hour {
			t.Errorf("the pauses between attempts: %v", pauses)
		}
		if d := last.Sub(begin); d < 3*24*time.Hour || d > 3*24*time.Hour+time.Hour {
			t.Errorf("given up after %v", d)
		}
		if len(column(t, db, "body")) != 1 || column(t, db, "body")[""] != 1 {
			t.Error("the text is still there")
		}
		lost, err := p.GivenUp(t.Context())
		if err != nil || len(lost) != 1 || lost[0].To != letter.To || !strings.Contains(lost[0].Problem, "later") {
			t.Errorf("%+v %v", lost, err)
		}
		queue, err := p.Queue(t.Context())
		if err != nil || queue.Waiting != 0 || queue.GivenUp != 1 {
			t.Errorf("%+v %v", queue, err)
		}
	})
}

func TestAMailServerThatComesBackGetsWhatWaited(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		sink, clock := mailtest.Sink(t), newClock()
		o := options(sink)
		o.Address = tooltest.Address(t) // nobody answers there
		p := mail.New(db, o, clock.now)
		send(t, p, nil, letter)
		deliver(t, p, 0)
		queue, err := p.Queue(t.Context())
		if err != nil || queue.Waiting != 1 || !queue.Oldest.Equal(clock.now()) {
			t.Fatalf("%+v %v", queue, err)
		}
		p = mail.New(db, options(sink), clock.now)
		deliver(t, p, 0) // not yet
		clock.advance(2 * time.Minute)
		deliver(t, p, 1)
	})
}

func TestAMailboxThatDoesNotExistIsGivenUpAtOnceAndARefusedSenderIsNot(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		sink, clock := mailtest.Sink(t), newClock()
		sink.Refuse(func(to string) error {
			if strings.HasPrefix(to, "nobody") {
				return mailtest.Refusal(550, [3]int{5, 1, 1}, "no such user")
			}
			return mailtest.Refusal(550, [3]int{5, 7, 1}, "relaying denied")
		})
		p := mail.New(db, options(sink), clock.now)
		send(t, p, nil, mail.Message{To: "nobody@college.edu", Subject: "x", Text: "y"})
		send(t, p, nil, letter)
		deliver(t, p, 0)
		if states := column(t, db, "state"); states["given up"] != 1 || states["waiting"] != 1 {
			t.Errorf("%v", states)
		}
		sink.Refuse(nil)
		clock.advance(time.Hour)
		deliver(t, p, 1)
	})
}

func TestServersThatShareAnOutboxSendEachLetterOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		sink, clock := mailtest.Sink(t), newClock()
		const all = 30
		for range all {
			send(t, mail.New(db, options(sink), clock.now), nil, letter)
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if _, err := mail.New(db, options(sink), clock.now).Deliver(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		seen := map[string]bool{}
		for _, l := range sink.Letters() {
			seen[l.Header.Get("Message-Id")] = true
		}
		if len(sink.Letters()) != all || len(seen) != all {
			t.Fatalf("%d letters, %d different ones", len(sink.Letters()), len(seen))
		}
	})
}

func TestALetterWhoseServerDiedIsSentByAnother(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		clock := newClock()
		hangs, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
		if err != nil {
			t.Fatal(err)
		}
		defer hangs.Close()
		sink := mailtest.Sink(t)
		o := options(sink)
		o.Address = hangs.Addr().String()
		p := mail.New(db, o, clock.now)
		send(t, p, nil, letter)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { _, err := p.Deliver(ctx); done <- err }()
		conn, err := hangs.Accept()
		if err != nil {
			t.Fatal(err)
		}
		other := mail.New(db, options(sink), clock.now)
		deliver(t, other, 0) // the first has it
		stop()
		conn.Close()
		<-done
		deliver(t, other, 1) // the first gave it back when it was stopped
	})
}

func TestRunDeliversAndEndsWithItsContext(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		sink := mailtest.Sink(t)
		p := mail.New(db, options(sink), time.Now)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		send(t, p, nil, letter)
		sink.Wait(t, 1)
		send(t, p, nil, letter)
		sink.Wait(t, 2)
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhatHasGoneIsForgottenAfterAMonth(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		sink, clock := mailtest.Sink(t), newClock()
		p := mail.New(db, options(sink), clock.now)
		send(t, p, nil, letter)
		deliver(t, p, 1)
		clock.advance(31 * 24 * time.Hour)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		for len(column(t, db, "id")) > 0 && t.Context().Err() == nil {
			time.Sleep(20 * time.Millisecond)
		}
		stop()
		<-done
	})
}

func TestWithoutAMailServerNothingIsKept(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		p := mail.New(db, mail.Options{}, time.Now)
		if p.Configured() {
			t.Error("configured")
		}
		send(t, p, nil, letter)
		if left := column(t, db, "recipient"); len(left) != 0 {
			t.Errorf("%v", left)
		}
	})
}

func TestOnlyAnAddressAloneIsWrittenTo(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		p := mail.New(db, options(mailtest.Sink(t)), time.Now)
		for _, to := range []string{
			"", "ann", "ann@college.edu, eve@example.org", "Ann <ann@college.edu>", "ann@college.edu\r\nBcc: eve@example.org",
			"ann@college.edu\n", "<ann@college.edu>", strings.Repeat("a", 300) + "@college.edu", "\u202eann@college.edu",
		} {
			if err := p.Send(t.Context(), nil, mail.Message{To: to, Subject: "x", Text: "y"}); !errors.Is(err, mail.ErrAddress) {
				t.Errorf("%q: %v", to, err)
			}
		}
	})
}
