package catalog

import (
	"context"
	"strings"
	"time"

	"holdfast/engine"
)

// SetProblems records problems. One of a path that has one already replaces it but
// keeps its Since, so that a person sees for how long it has lasted.
func (c *Catalog) SetProblems(ctx context.Context, problems []engine.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return c.write(ctx, func(s *session) error {
		for _, p := range problems {
			if p.Since.IsZero() {
				p.Since = time.Now()
			}
			_, _, err := s.exec(`INSERT INTO problem (path, kind, reason, advice, since) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET kind = excluded.kind, reason = excluded.reason, advice = excluded.advice`,
				[]byte(p.Path), string(p.Kind), p.Reason, p.Advice, nanos(p.Since))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Problems lists what could not be read, newest first.
func (c *Catalog) Problems(ctx context.Context) ([]engine.Problem, error) {
	var list []engine.Problem
	err := c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			list = append(list, engine.Problem{
				Path: string(r.bytes(0)), Kind: engine.ProblemKind(r.text(1)), Reason: r.text(2), Advice: r.text(3), Since: timeOf(r.int(4)),
			})
			return nil
		}, "SELECT path, kind, reason, advice, since FROM problem ORDER BY since DESC, path")
	})
	return list, err
}

// ClearProblems forgets the problems of paths.
func (c *Catalog) ClearProblems(ctx context.Context, paths []string) error {
	return c.clearProblems(ctx, paths, "DELETE FROM problem WHERE path = ?1")
}

// ClearProblemsBelow forgets the problems of paths and of everything below them.
func (c *Catalog) ClearProblemsBelow(ctx context.Context, paths []string) error {
	return c.clearProblems(ctx, paths, `DELETE FROM problem WHERE path = ?1
		OR substr(path, 1, length(?1)) = ?1 AND (?1 = x'2f' OR substr(path, length(?1) + 1, 1) = x'2f')`)
}

func (c *Catalog) clearProblems(ctx context.Context, paths []string, query string) error {
	if len(paths) == 0 {
		return nil
	}
	return c.write(ctx, func(s *session) error {
		for _, p := range paths {
			if _, _, err := s.exec(query, []byte(p)); err != nil {
				return err
			}
		}
		return nil
	})
}

// AddEvent adds a line to the history and returns its number.
func (c *Catalog) AddEvent(ctx context.Context, e engine.Event) (int64, error) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	var id int64
	err := c.write(ctx, func(s *session) (err error) {
		id, _, err = s.exec("INSERT INTO event (time, tone, kind, text) VALUES (?, ?, ?, ?)",
			nanos(e.Time), string(e.Tone), e.Kind, e.Text)
		return err
	})
	return id, err
}

// Events lists the history, newest first. Text is searched as names are.
func (c *Catalog) Events(ctx context.Context, q engine.EventQuery) ([]engine.Event, error) {
	if q.Limit <= 0 {
		q.Limit = usualLimit
	}
	text := fold(strings.TrimSpace(q.Text))
	var list []engine.Event
	err := c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			e := engine.Event{ID: r.int(0), Time: timeOf(r.int(1)), Tone: engine.Tone(r.text(2)), Kind: r.text(3), Text: r.text(4)}
			if text == "" || strings.Contains(fold(e.Text), text) || strings.Contains(fold(e.Kind), text) {
				list = append(list, e)
			}
			if len(list) >= q.Limit {
				return errStop
			}
			return nil
		}, "SELECT id, time, tone, kind, text FROM event WHERE ?1 = 0 OR time < ?1 ORDER BY time DESC, id DESC", nanos(q.Before))
	})
	return list, err
}

// TrimEvents forgets events that are older than a moment.
func (c *Catalog) TrimEvents(ctx context.Context, before time.Time) error {
	return c.write(ctx, func(s *session) error {
		_, _, err := s.exec("DELETE FROM event WHERE time < ?", nanos(before))
		return err
	})
}

// A day is kept as the number of days since 1970 of its date, in the time zone that
// the time carries.
func dayNumber(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
}

// AddDay adds to what the day of a time stored.
func (c *Catalog) AddDay(ctx context.Context, day time.Time, files, bytes int64) error {
	return c.write(ctx, func(s *session) error {
		_, _, err := s.exec(`INSERT INTO day (day, files, bytes) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET files = files + excluded.files, bytes = bytes + excluded.bytes`, dayNumber(day), files, bytes)
		return err
	})
}

// Days returns n days up to today, the oldest first, with zeros where nothing was
// stored. today says which day it is, and in which time zone days begin.
func (c *Catalog) Days(ctx context.Context, today time.Time, n int) ([]engine.Day, error) {
	y, m, d := today.Date()
	days := make([]engine.Day, max(n, 0))
	for i := range days {
		days[i].Date = time.Date(y, m, d-len(days)+1+i, 0, 0, 0, 0, today.Location())
	}
	last := dayNumber(today)
	err := c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			i := len(days) - 1 - int(last-r.int(0))
			days[i].Files, days[i].Bytes = r.int(1), r.int(2)
			return nil
		}, "SELECT day, files, bytes FROM day WHERE day > ? AND day <= ?", last-int64(len(days)), last)
	})
	return days, err
}
