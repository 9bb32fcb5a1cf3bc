//go:build linux

package e2e

import (
	"fmt"
	"strings"
	"time"

	"holdfast/ui/desktop/uimap"
)

// thing is something on the screen, told as one would tell a person: by what it
// says, what it is for and what it stands in.
type thing struct {
	what string
	is   func(m uimap.Map, c uimap.Control) bool
}

func (w thing) in(m uimap.Map) (uimap.Control, bool) {
	// What comes later lies above.
	for i := len(m.Controls) - 1; i >= 0; i-- {
		if c := m.Controls[i]; !c.Covered && w.is(m, c) {
			return c, true
		}
	}
	return uimap.Control{}, false
}

// button is something to click, which says exactly this.
func button(text string) thing {
	return thing{"button " + text, func(_ uimap.Map, c uimap.Control) bool {
		return c.Kind == uimap.Button && strings.EqualFold(c.Text, text)
	}}
}

// named is a control that has a name of its own.
func named(name string) thing {
	return thing{name, func(_ uimap.Map, c uimap.Control) bool { return c.Name == name }}
}

// icon is a button without words, known by its picture.
func icon(name string) thing {
	return thing{"icon " + name, func(_ uimap.Map, c uimap.Control) bool {
		return c.Kind == uimap.Button && c.Text == "" && strings.Contains(c.Icon, name)
	}}
}

// words is anything readable that contains this.
func words(text string) thing {
	return thing{fmt.Sprintf("%q", text), func(_ uimap.Map, c uimap.Control) bool {
		return strings.Contains(strings.ToLower(c.Text), strings.ToLower(text))
	}}
}

// state is the pill on Home that has this word alone: "Not protected" stands there too.
func state(word string) thing {
	return thing{"the state " + word, func(_ uimap.Map, c uimap.Control) bool { return c.Text == word }}
}

// field is the n-th place to type into, from the top.
func field(n int) thing {
	return thing{fmt.Sprintf("field %d", n), func(m uimap.Map, c uimap.Control) bool {
		above := 0
		for _, o := range m.Controls {
			if o.Kind == uimap.Entry && !o.Covered && (o.Y < c.Y || o.Y == c.Y && o.X < c.X) {
				above++
			}
		}
		return c.Kind == uimap.Entry && above == n-1
	}}
}

// row is a row of a list that shows this text as one of its own.
func row(text string) thing {
	return thing{"row " + text, func(m uimap.Map, c uimap.Control) bool {
		return c.Kind == uimap.Text && c.Text == text && c.Inside >= 0
	}}
}

// or is the first of several that is there.
func (w thing) or(o thing) thing {
	return thing{w.what + " or " + o.what, func(m uimap.Map, c uimap.Control) bool {
		return w.is(m, c) || o.is(m, c)
	}}
}

// beside is a thing at the height of another one, at most this far to its right.
func (w thing) beside(other thing, reach int) thing {
	return thing{w.what + " beside " + other.what, func(m uimap.Map, c uimap.Control) bool {
		o, ok := other.in(m)
		return ok && w.is(m, c) && c.Y < o.Y+o.H && o.Y < c.Y+c.H && c.X >= o.X && c.X <= o.X+reach
	}}
}

// rightOf is a thing right of a line, as in "not in the navigation".
func (w thing) rightOf(x int) thing {
	return thing{fmt.Sprintf("%s right of %d", w.what, x), func(m uimap.Map, c uimap.Control) bool {
		return c.X >= x && w.is(m, c)
	}}
}

// see waits for a thing and returns it.
func (s *screen) see(w thing, limit time.Duration) uimap.Control {
	s.t.Helper()
	var found uimap.Control
	s.until(limit, w.what, func() bool {
		c, ok := w.in(s.look())
		found = c
		return ok
	})
	return found
}

// shows says whether a thing is on the screen now.
func (s *screen) shows(w thing) bool {
	_, ok := w.in(s.look())
	return ok
}

// settled waits until a thing is there, can be used and has stopped moving.
func (s *screen) settled(w thing) uimap.Control {
	s.t.Helper()
	var last uimap.Control
	seq := 0
	s.until(soon, w.what+" ready to use", func() bool {
		m := s.look()
		c, ok := w.in(m)
		if !ok || c.Disabled {
			seq = 0
			return false
		}
		if seq != 0 && m.Seq > seq && c.X == last.X && c.Y == last.Y && c.W == last.W && c.H == last.H {
			return true
		}
		if seq == 0 || c.X != last.X || c.Y != last.Y {
			last, seq = c, m.Seq
		}
		return false
	})
	return last
}

// click presses the left button in the middle of a thing.
func (s *screen) click(w thing) {
	s.t.Helper()
	s.point(w)
	s.x("click", "1")
}

// open clicks twice on a row and waits for what is in it. The program knows only when
// it came to look at a click: on a computer that is busy the second one may seem late,
// and a person tries once more.
func (s *screen) open(w, inside thing) {
	s.t.Helper()
	for deadline := time.Now().Add(soon); ; {
		s.point(w)
		s.x("click", "--repeat", "2", "--delay", "90", "1")
		for next := time.Now().Add(20 * time.Second); time.Now().Before(next); time.Sleep(50 * time.Millisecond) {
			if s.shows(inside) {
				return
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s does not open: there is no %s. The screen says:\n%s\n%s", w.what, inside.what, s.said(), s.log())
		}
	}
}

// point moves the pointer onto a thing, and gives the window a moment to see it:
// a hand is slower too.
func (s *screen) point(w thing) {
	s.t.Helper()
	c := s.settled(w)
	s.x("mousemove", "--window", s.window, fmt.Sprint(c.X+c.W/2), fmt.Sprint(c.Y+c.H/2))
	time.Sleep(150 * time.Millisecond)
}

// write replaces what is in a field.
func (s *screen) write(w thing, text string) {
	s.t.Helper()
	s.enter(w)
	s.key("ctrl+a")
	s.x("type", "--delay", "25", text)
	s.see(thing{fmt.Sprintf("%q in %s", text, w.what), func(m uimap.Map, c uimap.Control) bool {
		return c.Kind == uimap.Entry && c.Text == text
	}}, soon)
}

// hide types into a field that does not show what is typed.
func (s *screen) hide(w thing, text string) {
	s.t.Helper()
	s.enter(w)
	s.x("type", "--delay", "25", text)
}

// enter puts the cursor into a field.
func (s *screen) enter(w thing) {
	s.t.Helper()
	s.click(w)
	s.see(thing{w.what + " with the cursor in it", func(m uimap.Map, c uimap.Control) bool { return w.is(m, c) && c.Focused }}, soon)
}

// key presses keys by their X names.
func (s *screen) key(names ...string) {
	s.t.Helper()
	s.x(append([]string{"key", "--delay", "60"}, names...)...)
}
