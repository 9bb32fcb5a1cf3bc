package mail

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/engine/server/database"
)

const (
	patience = 3 * 24 * time.Hour  // then a letter is given up
	memory   = 30 * 24 * time.Hour // then the row of one that has gone is removed
	hold     = 10 * time.Minute    // how long whoever takes a letter has it to itself
)

// pauses between the attempts; the last one repeats.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour}

// Run delivers until ctx ends. Trouble with the database or the mail server is borne:
// the next round tries again. It returns when nothing is being sent any more, with
// nil when ctx ended.
func (p *Post) Run(ctx context.Context) error {
	if !p.Configured() {
		<-ctx.Done()
		return nil
	}
	if err := p.o.Check(); err != nil {
		return err
	}
	// A letter is often put in just before its transaction is committed, and perhaps
	// by another server, so that the poke is only a hint and the outbox is looked at
	// every two seconds.
	round := time.NewTicker(2 * time.Second)
	defer round.Stop()
	var swept time.Time
	for {
		if _, err := p.Deliver(ctx); err == nil && p.now().Sub(swept) > time.Hour {
			if p.sweep(ctx) == nil {
				swept = p.now()
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-round.C:
		case <-p.poke:
			select { // lets the transaction end
			case <-ctx.Done():
				return nil
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}

// letter is a row that is being delivered.
type letter struct {
	id      string
	message Message
	created time.Time
	due     int64
	tries   int
}

// Deliver tries every letter that is due once and says how many went. It returns an
// error only when the outbox cannot be read or written; what the mail server said is
// kept with the letter.
func (p *Post) Deliver(ctx context.Context) (went int, err error) {
	for ctx.Err() == nil {
		l, err := p.take(ctx)
		if err != nil || l == nil {
			return went, err
		}
		problem := p.smtp(ctx, l)
		if problem != nil && ctx.Err() != nil {
			// The server stops: nothing is known against the letter, and another, or this
			// one when it is back, may try at once.
			return went, p.release(context.WithoutCancel(ctx), l)
		}
		if err := p.note(context.WithoutCancel(ctx), l, problem); err != nil {
			return went, err
		}
		if problem == nil {
			went++
		}
	}
	return went, ctx.Err()
}

// take gives the letter that is due longest, which nobody else gets for a while.
func (p *Post) take(ctx context.Context) (*letter, error) {
	for {
		var l letter
		var created int64
		err := p.db.QueryRowContext(ctx, `SELECT id, recipient, subject, body, created, due, tries FROM outbox
			WHERE state = $1 AND due <= $2 ORDER BY due, id LIMIT 1`, waiting, database.Millis(p.now())).
			Scan(&l.id, &l.message.To, &l.message.Subject, &l.message.Text, &created, &l.due, &l.tries)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the outbox: %w", err)
		}
		l.created = database.Moment(created)
		taken, err := p.db.ExecContext(ctx, "UPDATE outbox SET due = $1, tries = tries + 1 WHERE id = $2 AND due = $3 AND state = $4",
			database.Millis(p.now().Add(hold)), l.id, l.due, waiting)
		if err != nil {
			return nil, fmt.Errorf("take a letter from the outbox: %w", err)
		}
		if n, err := taken.RowsAffected(); err != nil {
			return nil, err
		} else if n == 1 {
			return &l, nil
		}
	}
}

// release undoes take.
func (p *Post) release(ctx context.Context, l *letter) error {
	_, err := p.db.ExecContext(ctx, "UPDATE outbox SET due = $1, tries = $2 WHERE id = $3 AND state = $4", l.due, l.tries, l.id, waiting)
	if err != nil {
		return fmt.Errorf("put a letter back into the outbox: %w", err)
	}
	return nil
}

// note writes down how an attempt ended.
func (p *Post) note(ctx context.Context, l *letter, problem error) error {
	now := p.now()
	var err error
	switch {
	case problem == nil:
		err = p.end(ctx, l, sent, "")
	case errors.Is(problem, errNobody), now.Sub(l.created) >= patience:
		err = p.end(ctx, l, givenUp, oneLine(problem.Error(), 500))
	default:
		_, err = p.db.ExecContext(ctx, "UPDATE outbox SET due = $1, problem = $2 WHERE id = $3",
			database.Millis(p.next(l, now)), oneLine(problem.Error(), 500), l.id)
	}
	if err != nil {
		return fmt.Errorf("note in the outbox what became of a letter: %w", err)
	}
	return nil
}

// next is when a letter that did not go is tried again; the last time is at the end of
// patience.
func (p *Post) next(l *letter, now time.Time) time.Time {
	next := now.Add(pauses[min(l.tries, len(pauses)-1)])
	if end := l.created.Add(patience); next.After(end) {
		return end
	}
	return next
}

func (p *Post) end(ctx context.Context, l *letter, state, problem string) error {
	_, err := p.db.ExecContext(ctx, "UPDATE outbox SET state = $1, body = '', problem = $2, ended = $3 WHERE id = $4",
		state, problem, database.Millis(p.now()), l.id)
	return err
}

func (p *Post) sweep(ctx context.Context) error {
	_, err := p.db.ExecContext(ctx, "DELETE FROM outbox WHERE state <> $1 AND ended < $2", waiting, database.Millis(p.now().Add(-memory)))
	return err
}

// oneLine makes text of anything that fits a line: no line breaks, nothing that turns
// the direction of writing or hides, at most so many bytes.
func oneLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unprintable(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= most {
		return text
	}
	end := 0
	for i := range text {
		if i > most-len("…") {
			break
		}
		end = i
	}
	return strings.TrimSpace(text[:end]) + "…"
}
