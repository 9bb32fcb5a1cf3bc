package getfiles

import (
	"context"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"holdfast/ui/desktop/look"
)

// The calendar's measures.
const (
	dayCell    = float32(36)
	timeHeight = float32(32)
	timeRows   = 5
)

// calendar is the bubble of As of Today: a month whose days with captures can be
// pressed, and the times of the captures of one day. Left and Right go from day to
// day with captures, Page Up and Down from month to month, Enter takes the last
// time of the day, Esc closes.
type calendar struct {
	widget.BaseWidget
	screen  *Screen
	bubble  *bubble
	moments []time.Time // newest first
	month   month
	day     int // of the month; 0 is none
	focused bool

	title *look.Text
	grid  *fyne.Container
	note  *look.Text
	times *look.List
	foot  *fyne.Container
	body  fyne.CanvasObject
}

func (s *Screen) showCalendar() {
	if s.window == nil {
		return
	}
	s.state.Now = s.now()
	c := newCalendar(s)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(s.asOf)
	size := s.asOf.Size()
	c.bubble = s.showBubble(c, c, below(at.X+size.Width, at.Y+size.Height+6, at.Y-6))
	computer := s.state.Computer
	s.desk.ask(&s.calendar, func(ctx context.Context) func() {
		moments, err := s.engine.Moments(ctx, computer)
		return func() {
			if c.bubble != s.floating {
				return
			}
			if err != nil {
				c.note.Set(look.Sentence(err))
				return
			}
			c.got(moments)
		}
	})
}

func newCalendar(s *Screen) *calendar {
	c := &calendar{screen: s}
	c.title = look.Heading("").Center()
	c.grid = container.New(week{dayCell})
	c.note = look.SoftSmall("Looking for the times of backups…").Truncate()
	c.times = look.NewList(func() int { return len(c.dayTimes()) },
		func() fyne.CanvasObject { return look.Pad(look.Body(""), 0, 8, 0, 8) },
		func(i int, o fyne.CanvasObject) {
			o.(*fyne.Container).Objects[0].(*look.Text).Set(c.dayTimes()[i].Format(clockTime))
		})
	c.times.SetRowHeight(timeHeight)
	c.times.OnActivated = func(i int) { c.take(c.dayTimes()[i]) }
	c.times.OnSelected = func(i int) {
		if i >= 0 && c.times.Focused() && c.times.Hovered() == i {
			c.take(c.dayTimes()[i])
		}
	}
	c.times.OnKey = c.timesKey
	back := look.IconButton("chevron-left", "Month before", func() { c.turn(c.month.previous()) })
	on := look.IconButton("chevron-right", "Month after", func() { c.turn(c.month.next()) })
	head := look.Row(0, back, look.Grow(c.title), on)
	c.foot = look.Column(4, c.note)
	today := look.Secondary("Back to today", "", func() { c.take(time.Time{}) })
	c.body = look.Pad(look.Sized(look.Column(8, head, look.Column(0, weekdays(), c.grid), look.Rule(), c.foot, today),
		7*dayCell, 0), 0, 4, 0, 4)
	at := s.state.Now
	if !s.state.At.IsZero() {
		at = s.state.At.In(s.state.Now.Location())
		c.day = at.Day()
	}
	c.month = monthOf(nil, at)
	c.ExtendBaseWidget(c)
	c.draw()
	return c
}

// week lays out cells in rows of seven.
type week struct{ height float32 }

func (w week) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(7*dayCell, w.height*float32((len(objects)+6)/7))
}

func (w week) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	cell := size.Width / 7
	for i, o := range objects {
		o.Resize(fyne.NewSize(cell, w.height))
		o.Move(fyne.NewPos(float32(i%7)*cell, float32(i/7)*w.height))
	}
}

func weekdays() fyne.CanvasObject {
	row := container.New(week{20})
	for _, d := range []string{"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"} {
		row.Add(look.SoftSmall(d).Center())
	}
	return row
}

func (c *calendar) got(moments []time.Time) {
	c.moments = moments
	page := c.month.first
	if c.day == 0 && len(moments) > 0 {
		newest := moments[0].In(page.Location())
		page, c.day = newest, newest.Day()
	}
	c.month = monthOf(moments, page)
	c.draw()
}

// turn shows another month, with the newest of its days that has captures.
func (c *calendar) turn(to time.Time) {
	c.month = monthOf(c.moments, to)
	c.day = 0
	for d := c.month.length(); d > 0; d-- {
		if len(c.month.days[d]) > 0 {
			c.day = d
			break
		}
	}
	c.draw()
}

