package history

import (
	"context"
	"slices"
	"time"

	"holdfast/engine"
)

// pageSize is how many events are asked for at once: several windows full.
const pageSize = 200

// pages are the events read so far, the newest first.
type pages struct {
	events []engine.Event
	known  map[int64]bool
	end    bool // there is nothing older
}

// query asks for the page after the last one. Several events may carry the same
// time, so it asks from that time on and add drops what is known already.
func (p *pages) query(text string) engine.EventQuery {
	q := engine.EventQuery{Text: text, Limit: pageSize}
	if n := len(p.events); n > 0 {
		q.Before = p.events[n-1].Time.Add(time.Nanosecond)
	}
	return q
}

// add takes a page and reports how many events were new.
func (p *pages) add(page []engine.Event) int {
	if p.known == nil {
		p.known = map[int64]bool{}
	}
	before := len(p.events)
	for _, e := range page {
		if !p.known[e.ID] {
			p.known[e.ID] = true
			p.events = append(p.events, e)
		}
	}
	p.end = len(p.events) == before || len(page) < pageSize
	return len(p.events) - before
}

// renew takes the newest page again and puts in front what is new on it. Where
// nothing of it is known, more has happened than one page holds: it starts over.
func (p *pages) renew(page []engine.Event) {
	var fresh []engine.Event
	for _, e := range page {
		if !p.known[e.ID] {
			fresh = append(fresh, e)
		}
	}
	if len(fresh) == len(page) && len(page) > 0 {
		*p = pages{}
		p.add(page)
		return
	}
	for _, e := range fresh {
		p.known[e.ID] = true
	}
	p.events = append(fresh, p.events...)
}

// find is where an event stands, -1 where it is not among those read.
func (p *pages) find(id int64) int {
	return slices.IndexFunc(p.events, func(e engine.Event) bool { return e.ID == id })
}

// events is the part of the engine that tells what happened.
type events interface {
	Events(ctx context.Context, query engine.EventQuery) ([]engine.Event, error)
}

// all reads the history to its end and gives each event to fn.
func all(ctx context.Context, from events, text string, fn func(engine.Event) error) error {
	var p pages
	for !p.end {
		page, err := from.Events(ctx, p.query(text))
		if err != nil {
			return err
		}
		before := len(p.events)
		p.add(page)
		for _, e := range p.events[before:] {
			if err := fn(e); err != nil {
				return err
			}
		}
	}
	return nil
}