func (c *calendar) dayTimes() []time.Time { return c.month.days[c.day] }

// take looks at the backup as of a moment and closes the calendar.
func (c *calendar) take(at time.Time) {
	c.bubble.hide()
	c.screen.setAt(at)
}

func (c *calendar) draw() {
	c.title.Set(c.month.first.Format("January 2006"))
	c.grid.RemoveAll()
	for range c.month.blanks() {
		c.grid.Add(container.NewWithoutLayout())
	}
	for d := 1; d <= c.month.length(); d++ {
		c.grid.Add(newDayCell(c, d))
	}
	times := c.dayTimes()
	switch {
	case len(times) > 0:
		when := c.month.first.AddDate(0, 0, c.day-1).Format("Monday 2 January")
		c.note.Set(when + " · " + look.Plural(int64(len(times)), "time", "times"))
		rows := float32(min(len(times), timeRows))
		c.foot.Objects = []fyne.CanvasObject{c.note, look.Sized(c.times, 7*dayCell, max(3, rows)*timeHeight)}
	case c.moments == nil:
		c.foot.Objects = []fyne.CanvasObject{c.note}
	default:
		c.note.Set("Nothing was backed up in this month.")
		c.foot.Objects = []fyne.CanvasObject{c.note}
	}
	c.times.SetSelected(c.momentRow(times))
	c.times.Refresh()
	c.foot.Refresh()
	if c.bubble != nil {
		c.bubble.Refresh()
	}
}

// momentRow is the time that is looked at now, among those of the day.
func (c *calendar) momentRow(times []time.Time) int {
	for i, at := range times {
		if at.Equal(c.screen.state.At) {
			return i
		}
	}
	return -1
}

// step goes on to the next day with captures.
func (c *calendar) step(by int) {
	for d := c.day + by; d >= 1 && d <= c.month.length(); d += by {
		if len(c.month.days[d]) > 0 {
			c.day = d
			c.draw()
			return
		}
	}
}

func (c *calendar) FocusGained()   { c.focused = true; c.draw() }
func (c *calendar) FocusLost()     { c.focused = false; c.draw() }
func (c *calendar) TypedRune(rune) {}

// TypedKey goes from day to day and from month to month.
func (c *calendar) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape:
		c.bubble.hide()
	case fyne.KeyLeft, fyne.KeyUp:
		c.step(-1)
	case fyne.KeyRight:
		c.step(1)
	case fyne.KeyPageUp:
		c.turn(c.month.previous())
	case fyne.KeyPageDown:
		c.turn(c.month.next())
	case fyne.KeyDown:
		if len(c.dayTimes()) > 0 {
			c.bubble.window.Canvas().Focus(c.times)
		}
	case fyne.KeyReturn, fyne.KeyEnter:
		if times := c.dayTimes(); len(times) > 0 {
			c.take(times[0])
		}
	}
}

func (c *calendar) timesKey(_ int, e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape:
		c.bubble.hide()
	case fyne.KeyBackspace:
		c.bubble.window.Canvas().Focus(c)
	}
}

// CreateRenderer is for Fyne.
func (c *calendar) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(c.body) }

// newDayCell is one day: with captures it is strong, has a dot and can be pressed.
func newDayCell(c *calendar, d int) fyne.CanvasObject {
	has := len(c.month.days[d]) > 0
	words := look.Body(strconv.Itoa(d)).Center()
	ground, line := look.ColorClear, fyne.ThemeColorName("")
	switch {
	case d == c.day && has:
		ground = look.ColorAccent
		words.SetColor(look.ColorOnAccent)
	case sameDay(c.month.first.AddDate(0, 0, d-1), c.screen.state.Now):
		line = look.ColorLine
	}
	if has {
		words.SetStrong(true)
	} else if d != c.day {
		words.SetColor(look.ColorSoft)
	}
	box := look.NewBox(ground, line, look.ControlRadius)
	things := []fyne.CanvasObject{look.Pad(box, 1, 1, 1, 1), words}
	if has && d != c.day {
		mark := look.Sized(look.NewBox(look.ColorAccent, "", 2), 4, 4)
		things = append(things, look.Column(0, look.Space(), look.Grow(look.Space()), look.Pad(look.Centered(mark), 0, 0, 4, 0)))
	}
	cell := container.NewStack(things...)
	if !has {
		return cell
	}
	return look.Tap(cell, func() {
		c.day = d
		c.draw()
	})
}
